//! What happened and is over by itself once it has not happened again for a while: parts of the
//! program that panicked, keys that were refused at their limits.

use std::{collections::BTreeMap, sync::Mutex};

use super::lock;
use crate::domain::{
    alarm::{Alarm, Kind},
    time::{Span, Time},
};

/// After this long without another one its alarm ends. An item that makes a step panic comes again
/// sooner, and so does a client that is refused.
const CALM: Span = Span::minutes(15);

/// What happened of one kind: to whom, when last, and when that was told.
#[derive(Debug)]
pub(super) struct Noted {
    kind: Kind,
    /// How long something that goes on is not told again.
    pause: Span,
    tell: fn(&str, Time) -> String,
    seen: Mutex<BTreeMap<String, Seen>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    last: Time,
    told: Option<Time>,
}

impl Noted {
    /// Parts of this program that panicked: each time is told.
    pub(super) fn panics() -> Self {
        Self::of(Kind::Panic, Span(0), |part, last| {
            format!(
                "the part `{part}` of this program panicked, last at {last}: what it was working on waits or is tried again"
            )
        })
    }

    /// Keys of the API that were refused at their limits.
    pub(super) fn limits() -> Self {
        Self::of(Kind::KeyLimit, Span::minutes(1), |key, last| {
            format!(
                "the key `{key}` was refused, last at {last}: it asks more often, or tells or has issued more tokens a day, than it was made for; what was refused is not tracked"
            )
        })
    }

    const fn of(kind: Kind, pause: Span, tell: fn(&str, Time) -> String) -> Self {
        let seen = Mutex::new(BTreeMap::new());
        Self {
            kind,
            pause,
            tell,
            seen,
        }
    }

    pub(super) fn note(&self, subject: &str, now: Time) {
        let mut seen = lock(&self.seen);
        if let Some(known) = seen.get_mut(subject) {
            known.last = now;
        } else {
            let fresh = Seen {
                last: now,
                told: None,
            };
            seen.insert(subject.to_owned(), fresh);
        }
    }

    /// What is to be raised, and what is over.
    pub(super) fn look(&self, now: Time, begun: &mut Vec<Alarm>, over: &mut Vec<(Kind, String)>) {
        lock(&self.seen).retain(|subject, seen| {
            let is_new = seen
                .told
                .is_none_or(|told| seen.last > told && now.since(told) >= self.pause);
            if is_new {
                let text = (self.tell)(subject, seen.last);
                begun.push(Alarm {
                    kind: self.kind,
                    subject: subject.clone(),
                    text,
                });
                seen.told = Some(now);
            } else if now.since(seen.last) >= CALM {
                over.push((self.kind, subject.clone()));
                return false;
            }
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(noted: &Noted, at: i64) -> (Vec<Alarm>, Vec<(Kind, String)>) {
        let (mut begun, mut over) = (Vec::new(), Vec::new());
        noted.look(Time(at), &mut begun, &mut over);
        (begun, over)
    }

    #[test]
    fn a_part_that_panicked_is_named_until_it_keeps_still() {
        let panics = Noted::panics();
        panics.note("download", Time(0));
        let (begun, over) = look(&panics, 1);
        assert_eq!(
            (begun[0].kind, begun[0].subject.as_str(), over.len()),
            (Kind::Panic, "download", 0)
        );
        assert!(begun[0].text.contains("`download`"));
        assert_eq!(look(&panics, 2), (vec![], vec![]), "once a panic");
        panics.note("download", Time(CALM.0 - 1));
        assert_eq!(look(&panics, CALM.0).0.len(), 1, "counted again");
        assert_eq!(look(&panics, CALM.0 + 1), (vec![], vec![]));
        assert_eq!(
            look(&panics, 2 * CALM.0).1,
            [(Kind::Panic, "download".to_owned())]
        );
        assert_eq!(look(&panics, 3 * CALM.0), (vec![], vec![]));
    }

    #[test]
    fn a_key_that_is_refused_all_the_time_is_told_once_a_minute() {
        let limits = Noted::limits();
        let mut told = 0;
        for second in 0..180 {
            limits.note("shop", Time(second * 1000));
            told += look(&limits, second * 1000 + 1).0.len();
        }
        assert_eq!(told, 3);
        assert_eq!(look(&limits, 180_001).0.len(), 1, "the last time");
        let over = [(Kind::KeyLimit, "shop".to_owned())];
        assert_eq!(look(&limits, 179_000 + CALM.0).1, over);
    }
}
