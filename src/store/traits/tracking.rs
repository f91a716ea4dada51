//! Tokens that come under Verikeep's care.

use async_trait::async_trait;

use crate::store::{
    Connection, Result,
    records::{NewVerification, TrackVerdict},
};

/// Taking tokens on.
#[async_trait]
pub trait Tracking: Connection {
    /// Tracks tokens; idempotent. One verdict a row, in order. A token known with other facts is a
    /// conflict, and nothing is overwritten.
    async fn track(&self, rows: Vec<NewVerification>) -> Result<Vec<TrackVerdict>>;
}
