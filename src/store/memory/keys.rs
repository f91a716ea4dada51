//! Keys of the API.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        id::KeyId,
        key::{KeptKey, Spent},
        time::Time,
    },
    store::{Keys, Result, Revocation},
};

#[async_trait]
impl Keys for MemoryStore {
    async fn create_key(&self, new: &KeptKey) -> Result<bool> {
        self.verb(|data| {
            let has_its_name =
                |kept: &KeptKey| kept.key.revoked_at.is_none() && kept.key.name == new.key.name;
            if data.keys.values().any(has_its_name) {
                return Ok(false);
            }
            data.keys.insert(new.key.key_id, new.clone());
            Ok(true)
        })
    }

    async fn keys(&self, with_revoked: bool) -> Result<Vec<KeptKey>> {
        self.verb(|data| {
            let keys = data.keys.values();
            let shown = keys.filter(|kept| with_revoked || kept.key.revoked_at.is_none());
            Ok(shown.cloned().collect())
        })
    }

    async fn find_key(&self, key_id: KeyId) -> Result<Option<KeptKey>> {
        self.verb(|data| Ok(data.keys.get(&key_id).cloned()))
    }

    async fn revoke_key(&self, handle: &str, by: &str, now: Time) -> Result<Option<Revocation>> {
        self.verb(|data| {
            let by_id = handle.parse::<KeyId>().ok();
            let is_meant = |kept: &&mut KeptKey| match by_id {
                Some(key_id) => kept.key.key_id == key_id,
                None => kept.key.name == handle,
            };
            let meant = data.keys.values_mut().filter(is_meant);
            let last = meant.max_by_key(|kept| {
                (
                    kept.key.revoked_at.unwrap_or(Time(i64::MAX)),
                    kept.key.key_id,
                )
            });
            let Some(kept) = last else {
                return Ok(None);
            };
            let is_new = kept.key.revoked_at.is_none();
            if is_new {
                kept.key.revoked_at = Some(now);
                kept.key.revoked_by = Some(by.to_owned());
            }
            Ok(Some(Revocation {
                key: kept.key.clone(),
                is_new,
            }))
        })
    }

    async fn spend(&self, key_id: KeyId, spent: Spent) -> Result<()> {
        self.verb(|data| {
            if let Some(kept) = data.keys.get_mut(&key_id) {
                let last = kept.key.spent.filter(|last| last.day >= spent.day);
                let mut sum = last.unwrap_or(Spent::nothing(spent.day));
                if sum.day == spent.day {
                    sum.tokens += spent.tokens;
                    sum.issues += spent.issues;
                }
                kept.key.spent = Some(sum);
            }
            Ok(())
        })
    }

    async fn note_key_used(&self, key_id: KeyId, at: Time) -> Result<bool> {
        self.verb(|data| {
            let kept = data.keys.get_mut(&key_id);
            let Some(kept) = kept.filter(|kept| kept.key.is_use_noted(at)) else {
                return Ok(false);
            };
            kept.key.last_used_at = Some(at);
            Ok(true)
        })
    }
}
