//! What trying again comes to.

use crate::domain::{id::VerificationId, time::Time, token::State};

/// What became of one `retry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryVerdict {
    /// It is due now.
    Woken {
        /// Its identifier.
        verification_id: VerificationId,
        /// Where it stood before.
        was: State,
    },
    /// It is archived or abandoned: there is nothing to try again.
    Whole {
        /// Its identifier.
        verification_id: VerificationId,
    },
    /// The provider has forgotten it: asking again would only end as it ended before. Nothing was
    /// changed.
    Forgotten {
        /// Its identifier.
        verification_id: VerificationId,
        /// Since when, by the earliest reading.
        since: Time,
    },
    /// No such token is tracked.
    Unknown,
}

impl RetryVerdict {
    /// What trying one again comes to that stands in `state`. That nobody verified may be asked again
    /// for as long as the provider remembers; one that goes to another app is asked there, whose
    /// retention may be another.
    pub(crate) fn of(
        verification_id: VerificationId,
        state: State,
        record_deadline: Time,
        is_moved: bool,
        now: Time,
    ) -> Self {
        let is_over = now >= record_deadline;
        match state {
            State::Archived => Self::Whole { verification_id },
            State::Abandoned if is_over => Self::Whole { verification_id },
            State::Incomplete | State::Missed | State::Rejected if is_over && !is_moved => {
                Self::Forgotten {
                    verification_id,
                    since: record_deadline,
                }
            }
            was => Self::Woken {
                verification_id,
                was,
            },
        }
    }
}
