//! Cheap counts of what was asked, how it was answered, and which faults were sent.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

use super::fault_kind::FaultKind;

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests by endpoint and by how they were answered.
    pub requests: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Faults sent, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// The most calls that an account made in any one second, however the second is laid, by
    /// account and endpoint: those that count against its quota.
    pub busiest_second: BTreeMap<String, BTreeMap<&'static str, usize>>,
}

impl Counts {
    /// All requests to `endpoint`, however answered.
    pub fn requests_to(&self, endpoint: &str) -> u64 {
        self.requests
            .get(endpoint)
            .map_or(0, |results| results.values().sum())
    }
}

/// When calls of the last second came, by account and endpoint.
type Lately = BTreeMap<(String, &'static str), VecDeque<i64>>;

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Counts>, Mutex<Lately>);

impl Tallies {
    /// Counts one call that `account` may make so many of a second.
    pub(crate) fn call(&self, account: &str, endpoint: &'static str, now_ms: i64) {
        let mut lately = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = lately.entry((account.to_owned(), endpoint)).or_default();
        calls.push_back(now_ms);
        while calls.front().is_some_and(|first| first + 1_000 <= now_ms) {
            calls.pop_front();
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_account = counts.busiest_second.entry(account.to_owned()).or_default();
        let most = of_account.entry(endpoint).or_default();
        *most = (*most).max(calls.len());
    }

    /// Counts one request to `endpoint` that was answered with `result`.
    pub(crate) fn request(&self, endpoint: &'static str, result: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts
            .requests
            .entry(endpoint)
            .or_default()
            .entry(result)
            .or_default() += 1;
    }

    /// Counts one fault.
    pub(crate) fn fault(&self, kind: FaultKind) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.faults.entry(kind.name()).or_default() += 1;
    }

    /// What was counted so far.
    pub(crate) fn counts(&self) -> Counts {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_is_any_and_each_account_and_endpoint_has_its_own() {
        let tallies = Tallies::default();
        for now_ms in [0, 900, 1_000, 1_100, 1_899, 1_900, 5_000] {
            tallies.call("a", "getall", now_ms);
        }
        tallies.call("a", "detail", 1_000);
        tallies.call("b", "getall", 1_000);
        let most = |account, endpoint| tallies.counts().busiest_second[account][endpoint];
        assert_eq!(most("a", "getall"), 4, "900 to 1899");
        assert_eq!(most("a", "detail"), 1);
        assert_eq!(most("b", "getall"), 1);
    }
}
