//! Tokens that come under Verikeep's care.

use async_trait::async_trait;

use crate::{
    domain::id::VerificationId,
    store::{
        Connection, Result,
        records::{NewVerification, TrackVerdict},
    },
};

/// Taking tokens on.
#[async_trait]
pub trait Tracking: Connection {
    /// Tracks tokens; idempotent. One verdict a row, in order. A token known with other facts is a
    /// conflict, and nothing is overwritten.
    async fn track(&self, rows: Vec<NewVerification>) -> Result<Vec<TrackVerdict>>;

    /// Has a verification found by the index of the ID number that is handed in for it
    /// ([`crate::domain::identity::IndexKey::id_number`]), before the provider tells of an attempt.
    async fn index(&self, verification_id: VerificationId, id_number_index: &str) -> Result<()>;
}
