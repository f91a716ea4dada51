//! Leases: the right to work on one row for a while.

use super::{
    id::VerificationId,
    time::{Span, Time},
};

/// A process that has not been seen alive for so long is gone: what only it would see, it does not.
/// Processes are heard of every 20 seconds.
pub const LAPSED: Span = Span::minutes(2);

/// The two kinds of scheduled work a verification can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Ask the provider, or settle.
    Poll,
    /// Fetch the media that are wanted.
    Download,
}

impl Stage {
    /// As it stands in the schedule table.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Poll => 0,
            Self::Download => 1,
        }
    }

    /// As it stands in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Download => "download",
        }
    }
}

/// What of the queue a row stands in: what has been proved to be somebody's verification is not held
/// up by what is only said to be one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Inside its verification window, or given data before.
    #[default]
    Living,
    /// Past its window and never given data.
    Late,
}

impl Lane {
    /// As it stands in the schedule table.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Living => 0,
            Self::Late => 1,
        }
    }
}

/// The right to work on one stage of one verification until [`Lease::until`].
///
/// Expiry decides, and nothing else: there is no "leased" state. Completing is possible as long as
/// nobody else has claimed the row since, which [`Lease::token`] shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose work it is.
    pub verification_id: VerificationId,
    /// Which work.
    pub stage: Stage,
    /// Drawn afresh at each claim.
    pub token: String,
    /// When the row may be claimed by another.
    pub until: Time,
    /// How often the row has been claimed since it was last completed, this time included.
    pub claims: i64,
}
