//! The file systems that are written to: what is left on each, what is wrong with it, and whether it
//! answers at all.
//!
//! A look at one that hangs lasts as long as it hangs. It is waited for a moment, then left to
//! itself: what was known stays, nothing else waits for it, and no second one is begun beside it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};

use super::{Place, free_space::FreeSpace, lock, machine::Machine};
use crate::{
    domain::time::{Clock, Span, Time},
    worker::{clock::within, spawn},
};

/// How long a look is waited for.
const WAIT: Span = Span::seconds(1);
/// A file system that has not answered for so long is told of.
const SILENCE: Span = Span::seconds(10);

/// All of them.
pub(super) struct Rooms(Mutex<Vec<Room>>);

struct Room {
    place: Place,
    wrong: Option<String>,
    pending: Option<Pending>,
}

/// A look that has had no answer yet.
struct Pending {
    at: Time,
    elapsed: Span,
    look: BoxFuture<'static, Option<io::Result<FreeSpace>>>,
}

/// What a file system answered, with which one it is and what was wrong there before.
pub(super) struct Answer {
    pub(super) place: Place,
    pub(super) room: io::Result<FreeSpace>,
    pub(super) was: Option<String>,
}

impl Rooms {
    pub(super) fn of(places: Vec<Place>) -> Self {
        let room = |place| Room {
            place,
            wrong: None,
            pending: None,
        };
        Self(Mutex::new(places.into_iter().map(room).collect()))
    }

    /// What those say that answer.
    pub(super) async fn look(&self, machine: &Arc<dyn Machine>, clock: &dyn Clock) -> Vec<Answer> {
        let asked: Vec<_> = lock(&self.0)
            .iter_mut()
            .map(|room| match room.pending.take() {
                Some(pending) => (pending, false),
                None => (Pending::begin(machine, room.place.clone(), clock), true),
            })
            .collect();
        let answered = asked
            .into_iter()
            .map(|(pending, is_new)| pending.wait(is_new));
        let answered = join_all(answered).await;
        let mut rooms = lock(&self.0);
        let both = rooms.iter_mut().zip(answered);
        both.filter_map(|(room, answered)| match answered {
            Ok(found) => Some(Answer {
                place: room.place.clone(),
                // None when the runtime is ending.
                room: found?,
                was: room.wrong.clone(),
            }),
            Err(pending) => {
                room.pending = Some(pending);
                None
            }
        })
        .collect()
    }

    /// Notes what is wrong with a place at present.
    pub(super) fn note(&self, place: &Place, wrong: Option<String>) {
        let mut rooms = lock(&self.0);
        if let Some(room) = rooms.iter_mut().find(|room| room.place == *place) {
            room.wrong = wrong;
        }
    }

    /// Whether anything is wrong with one.
    pub(super) fn are_short(&self) -> bool {
        lock(&self.0).iter().any(|room| room.wrong.is_some())
    }

    /// What is wrong, by what lies there.
    pub(super) fn wrong(&self, elapsed: Span) -> Vec<(String, String)> {
        let tell = |room: &Room| {
            let silent = room.pending.as_ref();
            let silent = silent.filter(|pending| elapsed.0 - pending.elapsed.0 >= SILENCE.0);
            let text = match silent {
                Some(Pending { at, .. }) => {
                    let known = room.wrong.as_deref().unwrap_or("there was enough");
                    format!(
                        "its file system does not answer; asked at {at} how much room is left. Before: {known}"
                    )
                }
                None => room.wrong.clone()?,
            };
            Some((room.place.what.clone(), text))
        };
        lock(&self.0).iter().filter_map(tell).collect()
    }
}

impl Pending {
    fn begin(machine: &Arc<dyn Machine>, place: Place, clock: &dyn Clock) -> Self {
        let machine = Arc::clone(machine);
        Self {
            at: clock.now(),
            elapsed: clock.elapsed(),
            look: spawn::blocking(move || machine.free_space(&place)).boxed(),
        }
    }

    /// What came of it; itself where nothing has yet. Only a new one is waited for.
    async fn wait(mut self, is_new: bool) -> Result<Option<io::Result<FreeSpace>>, Self> {
        // Where there is no runtime the answer is here at once.
        if let Some(found) = (&mut self.look).now_or_never() {
            return Ok(found);
        }
        let found = if is_new {
            within(WAIT, &mut self.look).await
        } else {
            None
        };
        found.ok_or(self)
    }
}
