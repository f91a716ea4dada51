//! Figures of what state the process as a whole is in.

use std::borrow::Cow;

use super::{metrics::Metrics, text::seconds};
use crate::domain::time::Span;

impl Metrics {
    pub(super) fn register_config(&mut self) {
        self.registry.register(
            "config_reload_failed",
            "1 while the configuration last read again is wrong, and the one before it in force",
            self.reload_failed.clone(),
        );
    }

    /// The configuration was read again and is wrong.
    pub fn reload_failed(&self) {
        self.reload_failed.set(1);
    }

    /// Whether nothing new is begun, and how many descriptors are left as far as that can be told.
    pub fn held(&self, held: bool, descriptors_free: Option<u64>) {
        self.held.set(i64::from(held));
        if let Some(free) = descriptors_free {
            self.descriptors_free
                .set(i64::try_from(free).unwrap_or(i64::MAX));
        }
    }
    /// At which rate an account is asked at present.
    pub fn quota(&self, account: &str, calls_per_second: f64) {
        self.quota_rate
            .get_or_create(&[("account", Cow::Owned(account.to_owned()))])
            .set(calls_per_second);
    }

    /// Whether an app is not asked at all at present.
    pub fn paused(&self, app: &str, paused: bool) {
        self.paused
            .get_or_create(&[("app", Cow::Owned(app.to_owned()))])
            .set(i64::from(paused));
    }

    /// How much room is left on a file system this process writes to.
    pub fn room(&self, what: &str, free_bytes: u64) {
        let labels = [("what", Cow::Owned(what.to_owned()))];
        self.free_bytes
            .get_or_create(&labels)
            .set(i64::try_from(free_bytes).unwrap_or(i64::MAX));
    }

    /// How far the host's clock is ahead of the provider's.
    pub fn clock_skew(&self, skew: Span) {
        self.clock_skew.set(seconds(skew.0));
    }
}
