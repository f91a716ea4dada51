//! Who looked for persons and at verifications.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        access::{Access, SEARCHES_MAX, What, day_of},
        id::AccessId,
    },
    store::{Accesses, Result},
};

#[async_trait]
impl Accesses for MemoryStore {
    async fn begin_access(&self, access: &Access) -> Result<bool> {
        self.verb(|data| {
            let day = day_of(access.at);
            let is_search = |kept: &Access| matches!(kept.what, What::Search { .. });
            let key_id = access.who.key_id().filter(|_| is_search(access));
            let counts =
                |kept: &&Access| is_search(kept) && kept.who.key_id() == key_id && kept.at >= day;
            let before = data.accesses.iter().filter(counts).count();
            let is_one_more =
                key_id.is_none() || i64::try_from(before).is_ok_and(|before| before < SEARCHES_MAX);
            if is_one_more {
                data.accesses.push(access.clone());
            }
            Ok(is_one_more)
        })
    }

    /// No verb tells how many.
    async fn end_access(&self, _access_id: AccessId, _hits: i64) -> Result<()> {
        self.verb(|_| Ok(()))
    }
}
