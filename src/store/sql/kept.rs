//! What is kept of many verifications at once.

use std::collections::HashMap;

use super::show::{answer, attempt, medium};
use crate::{
    domain::{id::VerificationId, token::State},
    store::{
        Result,
        dialect::Dialect,
        reports::{Kept, KeptPage, Stray, Which},
        rows::{Bind, Cells, binds, id, texts},
    },
};

/// Above every identifier.
const ABOVE_ALL: &str = "g";
/// Below every identifier.
const BELOW_ALL: &str = "";
/// So many rows of nobody are told of each page.
const STRAYS_MAX: i64 = 1_000;

/// The next page below `before`; at most `limit` verifications are looked at for it.
pub(super) async fn page<DB: Dialect>(
    connection: &mut DB::Connection,
    which: Which,
    before: Option<&str>,
    limit: i64,
) -> Result<KeptPage> {
    let mut binds: Vec<Bind> = binds![before.unwrap_or(ABOVE_ALL), limit];
    let mut only = "";
    if let Some(since) = which.since {
        binds.push(since.into());
        only = " and tracked_at >= $3";
    }
    let sql = format!(
        "select verification_id, state, attempts, passed from verifications
        where verification_id < $1{only} order by verification_id desc limit $2"
    );
    let rows = DB::fetch(connection, sql, binds).await?;
    let is_last = i64::try_from(rows.len()).is_ok_and(|length| length < limit);
    let next = match rows.last() {
        Some(row) if !is_last => Some(row.text("verification_id")?),
        _ => None,
    };
    let mut page = KeptPage {
        next,
        ..KeptPage::default()
    };
    for row in &rows {
        match id::<VerificationId>(row, "verification_id") {
            Err(_) => page.nameless += 1,
            Ok(id) if which.sample.is_none_or(|sample| sample.has(id)) => {
                page.kept.push(Kept {
                    verification_id: id,
                    is_archived: row.text("state")? == State::Archived.name(),
                    attempts: row.int("attempts")?,
                    passed: row.flag_or_null("passed")?,
                    attempt_rows: Vec::new(),
                    answers: Vec::new(),
                    media: Vec::new(),
                    unreadable: Vec::new(),
                });
            }
            Ok(_) => {}
        }
    }
    fill::<DB>(connection, &mut page.kept).await?;
    if which.is_all() {
        let from = page.next.clone();
        let from = from.as_deref().unwrap_or(BELOW_ALL);
        let to = before.unwrap_or(ABOVE_ALL);
        strays::<DB>(connection, (from, to), &mut page).await?;
    }
    Ok(page)
}

/// What is kept of each.
async fn fill<DB: Dialect>(connection: &mut DB::Connection, kept: &mut [Kept]) -> Result<()> {
    if kept.is_empty() {
        return Ok(());
    }
    let ids: Vec<VerificationId> = kept.iter().map(|one| one.verification_id).collect();
    let among = DB::among(1);
    let mut of: HashMap<VerificationId, &mut Kept> = kept
        .iter_mut()
        .map(|one| (one.verification_id, one))
        .collect();
    // In the order of an index, so that SQLite takes it whatever it knows of the size of a table.
    let attempts = format!(
        "select * from attempts where verification_id {among} order by verification_id, attempt_no"
    );
    for row in DB::fetch(connection, attempts, binds![texts(&ids)]).await? {
        if let Some(one) = of.get_mut(&id(&row, "verification_id")?) {
            match attempt(&row) {
                Ok(attempt) => one.attempt_rows.push(attempt),
                Err(error) => one.unreadable.push(format!("attempt: {error}")),
            }
        }
    }
    let answers = format!(
        "select * from answers where verification_id {among} order by verification_id, endpoint, sha256"
    );
    for row in DB::fetch(connection, answers, binds![texts(&ids)]).await? {
        if let Some(one) = of.get_mut(&id(&row, "verification_id")?) {
            match answer(&row) {
                Ok(answer) => one.answers.push(answer),
                Err(error) => one.unreadable.push(format!("answer: {error}")),
            }
        }
    }
    let media = format!(
        "select * from media where verification_id {among} and object_key is not null
        order by verification_id, attempt_no, kind, position, source"
    );
    for row in DB::fetch(connection, media, binds![texts(&ids)]).await? {
        if let Some(one) = of.get_mut(&id(&row, "verification_id")?) {
            match medium(&row) {
                Ok(medium) => one.media.push(medium),
                Err(error) => one.unreadable.push(format!("medium: {error}")),
            }
        }
    }
    Ok(())
}

/// Rows of verifications that are not there, between two identifiers: a page of them costs as much
/// as its verifications, however many there are.
async fn strays<DB: Dialect>(
    connection: &mut DB::Connection,
    (from, to): (&str, &str),
    page: &mut KeptPage,
) -> Result<()> {
    let of = |relation: &str| {
        format!(
            "select '{relation}' as relation, t.verification_id as verification_id from {relation} as t
            where t.verification_id >= $1 and t.verification_id < $2
                and not exists (select 1 from verifications as v where v.verification_id = t.verification_id)"
        )
    };
    let sql = format!(
        "{} order by 1, 2 limit $3",
        ["answers", "attempts", "media", "submissions"]
            .map(of)
            .join(" union ")
    );
    for row in DB::fetch(connection, sql, binds![from, to, STRAYS_MAX]).await? {
        match id(&row, "verification_id") {
            Ok(verification_id) => page.strays.push(Stray {
                relation: row.text("relation")?,
                verification_id,
            }),
            Err(_) => page.nameless += 1,
        }
    }
    Ok(())
}
