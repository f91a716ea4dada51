//! Tracked verifications, newest first.

use crate::{
    domain::token::State,
    store::{
        Result,
        dialect::Dialect,
        reports::{Filter, Summary},
        rows::{Bind, Cells, binds, id, instant, instant_or_null},
    },
};

const COLUMNS: &str = "v.verification_id as verification_id, v.app as app, v.verify_token as verify_token, v.plan_id as plan_id, v.reference as reference,
    v.issued_at as issued_at, v.tracked_at as tracked_at, v.tracked_by as tracked_by, v.state as state, v.passed as passed, v.attempts as attempts,
    v.first_attempt_at as first_attempt_at, v.settled_at as settled_at, v.missing as missing, v.media_deadline as media_deadline,
    v.record_deadline as record_deadline, s.due_at as next_poll_at, v.polls as polls, v.last_error as last_error, v.proof as proof, v.never_seen as never_seen, v.call_sums as call_sums";

/// `select … from …` of rows that [`summary`] reads; `v` is the verification.
pub(super) fn select(which: &str) -> String {
    format!(
        "select {COLUMNS} from verifications as v left join schedule as s on s.verification_id = v.verification_id and s.stage = 0 {which}"
    )
}

/// Those that pass the filter, one page of them.
pub(super) async fn list<DB: Dialect>(
    connection: &mut DB::Connection,
    filter: &Filter,
) -> Result<Vec<Summary>> {
    let mut wheres: Vec<String> = Vec::new();
    let mut binds: Vec<Bind> = binds![filter.limit.max(0)];
    let mut only = |condition: &str, bind: Bind| {
        binds.push(bind);
        wheres.push(condition.replace("$n", &format!("${}", binds.len())));
    };
    if let Some(state) = filter.state {
        only("v.state = $n", State::name(state).into());
    }
    if let Some(app) = &filter.app {
        only("v.app = $n", app.as_str().into());
    }
    if let Some(since) = filter.since {
        only("v.issued_at >= $n", since.into());
    }
    if let Some(until) = filter.until {
        only("v.issued_at <= $n", until.into());
    }
    if let Some(reference) = &filter.reference {
        only("v.reference = $n", reference.as_str().into());
    }
    if let Some(plan_id) = &filter.plan_id {
        only("v.plan_id = $n", plan_id.as_str().into());
    }
    if let Some(log_id) = &filter.log_id {
        only(
            "v.verification_id in (select verification_id from answers where log_id = $n
                union all select verification_id from attempts where verify_log_id = $n)",
            log_id.as_str().into(),
        );
    }
    if let Some(index) = &filter.id_number_index {
        only(
            "v.verification_id in (select verification_id from attempts where id_number_index = $n
                union all select verification_id from submissions where id_number_index = $n)",
            index.as_str().into(),
        );
    }
    if let Some(after) = &filter.after {
        only("v.verification_id < $n", (*after).into());
    }
    let which = if wheres.is_empty() {
        String::new()
    } else {
        format!("where {}", wheres.join(" and "))
    };
    let sql = select(&format!("{which} order by v.verification_id desc limit $1"));
    DB::fetch(connection, sql, binds)
        .await?
        .iter()
        .map(summary)
        .collect()
}

/// Reads a row of [`select`].
pub(super) fn summary(row: &impl Cells) -> Result<Summary> {
    Ok(Summary {
        verification_id: id(row, "verification_id")?,
        app: row.text("app")?,
        verify_token: row.text("verify_token")?,
        plan_id: row.text_or_null("plan_id")?,
        reference: row.text_or_null("reference")?,
        issued_at: instant(row, "issued_at")?,
        tracked_at: instant(row, "tracked_at")?,
        tracked_by: row.text("tracked_by")?,
        state: row.text("state")?,
        passed: row.flag_or_null("passed")?,
        attempts: row.int("attempts")?,
        first_attempt_at: instant_or_null(row, "first_attempt_at")?,
        settled_at: instant_or_null(row, "settled_at")?,
        missing: serde_json::from_str(&row.text("missing")?).unwrap_or_default(),
        media_deadline: instant(row, "media_deadline")?,
        record_deadline: instant(row, "record_deadline")?,
        next_poll_at: instant_or_null(row, "next_poll_at")?,
        polls: row.int("polls")?,
        last_error: row.text_or_null("last_error")?,
    })
}
