//! A tracked verification: its handle, its facts and its state.

use serde::{Deserialize, Serialize};

use super::{secret::Secret, time::Time};

/// Where a tracked verification stands (contract.md, "States of a tracked verification").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No attempt seen.
    Waiting,
    /// An attempt seen, not final or not all captured.
    Collecting,
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

impl State {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 7] = [Self::Waiting, Self::Collecting, Self::Archived, Self::Abandoned, Self::Incomplete, Self::Missed, Self::Rejected];

    /// The name in `report_verifications.state`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Collecting => "collecting",
            Self::Archived => "archived",
            Self::Abandoned => "abandoned",
            Self::Incomplete => "incomplete",
            Self::Missed => "missed",
            Self::Rejected => "rejected",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it never changes again except by `retry`.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Waiting | Self::Collecting)
    }

    /// Whether something was lost, which raises an alarm (provider.md §4).
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::Incomplete | Self::Missed)
    }
}

/// What is told of a token when it is to be tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The provider's handle.
    pub verify_token: Secret,
    /// The configured app that generated it.
    pub app: String,
    /// When it was generated; the moment of tracking when nobody says.
    pub issued_at: Option<Time>,
    /// The plan it was generated for.
    pub plan_id: Option<String>,
    /// The business's own name for it.
    pub reference: Option<String>,
    /// Who told: a command's user, `issue`, later the gateway.
    pub tracked_by: String,
    /// Whether Verikeep itself had the provider generate it, so that its origin is beyond doubt.
    pub issued_here: bool,
}

/// The facts of a tracked verification that never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Our identifier (UUID version 7).
    pub verification_id: String,
    /// The provider's handle.
    pub verify_token: Secret,
    /// The configured app that generated it.
    pub app: String,
    /// When it was generated, as told or assumed.
    pub issued_at: Time,
    /// When it was told.
    pub tracked_at: Time,
    /// The plan it was generated for, as told.
    pub plan_id: Option<String>,
    /// Whether Verikeep itself had the provider generate it.
    pub issued_here: bool,
}

/// The longest verify_token accepted, in bytes; the provider's have 24.
pub const TOKEN_BYTES_MAX: usize = 256;

/// Checks the shape of a verify_token: 1 to [`TOKEN_BYTES_MAX`] visible ASCII characters.
///
/// # Errors
/// What is wrong, without repeating the token.
pub fn check_token(token: &str) -> Result<(), String> {
    if token.is_empty() {
        return Err("verify_token is empty".to_owned());
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err(format!("verify_token has {} bytes, at most {TOKEN_BYTES_MAX} are possible", token.len()));
    }
    if token.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(()) } else { Err("verify_token has a character that is not visible ASCII".to_owned()) }
}
