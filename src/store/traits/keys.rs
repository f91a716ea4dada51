//! Keys of the API.

use async_trait::async_trait;

use crate::{
    domain::{
        id::KeyId,
        key::{ApiKey, KeptKey, Spent},
        time::Time,
    },
    store::{Connection, Result},
};

/// A key that is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// As it stands now.
    pub key: ApiKey,
    /// Whether it was good until now; else who revoked it first, and when, stands.
    pub is_new: bool,
}

/// Keys: made and revoked by a person's word, and never deleted.
#[async_trait]
pub trait Keys: Connection {
    /// Keeps a new key. False, and nothing is kept, when one that is not revoked has its name.
    async fn create_key(&self, new: &KeptKey) -> Result<bool>;

    /// Those that are not revoked, expired ones among them, or all; the oldest first.
    async fn keys(&self, with_revoked: bool) -> Result<Vec<KeptKey>>;

    /// The key of this identifier, whether it is good or not.
    async fn find_key(&self, key_id: KeyId) -> Result<Option<KeptKey>>;

    /// Revokes the key of this identifier, or else the one of this name: the one that is good, or
    /// else the one that was revoked last. None where there never was one.
    async fn revoke_key(&self, handle: &str, by: &str, now: Time) -> Result<Option<Revocation>>;

    /// Adds to what a key spent on this day; of a day before its last one nothing is kept.
    async fn spend(&self, key_id: KeyId, spent: Spent) -> Result<()>;

    /// Notes that a key was used, where nobody noted it within
    /// [`USE_NOTED_EVERY`](crate::domain::key::USE_NOTED_EVERY) before; brings whether it was noted.
    async fn note_key_used(&self, key_id: KeyId, at: Time) -> Result<bool>;
}
