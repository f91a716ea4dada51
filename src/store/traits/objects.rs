//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::store::{Connection, Result};

/// Keys of objects in the rows of answers and media.
#[async_trait]
pub trait Objects: Connection {
    /// Those of these keys that a row names.
    async fn named(&self, keys: &[String]) -> Result<BTreeSet<String>>;
}
