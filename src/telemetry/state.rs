//! Figures of what state the process as a whole is in.

use super::metrics::Metrics;

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
}
