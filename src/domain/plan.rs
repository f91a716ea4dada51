//! What to ask next, when, or how a verification is settled: a pure function of what is known, the app's policy and the time.
//!
//! Two readings of every retention matter. The *earliest* end (counted from issue, or from an attempt that is seen to be earlier) orders
//! the work and bounds what may count as proof. The *latest* end (counted from the last moment verification can have ended) is when
//! trying is given up. Between the two everything is luck, and still tried.

use serde::{Deserialize, Serialize};

use super::{
    answer::Endpoint,
    media::{MediaRow, MediaState},
    policy::Policy,
    progress::{Progress, Refusal, ZERO_ATTEMPTS},
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
    /// `everything`, `final_getall`, an endpoint (`detail`, `media`, …) or a kind of medium (`face`, `video`, …).
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
pub struct Known<'a> {
    /// The facts.
    pub verification: &'a Verification,
    /// What was learned so far.
    pub progress: &'a Progress,
    /// Its media.
    pub media: &'a [MediaRow],
    /// Signatures that unused tokens of the app are known to answer.
    pub learned: &'a [String],
    /// Whether other apps are configured that could be asked.
    pub others: bool,
    /// The app's policy.
    pub policy: &'a Policy,
}

/// Decides the next step.
#[must_use]
pub fn plan(known: Known<'_>, now: Time) -> Step {
    let ends = Ends::of(known);
    if known.progress.attempts.is_empty() { before_any_attempt(known, &ends, now) } else { with_attempts(known, &ends, now) }
}

/// The instants a decision turns on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// When the poll that decides is due: the window has closed and the grace is over.
    pub decide: Time,
    /// Earliest end of the media retention.
    pub media_deadline: Time,
    /// Earliest end of the record retention.
    pub record_deadline: Time,
    /// Latest end of the media retention: then a medium not there is lost.
    pub media_end: Time,
    /// Latest end of the record retention.
    pub record_end: Time,
}

impl Ends {
    /// Computes them.
    #[must_use]
    pub fn of(known: Known<'_>) -> Self {
        let Known { verification, progress, policy, .. } = known;
        let issued_at = verification.issued_at;
        let close = policy.window_end(issued_at);
        let seen = || progress.attempts.iter().filter_map(|seen| seen.at);
        let start = seen().min().map_or(issued_at, |first| first.min(issued_at));
        let finish = seen().max().map_or(close, |last| last.max(close)).plus(policy.final_grace());
        let woken = progress.woken_at.map_or(Time(i64::MIN), |at| at.plus(policy.first_poll()));
        Self {
            decide: close.plus(policy.final_grace()),
            media_deadline: policy.media_deadline(start),
            record_deadline: policy.record_deadline(start),
            media_end: finish.plus(policy.media_retention).max(woken),
            record_end: finish.plus(policy.record_retention).max(woken),
        }
    }

    /// Wait until `due_at`, but look at least once more when a retention ends; always later than `now`.
    fn wait(&self, due_at: Time, media_open: bool, now: Time) -> Step {
        let media_open = media_open && now < self.media_end;
        let deadline = if media_open { self.media_deadline } else { self.record_deadline };
        let end = if media_open { self.media_end } else { self.record_end };
        Step::Wait { due_at: due_at.min(end).max(now.plus(Span(1))), deadline }
    }
}

/// How long to wait after a failed call, before jitter: doubling from a fraction of the first poll, never more than a sixteenth of the
/// time that is left, so that there is always another try before the deadline.
#[must_use]
pub fn backoff(policy: &Policy, fails: u32, left: Span) -> Span {
    let base = (policy.first_poll().0 / 36).max(50);
    let grown = base.saturating_mul(1_i64 << fails.min(24));
    let bound = (left.0 / 16).min(policy.record_retention.0 / 72).max(base);
    Span(grown.min(bound))
}

/// The time left that bounds [`backoff`]: to the next deadline, or past it to the latest end.
#[must_use]
pub fn left(known: Known<'_>, now: Time) -> Span {
    let ends = Ends::of(known);
    [ends.media_deadline, ends.record_deadline, ends.media_end, ends.record_end]
        .into_iter()
        .filter(|end| *end > now)
        .min()
        .map_or(Span(0), |end| end.since(now))
}

