//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::{
    domain::id::VerificationId,
    store::{
        Connection, Result,
        reports::{KeptPage, Which},
    },
};

/// Keys of objects in the rows of answers and media, and what the rows say of them.
#[async_trait]
pub trait Objects: Connection {
    /// Those of these keys that a row of their verification names.
    async fn named(&self, keys: &[(VerificationId, String)]) -> Result<BTreeSet<String>>;

    /// What the rows say is kept, those that were tracked last first: a page of at most `limit`
    /// verifications below the end of the one before. A row that cannot be read is told with its
    /// page, and where all verifications are asked for, so are rows of some that are not there.
    async fn kept(&self, which: Which, before: Option<&str>, limit: i64) -> Result<KeptPage>;
}
