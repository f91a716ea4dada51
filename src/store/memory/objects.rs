//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::id::VerificationId,
    store::{Objects, Result},
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
}
