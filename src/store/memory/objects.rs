//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{MemoryStore, data};
use crate::{
    domain::{id::VerificationId, token::State},
    store::{
        Objects, Result,
        reports::{Kept, KeptPage, Which},
    },
};

#[async_trait]
impl Objects for MemoryStore {
    async fn named(&self, keys: &[(VerificationId, String)]) -> Result<BTreeSet<String>> {
        self.verb(|data| {
            let keys = keys.iter().map(|(_, key)| key);
            Ok(keys
                .filter(|key| data.objects.contains(*key))
                .cloned()
                .collect())
        })
    }

    async fn kept(&self, which: Which, before: Option<&str>, limit: i64) -> Result<KeptPage> {
        let limit = usize::try_from(limit).unwrap_or(0);
        self.verb(|data| {
            let is_below =
                |id: &VerificationId| before.is_none_or(|before| *id.to_string() < *before);
            let page: Vec<(&VerificationId, &data::Kept)> = data
                .verifications
                .iter()
                .rev()
                .filter(|(id, one)| is_below(id) && is_of(which, one))
                .take(limit)
                .collect();
            let next = page.last().filter(|_| page.len() == limit);
            let has = |id: VerificationId| which.sample.is_none_or(|sample| sample.has(id));
            Ok(KeptPage {
                next: next.map(|(id, _)| id.to_string()),
                nameless: 0,
                // Nothing is kept here but with its verification.
                strays: Vec::new(),
                kept: page
                    .iter()
                    .filter(|(id, _)| has(**id))
                    .map(|(id, one)| kept(**id, one))
                    .collect(),
            })
        })
    }
}

fn is_of(which: Which, one: &data::Kept) -> bool {
    let tracked_at = one.told.verification.tracked_at;
    which.since.is_none_or(|since| tracked_at >= since)
}

fn kept(verification_id: VerificationId, one: &data::Kept) -> Kept {
    let whole = one.whole(&[]);
    Kept {
        verification_id,
        is_archived: one.state == State::Archived,
        attempts: whole.summary.attempts,
        passed: whole.summary.passed,
        attempt_rows: whole.attempt_rows,
        answers: whole.answers,
        media: (whole.media.into_iter())
            .filter(|medium| medium.object_key.is_some())
            .collect(),
        unreadable: Vec::new(),
    }
}
