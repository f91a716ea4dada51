//! What to ask next, when, or how a verification is settled: a pure function of what is known, the
//! app's policy and the time.
//!
//! Two readings of every retention matter. The *earliest* end (counted from issue, or from an
//! attempt that is seen to be earlier) orders the work and bounds what may count as proof. The
//! *latest* end (counted from the last moment verification can have ended) is when trying is given
//! up. Between the two everything is luck, and still tried.

mod unseen;

use serde::{Deserialize, Serialize};

use super::{
    answer::Endpoint,
    lessons::Learned,
    media::{MediaRow, MediaState},
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
    /// Why, for people.
    pub why: String,
}

/// The next step of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask this endpoint now.
    Ask(Endpoint),
    /// Ask every other app once whether it knows the token.
    AskOthers,
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
    /// Whether other apps are configured that could be asked.
    pub others: bool,
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
        with_attempts(known, &ends, now)
    }
}

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
    fn wait(&self, due_at: Time, media_open: bool, now: Time) -> Step {
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

/// When an endpoint whose last call failed may be asked again.
fn retry(progress: &Progress, endpoint: Endpoint) -> Option<Time> {
    progress
        .fails
        .get(&endpoint)
        .map(|fails| fails.at.plus(fails.wait))
}

/// One thing still to be had: when to ask for it (none: not by asking), and when it counts as
/// missing.
struct Open {
    due: Option<(Time, Endpoint)>,
    end: Time,
    missing: Missing,
    /// Whether it is no loss when it never comes.
    optional: bool,
}

fn with_attempts(known: PlanInput<'_>, ends: &Ends, now: Time) -> Step {
    let open = open_things(known, ends);
    if let Some(endpoint) = open
        .iter()
        .filter(|thing| now < thing.end)
        .filter_map(|thing| thing.due)
        .filter(|(due, _)| *due <= now)
        .map(|(_, endpoint)| endpoint)
        .next()
    {
        return Step::Ask(endpoint);
    }
    let alive = || open.iter().filter(|thing| now < thing.end);
    let Some(next) = alive()
        .map(|thing| thing.due.map_or(thing.end, |(due, _)| due.min(thing.end)))
        .min()
    else {
        return settle(known, open);
    };
    let media_open = alive().any(|thing| thing.end == ends.media_end);
    ends.wait(next, media_open, now)
}

/// Everything not yet captured, the most urgent first.
fn open_things(known: PlanInput<'_>, ends: &Ends) -> Vec<Open> {
    let PlanInput {
        progress,
        policy,
        media,
        ..
    } = known;
    let seen = progress.attempts.len();
    let passed = progress.passed();
    let decisive = progress.decisive_attempt();
    let video_due = policy.video_expected && passed;
    let mut open = Vec::new();
    let missing = |what: &str, attempt_no: Option<i64>, why: &str| Missing {
        what: what.to_owned(),
        attempt_no,
        why: why.to_owned(),
    };
    let ask = |endpoint: Endpoint, end: Time| Open {
        due: Some((retry(progress, endpoint).unwrap_or(Time(0)), endpoint)),
        end,
        missing: missing(
            endpoint.name(),
            Some(decisive),
            "no answer with data came before the provider forgot",
        ),
        // A refused media/query is what an account without videos answers.
        optional: endpoint == Endpoint::Media && progress.media_refused && !video_due,
    };
    if let Some(due) = getall_due(known, ends) {
        let why = "no answer came after the verification window had closed: later attempts may be missing";
        open.push(Open {
            due: Some((due, Endpoint::Getall)),
            end: ends.record_end,
            missing: missing("final_getall", None, why),
            optional: false,
        });
    }
    if policy.wants(Endpoint::Media) {
        if progress.media_for < seen {
            open.push(ask(Endpoint::Media, ends.media_end));
        } else if let Some(due) = film_due(known, ends) {
            let missing = missing(
                "video",
                Some(decisive),
                "no video was listed before the provider's retention of videos ended",
            );
            let optional = !(video_due && is_video_missing(known));
            open.push(Open {
                due: Some((due, Endpoint::Media)),
                end: ends.media_end,
                missing,
                optional,
            });
        }
    }
    if policy.wants(Endpoint::Detail) && passed && !progress.detail {
        open.push(ask(Endpoint::Detail, ends.record_end));
    }
    if policy.wants(Endpoint::Simple) && passed && !progress.simple {
        open.push(ask(Endpoint::Simple, ends.record_end));
    }
    let is_final = passed || progress.getall_at.is_some_and(|at| at >= ends.decide);
    if policy.wants(Endpoint::Stat) && is_final && !progress.stat {
        open.push(ask(Endpoint::Stat, ends.record_end));
    }
    open.extend(
        media
            .iter()
            .filter(|row| row.state == MediaState::Wanted)
            .map(|row| Open {
                due: None,
                end: if row.slot.kind.has_short_life() {
                    ends.media_end
                } else {
                    ends.record_end
                },
                missing: missing(
                    row.slot.kind.name(),
                    Some(row.slot.attempt_no),
                    &not_fetched(row),
                ),
                optional: false,
            }),
    );
    open
}

/// Why a medium that is known to exist is not here.
fn not_fetched(row: &MediaRow) -> String {
    let last = row.last_error.as_ref().map_or_else(String::new, |error| {
        format!(" in {} tries; the last one: {error}", row.tries)
    });
    format!("it could not be fetched before the provider forgot it{last}")
}

/// Whether no video is listed of the latest attempt.
fn is_video_missing(known: PlanInput<'_>) -> bool {
    known.progress.video_for < known.progress.attempts.len()
}

/// When to ask for a video or liveness images that are not listed yet; none when they are, or when
/// none need exist.
///
/// A passed attempt is filmed where videos are enabled, so it is asked for until its end. Of a
/// failed one the provider may keep nothing: where its plan is known to be filmed, or the provider
/// says that it is still at work, it is asked for as long; else once more when the window has
/// closed.
fn film_due(known: PlanInput<'_>, ends: &Ends) -> Option<Time> {
    let PlanInput {
        progress,
        policy,
        learned,
        ..
    } = known;
    let asked = progress.media_at?;
    let no_video = is_video_missing(known);
    let no_images = progress.images_for < progress.attempts.len();
    let awaited = (learned.images && no_images)
        || (learned.video && no_video)
        || (progress.media_explained && no_video && no_images);
    if !(awaited || progress.passed() && no_video) {
        let face = progress.attempts.last().is_some_and(|seen| seen.face);
        let once_more = !progress.passed() && no_video && face && asked < ends.decide;
        return once_more.then(|| retry(progress, Endpoint::Media).unwrap_or(ends.decide));
    }
    if let Some(again) = retry(progress, Endpoint::Media) {
        return Some(again);
    }
    let base = progress.grew_at.unwrap_or(asked);
    let last_sure = ends.media_deadline.minus(policy.final_grace());
    let next = series(base, policy.first_poll(), Some(asked));
    // One ask always falls shortly before the earliest end, where the thinning series would jump
    // over it.
    Some(if asked < last_sure {
        next.min(last_sure)
    } else {
        next
    })
}

/// The end of a verification whose attempts were seen, when nothing more can be had.
fn settle(known: PlanInput<'_>, open: Vec<Open>) -> Step {
    let PlanInput {
        progress, media, ..
    } = known;
    let mut missing: Vec<Missing> = open
        .into_iter()
        .filter(|thing| !thing.optional)
        .map(|thing| thing.missing)
        .collect();
    missing.extend(
        media
            .iter()
            .filter(|row| row.state == MediaState::Lost)
            .map(|row| Missing {
                what: row.slot.kind.name().to_owned(),
                attempt_no: Some(row.slot.attempt_no),
                why: "it was gone at the provider".to_owned(),
            }),
    );
    missing.extend(progress.unreadable.iter().map(|what| {
        Missing {
            what: what.clone(),
            attempt_no: None,
            why: "the answer holds it in a form that cannot be read; the verbatim answer is kept"
                .to_owned(),
        }
    }));
    let outcome = if missing.is_empty() {
        Outcome::Archived
    } else {
        Outcome::Incomplete
    };
    Step::Settle(outcome, missing)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
