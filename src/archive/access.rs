//! Which apps must not be asked for a while.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use crate::domain::time::Time;

/// Apps whose access is withheld (quota spent, credentials refused, wrong configuration), and until when. Held in memory: a restart
/// learns it again with one call.
#[derive(Debug, Default)]
pub struct Pauses(RwLock<HashMap<String, Time>>);

impl Pauses {
    /// Asks nothing of `app` before `until`.
    pub fn pause(&self, app: &str, until: Time) {
        let mut pauses = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let end = pauses.entry(app.to_owned()).or_insert(until);
        *end = (*end).max(until);
    }

    /// It went well: asks again at once.
    pub fn resume(&self, app: &str) {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(app) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).remove(app);
        }
    }

    /// Until when `app` is not to be asked; none when it may be.
    #[must_use]
    pub fn until(&self, app: &str, now: Time) -> Option<Time> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(app).copied().filter(|until| *until > now)
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
        pauses.resume("a");
        assert_eq!(pauses.until("a", Time(60)), None);
    }
}
