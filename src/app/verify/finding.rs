//! What is found, by name.

use serde::Serialize;

use crate::domain::id::VerificationId;

/// What is not as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// No object lies where the row says.
    ObjectMissing,
    /// The bytes of the object are not those that were captured.
    ObjectAltered,
    /// The object lies there and cannot be read to its end.
    ObjectUnreadable,
    /// The row names an object of another verification, or nothing that could be one.
    ObjectForeign,
    /// An object lies there that no row names.
    ObjectUnknown,
    /// The answer in its row is not the one that was captured.
    AnswerAltered,
    /// It is archived, and no answer is kept of it.
    AnswersMissing,
    /// What its row sums up of its attempts is not what their rows say.
    AttemptsDiffer,
    /// The row of an attempt says what no answer says that is kept.
    AttemptAltered,
    /// A row cannot be read as what it should be.
    RowUnreadable,
    /// Rows are there of a verification that is not.
    VerificationMissing,
}

impl Name {
    /// As it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ObjectMissing => "object_missing",
            Self::ObjectAltered => "object_altered",
            Self::ObjectUnreadable => "object_unreadable",
            Self::ObjectForeign => "object_foreign",
            Self::ObjectUnknown => "object_unknown",
            Self::AnswerAltered => "answer_altered",
            Self::AnswersMissing => "answers_missing",
            Self::AttemptAltered => "attempt_altered",
            Self::AttemptsDiffer => "attempts_differ",
            Self::RowUnreadable => "row_unreadable",
            Self::VerificationMissing => "verification_missing",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of.
    pub finding: Name,
    /// Whose; null where that cannot be read.
    pub verification_id: Option<VerificationId>,
    /// Of which answer or medium, in words: `answer of getall`, `face 0 of attempt 1`.
    pub what: Option<String>,
    /// Its answer_id or media_id.
    pub id: Option<String>,
    /// Where its bytes are, if they are an object.
    pub object_key: Option<String>,
    /// What is wrong. It shows nothing of a person.
    pub why: String,
}
