//! May an app be asked? Which must not be for a while, and which are in trouble.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use crate::domain::time::Time;

/// Apps whose access is withheld (quota spent, credentials refused, wrong configuration), and until
/// when. Held in memory: a restart learns it again with one call.
#[derive(Debug, Default)]
pub struct Breaker {
    until: RwLock<BTreeMap<String, Time>>,
    /// None once a call went well.
    troubles: RwLock<BTreeMap<String, Option<BreakerState>>>,
}

#[derive(Clone, Copy, Debug)]
struct BreakerState {
    since: Time,
    alarmed: bool,
}

impl Breaker {
    /// Asks nothing of `app` before `until`.
    pub fn pause(&self, app: &str, until: Time) {
        let mut pauses = self.until.write().unwrap_or_else(PoisonError::into_inner);
        let end = pauses.entry(app.to_owned()).or_insert(until);
        *end = (*end).max(until);
    }

    /// It went well: asks again at once. True when alarms about the app may be open: one was raised
    /// since the last success, or this is the first success of the process, which cannot know what
    /// an earlier one raised.
    pub fn resume(&self, app: &str) -> bool {
        let mut troubles = self
            .troubles
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let trouble = troubles.insert(app.to_owned(), None);
        drop(troubles);
        match trouble {
            None => true,
            Some(None) => false,
            Some(Some(trouble)) => {
                self.until
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(app);
                trouble.alarmed
            }
        }
    }

    /// Notes that the app is in trouble; returns since when, without a call between that went well.
    pub fn in_trouble_since(&self, app: &str, now: Time) -> Time {
        self.trouble(app, now, false)
    }

    /// Notes that an alarm about the app was raised.
    pub fn alarmed(&self, app: &str, now: Time) {
        self.trouble(app, now, true);
    }

    fn trouble(&self, app: &str, now: Time, alarmed: bool) -> Time {
        let mut troubles = self
            .troubles
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let known = troubles.get(app).copied();
        // Before the first success an alarm of an earlier process may be open.
        let first = known.is_none();
        let old = known.flatten().unwrap_or(BreakerState {
            since: now,
            alarmed: first,
        });
        troubles.insert(
            app.to_owned(),
            Some(BreakerState {
                alarmed: old.alarmed || alarmed,
                ..old
            }),
        );
        old.since
    }

    /// Until when `app` is not to be asked; none when it may be.
    #[must_use]
    pub fn until(&self, app: &str, now: Time) -> Option<Time> {
        self.until
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(app)
            .copied()
            .filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_by_itself_or_by_success_and_the_longer_one_counts() {
        let breaker = Breaker::default();
        breaker.pause("a", Time(100));
        breaker.pause("a", Time(50));
        assert_eq!(breaker.until("a", Time(60)), Some(Time(100)));
        assert_eq!(breaker.until("a", Time(100)), None);
        assert_eq!(breaker.until("b", Time(0)), None);
        assert!(
            breaker.resume("a"),
            "the first success looks for alarms an earlier process left"
        );
        assert_eq!(
            breaker.until("a", Time(60)),
            Some(Time(100)),
            "paused without kind: by somebody else"
        );
        assert_eq!(breaker.in_trouble_since("a", Time(70)), Time(70));
        assert_eq!(breaker.in_trouble_since("a", Time(80)), Time(70));
        assert!(!breaker.resume("a"), "no alarm was raised");
        assert_eq!(breaker.until("a", Time(60)), None);
        breaker.alarmed("a", Time(90));
        assert_eq!(breaker.in_trouble_since("a", Time(95)), Time(90));
        assert!(breaker.resume("a"));
        assert!(!breaker.resume("a"));
    }
}
