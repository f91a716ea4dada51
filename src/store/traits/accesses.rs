//! Who looked for persons and at verifications.

use async_trait::async_trait;

use crate::{
    domain::{access::Access, id::AccessId},
    store::{Connection, Result},
};

/// The trace of those who look for persons, or at what is kept of one: append-only.
#[async_trait]
pub trait Accesses: Connection {
    /// Keeps that somebody looks, before they do. Brings false, and keeps nothing, when it is a
    /// search and their key has searched [`SEARCHES_MAX`](crate::domain::access::SEARCHES_MAX) times since
    /// [midnight](crate::domain::access::day_of).
    async fn begin_access(&self, access: &Access) -> Result<bool>;

    /// Keeps how many verifications were shown.
    async fn end_access(&self, access_id: AccessId, hits: i64) -> Result<()>;
}
