//! Cheap counts of what was asked, how it was answered, and which faults were sent.

use std::{
    collections::BTreeMap,
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
}

impl Counts {
    /// All requests to `endpoint`, however answered.
    pub fn requests_to(&self, endpoint: &str) -> u64 {
        self.requests
            .get(endpoint)
            .map_or(0, |results| results.values().sum())
    }
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Counts>);

impl Tallies {
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
