//! What was done to verifications.

use serde::{Deserialize, Serialize};

use crate::domain::time::{Time, rfc3339};

/// What was done to a verification, by a person or of the daemon's own accord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReport {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Time,
    /// Who; `verikeep` where nobody asked for it.
    pub actor: String,
    /// What kind of deed: `retry`, `reassigned`, `issued_at`.
    pub what: String,
    /// What it changed, for people.
    pub detail: String,
}
