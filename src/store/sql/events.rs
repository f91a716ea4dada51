//! What was done to verifications.

use crate::{
    domain::id::VerificationId,
    store::{
        Result,
        dialect::Dialect,
        reports::EventReport,
        rows::{Cells, insert, instant, rows},
    },
};

rows! {
    struct EventIn<'a> { verification_id: VerificationId, at: i64, actor: &'a str, what: &'a str, detail: &'a str }
}

/// Notes them, in order.
pub(super) async fn add<DB: Dialect>(
    connection: &mut DB::Connection,
    events: &[(VerificationId, EventReport)],
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let rows: Vec<EventIn> = events
        .iter()
        .map(|(id, event)| EventIn {
            verification_id: *id,
            at: event.at.0,
            actor: &event.actor,
            what: &event.what,
            detail: &event.detail,
        })
        .collect();
    let sql = insert::<EventIn>("events", "");
    DB::execute_over(connection, &rows, &sql).await.map(|_| ())
}

/// One of them.
pub(super) fn event(row: &impl Cells) -> Result<EventReport> {
    Ok(EventReport {
        at: instant(row, "at")?,
        actor: row.text("actor")?,
        what: row.text("what")?,
        detail: row.text("detail")?,
    })
}
