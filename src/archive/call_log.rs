//! The rows that questions leave behind, gathered over a step.

use super::headway::Put;
use crate::{
    domain::{
        answer::{AnswerRow, Endpoint},
        digest::Sha256,
        time::{Span, Time},
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
    /// When the last call was answered, by the provider's time if that is earlier than ours; none
    /// when no answer came.
    pub(super) given_at: Option<Time>,
    /// How far the provider's clock was behind ours when it last answered.
    pub(super) behind: Span,
    /// (endpoint, SHA-256) of all answers kept, these included.
    pub(super) kept: Vec<(Endpoint, Sha256)>,
    /// Objects of the step.
    pub(super) put: Put,
}

impl CallLog {
    /// Begins with what is kept already.
    #[must_use]
    pub(crate) fn beside(kept: Vec<(Endpoint, Sha256)>, put: Put) -> Self {
        Self {
            kept,
            put,
            ..Self::default()
        }
    }

    /// (endpoint, SHA-256) of all answers kept so far.
    #[must_use]
    pub(crate) fn kept(&self) -> &[(Endpoint, Sha256)] {
        &self.kept
    }
}
