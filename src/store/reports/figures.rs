//! The figures of `status`.

use serde::{Deserialize, Serialize};

use super::AlarmRow;
use crate::domain::{
    settled::Settled,
    time::{Time, rfc3339},
};

/// How many verifications of an app are in a state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct StateCount {
    pub app: String,
    pub state: String,
    pub count: i64,
}

/// How many media of a kind are in a state, and their bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct MediaCount {
    pub kind: String,
    pub state: String,
    pub count: i64,
    pub bytes: i64,
}

/// A sum that is kept and is not what a count of the rows brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miscount {
    /// `verifications`, `media` or `answers`.
    pub what: String,
    /// The app, or the kind.
    pub name: String,
    /// Their state.
    pub state: String,
    /// How many, and how many bytes, as they are kept.
    pub kept: (i64, i64),
    /// As they were counted.
    pub counted: (i64, i64),
}

/// How often an endpoint was asked for an app in the last minute: what its quota was used for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct QuotaUse {
    pub app: String,
    pub endpoint: String,
    pub calls: i64,
    /// Those of them that were answered with "too fast" (code 18, HTTP 429).
    pub too_fast: i64,
}

/// What is open of an app: what an alarm about it threatens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    /// The app.
    pub app: String,
    /// Verifications that are not settled.
    pub verifications: i64,
    /// Those of them with media still to be fetched.
    pub downloads: i64,
    /// When the provider forgets the first thing of it, by the earliest reading.
    #[serde(with = "rfc3339::or_null")]
    pub next_deadline: Option<Time>,
}

/// What a comparison with the business's own list found (`verikeep reconcile`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Time,
    /// Who had it made.
    pub actor: String,
    /// Which list it was, as told; empty for one without a name.
    pub name: String,
    /// Lines of the list.
    pub lines: i64,
    /// Tokens never tracked before.
    pub untracked: i64,
    /// Those of them that are tracked now.
    pub tracked: i64,
    /// Those of these that were told after something of them may have been forgotten.
    pub late: i64,
    /// Tokens whose verification is under way.
    pub open: i64,
    /// Tokens archived or abandoned.
    pub whole: i64,
    /// Tokens of which something was lost.
    pub lost: i64,
    /// Tokens that the provider refused.
    pub rejected: i64,
    /// Tokens known with other facts.
    pub conflict: i64,
    /// Lines that cannot be read.
    pub wrong: i64,
    /// Tokens tracked in the period of the list and not in it; none when that was not asked.
    pub unlisted: Option<i64>,
}

/// The figures of `status`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// Verifications by app and state.
    pub states: Vec<StateCount>,
    /// Media by kind and state.
    pub media: Vec<MediaCount>,
    /// Answers kept.
    pub answers: i64,
    /// Their bytes.
    pub answer_bytes: i64,
    /// The earliest deadline of anything still open.
    #[serde(with = "rfc3339::or_null")]
    pub next_deadline: Option<Time>,
    /// Polls due and not done.
    pub polls_due: i64,
    /// Downloads due and not done.
    pub downloads_due: i64,
    /// The oldest due time of either: how far behind the work is.
    #[serde(with = "rfc3339::or_null")]
    pub oldest_due: Option<Time>,
    /// Rows claimed again and again without completion.
    pub poisoned: i64,
    /// The least time that was left when something was captured, in milliseconds.
    pub least_left_ms: Option<i64>,
    /// Calls of the last minute, by app and endpoint.
    pub quota_use: Vec<QuotaUse>,
    /// What fails at present: (last_error, count), the most frequent first, ten at most.
    pub errors: Vec<(String, i64)>,
    /// Open alarms.
    pub alarms: Vec<AlarmRow>,
    /// What is open, by app.
    pub open_by_app: Vec<Open>,
    /// What the last comparison with the business's own list found.
    pub reconciled: Vec<Reconciliation>,
    /// The processes that were seen of late.
    pub replicas: Vec<Replica>,
    /// Those settled in the last day, by app.
    pub settled_last_day: Vec<Settled>,
}

/// A process that works on the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// What it is called: its host, and what tells it from others there.
    pub instance: String,
    /// When it was last seen alive.
    #[serde(with = "rfc3339")]
    pub seen_at: Time,
    /// How far its host's clock is ahead of the provider's, in milliseconds; none while no answer
    /// has told.
    pub clock_skew_ms: Option<i64>,
}
