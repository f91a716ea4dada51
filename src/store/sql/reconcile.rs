//! What is known of the tokens of a list, and what comparisons with lists have found.

use std::collections::HashMap;

use crate::{
    domain::{secret::Secret, time::Time, token::State},
    store::{
        Result,
        dialect::Dialect,
        records::KnownToken,
        reports::Reconciliation,
        rows::{Cells, binds, id, insert, instant, known as named, rows, texts},
    },
};

rows! {
    struct ReconciliationIn<'a> {
        at: i64,
        actor: &'a str,
        name: &'a str,
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
}

/// What is known of each token, in order; none of one that is not tracked.
pub(super) async fn known<DB: Dialect>(
    connection: &mut DB::Connection,
    tokens: &[Secret],
) -> Result<Vec<Option<KnownToken>>> {
    let asked: Vec<&str> = tokens.iter().map(Secret::reveal).collect();
    let found = known_by_token::<DB>(connection, &asked).await?;
    Ok(asked
        .iter()
        .map(|token| found.get(*token).cloned())
        .collect())
}

/// What is known of those of the tokens that are tracked.
pub(super) async fn known_by_token<DB: Dialect>(
    connection: &mut DB::Connection,
    tokens: &[&str],
) -> Result<HashMap<String, KnownToken>> {
    if tokens.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "select verification_id, verify_token, app, issued_at, issued_at_told, plan_id, reference, state, missing, media_deadline, record_deadline
        from verifications where verify_token {}",
        DB::among(1)
    );
    let mut known = HashMap::with_capacity(tokens.len());
    for row in DB::fetch(connection, sql, binds![texts(tokens)]).await? {
        known.insert(row.text("verify_token")?, known_row(&row)?);
    }
    Ok(known)
}

fn known_row(row: &impl Cells) -> Result<KnownToken> {
    Ok(KnownToken {
        verification_id: id(row, "verification_id")?,
        app: row.text("app")?,
        issued_at: instant(row, "issued_at")?,
        issued_at_told: row.flag("issued_at_told")?,
        plan_id: row.text_or_null("plan_id")?,
        reference: row.text_or_null("reference")?,
        state: named(State::named(&row.text("state")?), "verifications.state")?,
        missing: serde_json::from_str(&row.text("missing")?).unwrap_or_default(),
        media_deadline: instant(row, "media_deadline")?,
        record_deadline: instant(row, "record_deadline")?,
    })
}

/// Remembers what a comparison found.
pub(super) async fn record<DB: Dialect>(
    connection: &mut DB::Connection,
    found: &Reconciliation,
) -> Result<()> {
    let row = ReconciliationIn {
        at: found.at.0,
        actor: &found.actor,
        name: &found.name,
        lines: found.lines,
        untracked: found.untracked,
        tracked: found.tracked,
        late: found.late,
        open: found.open,
        whole: found.whole,
        lost: found.lost,
        rejected: found.rejected,
        conflict: found.conflict,
        wrong: found.wrong,
        unlisted: found.unlisted,
    };
    DB::execute_over(
        connection,
        &[row],
        &insert::<ReconciliationIn>("reconciliations", ""),
    )
    .await
    .map(|_| ())
}

/// What the last comparison of each list found.
pub(super) async fn last<DB: Dialect>(
    connection: &mut DB::Connection,
) -> Result<Vec<Reconciliation>> {
    let sql = "select at, actor, name, lines, untracked, tracked, late, open, whole, lost, rejected, conflict, wrong, unlisted
        from reconciliations where reconciliation_id in (select max(reconciliation_id) from reconciliations group by name) order by name";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter()
        .map(|row| {
            Ok(Reconciliation {
                at: Time(row.int("at")?),
                actor: row.text("actor")?,
                name: row.text("name")?,
                lines: row.int("lines")?,
                untracked: row.int("untracked")?,
                tracked: row.int("tracked")?,
                late: row.int("late")?,
                open: row.int("open")?,
                whole: row.int("whole")?,
                lost: row.int("lost")?,
                rejected: row.int("rejected")?,
                conflict: row.int("conflict")?,
                wrong: row.int("wrong")?,
                unlisted: row.int_or_null("unlisted")?,
            })
        })
        .collect()
}
