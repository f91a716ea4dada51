//! What a verdict without any data rests on (provider.md §4): which answer, given when, and what it
//! leaves open.

use super::{Outcome, PlanInput};
use crate::domain::progress::ZERO_ATTEMPTS;

/// What an abandonment or a rejection rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// In words, for people.
    pub words: String,
    /// Whether nothing ever showed that the provider issued the token.
    pub never_seen: bool,
}

/// Signature of the one refusal that unknown tokens are documented to get, whatever else it may
/// mean (provider.md §3).
const REFUSED: &str = "refused";

/// That of a verdict; none where something was captured or lost.
#[must_use]
pub fn proof(known: PlanInput<'_>, outcome: Outcome) -> Option<Proof> {
    let words = match outcome {
        Outcome::Abandoned => abandoned(known),
        Outcome::Rejected => refused(known),
        Outcome::Archived | Outcome::Incomplete | Outcome::Missed => return None,
    };
    Some(Proof {
        words,
        never_seen: shown_by(known).is_none(),
    })
}

fn abandoned(known: PlanInput<'_>) -> String {
    let app = &known.verification.app;
    let says = known
        .progress
        .closing
        .as_ref()
        .map(|closing| closing.signature.as_str());
    let why = match (says, shown_by(known)) {
        (Some(ZERO_ATTEMPTS), _) => "it lists no attempt".to_owned(),
        (Some(REFUSED), Some(shown)) => {
            format!("unused tokens of app {app} are answered so, and this one exists: {shown}")
        }
        (Some(REFUSED), None) => format!(
            "unused tokens of app {app} are answered so, and so are tokens that the provider never issued: the two cannot be told apart"
        ),
        _ => format!("a code of its own for tokens of app {app} that are issued and unused"),
    };
    format!("{}: {why}", closing(known))
}

/// Of a token that its app refused to the end.
pub(super) fn refused(known: PlanInput<'_>) -> String {
    let PlanInput {
        verification,
        progress,
        has_siblings,
        ..
    } = known;
    let whose = match (&progress.known_by, progress.siblings_at) {
        (Some(app), _) => {
            format!("it belongs to app {app}; assign it with `retry --app {app}`")
        }
        (None, Some(at)) => format!(
            "no other app of the account listed attempts of it when asked at {at}; another account's, or mistyped"
        ),
        (None, None) if has_siblings => {
            "the other apps of the account did not all answer; another app's, or mistyped"
                .to_owned()
        }
        (None, None) => "another app's, or mistyped".to_owned(),
    };
    format!(
        "{}, as no unused token of app {} is known to be: {whose}",
        closing(known),
        verification.app
    )
}

/// The answer that it rests on.
fn closing(known: PlanInput<'_>) -> String {
    let PlanInput {
        verification,
        progress,
        policy,
        ..
    } = known;
    let window_end = policy.window_end(verification.issued_at);
    let Some(closing) = &progress.closing else {
        return format!("getall was not answered after the window's end at {window_end}");
    };
    let code = (closing.code.as_ref()).map_or_else(String::new, |code| format!(" (code {code})"));
    let answer = (closing.answer.as_ref())
        .map_or_else(String::new, |sha256| format!(", answer sha256 {sha256}"));
    format!(
        "getall was answered {}{code} at {} by the provider's time, after the window's end at {window_end}{answer}",
        closing.signature, closing.at
    )
}

/// What shows that the provider issued it; none where nothing does.
fn shown_by(known: PlanInput<'_>) -> Option<String> {
    let PlanInput {
        verification,
        progress,
        learned,
        ..
    } = known;
    if verification.issued_here {
        return Some("it was issued here".to_owned());
    }
    if let Some(app) = &progress.known_by {
        return Some(format!("app {app} listed attempts of it"));
    }
    if let Some(at) = progress.getall_at {
        return Some(format!("getall brought data of it at {at}"));
    }
    let answers = [
        &progress.witnessed_refusal,
        &progress.refusal,
        &progress.closing,
    ];
    let own = answers.into_iter().flatten().find(|answer| {
        // A code that unused tokens are known for, and that says nothing of being invalid.
        answer.signature != REFUSED && learned.unused.contains(&answer.signature)
    });
    own.map(|answer| {
        format!(
            "it was answered {} at {}, a code of its own for tokens that are issued and unused",
            answer.signature, answer.at
        )
    })
}
