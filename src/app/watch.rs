//! From what the stages tell to the figures of this process.

use std::sync::Arc;

use crate::{
    archive::{Watcher, download::FAILURES},
    domain::{
        answer::{Endpoint, ErrorKind},
        time::{Clock, Span},
    },
    telemetry::{metrics::Metrics, recent::Dependency},
};

/// Hands everything on to the metrics.
pub(super) struct Meter {
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
}

impl Meter {
    pub(super) fn new(metrics: &Arc<Metrics>, clock: &Arc<dyn Clock>) -> Arc<Self> {
        metrics.begin_download_failures(&FAILURES);
        Arc::new(Self {
            metrics: Arc::clone(metrics),
            clock: Arc::clone(clock),
        })
    }

    fn met(&self, of: Dependency, result: Result<(), &'static str>) {
        let at = (self.clock.elapsed(), self.clock.now());
        self.metrics.recent.note(of, result, at);
    }
}

impl Watcher for Meter {
    fn call(&self, app: &str, endpoint: Endpoint, result: Result<(), ErrorKind>) {
        let name = result.map_or_else(ErrorKind::name, |()| "ok");
        self.metrics.call(endpoint, name);
        // What is said of a token is said by a provider that works.
        let met = result.or_else(|kind| match kind.is_about_the_token() {
            true => Ok(()),
            false => Err(kind.name()),
        });
        self.met(Dependency::Provider(app.to_owned()), met);
    }

    fn put(&self, result: Result<(), &'static str>) {
        self.met(Dependency::ObjectStore, result);
    }

    fn media_stored(&self, bytes: i64) {
        self.metrics.media_stored(bytes);
    }

    fn answer_stored(&self, bytes: i64) {
        self.metrics.answer_stored(bytes);
    }

    fn download_failed(&self, result: &'static str) {
        self.metrics.download_failed(result);
    }

    fn reassigned(&self) {
        self.metrics.reassigned();
    }

    fn settled(&self, outcome: &'static str) {
        self.metrics.settled(outcome);
    }

    fn never_seen(&self, app: &str) {
        self.metrics.never_seen(app);
    }

    fn time_left(&self, left: Span) {
        self.metrics.time_left(left);
    }
}
