//! What keys have spent of their day, from midnight to midnight (UTC).
//!
//! The rows of the keys have the sums. What this process takes on is added to them whenever the keys
//! are read anew, every [`FRESH_FOR`](super::keys::FRESH_FOR) while anybody asks, so that a cap can be
//! overrun by what every process takes on in that time, and a process that ends forgets no more.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    domain::{
        access::{day_left, day_of},
        id::KeyId,
        key::{ApiKey, Spends, Spent},
        time::{Span, Time},
    },
    store::Keys,
};

/// What was taken on and is in no row yet.
#[derive(Default)]
pub(super) struct Pending(Mutex<BTreeMap<KeyId, Spent>>);

/// So much of a key's day, given back when it is dropped, but for what was kept.
pub struct Reserved<'p> {
    pending: &'p Pending,
    key_id: KeyId,
    what: Spends,
    day: Time,
    count: i64,
}

impl Pending {
    /// Takes so much of a key's day.
    ///
    /// # Errors
    /// How long until its day is over, when there is less left.
    pub(super) fn reserve(
        &self,
        key: &ApiKey,
        what: Spends,
        count: i64,
        now: Time,
    ) -> Result<Reserved<'_>, Span> {
        let day = day_of(now);
        let reserved = self.with(|pending| {
            let written = key.spent.filter(|spent| spent.day == day);
            let taken = pending.get(&key.key_id).filter(|spent| spent.day == day);
            let sum: i64 = [written, taken.copied()]
                .into_iter()
                .flatten()
                .map(|spent| spent.of(what))
                .sum();
            let fits = sum.saturating_add(count) <= i64::from(key.a_day(what));
            if fits {
                add(pending, key.key_id, day, what, count);
            }
            fits
        });
        if !reserved {
            return Err(day_left(now));
        }
        Ok(Reserved {
            pending: self,
            key_id: key.key_id,
            what,
            day,
            count,
        })
    }

    /// Adds it all to the rows; what cannot be written stays.
    pub(super) async fn write(&self, store: &dyn Keys) {
        let taken = self.with(std::mem::take);
        for (key_id, spent) in taken {
            if store.spend(key_id, spent).await.is_err() {
                self.with(|pending| {
                    add(pending, key_id, spent.day, Spends::Tokens, spent.tokens);
                    add(pending, key_id, spent.day, Spends::Issues, spent.issues);
                });
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<KeyId, Spent>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reserved<'_> {
    /// Keeps so much of it for good.
    pub fn keep(mut self, count: usize) {
        let kept = i64::try_from(count).unwrap_or(i64::MAX);
        self.count = self.count.saturating_sub(kept).max(0);
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.pending
                .with(|pending| add(pending, self.key_id, self.day, self.what, -self.count));
        }
    }
}

/// A day that is over counts no more.
fn add(pending: &mut BTreeMap<KeyId, Spent>, key_id: KeyId, day: Time, what: Spends, count: i64) {
    let spent = pending.entry(key_id).or_insert(Spent::nothing(day));
    if spent.day < day {
        *spent = Spent::nothing(day);
    }
    if spent.day == day {
        *spent.of_mut(what) += count;
    }
}
