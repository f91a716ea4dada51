//! What to ask next, when, or how a verification is settled: a pure function of what is known, the app's policy and the time.

use serde::{Deserialize, Serialize};

use super::token::State;

/// How a verification ends (provider.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything the provider holds was captured after it became final.
    Archived,
    /// Proof that nobody verified.
    Abandoned,
    /// Something captured, something known to exist not.
    Incomplete,
    /// Expired before anything could be captured.
    Missed,
    /// The provider refused it all its life.
    Rejected,
}

impl Outcome {
    /// The state it leaves the verification in.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Archived => State::Archived,
            Self::Abandoned => State::Abandoned,
            Self::Incomplete => State::Incomplete,
            Self::Missed => State::Missed,
            Self::Rejected => State::Rejected,
        }
    }
}

/// One thing that is missing, and why: an element of `report_verifications.missing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// `everything`, `final_getall`, an endpoint (`detail`, `media`, …) or a kind of medium (`face`, `process_video`, …).
    pub what: String,
    /// The attempt it belongs to, where it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_no: Option<i64>,
    /// Why, for people.
    pub why: String,
}
