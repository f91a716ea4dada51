//! The beginning and the end of a page: what came of it and why, what is missing, who had it made.

use super::{
    Case, messages,
    text::{Both, Two},
    words as w,
};
use crate::{
    domain::{loss::Cause, media::Kind, time::Time, token::State},
    store::reports::{Summary, Whole},
};

/// What came of it.
pub(super) struct Head<'a> {
    pub(super) row: &'a Summary,
    pub(super) verdict: Both,
    /// For the style: `passed`, `failed`, `open`.
    pub(super) tone: &'static str,
    pub(super) mark: &'static str,
    pub(super) standing: Both,
    /// Code and message of the attempt that decides.
    pub(super) why: Option<(&'a str, &'a str)>,
    pub(super) english: Option<&'static str>,
    /// The answer that an end rests on.
    pub(super) proof: Option<&'a str>,
    pub(super) token: String,
    pub(super) verified_at: Option<Time>,
    /// How much was left at the provider when all was there.
    pub(super) left: Option<Two>,
}

impl<'a> Head<'a> {
    pub(super) fn of(case: &'a Case<'_>) -> Self {
        let row = &case.whole.summary;
        let state = State::named(&row.state);
        let (verdict, tone, mark) = verdict(row);
        let rows = &case.whole.attempt_rows;
        let last = rows
            .iter()
            .rev()
            .find(|row| row.passed == Some(true))
            .or_else(|| rows.last());
        let failed = last.filter(|last| last.passed != Some(true));
        let message = failed.and_then(|last| last.message.as_deref());
        Self {
            row,
            verdict,
            tone,
            mark,
            standing: standing(state),
            why: failed.map(|last| {
                let code = last.code.as_deref().unwrap_or_default();
                (code, message.unwrap_or_default())
            }),
            english: message.and_then(messages::in_english),
            proof: case.whole.proof.as_deref(),
            token: row.token_shown(case.written_at),
            verified_at: last.and_then(|last| last.verified_at),
            left: row
                .settled_at
                .filter(|at| *at < row.record_deadline && row.passed.is_some())
                .map(|at| w::LEFT.with(&[Two::same(row.record_deadline.since(at))])),
        }
    }
}

/// The result in words, its tone for the style, and its mark.
pub(super) fn verdict(row: &Summary) -> (Both, &'static str, &'static str) {
    match (row.passed, State::named(&row.state)) {
        (Some(true), _) => (w::PASSED, "passed", "✓"),
        (Some(false), _) => (w::FAILED, "failed", "✗"),
        (None, Some(State::Abandoned)) => (w::UNUSED, "open", "○"),
        (None, Some(State::Waiting | State::Collecting)) => (w::UNDECIDED, "open", "…"),
        (None, _) => (w::UNKNOWN, "failed", "?"),
    }
}

fn standing(state: Option<State>) -> Both {
    match state {
        Some(State::Archived) => w::ARCHIVED,
        Some(State::Abandoned) => w::ABANDONED,
        Some(State::Incomplete) => w::INCOMPLETE,
        Some(State::Missed) => w::MISSED,
        Some(State::Rejected) => w::REJECTED,
        Some(State::Waiting) => w::WAITING,
        Some(State::Collecting) | None => w::COLLECTING,
    }
}

/// Something that is missing, and why.
pub(super) struct Missing {
    pub(super) what: Two,
    pub(super) cause: Two,
    pub(super) why: String,
    pub(super) interval: Option<Two>,
}

/// What the record itself says is missing.
pub(super) fn missing(whole: &Whole) -> Vec<Missing> {
    let all = whole.summary.missing.as_array();
    all.into_iter().flatten().map(one).collect()
}

fn one(value: &serde_json::Value) -> Missing {
    let text = |key: &str| {
        value
            .get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    let what = match text("what") {
        "everything" => w::EVERYTHING.two(),
        "final_getall" => w::FINAL_GETALL.two(),
        kind if Kind::named(kind).is_some() => super::media::of_kind_named(kind).two(),
        other => Two::same(other),
    };
    let attempt = value.get("attempt_no").and_then(serde_json::Value::as_i64);
    let at = |key: &str| Time::parse(text(key)).ok().map(Two::at);
    Missing {
        what: match attempt {
            Some(no) => w::OF_ATTEMPT.with(&[what, Two::same(no)]),
            None => what,
        },
        cause: cause(text("cause")),
        why: text("why").to_owned(),
        interval: at("from")
            .zip(at("to"))
            .map(|(from, to)| w::FROM_TO.with(&[from, to])),
    }
}

fn cause(name: &str) -> Two {
    let words = match Cause::named(name) {
        Some(Cause::ProviderUnreachable) => w::C_PROVIDER_UNREACHABLE,
        Some(Cause::ToldLate) => w::C_TOLD_LATE,
        Some(Cause::Quota) => w::C_QUOTA,
        Some(Cause::Credentials) => w::C_CREDENTIALS,
        Some(Cause::WrongApp) => w::C_WRONG_APP,
        Some(Cause::UrlExpired) => w::C_URL_EXPIRED,
        Some(Cause::NotListed) => w::C_NOT_LISTED,
        Some(Cause::GoneAtProvider) => w::C_GONE_AT_PROVIDER,
        Some(Cause::NotMedia) => w::C_NOT_MEDIA,
        Some(Cause::Corrupt) => w::C_CORRUPT,
        Some(Cause::ForbiddenHost) => w::C_FORBIDDEN_HOST,
        Some(Cause::Unreadable) => w::C_UNREADABLE,
        Some(Cause::VaultDown) => w::C_VAULT_DOWN,
        Some(Cause::DatabaseDown) => w::C_DATABASE_DOWN,
        Some(Cause::DaemonDown) => w::C_DAEMON_DOWN,
        Some(Cause::Unknown) | None => w::C_UNKNOWN,
    };
    words.two()
}

/// Who had the page made, when and what for.
pub(super) struct Foot<'a> {
    pub(super) written: Two,
    pub(super) purpose: Option<&'a str>,
}

impl<'a> Foot<'a> {
    pub(super) fn of(at: Time, by: &str, purpose: Option<&'a str>) -> Self {
        Self {
            written: w::WRITTEN.with(&[Two::at(at), Two::same(by)]),
            purpose,
        }
    }
}
