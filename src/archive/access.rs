//! Which apps must not be asked for a while, and which are in trouble.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use crate::domain::time::Time;

/// Apps whose access is withheld (quota spent, credentials refused, wrong configuration), and until when. Held in memory: a restart
/// learns it again with one call.
#[derive(Debug, Default)]
pub struct Pauses {
    until: RwLock<HashMap<String, Time>>,
    since: RwLock<HashMap<String, Time>>,
}

impl Pauses {
    /// Asks nothing of `app` before `until`.
    pub fn pause(&self, app: &str, until: Time) {
        let mut pauses = self.until.write().unwrap_or_else(PoisonError::into_inner);
        let end = pauses.entry(app.to_owned()).or_insert(until);
        *end = (*end).max(until);
    }

    /// It went well: asks again at once. True when the app was in trouble before.
    pub fn resume(&self, app: &str) -> bool {
        let in_trouble = |map: &RwLock<HashMap<String, Time>>| map.read().unwrap_or_else(PoisonError::into_inner).contains_key(app);
        if !in_trouble(&self.until) && !in_trouble(&self.since) {
            return false;
        }
        self.until.write().unwrap_or_else(PoisonError::into_inner).remove(app);
        self.since.write().unwrap_or_else(PoisonError::into_inner).remove(app).is_some()
    }

    /// Notes that the app is in trouble; returns since when, without a call between that went well.
    pub fn in_trouble_since(&self, app: &str, now: Time) -> Time {
        *self.since.write().unwrap_or_else(PoisonError::into_inner).entry(app.to_owned()).or_insert(now)
    }

    /// Until when `app` is not to be asked; none when it may be.
    #[must_use]
    pub fn until(&self, app: &str, now: Time) -> Option<Time> {
        self.until.read().unwrap_or_else(PoisonError::into_inner).get(app).copied().filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_by_itself_or_by_success_and_the_longer_one_counts() {
        let pauses = Pauses::default();
        pauses.pause("a", Time(100));
        pauses.pause("a", Time(50));
        assert_eq!(pauses.until("a", Time(60)), Some(Time(100)));
        assert_eq!(pauses.until("a", Time(100)), None);
        assert_eq!(pauses.until("b", Time(0)), None);
        assert!(!pauses.resume("a"), "it was paused, but not in trouble");
        assert_eq!(pauses.until("a", Time(60)), None);
        assert_eq!(pauses.in_trouble_since("a", Time(70)), Time(70));
        assert_eq!(pauses.in_trouble_since("a", Time(80)), Time(70));
        assert!(pauses.resume("a"));
        assert_eq!(pauses.in_trouble_since("a", Time(90)), Time(90));
    }
}
