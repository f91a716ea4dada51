//! What was lost, and that a person has taken note of it.

use async_trait::async_trait;

use crate::store::{
    Connection, Result,
    reports::{Acknowledgement, LossFilter, LossReport},
};

/// Losses: written with the record that ends a verification as one, gone when it is opened again.
#[async_trait]
pub trait Losses: Connection {
    /// Those that pass, the newest first, `limit` at most.
    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>>;

    /// Notes of those that pass and are open that a person has seen them; brings how many.
    async fn acknowledge_losses(&self, filter: &LossFilter, seen: &Acknowledgement) -> Result<i64>;
}
