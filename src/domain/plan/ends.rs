//! When each retention ends, by both readings.

use super::{PlanInput, Step};
use crate::domain::time::{Span, Time};

/// The instants a decision turns on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// When the poll that decides is due: the window has closed and the grace is over.
    pub decide: Time,
    /// From when on an answer counts as the last word on a token that seems unused: shortly before
    /// the earliest end of the record retention.
    pub last_question: Time,
    /// Earliest end of the media retention.
    pub media_deadline: Time,
    /// Earliest end of the record retention.
    pub record_deadline: Time,
    /// Latest end of the media retention: then a medium not there is lost.
    pub media_end: Time,
    /// Latest end of the record retention.
    pub record_end: Time,
    /// Until when one answer is waited for of a token that never got any.
    pub give_up: Time,
}

impl Ends {
    /// Computes them.
    #[must_use]
    pub fn of(known: PlanInput<'_>) -> Self {
        let PlanInput {
            verification,
            progress,
            policy,
            ..
        } = known;
        let issued_at = verification.issued_at;
        let close = policy.window_end(issued_at);
        let seen = || progress.attempts.iter().filter_map(|seen| seen.at);
        let start = seen().min().map_or(issued_at, |first| first.min(issued_at));
        let finish = seen()
            .max()
            .map_or(close, |last| last.max(close))
            .plus(policy.final_grace());
        let woken = progress
            .woken_at
            .map_or(Time(i64::MIN), |at| at.plus(policy.first_poll()));
        let decide = close.plus(policy.final_grace());
        let record_deadline = policy.record_deadline(start);
        let record_end = finish.plus(policy.record_retention).max(woken);
        Self {
            decide,
            last_question: record_deadline.minus(policy.final_grace()).max(decide),
            media_deadline: policy.media_deadline(start),
            record_deadline,
            media_end: finish.plus(policy.media_retention).max(woken),
            record_end,
            give_up: record_end
                .max(verification.tracked_at)
                .plus(policy.verify_window),
        }
    }

    /// Wait until `due_at`, but look at least once more when a retention ends; always later than
    /// `now`.
    pub(super) fn wait(&self, due_at: Time, media_open: bool, now: Time) -> Step {
        let media_open = media_open && now < self.media_end;
        let deadline = if media_open {
            self.media_deadline
        } else {
            self.record_deadline
        };
        let end = if media_open {
            self.media_end
        } else {
            self.record_end
        };
        Step::Wait {
            due_at: due_at.min(end).max(now.plus(Span(1))),
            deadline,
        }
    }
}
