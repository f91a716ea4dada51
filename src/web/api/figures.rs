//! What status, alarms, losses and acknowledgements look like, for the description alone.

#![allow(dead_code, reason = "shapes are described and never made")]

use utoipa::ToSchema;

use super::shapes::{Cause, Id, Instant, State};

/// The figures of the service.
#[derive(ToSchema)]
pub(super) struct Status {
    states: Vec<StateCount>,
    media: Vec<MediaCount>,
    answers: i64,
    answer_bytes: i64,
    next_deadline: Option<Instant>,
    polls_due: i64,
    downloads_due: i64,
    oldest_due: Option<Instant>,
    poisoned: i64,
    /// The least time that was left when something was captured.
    least_left_ms: Option<i64>,
    quota_use: Vec<QuotaUse>,
    /// What fails at present and how often: pairs of text and count.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    errors: Vec<(String, i64)>,
    alarms: Vec<Alarm>,
    open_by_app: Vec<Open>,
    reconciled: Vec<Reconciliation>,
    replicas: Vec<Replica>,
    settled_last_day: Vec<Settled>,
}

/// Verifications of an app in a state.
#[derive(ToSchema)]
pub(super) struct StateCount {
    app: String,
    state: State,
    count: i64,
}

/// Media of a kind in a state.
#[derive(ToSchema)]
pub(super) struct MediaCount {
    kind: String,
    state: String,
    count: i64,
    bytes: i64,
}

/// Calls of the last minute.
#[derive(ToSchema)]
pub(super) struct QuotaUse {
    app: String,
    endpoint: String,
    calls: i64,
    too_fast: i64,
}

/// What is open of an app.
#[derive(ToSchema)]
pub(super) struct Open {
    app: String,
    verifications: i64,
    downloads: i64,
    next_deadline: Option<Instant>,
}

/// What a comparison with a list found.
#[derive(ToSchema)]
pub(super) struct Reconciliation {
    at: Instant,
    actor: String,
    /// Which list it was; empty for one without a name.
    name: String,
    lines: i64,
    untracked: i64,
    tracked: i64,
    late: i64,
    open: i64,
    whole: i64,
    lost: i64,
    rejected: i64,
    conflict: i64,
    wrong: i64,
    unlisted: Option<i64>,
}

/// A process that works on the database.
#[derive(ToSchema)]
pub(super) struct Replica {
    instance: String,
    seen_at: Instant,
    clock_skew_ms: Option<i64>,
}

/// Those of an app that were settled in the last day.
#[derive(ToSchema)]
pub(super) struct Settled {
    app: String,
    settled: i64,
    never_seen: i64,
}

/// Open alarms, the oldest first.
#[derive(ToSchema)]
pub(super) struct Alarms {
    alarms: Vec<Alarm>,
}

/// What is wrong.
#[derive(ToSchema)]
pub(super) struct Alarm {
    /// Null where it is not acknowledged by its number: a loss, or what one process alone knows.
    alarm_id: Option<i64>,
    kind: String,
    subject: String,
    instance: Option<String>,
    text: String,
    since: Instant,
    times: i64,
    acknowledged_at: Option<Instant>,
    acknowledged_by: Option<String>,
    note: Option<String>,
}

/// What was lost, the newest first.
#[derive(ToSchema)]
pub(super) struct Losses {
    losses: Vec<Loss>,
}

/// A thing that was lost.
#[derive(ToSchema)]
pub(super) struct Loss {
    verification_id: Id,
    app: String,
    plan_id: Option<String>,
    reference: Option<String>,
    what: String,
    attempt_no: Option<i64>,
    cause: Cause,
    why: String,
    from_at: Option<Instant>,
    to_at: Option<Instant>,
    lost_at: Instant,
    acknowledged_at: Option<Instant>,
    acknowledged_by: Option<String>,
    note: Option<String>,
}

/// A verification that is asked for again.
#[derive(ToSchema)]
pub(super) struct Woken {
    #[schema(example = "woken")]
    result: String,
    verification_id: Id,
    /// The state it was in.
    was: State,
}

/// An alarm that was seen.
#[derive(ToSchema)]
pub(super) struct SeenAlarm {
    alarm_id: i64,
    acknowledged_by: String,
}

/// Losses that were seen.
#[derive(ToSchema)]
pub(super) struct SeenLosses {
    /// How many.
    acknowledged: i64,
    acknowledged_by: String,
}
