//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::{
    domain::id::VerificationId,
    store::{Connection, Result},
};

/// Keys of objects in the rows of answers and media.
#[async_trait]
pub trait Objects: Connection {
    /// Those of these keys that a row of their verification names.
    async fn named(&self, keys: &[(VerificationId, String)]) -> Result<BTreeSet<String>>;
}
