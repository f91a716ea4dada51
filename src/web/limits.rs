//! What clients of the API are given: places and time.

use std::time::Duration;

/// How many connections there are, and how long each is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub seats: usize,
    /// Connections of one address at once; none where all come from one, a proxy's.
    pub per_address: Option<usize>,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From there to the end of its body.
    pub body: Duration,
    /// Between an answer and the first byte of the next request.
    pub idle: Duration,
}

impl Limits {
    /// For so many connections at once, of which one address has three quarters at most.
    #[must_use]
    pub const fn of(seats: usize) -> Self {
        Self {
            seats,
            per_address: Some(seats - seats / 4),
            head: Duration::from_secs(5),
            body: Duration::from_secs(10),
            idle: Duration::from_secs(30),
        }
    }

    /// The same where all come from one address, a proxy's.
    #[must_use]
    pub const fn of_one_address(self) -> Self {
        Self {
            per_address: None,
            ..self
        }
    }
}
