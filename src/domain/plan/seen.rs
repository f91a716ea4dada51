//! Tokens of which an attempt was seen: what is still to be had, and how it ends when nothing more
//! can be (provider.md §4).

use super::{Ends, Missing, Outcome, PlanInput, Step, getall_due, retry, series};
use crate::domain::{
    answer::Endpoint,
    loss::{Cause, Reason},
    media::{MediaRow, MediaState, Source},
    progress::Fails,
    time::Time,
};

/// One thing still to be had: when to ask for it (none: not by asking), and when it counts as
/// missing.
struct Open {
    due: Option<(Time, Endpoint)>,
    end: Time,
    missing: Missing,
    /// Whether it is no loss when it never comes.
    optional: bool,
}

/// What to do next about one.
pub(super) fn with_attempts(known: PlanInput<'_>, ends: &Ends, now: Time) -> Step {
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
        progress, policy, ..
    } = known;
    let mut open = Vec::new();
    open.extend(final_getall(known, ends));
    if policy.wants(Endpoint::Media) {
        open.extend(media_query(known, ends));
    }
    let passed = progress.passed();
    let is_final = passed || progress.getall_at.is_some_and(|at| at >= ends.decide);
    let once = [
        (Endpoint::Detail, passed),
        (Endpoint::Simple, passed),
        (Endpoint::Stat, is_final),
    ];
    open.extend(
        once.into_iter()
            .filter(|(_, is_time)| *is_time)
            .map(|(endpoint, _)| endpoint)
            .filter(|endpoint| policy.wants(*endpoint) && !progress.captured.contains(endpoint))
            .map(|endpoint| unanswered(known, endpoint, ends.record_end, ends.record_deadline)),
    );
    open.extend(wanted_media(known, ends));
    open
}

fn missing(what: &str, attempt_no: Option<i64>, reason: Reason, why: &str) -> Missing {
    Missing {
        what: what.to_owned(),
        attempt_no,
        reason,
        why: why.to_owned(),
    }
}

/// The answer of getall after which no attempt can be missing.
fn final_getall(known: PlanInput<'_>, ends: &Ends) -> Option<Open> {
    let why =
        "no answer came after the verification window had closed: later attempts may be missing";
    getall_due(known, ends).map(|due| Open {
        due: Some((due, Endpoint::Getall)),
        end: ends.record_end,
        missing: missing(
            "final_getall",
            None,
            reason(known, Endpoint::Getall, ends.record_end),
            why,
        ),
        optional: false,
    })
}

/// An endpoint that has not answered with data yet; what it has may be forgotten from `earliest` on,
/// and is at `end`.
fn unanswered(known: PlanInput<'_>, endpoint: Endpoint, end: Time, earliest: Time) -> Open {
    let progress = known.progress;
    let reason = seen_too_late(known, earliest).unwrap_or_else(|| reason(known, endpoint, end));
    Open {
        due: Some((retry(progress, endpoint).unwrap_or(Time(0)), endpoint)),
        end,
        missing: missing(
            endpoint.name(),
            Some(progress.decisive_attempt()),
            reason,
            "no answer with data came before the provider forgot",
        ),
        // A refused media/query is what an account without videos answers.
        optional: endpoint == Endpoint::Media
            && progress.media_refused
            && !is_video_promised(known),
    }
}

/// The list of media of the latest attempt, or what the list does not hold yet.
fn media_query(known: PlanInput<'_>, ends: &Ends) -> Option<Open> {
    let progress = known.progress;
    if progress.media_for < progress.attempts.len() {
        let (end, earliest) = (ends.media_end, ends.media_deadline);
        return Some(unanswered(known, Endpoint::Media, end, earliest));
    }
    film_due(known, ends).map(|due| Open {
        due: Some((due, Endpoint::Media)),
        end: ends.media_end,
        missing: missing(
            "video",
            Some(progress.decisive_attempt()),
            seen_too_late(known, ends.media_deadline).unwrap_or_else(|| {
                progress.fails.get(&Endpoint::Media).map_or(
                    Reason {
                        to: progress.media_at,
                        ..Reason::plain(Cause::NotListed)
                    },
                    Fails::reason,
                )
            }),
            "no video was listed before the provider's retention of videos ended",
        ),
        optional: !(is_video_promised(known) && is_video_missing(known)),
    })
}

/// Media that are listed and not fetched yet.
fn wanted_media(known: PlanInput<'_>, ends: &Ends) -> impl Iterator<Item = Open> {
    let wanted = known
        .media
        .iter()
        .filter(|row| row.state == MediaState::Wanted);
    wanted.map(move |row| {
        let end = if row.slot.kind.has_short_life() {
            ends.media_end
        } else {
            ends.record_end
        };
        let reason = (row.fails).unwrap_or_else(|| untried(known, end));
        let (what, attempt_no) = (row.slot.kind.name(), Some(row.slot.attempt_no));
        Open {
            due: None,
            end,
            missing: missing(what, attempt_no, reason, &not_fetched(row)),
            optional: false,
        }
    })
}

/// What the calls of an endpoint met, where they brought nothing.
fn reason(known: PlanInput<'_>, endpoint: Endpoint, end: Time) -> Reason {
    let fails = known.progress.fails.get(&endpoint);
    fails.map_or_else(|| untried(known, end), Fails::reason)
}

/// The reason where the last attempt was first seen when what belongs to it may have been forgotten:
/// whatever is answered of it then is not why it was not had before.
fn seen_too_late(known: PlanInput<'_>, earliest: Time) -> Option<Reason> {
    let tracked_at = known.verification.tracked_at;
    known.progress.grew_at.filter(|at| *at >= earliest)?;
    Some(if tracked_at >= earliest {
        Reason::plain(Cause::ToldLate)
    } else {
        Reason::lasting(Cause::Unknown, tracked_at, earliest)
    })
}

/// Why a thing was never tried that could be had until `end`: it was told of later, or nothing that
/// the verification itself could tell.
fn untried(known: PlanInput<'_>, end: Time) -> Reason {
    let tracked_at = known.verification.tracked_at;
    if tracked_at >= end {
        return Reason::plain(Cause::ToldLate);
    }
    let seen = known.progress.getall_at.unwrap_or(tracked_at);
    Reason::lasting(Cause::Unknown, seen.max(tracked_at).min(end), end)
}

/// Whether a video must exist: the account records them, and somebody passed.
fn is_video_promised(known: PlanInput<'_>) -> bool {
    known.policy.video_expected && known.progress.passed()
}

/// Why a medium that is known to exist is not here.
fn not_fetched(row: &MediaRow) -> String {
    let last = row.last_error.as_ref().map_or_else(String::new, |error| {
        format!(" in {} tries; the last one: {error}", row.tries)
    });
    format!("it could not be fetched before the provider forgot it{last}")
}

/// Why a medium is lost that nobody can ask for any more.
const fn gone(row: &MediaRow) -> &'static str {
    match row.slot.source {
        Source::Submitted => "it could not be stored when it was handed in",
        _ => "it was gone at the provider",
    }
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
                attempt_no: row.slot.attempt(),
                reason: row.fails.unwrap_or_default(),
                why: gone(row).to_owned(),
            }),
    );
    missing.extend(progress.unreadable.iter().map(|what| {
        Missing {
            what: what.clone(),
            attempt_no: None,
            reason: Reason::plain(Cause::Unreadable),
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
