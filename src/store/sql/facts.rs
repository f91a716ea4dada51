//! Facts that are only ever added: the answers kept.

use crate::{
    domain::{
        answer::AnswerRow,
        digest::Sha256,
        id::{AnswerId, VerificationId},
        lease::Lease,
    },
    store::{
        Result,
        dialect::Dialect,
        rows::{Json, Shape, binds, rows},
    },
};

rows! {
    struct AnswerIn<'a> {
        answer_id: AnswerId,
        verification_id: VerificationId,
        endpoint: &'a str,
        fetched_at: i64,
        http_status: i64,
        success: Option<bool>,
        code: Option<&'a str>,
        log_id: Option<&'a str>,
        bytes: i64,
        sha256: Sha256,
        object_key: &'a str,
        stored_bytes: i64,
        stored_sha256: Sha256,
    }
}

/// `insert into <table>` of the rows bound to `$1`, whose columns are named like the table's;
/// `tail` says what happens on a conflict.
pub(super) fn insert<DB: Dialect, S: Shape>(table: &str, tail: &str) -> String {
    let columns: Vec<&str> = S::COLUMNS.iter().map(|(name, _)| *name).collect();
    let values: Vec<String> = columns.iter().map(|name| format!("t.{name}")).collect();
    // `where true` keeps SQLite from reading `on conflict` as a join condition.
    format!(
        "insert into {table} ({}) select {} from {} where true {tail}",
        columns.join(", "),
        values.join(", "),
        DB::rows::<S>()
    )
}

/// Keeps answers, identical ones of an endpoint once.
pub(super) async fn answers<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    answers: Vec<(&'r Lease, &'r Vec<AnswerRow>)>,
) -> Result<()> {
    let mut rows = Vec::new();
    for (lease, answers) in answers {
        rows.extend(answers.iter().map(|answer| AnswerIn {
            answer_id: answer.answer_id,
            verification_id: lease.verification_id,
            endpoint: answer.endpoint.name(),
            fetched_at: answer.fetched_at.0,
            http_status: answer.http_status,
            success: answer.success,
            code: answer.code.as_deref(),
            log_id: answer.log_id.as_deref(),
            bytes: answer.object.bytes,
            sha256: answer.object.sha256,
            object_key: &answer.object.object_key,
            stored_bytes: answer.object.stored_bytes,
            stored_sha256: answer.object.stored_sha256,
        }));
    }
    if rows.is_empty() {
        return Ok(());
    }
    let sql = insert::<DB, AnswerIn>(
        "answers",
        "on conflict (verification_id, endpoint, sha256) do nothing",
    );
    DB::execute(connection, sql, binds![Json::of(&rows)?])
        .await
        .map(|_| ())
}
