//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use crate::store::{Objects, Result};

#[async_trait]
impl Objects for MemoryStore {
    async fn named(&self, keys: &[String]) -> Result<BTreeSet<String>> {
        self.verb(|data| {
            let named = keys.iter().filter(|key| data.objects.contains(*key));
            Ok(named.cloned().collect())
        })
    }
}
