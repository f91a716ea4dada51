//! How verifications end, counted.

use super::metrics::Metrics;

impl Metrics {
    /// A verification was settled.
    pub fn settled(&self, outcome: &'static str) {
        self.settled
            .get_or_create(&[("outcome", outcome.into())])
            .inc();
    }

    /// A token was given to the app that it belongs to.
    pub fn reassigned(&self) {
        self.reassigned.inc();
    }

    /// A verification of this app was settled whose token was never seen to exist.
    pub fn never_seen(&self, app: &str) {
        self.never_seen
            .get_or_create(&[("app", app.to_owned().into())])
            .inc();
    }
}
