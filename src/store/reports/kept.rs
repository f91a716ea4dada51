//! What is kept of verifications, to be compared with the bytes themselves.

use super::{AnswerReport, AttemptReport, MediaReport};
use crate::domain::{id::VerificationId, sample::Sample, time::Time};

/// Which verifications are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Only those tracked at or after this instant.
    pub since: Option<Time>,
    /// Only this part of them.
    pub sample: Option<Sample>,
}

impl Which {
    /// Whether it is all of them.
    #[must_use]
    pub fn is_all(self) -> bool {
        self == Self::default()
    }
}

/// Some verifications, those that were tracked last first.
#[derive(Clone, Debug, Default)]
pub struct KeptPage {
    /// They.
    pub kept: Vec<Kept>,
    /// Rows whose verification_id cannot be read.
    pub nameless: usize,
    /// Rows of verifications that are not there; some where they are many.
    pub strays: Vec<Stray>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// What the rows say is kept of a verification.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Whose.
    pub verification_id: VerificationId,
    /// Whether all of it was captured.
    pub is_archived: bool,
    /// How many attempts its row sums up.
    pub attempts: i64,
    /// Whether one of them passed, as its row has it.
    pub passed: Option<bool>,
    /// The rows of its attempts.
    pub attempt_rows: Vec<AttemptReport>,
    /// Its answers.
    pub answers: Vec<AnswerReport>,
    /// Its media that are stored.
    pub media: Vec<MediaReport>,
    /// Why rows of its answers, attempts and media cannot be read; no value of them.
    pub unreadable: Vec<String>,
}

/// Rows of a verification that is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// Which table they stand in.
    pub relation: String,
    /// Whose they were.
    pub verification_id: VerificationId,
}
