//! What has been learned of a verification so far: the memory the plan works from.

use serde::{Deserialize, Serialize};

use super::{attempt::Seen, time::Time};

/// Kept as one JSON column beside the schedule, so that a new fact for the plan is no change of the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Attempts seen, in order.
    pub attempts: Vec<Seen>,
    /// When getall last brought data.
    pub getall_at: Option<Time>,
    /// When the number of attempts last grew.
    pub grew_at: Option<Time>,
    /// Whether detail, simple and stat were captured after a pass.
    pub detail: bool,
    /// See [`Progress::detail`].
    pub simple: bool,
    /// Captured once final.
    pub stat: bool,
    /// How many attempts were known when media/query last brought data.
    pub media_for: usize,
    /// When media/query last brought data.
    pub media_at: Option<Time>,
    /// How often it has since been asked in vain for a video that is not there yet.
    pub video_asks: u32,
    /// How many attempts were known when a video was last listed.
    pub video_for: usize,
    /// Signature of the last answer about the token that brought no data, and when.
    pub refusal: Option<Refusal>,
    /// The last such answer that falls between the window's end and the earliest end of the retention.
    pub closing: Option<Refusal>,
    /// Whether every other app was asked once.
    pub others_asked: bool,
    /// The other app that knows the token.
    pub known_by: Option<String>,
    /// Calls in a row that brought nothing usable.
    pub fails: u32,
    /// When the last of them was made.
    pub failed_at: Option<Time>,
    /// What could not be taken out of an answer that was kept (`detail.front_base64`, …).
    pub unreadable: Vec<String>,
}

/// An answer about the token that brought no data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// [`super::answer::Problem::signature`]; `zero_attempts` for a getall that succeeds and lists none.
    pub signature: String,
    /// When it was given.
    pub at: Time,
}

/// Signature of a getall that succeeds and lists no attempt.
pub const ZERO_ATTEMPTS: &str = "zero_attempts";

impl Progress {
    /// Whether an attempt passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.attempts.iter().any(|seen| seen.passed)
    }

    /// The attempt that passed, else the last one; 0 when there is none.
    #[must_use]
    pub fn decisive_attempt(&self) -> i64 {
        self.attempts.iter().find(|seen| seen.passed).or(self.attempts.last()).map_or(0, |seen| seen.no)
    }
}
