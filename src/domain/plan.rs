//! What to ask next, when, or how a verification is settled: a pure function of what is known, the
//! app's policy and the time.
//!
//! Two readings of every retention matter. The *earliest* end (counted from issue, or from an
//! attempt that is seen to be earlier) orders the work and bounds what may count as proof. The
//! *latest* end (counted from the last moment verification can have ended) is when trying is given
//! up. Between the two everything is luck, and still tried.

mod ends;
mod proof;
mod seen;
mod unseen;

pub use ends::Ends;
pub use proof::{Proof, proof};
use serde::{Deserialize, Serialize};

use super::{
    answer::Endpoint,
    lease::Lane,
    lessons::Learned,
    loss::Reason,
    media::MediaRow,
    policy::Policy,
    progress::Progress,
    time::{Span, Time},
    token::{State, Verification},
};

/// How a verification ends (provider.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
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

impl Outcome {
    /// The state it leaves the verification in.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Archived => State::Archived,
            Self::Abandoned => State::Abandoned,
            Self::Incomplete => State::Incomplete,
            Self::Missed => State::Missed,
            Self::Rejected => State::Rejected,
        }
    }
}

/// One thing that is missing, and why: an element of `report_verifications.missing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// `everything`, `final_getall`, an endpoint (`detail`, `media`, …) or a kind of medium
    /// (`face`, `video`, …).
    pub what: String,
    /// The attempt it belongs to, where it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_no: Option<i64>,
    /// The cause, and from when to when it stood in the way.
    #[serde(flatten)]
    pub reason: Reason,
    /// Why, for people.
    pub why: String,
}

/// The next step of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask this endpoint now.
    Ask(Endpoint),
    /// Ask the other apps of the account whether the token is theirs.
    AskSiblings,
    /// Nothing to do before `due_at`, which is later than now.
    Wait {
        /// When to look again.
        due_at: Time,
        /// When the next thing of it is forgotten, by the earliest reading.
        deadline: Time,
    },
    /// It is over.
    Settle(Outcome, Vec<Missing>),
}

/// All that a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// The facts.
    pub verification: &'a Verification,
    /// What was learned so far.
    pub progress: &'a Progress,
    /// Its media.
    pub media: &'a [MediaRow],
    /// What was learned of its app and plan.
    pub learned: &'a Learned,
    /// Whether other apps of its account are configured that could be asked.
    pub has_siblings: bool,
    /// The app's policy.
    pub policy: &'a Policy,
}

/// Decides the next step.
#[must_use]
pub fn plan(known: PlanInput<'_>, now: Time) -> Step {
    let ends = Ends::of(known);
    if known.progress.attempts.is_empty() {
        unseen::before_any_attempt(known, &ends, now)
    } else {
        seen::with_attempts(known, &ends, now)
    }
}

/// How long to wait after a failed call, before jitter: doubling from a fraction of the first poll,
/// never more than a sixteenth of the time that is left, so that there is always another try before
/// the deadline.
#[must_use]
pub fn backoff(policy: &Policy, fails: u32, left: Span) -> Span {
    let base = (policy.first_poll().0 / 36).max(50);
    let grown = base.saturating_mul(1_i64 << fails.min(24));
    let bound = (left.0 / 16).min(policy.record_retention.0 / 72).max(base);
    Span(grown.min(bound))
}

/// The time left that bounds [`backoff`]: to the next deadline, or past it to the latest end.
#[must_use]
pub fn left(known: PlanInput<'_>, now: Time) -> Span {
    let ends = Ends::of(known);
    [
        ends.media_deadline,
        ends.record_deadline,
        ends.media_end,
        ends.record_end,
        ends.give_up,
    ]
    .into_iter()
    .filter(|end| *end > now)
    .min()
    .map_or(Span(0), |end| end.since(now))
}

/// The first instant of the thinning series `base + first·3^k` that is later than `after` (the
/// first of all when there was none).
fn series(base: Time, first: Span, after: Option<Time>) -> Time {
    let mut step = first.0.max(1);
    let mut at = base.plus(Span(step));
    while after.is_some_and(|after| at <= after) {
        step = step.saturating_mul(3);
        at = base.plus(Span(step));
    }
    at
}

/// When getall is to be asked next; none when it has nothing more to tell.
fn getall_due(known: PlanInput<'_>, ends: &Ends) -> Option<Time> {
    let PlanInput {
        verification,
        progress,
        policy,
        ..
    } = known;
    if let Some(woken) = progress
        .woken_at
        .filter(|woken| progress.answered_at().is_none_or(|at| at < *woken))
    {
        return Some(retry(progress, Endpoint::Getall).unwrap_or(woken));
    }
    if progress.passed() || progress.getall_at.is_some_and(|at| at >= ends.decide) {
        return None;
    }
    let answered = progress.answered_at();
    if let Some(again) = retry(progress, Endpoint::Getall) {
        return Some(again);
    }
    if unseen::seems_unused(known) && progress.attempts.is_empty() {
        return answered
            .is_none_or(|at| at < ends.last_question)
            .then_some(ends.last_question);
    }
    if answered.is_some_and(|at| at >= ends.decide) {
        let first = Span(policy.final_grace().0.max(policy.first_poll().0));
        return Some(series(ends.decide, first, answered));
    }
    let base = progress.grew_at.unwrap_or(verification.issued_at);
    Some(series(base, policy.first_poll(), answered).min(ends.decide))
}

/// What of the queue a verification stands in that is due at an instant: what is only said to be one
/// must not hold up what is seen to be, or may still become one. The poll that decides is the last
/// of the living.
#[must_use]
pub fn lane(is_seen: bool, issued_at: Time, policy: &Policy, due_at: Time) -> Lane {
    let decide = policy.window_end(issued_at).plus(policy.final_grace());
    if is_seen || due_at <= decide {
        Lane::Living
    } else {
        Lane::Late
    }
}

/// When an endpoint whose last call failed may be asked again.
fn retry(progress: &Progress, endpoint: Endpoint) -> Option<Time> {
    progress
        .fails
        .get(&endpoint)
        .map(|fails| fails.at.plus(fails.wait))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
