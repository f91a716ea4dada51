//! One answered exchange, as it came.

use std::fmt;

use bytes::Bytes;

use crate::domain::{
    answer::Endpoint,
    time::{Dated, Span, Time},
};

/// An answer of whatever content and status: kept verbatim before anything is read from it.
#[derive(Clone)]
pub struct Reply {
    /// Who answered.
    pub endpoint: Endpoint,
    /// HTTP status.
    pub http_status: u16,
    /// The body after content decoding, otherwise untouched.
    pub body: Bytes,
    /// When the last byte was here, by our clock.
    pub fetched_at: Time,
    /// When the provider says it answered (`Date`), to the second.
    pub date: Option<Time>,
    /// How long the exchange took, from the request to the answer's last byte, by elapsed time.
    pub took: Span,
    /// `Retry-After`, as a span from the answer on.
    pub retry_after: Option<Span>,
    /// Whether the body goes on: it was longer than the cap, or its content encoding broke off.
    pub truncated: bool,
    /// Which access_token was used, by number, so that only this one is dropped when it is refused.
    pub(super) access: Option<u64>,
}

impl Reply {
    /// An answer read back from the archive, or made in a test: no headers, nothing to renew.
    #[must_use]
    pub fn kept(endpoint: Endpoint, http_status: u16, body: Bytes, fetched_at: Time) -> Self {
        Self {
            endpoint,
            http_status,
            body,
            fetched_at,
            date: None,
            took: Span(0),
            retry_after: None,
            truncated: false,
            access: None,
        }
    }

    /// What it tells of the provider's time, where it tells any.
    #[must_use]
    pub(crate) fn dated(&self) -> Option<Dated> {
        let took = self.took;
        self.date.map(|date| Dated { date, took })
    }
}

/// Shows facts, never the body: it holds tokens, URLs and persons.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("endpoint", &self.endpoint)
            .field("http_status", &self.http_status)
            .field("bytes", &self.body.len())
            .field("fetched_at", &self.fetched_at)
            .field("date", &self.date)
            .field("took", &self.took)
            .field("retry_after", &self.retry_after)
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}
