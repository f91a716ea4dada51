//! Whether the drivers turn: seen by their own rounds.
//!
//! A round whose claim failed is a round, and so is one that found nothing: what is asked is
//! whether the loop comes round at all. A driver with steps under way may have no slot to claim
//! for; it is busy, not silent.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use crate::domain::time::Span;

/// How long a driver may make no round: far longer than it sleeps when nothing is due, or waits
/// after failures.
pub(super) const SILENCE_MAX: Span = Span::seconds(60);

/// The drivers that are to turn, by name.
#[derive(Default)]
pub(super) struct Turns(Arc<Mutex<BTreeMap<String, Arc<Seen>>>>);

/// What was seen of a driver.
struct Seen {
    /// When it came round last, or a step ended: milliseconds of
    /// [`crate::domain::time::Clock::elapsed`].
    last: AtomicI64,
    under_way: AtomicUsize,
}

/// One driver, for as long as this lives.
pub(super) struct Turn {
    all: Arc<Mutex<BTreeMap<String, Arc<Seen>>>>,
    name: String,
    seen: Arc<Seen>,
}

/// A step under way.
pub(super) struct UnderWay<'a>(&'a Seen);

impl Turns {
    /// A driver of this name is to turn from now on.
    pub(super) fn begin(&self, name: &str, elapsed: Span) -> Turn {
        let seen = Arc::new(Seen {
            last: AtomicI64::new(elapsed.0),
            under_way: AtomicUsize::new(0),
        });
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Arc::clone(&seen));
        Turn {
            all: Arc::clone(&self.0),
            name: name.to_owned(),
            seen,
        }
    }

    /// Those that have not turned for too long.
    pub(super) fn silent(&self, elapsed: Span) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|(_, seen)| {
                seen.under_way.load(Ordering::Relaxed) == 0
                    && elapsed.0 - seen.last.load(Ordering::Relaxed) >= SILENCE_MAX.0
            })
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl Turn {
    /// It came round, or a step of it ended.
    pub(super) fn turned(&self, elapsed: Span) {
        self.seen.last.store(elapsed.0, Ordering::Relaxed);
    }

    /// A step is under way until what is returned is dropped.
    pub(super) fn under_way(&self) -> UnderWay<'_> {
        self.seen.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(&self.seen)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.all
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.name);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_silent_that_neither_turns_nor_has_a_step_under_way() {
        let (turns, at) = (Turns::default(), Span::seconds);
        let (poll, download) = (turns.begin("poll", at(0)), turns.begin("download", at(0)));
        download.turned(at(30));
        assert_eq!(turns.silent(at(59)), [""; 0]);
        assert_eq!(turns.silent(at(60)), ["poll"]);
        let step = poll.under_way();
        assert_eq!(turns.silent(at(90)), ["download"]);
        drop(step);
        assert_eq!(turns.silent(at(90)), ["download", "poll"]);
        poll.turned(at(90));
        assert_eq!(turns.silent(at(91)), ["download"]);
        drop(download);
        assert_eq!(turns.silent(at(91)), [""; 0], "it is to turn no more");
    }
}
