//! What a person has tried again.

use async_trait::async_trait;

use crate::{
    domain::time::Time,
    store::{Connection, Result, records::RetryVerdict},
};

/// Waking what waits for a person.
#[async_trait]
pub trait Retries: Connection {
    /// Wakes verifications that wait for a person: settled ones that are no loss-free end go back
    /// to `waiting` or `collecting`, open ones become due at once. With `app` they are assigned to
    /// it first. Recorded with who did it. Those that the provider has forgotten stay as they are.
    async fn retry(
        &self,
        tokens: &[String],
        app: Option<&str>,
        actor: &str,
        now: Time,
    ) -> Result<Vec<RetryVerdict>>;
}
