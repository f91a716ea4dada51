//! From what the stages tell to the figures of this process.

use std::sync::Arc;

use crate::{
    archive::Watcher,
    domain::{answer::Endpoint, time::Span},
    telemetry::metrics::Metrics,
};

/// Hands everything on to the metrics.
pub(super) struct Meter(pub(super) Arc<Metrics>);

impl Watcher for Meter {
    fn call(&self, endpoint: Endpoint, result: &'static str) {
        self.0.call(endpoint, result);
    }

    fn media_stored(&self, bytes: i64) {
        self.0.media_stored(bytes);
    }

    fn answer_stored(&self, bytes: i64) {
        self.0.answer_stored(bytes);
    }

    fn download_failed(&self, result: &'static str) {
        self.0.download_failed(result);
    }

    fn settled(&self, outcome: &'static str) {
        self.0.settled(outcome);
    }

    fn time_left(&self, left: Span) {
        self.0.time_left(left);
    }
}
