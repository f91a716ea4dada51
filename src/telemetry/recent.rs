//! What calls of the last minute met at what this process depends on.
//!
//! Promised: it tells of calls that were really made, and never of a minute ago or more. Time is
//! what elapsed, so that a clock that is set makes nothing older or younger.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

use crate::domain::time::{Span, Time, rfc3339};

/// How far back it reaches.
const SECONDS: i64 = 60;

/// Something this process depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependency {
    /// The database.
    Database,
    /// The object store.
    ObjectStore,
    /// The provider, as the app of this name meets it.
    Provider(String),
}

/// What calls of the last minute met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// How many were made.
    pub calls: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The last of those that failed.
    pub last_failure: Option<Failure>,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The error's name.
    pub kind: &'static str,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Time,
}

/// The calls of the last minute, by whom they went to.
#[derive(Debug, Default)]
pub struct Recent(Mutex<BTreeMap<Dependency, Minute>>);

#[derive(Debug, Default)]
struct Minute {
    /// The seconds in which something was called, the latest last.
    seconds: VecDeque<Second>,
    last_failure: Option<Failure>,
}

#[derive(Debug, Default)]
struct Second {
    number: i64,
    calls: u64,
    failed: u64,
}

impl Minute {
    fn forget(&mut self, now: i64) {
        self.seconds.retain(|second| now - second.number < SECONDS);
    }
}

impl Recent {
    /// A call ended: well, or with an error of this name. `at` is what has elapsed, and the time.
    pub fn note(&self, of: Dependency, result: Result<(), &'static str>, at: (Span, Time)) {
        let number = second(at.0);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = all.entry(of).or_default();
        minute.forget(number);
        if minute
            .seconds
            .back()
            .is_none_or(|last| last.number < number)
        {
            minute.seconds.push_back(Second {
                number,
                ..Second::default()
            });
        }
        if let Some(last) = minute.seconds.back_mut() {
            last.calls += 1;
            last.failed += u64::from(result.is_err());
        }
        if let Err(kind) = result {
            minute.last_failure = Some(Failure { kind, at: at.1 });
        }
    }

    /// What calls met in the minute before `elapsed`.
    #[must_use]
    pub fn calls(&self, of: &Dependency, elapsed: Span) -> Calls {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(minute) = all.get_mut(of) else {
            return Calls::default();
        };
        minute.forget(second(elapsed));
        let failed = minute.seconds.iter().map(|second| second.failed).sum();
        Calls {
            calls: minute.seconds.iter().map(|second| second.calls).sum(),
            failed,
            last_failure: minute.last_failure.clone().filter(|_| failed > 0),
        }
    }
}

fn second(elapsed: Span) -> i64 {
    elapsed.0.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_the_last_minute_are_told_and_none_before() {
        let recent = Recent::default();
        let of = Dependency::Database;
        let met = |at: i64| {
            let calls = recent.calls(&of, Span::seconds(at));
            (
                calls.calls,
                calls.failed,
                calls.last_failure.map(|it| it.kind),
            )
        };
        assert_eq!(met(0), (0, 0, None));
        for (at, result) in [(1, Ok(())), (1, Err("unavailable")), (30, Err("schema"))] {
            recent.note(of.clone(), result, (Span::seconds(at), Time(at)));
        }
        for (at, told) in [
            (30, (3, 2, Some("schema"))),
            (60, (3, 2, Some("schema"))),
            (61, (1, 1, Some("schema"))),
            (89, (1, 1, Some("schema"))),
            (90, (0, 0, None)),
        ] {
            assert_eq!(met(at), told, "after {at} s");
        }
        recent.note(of.clone(), Ok(()), (Span::seconds(100), Time(100)));
        assert_eq!(met(100), (1, 0, None));
        let other = recent.calls(&Dependency::ObjectStore, Span::seconds(100));
        assert_eq!(other, Calls::default());
    }
}
