//! The account's quota: so many requests a second for each endpoint, shared by the account's apps;
//! and whole days without quota.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: f64,
    at_ms: i64,
}

/// Counts requests. The bucket of an account and endpoint holds one second's worth, so a short
/// burst passes.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    buckets: Mutex<HashMap<(String, &'static str), Bucket>>,
    spent_until_ms: Mutex<HashMap<String, i64>>,
}

impl Quota {
    /// Whether one more request of `account` to `endpoint` is within `qps`.
    pub(crate) fn admits(
        &self,
        account: &str,
        endpoint: &'static str,
        qps: u32,
        now_ms: i64,
    ) -> bool {
        let room = f64::from(qps.max(1));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry((account.to_owned(), endpoint))
            .or_insert(Bucket {
                level: room,
                at_ms: now_ms,
            });
        let passed_s = (now_ms - bucket.at_ms).max(0) as f64 / 1_000.0;
        let level = (bucket.level + passed_s * room).min(room);
        let admitted = level >= 1.0;
        *bucket = Bucket {
            level: if admitted { level - 1.0 } else { level },
            at_ms: now_ms,
        };
        admitted
    }

    /// Leaves `account` without quota until `until_ms`.
    pub(crate) fn spend(&self, account: &str, until_ms: i64) {
        self.spent_until_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(account.to_owned(), until_ms);
    }

    /// Whether `account` is without quota.
    pub(crate) fn is_spent(&self, account: &str, now_ms: i64) -> bool {
        let spent = self
            .spent_until_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        spent
            .get(account)
            .is_some_and(|until_ms| now_ms < *until_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_one_second_and_refills() {
        let quota = Quota::default();
        let ask = |now_ms| quota.admits("a", "getall", 2, now_ms);
        assert_eq!(
            [ask(0), ask(0), ask(0), ask(400), ask(500), ask(600)],
            [true, true, false, false, true, false]
        );
        assert!(
            quota.admits("a", "detail", 2, 0),
            "endpoints are counted apart"
        );
        assert!(
            quota.admits("b", "getall", 2, 0),
            "accounts are counted apart"
        );
    }

    #[test]
    fn a_spent_quota_comes_back() {
        let quota = Quota::default();
        quota.spend("a", 1_000);
        assert!(quota.is_spent("a", 999));
        assert!(!quota.is_spent("a", 1_000));
        assert!(!quota.is_spent("b", 0));
    }
}
