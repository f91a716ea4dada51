//! What is found, by name.

use serde::Serialize;

use super::words;
use crate::domain::{
    id::VerificationId,
    language::{Sentence, Words},
};

macro_rules! names {
    ($($name:ident = $text:literal, $words:ident;)+) => {
        /// What is not as it was captured; what each means is said by [`Name::means`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs, reason = "the words stand in a table of their own")]
        pub enum Name {
            $($name,)+
        }

        impl Name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As it is written everywhere.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What it means.
            #[must_use]
            pub const fn means(self) -> Words {
                match self {
                    $(Self::$name => words::$words,)+
                }
            }
        }
    };
}

names! {
    ObjectMissing = "object_missing", OBJECT_MISSING;
    ObjectAltered = "object_altered", OBJECT_ALTERED;
    ObjectUnreadable = "object_unreadable", OBJECT_UNREADABLE;
    ObjectForeign = "object_foreign", OBJECT_FOREIGN;
    ObjectUnknown = "object_unknown", OBJECT_UNKNOWN;
    AnswerAltered = "answer_altered", ANSWER_ALTERED;
    AnswersMissing = "answers_missing", ANSWERS_MISSING;
    AttemptsDiffer = "attempts_differ", ATTEMPTS_DIFFER;
    AttemptAltered = "attempt_altered", ATTEMPT_ALTERED;
    RowUnreadable = "row_unreadable", ROW_UNREADABLE;
    VerificationMissing = "verification_missing", VERIFICATION_MISSING;
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of.
    pub finding: Name,
    /// Whose; none where that cannot be read.
    pub verification_id: Option<VerificationId>,
    /// Of which answer, medium or attempt: `answer of getall`, `face 0 of attempt 1`.
    pub what: Option<Sentence>,
    /// Its answer_id or media_id.
    pub id: Option<String>,
    /// Where its bytes are, if they are an object.
    pub object_key: Option<String>,
    /// What is wrong. It shows nothing of a person.
    pub why: Sentence,
}

impl Finding {
    /// One of a verification as a whole.
    pub(super) fn of(
        finding: Name,
        verification_id: Option<VerificationId>,
        why: Sentence,
    ) -> Self {
        Self {
            finding,
            verification_id,
            what: None,
            id: None,
            object_key: None,
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_alike_everywhere() {
        for name in Name::ALL {
            assert_eq!(serde_json::to_value(name).unwrap(), name.name());
        }
    }
}