/// The first instant of the thinning series `base + first·3^k` that is later than `after` (the first of all when there was none).
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
fn getall_due(known: Known<'_>, ends: &Ends) -> Option<Time> {
    let Known { verification, progress, policy, .. } = known;
    if let Some(woken) = progress.woken_at.filter(|woken| progress.answered_at().is_none_or(|at| at < *woken)) {
        return Some(retry(progress, Endpoint::Getall).unwrap_or(woken));
    }
    if progress.passed() || progress.getall_at.is_some_and(|at| at >= ends.decide) {
        return None;
    }
    let answered = progress.answered_at();
    if let Some(again) = retry(progress, Endpoint::Getall) {
        return Some(again);
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
    progress.fails.get(&endpoint).map(|fails| fails.at.plus(fails.wait))
}

fn before_any_attempt(known: Known<'_>, ends: &Ends, now: Time) -> Step {
    let Known { progress, policy, learned, .. } = known;
    let is_learned = |refusal: &Refusal| learned.contains(&refusal.signature);
    let woken = progress.woken_at.is_some_and(|woken| progress.answered_at().is_none_or(|at| at < woken)) && now < ends.record_end;
    if let Some(closing) = progress.closing.as_ref().filter(|_| !woken) {
        if closing.signature == ZERO_ATTEMPTS {
            return Step::Settle(Outcome::Abandoned, Vec::new());
        }
        if known.others && !progress.others_asked {
            return ask_others(progress, now).unwrap_or_else(|at| ends.wait(at, true, now));
        }
        if progress.known_by.is_none() && is_learned(closing) {
            return Step::Settle(Outcome::Abandoned, Vec::new());
        }
    } else if let Some(refusal) = &progress.refusal
        && known.others
        && !progress.others_asked
        && !learned.is_empty()
        && refusal.signature != ZERO_ATTEMPTS
        && !is_learned(refusal)
    {
        // Unused tokens of this app are known to answer otherwise: it is worth asking at once whose token this is.
        if let Ok(step) = ask_others(progress, now) {
            return step;
        }
    }
    if now >= ends.record_end && !woken {
        return unseen_end(known);
    }
    match getall_due(known, ends) {
        Some(due) if due <= now => Step::Ask(Endpoint::Getall),
        Some(due) => ends.wait(due, policy.wants(Endpoint::Media), now),
        None => ends.wait(ends.record_end, false, now),
    }
}

/// The question to the other apps, unless it failed lately: then when to put it again. It waits as [`Endpoint::Simple`]'s fails do,
/// an endpoint that is never asked before an attempt is seen.
fn ask_others(progress: &Progress, now: Time) -> Result<Step, Time> {
    match retry(progress, Endpoint::Simple) {
        Some(again) if again > now => Err(again),
        _ => Ok(Step::AskOthers),
    }
}

/// The end of a verification of which no attempt was ever seen.
fn unseen_end(known: Known<'_>) -> Step {
    let Known { verification, progress, policy, .. } = known;
    let everything = |why: String| vec![Missing { what: "everything".to_owned(), attempt_no: None, why }];
    if progress.closing.is_some() {
        let why = progress.known_by.as_ref().map_or_else(
            || "the provider refused the token all its life: another app's, or mistyped".to_owned(),
            |app| format!("the provider refused the token all its life: it belongs to app {app}; assign it with `retry --app {app}`"),
        );
        return Step::Settle(Outcome::Rejected, everything(why));
    }
    let late = verification.tracked_at.since(verification.issued_at);
    let why = if late.0 >= policy.record_retention.0 {
        format!("told too late: tracked {late} after issue, when the provider keeps results for {}", policy.record_retention)
    } else if let Some(answered) = progress.answered_at() {
        format!("the last answered query, at {answered}, came too early to prove that nobody verified")
    } else {
        "no query was answered before the provider forgot".to_owned()
    };
    Step::Settle(Outcome::Missed, everything(why))
}

/// One thing still to be had: when to ask for it (none: not by asking), and when it counts as missing.
struct Open {
    due: Option<(Time, Endpoint)>,
    end: Time,
    missing: Missing,
}

fn with_attempts(known: Known<'_>, ends: &Ends, now: Time) -> Step {
    let open = open_things(known, ends);
    if let Some(endpoint) =
        open.iter().filter(|thing| now < thing.end).filter_map(|thing| thing.due).filter(|(due, _)| *due <= now).map(|(_, endpoint)| endpoint).next()
    {
        return Step::Ask(endpoint);
    }
    let alive = || open.iter().filter(|thing| now < thing.end);
    let Some(next) = alive().map(|thing| thing.due.map_or(thing.end, |(due, _)| due.min(thing.end))).min() else {
        return settle(known, open);
    };
    let media_open = alive().any(|thing| thing.end == ends.media_end);
    ends.wait(next, media_open, now)
}

/// Everything not yet captured, the most urgent first.
fn open_things(known: Known<'_>, ends: &Ends) -> Vec<Open> {
    let Known { progress, policy, media, .. } = known;
    let seen = progress.attempts.len();
    let passed = progress.passed();
    let decisive = progress.decisive_attempt();
    let mut open = Vec::new();
    let missing = |what: &str, attempt_no: Option<i64>, why: &str| Missing { what: what.to_owned(), attempt_no, why: why.to_owned() };
    let ask = |endpoint: Endpoint, end: Time| Open {
        due: Some((retry(progress, endpoint).unwrap_or(Time(0)), endpoint)),
        end,
        missing: missing(endpoint.name(), Some(decisive), "no answer with data came before the provider forgot"),
    };
    if let Some(due) = getall_due(known, ends) {
        let why = "no answer came after the verification window had closed: later attempts may be missing";
        open.push(Open { due: Some((due, Endpoint::Getall)), end: ends.record_end, missing: missing("final_getall", None, why) });
    }
    if policy.wants(Endpoint::Media) {
        if progress.media_for < seen {
            open.push(ask(Endpoint::Media, ends.media_end));
        } else if let Some(due) = video_due(known, ends) {
            open.push(Open {
                due: Some((due, Endpoint::Media)),
                end: ends.media_end,
                missing: missing("video", Some(decisive), "no video was listed before the provider's retention of videos ended"),
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
    open.extend(media.iter().filter(|row| row.state == MediaState::Wanted).map(|row| Open {
        due: None,
        end: if row.slot.kind.has_short_life() { ends.media_end } else { ends.record_end },
        missing: missing(row.slot.kind.name(), Some(row.slot.attempt_no), &not_fetched(row)),
    }));
    open
}

/// Why a medium that is known to exist is not here.
fn not_fetched(row: &MediaRow) -> String {
    let last = row.last_error.as_ref().map_or_else(String::new, |error| format!(" in {} tries; the last one: {error}", row.tries));
    format!("it could not be fetched before the provider forgot it{last}")
}

/// When to ask for a video that is not listed yet; none when one is, or when none need exist.
///
/// A passed attempt is filmed where videos are enabled, so it is asked for until its end. Of a failed one the provider may keep nothing: it is
/// asked for once more when the window has closed, and never expected.
fn video_due(known: Known<'_>, ends: &Ends) -> Option<Time> {
    let Known { progress, policy, .. } = known;
    let asked = progress.media_at?;
    if progress.video_for >= progress.attempts.len() {
        return None;
    }
    if !progress.passed() {
        let face = progress.attempts.last().is_some_and(|seen| seen.face);
        return (face && asked < ends.decide).then(|| retry(progress, Endpoint::Media).unwrap_or(ends.decide));
    }
    if let Some(again) = retry(progress, Endpoint::Media) {
        return Some(again);
    }
    let base = progress.grew_at.unwrap_or(asked);
    let last_sure = ends.media_deadline.minus(policy.final_grace());
    let next = series(base, policy.first_poll(), Some(asked));
    // One ask always falls shortly before the earliest end, where the thinning series would jump over it.
    Some(if asked < last_sure { next.min(last_sure) } else { next })
}

/// Whether a missing thing is none where videos are optional: a video never listed, or a media/query that was refused as it is where
/// videos are not enabled.
fn is_optional(missing: &Missing, progress: &Progress) -> bool {
    missing.what == "video" || (missing.what == Endpoint::Media.name() && progress.media_refused)
}

/// The end of a verification whose attempts were seen, when nothing more can be had.
fn settle(known: Known<'_>, open: Vec<Open>) -> Step {
    let Known { progress, policy, media, .. } = known;
    let mut missing: Vec<Missing> =
        open.into_iter().map(|thing| thing.missing).filter(|missing| policy.video_expected && progress.passed() || !is_optional(missing, progress)).collect();
    missing.extend(media.iter().filter(|row| row.state == MediaState::Lost).map(|row| Missing {
        what: row.slot.kind.name().to_owned(),
        attempt_no: Some(row.slot.attempt_no),
        why: "it was gone at the provider".to_owned(),
    }));
    missing.extend(progress.unreadable.iter().map(|what| Missing {
        what: what.clone(),
        attempt_no: None,
        why: "the answer holds it in a form that cannot be read; the verbatim answer is kept".to_owned(),
    }));
    let outcome = if missing.is_empty() { Outcome::Archived } else { Outcome::Incomplete };
    Step::Settle(outcome, missing)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
