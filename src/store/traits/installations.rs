//! What the database belongs to, and the key that its look-ups were indexed with.

use async_trait::async_trait;

use crate::{
    domain::{
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
}
