//! Requests of the API that are done once however often they are made.

use async_trait::async_trait;

use crate::{
    domain::{id::VerificationId, once::Once, time::Time},
    store::{Connection, Result},
};

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The verification that it made.
    pub verification_id: VerificationId,
    /// What could not be prepared of it.
    pub unprepared: Option<String>,
}

/// How a request stands that is made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nobody did it: whoever asks does it, until [`LEASE`](crate::domain::once::LEASE) after now.
    Yours,
    /// Somebody is doing it.
    Running,
    /// It is done.
    Done(Done),
    /// Another request was made under the same `Idempotency-Key`.
    Other,
}

/// What is known of requests, for [`KEPT`](crate::domain::once::KEPT) and not much longer.
#[async_trait]
pub trait Requests: Connection {
    /// Begins what a request asks, where nobody did or is doing it.
    async fn begin_request(&self, once: &Once, now: Time) -> Result<Begun>;

    /// Ends what was begun at `begun`: done, or as if it had not been begun. Brings false, and
    /// changes nothing, when another took it over meanwhile.
    async fn end_request(&self, once: &Once, begun: Time, done: Option<&Done>) -> Result<bool>;
}
