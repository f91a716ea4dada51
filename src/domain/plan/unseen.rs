//! Tokens of which no attempt was ever seen: ask on, look whose it is, or how it ends (provider.md
//! §3 and §4).

use super::{Ends, Missing, Outcome, PlanInput, Step, getall_due, proof, retry, series};
use crate::domain::{
    answer::Endpoint,
    loss::{Cause, Reason},
    progress::{Refusal, ZERO_ATTEMPTS},
    time::Time,
};

/// What to do next about one.
pub(super) fn before_any_attempt(known: PlanInput<'_>, ends: &Ends, now: Time) -> Step {
    let PlanInput {
        progress,
        policy,
        learned,
        ..
    } = known;
    let siblings = siblings_due(known, ends);
    let is_over = now >= ends.record_end;
    if !is_over && siblings.is_some_and(|due| due <= now) {
        return Step::AskSiblings;
    }
    if let Some(closing) = &progress.closing {
        if closing.signature == ZERO_ATTEMPTS {
            return Step::Settle(Outcome::Abandoned, Vec::new());
        }
        // What it answers proves nothing where nobody of the app was answered otherwise, and a last
        // question is asked in any case.
        let is_last = closing.at >= ends.last_question && siblings.is_none();
        let is_witnessed = learned
            .data_at
            .is_some_and(|at| at >= known.verification.issued_at);
        if seems_unused(known) && is_witnessed && (is_last || is_over) {
            return Step::Settle(Outcome::Abandoned, Vec::new());
        }
    }
    if is_over {
        return unseen_end(known, ends, now);
    }
    match getall_due(known, ends) {
        Some(due) if due <= now => Step::Ask(Endpoint::Getall),
        Some(due) => {
            let due = siblings.map_or(due, |at| due.min(at));
            ends.wait(due, policy.wants(Endpoint::Media), now)
        }
        None => ends.wait(ends.record_end, false, now),
    }
}

/// Whether the token was answered, after its window had closed, as unused tokens of its app are,
/// and no other app knows it.
pub(super) fn seems_unused(known: PlanInput<'_>) -> bool {
    let PlanInput {
        progress, learned, ..
    } = known;
    progress.known_by.is_none()
        && progress
            .closing
            .as_ref()
            .is_some_and(|closing| learned.unused.contains(&closing.signature))
}

/// When the siblings are asked next whether the token is theirs; none when they have nothing more to
/// tell.
///
/// Once its own app has refused it for the last time they are asked until all have answered. Before,
/// while a person may still be at it, only where unused tokens of its app are known to answer
/// otherwise, and again and again: "none yet" decides nothing. Attempts seen once are asked for once
/// more, by and by.
fn siblings_due(known: PlanInput<'_>, ends: &Ends) -> Option<Time> {
    let PlanInput {
        progress,
        policy,
        learned,
        verification,
        ..
    } = known;
    let is_proved = |closing: &Refusal| closing.signature == ZERO_ATTEMPTS;
    if !known.has_siblings
        || progress.known_by.is_some()
        || progress.closing.as_ref().is_some_and(is_proved)
    {
        return None;
    }
    // It waits as `simple` would, an endpoint that is never asked before an attempt is seen.
    if let Some(again) = retry(progress, Endpoint::Simple) {
        return Some(again);
    }
    if let Some(sighting) = &progress.sighting {
        return Some(sighting.at.plus(policy.first_poll()));
    }
    let asked = progress.siblings_at;
    if progress.closing.is_some() {
        return asked
            .is_none_or(|at| at < ends.decide)
            .then_some(ends.decide);
    }
    let refusal = progress.refusal.as_ref()?;
    let is_odd = !learned.unused.is_empty()
        && refusal.signature != ZERO_ATTEMPTS
        && !learned.unused.contains(&refusal.signature);
    let again = |asked| series(verification.issued_at, policy.first_poll(), Some(asked));
    is_odd.then(|| asked.map_or(refusal.at, again))
}

/// The end of a verification of which no attempt was ever seen. Nothing is written off without a
/// question that the provider answered, as long as one can be had within another verification
/// window.
fn unseen_end(known: PlanInput<'_>, ends: &Ends, now: Time) -> Step {
    let progress = known.progress;
    let everything = |reason: Reason, why: String| {
        vec![Missing {
            what: "everything".to_owned(),
            attempt_no: None,
            reason,
            why,
        }]
    };
    if progress.answered_at().is_none() {
        match retry(progress, Endpoint::Getall) {
            None => return Step::Ask(Endpoint::Getall),
            Some(again) if now < ends.give_up && again <= now => {
                return Step::Ask(Endpoint::Getall);
            }
            Some(again) if now < ends.give_up => {
                return Step::Wait {
                    due_at: again.min(ends.give_up),
                    deadline: ends.record_deadline,
                };
            }
            Some(_) => {}
        }
    }
    if progress.closing.is_some() && !seems_unused(known) {
        let why = format!(
            "the provider refused the token all its life: {}",
            proof::refused(known)
        );
        let reason = Reason {
            to: progress.closing.as_ref().map(|closing| closing.at),
            ..Reason::plain(Cause::WrongApp)
        };
        return Step::Settle(Outcome::Rejected, everything(reason, why));
    }
    let (reason, why) = missed_because(known, ends);
    Step::Settle(Outcome::Missed, everything(reason, why))
}

/// Why nothing of a verification is there, as far as the calls about it tell.
fn missed_because(known: PlanInput<'_>, ends: &Ends) -> (Reason, String) {
    let PlanInput {
        verification,
        progress,
        policy,
        ..
    } = known;
    let late = verification.tracked_at.since(verification.issued_at);
    if late.0 >= policy.record_retention.0 {
        let why = format!(
            "told too late: tracked {late} after issue, when the provider keeps results for {}",
            policy.record_retention
        );
        return (Reason::plain(Cause::ToldLate), why);
    }
    let answered = progress.answered_at();
    if let Some(fails) = progress.fails.get(&Endpoint::Getall) {
        let before = answered.map_or_else(
            || "it never was answered".to_owned(),
            |at| format!("it was last answered at {at}"),
        );
        let (first, last, result) = (fails.since, fails.at, &fails.result);
        let why = format!(
            "getall failed {} times from {first} to {last}, the last time as {result}; before that {before}",
            fails.count
        );
        return (fails.reason(), why);
    }
    let unexplained = |from, to| Reason::lasting(Cause::Unknown, from, to);
    let Some(at) = answered else {
        let why = "no query was answered before the provider forgot".to_owned();
        return (unexplained(verification.issued_at, ends.record_end), why);
    };
    if at < ends.decide {
        let why = format!(
            "getall was last answered at {at}, before the window had closed at {}: a later attempt may be missing",
            ends.decide
        );
        return (unexplained(at, ends.record_end), why);
    }
    if progress.closing.is_none() {
        let why = format!(
            "getall was answered at {at}, when the provider may have forgotten: it keeps results until {}",
            ends.record_deadline
        );
        return (unexplained(ends.decide, at), why);
    }
    let why = format!(
        "the answers until {at} are those of unused tokens, but no token of the app got data since this one was issued: they prove nothing"
    );
    (unexplained(verification.issued_at, at), why)
}
