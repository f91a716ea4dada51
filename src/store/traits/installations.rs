//! What the database belongs to, and the key that its look-ups were indexed with.

use async_trait::async_trait;

use crate::{
    domain::{
        id::VerificationId,
        identity::Reindexed,
        installation::{Database, Installation},
        time::Time,
    },
    store::{Connection, Result},
};

/// The installation that the database is part of.
#[async_trait]
pub trait Installations: Connection {
    /// What the database belongs to.
    async fn installation(&self) -> Result<Database>;

    /// Remembers what the database belongs to and its index key; what stands already stays. Brings
    /// what stands then.
    async fn begin_installation(&self, drawn: &Installation, now: Time) -> Result<Installation>;

    /// How many attempts and submissions with an ID number were indexed with another key than this one (its
    /// [`IndexKey::id`](crate::domain::identity::IndexKey::id)), or with none: no look-up finds
    /// them.
    async fn indexed_otherwise(&self, index_key_id: &str) -> Result<i64>;

    /// The verifications behind `after` that have such an attempt or submission, in order, at most
    /// `limit`.
    async fn indexed_otherwise_after(
        &self,
        index_key_id: &str,
        after: VerificationId,
        limit: i64,
    ) -> Result<Vec<VerificationId>>;

    /// Has the database know another index key, where it knows one.
    async fn exchange_index_key(&self, index_key_id: &str) -> Result<()>;

    /// Gives the attempts and the submission of a verification the index of another key, and with
    /// them whatever else has the index of before: attempts, submissions, searches of the trail.
    async fn reindex(
        &self,
        verification_id: VerificationId,
        index_key_id: &str,
        rows: Vec<Reindexed>,
    ) -> Result<()>;
}
