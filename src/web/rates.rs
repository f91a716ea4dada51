//! How often each key asks: as many calls a second as it may, and two seconds' worth at once.
//!
//! Counted within this process (GCRA); with several replicas a key may ask each of them so often.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::domain::{
    id::KeyId,
    key::ApiKey,
    time::{Clock, Span},
};

/// What may be asked at once, as the time that it fills.
const BURST_US: i64 = 2_000_000;

/// So many keys are remembered before those that have not asked lately are let go.
const KEYS_MAX: usize = 1024;

/// When each key will have made up for what it asked, in microseconds of [`Clock::elapsed`].
#[derive(Default)]
pub(super) struct Rates(Mutex<BTreeMap<KeyId, i64>>);

impl Rates {
    /// Takes a call of this key on.
    ///
    /// # Errors
    /// How long until it may ask again.
    pub(super) fn take(&self, key: &ApiKey, clock: &dyn Clock) -> Result<(), Span> {
        let now = clock.elapsed().0.saturating_mul(1000);
        let each = 1_000_000 / i64::from(key.rate.max(1));
        let mut full = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if full.len() >= KEYS_MAX {
            full.retain(|_, at| *at > now);
        }
        let at = full.entry(key.key_id).or_insert(now);
        let next = now.max(*at).saturating_add(each);
        let early = next - now - BURST_US;
        if early > 0 {
            return Err(Span(early.saturating_add(999).div_euclid(1000)));
        }
        *at = next;
        drop(full);
        Ok(())
    }
}
