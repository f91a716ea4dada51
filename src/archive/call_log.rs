//! The rows that questions leave behind, gathered over a step.

use crate::{
    domain::{
        answer::{AnswerRow, Endpoint},
        digest::Sha256,
    },
    store::records::CallRow,
};

/// What questions about one verification brought so far in this step: the rows to write with it.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    /// Answers new to the verification.
    pub answers: Vec<AnswerRow>,
    /// Every call made.
    pub calls: Vec<CallRow>,
    /// (endpoint, SHA-256) of all answers kept, these included.
    pub(super) kept: Vec<(Endpoint, Sha256)>,
}

impl CallLog {
    /// Begins with what is kept already.
    #[must_use]
    pub(crate) fn beside(kept: Vec<(Endpoint, Sha256)>) -> Self {
        Self {
            kept,
            ..Self::default()
        }
    }

    /// (endpoint, SHA-256) of all answers kept so far.
    #[must_use]
    pub(crate) fn kept(&self) -> &[(Endpoint, Sha256)] {
        &self.kept
    }
}
