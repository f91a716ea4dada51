//! Parts of the program that panicked: each an alarm until it has kept still for a while.

use std::{collections::BTreeMap, sync::Mutex};

use super::lock;
use crate::domain::{
    alarm::{Alarm, Kind},
    time::{Span, Time},
};

/// After this long without another panic of the part its alarm ends. An item that makes a step
/// panic comes again sooner.
const CALM: Span = Span::minutes(15);

/// Which parts panicked, when last, and whether that has been told.
#[derive(Debug, Default)]
pub(super) struct Panics(Mutex<BTreeMap<String, (Time, bool)>>);

impl Panics {
    pub(super) fn note(&self, part: &str, now: Time) {
        lock(&self.0).insert(part.to_owned(), (now, false));
    }

    /// What is to be raised, and what is over.
    pub(super) fn look(&self, now: Time, begun: &mut Vec<Alarm>, over: &mut Vec<(Kind, String)>) {
        lock(&self.0).retain(|part, (last, is_told)| {
            if !*is_told {
                let text = format!("the part `{part}` of this program panicked, last at {last}: what it was working on waits or is tried again");
                begun.push(Alarm { kind: Kind::Panic, subject: part.clone(), text });
                *is_told = true;
            } else if now.since(*last) >= CALM {
                over.push((Kind::Panic, part.clone()));
                return false;
            }
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_panicked_is_named_until_it_keeps_still() {
        let panics = Panics::default();
        let look = |at: i64| {
            let (mut begun, mut over) = (Vec::new(), Vec::new());
            panics.look(Time(at), &mut begun, &mut over);
            (begun, over)
        };
        panics.note("download", Time(0));
        let (begun, over) = look(1);
        assert_eq!(
            (begun[0].kind, begun[0].subject.as_str(), over.len()),
            (Kind::Panic, "download", 0)
        );
        assert!(begun[0].text.contains("`download`"));
        assert_eq!(look(2), (vec![], vec![]), "once a panic");
        panics.note("download", Time(CALM.0 - 1));
        assert_eq!(look(CALM.0).0.len(), 1, "counted again");
        assert_eq!(look(CALM.0 + 1), (vec![], vec![]));
        assert_eq!(look(2 * CALM.0).1, [(Kind::Panic, "download".to_owned())]);
        assert_eq!(look(3 * CALM.0), (vec![], vec![]));
    }
}
