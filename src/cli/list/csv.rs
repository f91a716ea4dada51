//! Rows as CSV (RFC 4180): first what `track` and `reconcile` read, then what they leave out.

use crate::{
    domain::{
        listed::{Field, field_names},
        time::Time,
    },
    store::reports::Summary,
};

/// The names of the columns.
pub(super) fn heading() -> String {
    format!(
        "{},state,passed,attempts,first_attempt_at,settled_at,media_deadline,record_deadline,verification_id",
        field_names::<Field>()
    )
}

/// One verification.
pub(super) fn row(row: &Summary) -> String {
    let at = |at: Option<Time>| at.map(Time::rfc3339).unwrap_or_default();
    [
        row.verify_token.clone(),
        row.app.clone(),
        row.issued_at.rfc3339(),
        row.plan_id.clone().unwrap_or_default(),
        row.reference.clone().unwrap_or_default(),
        row.state.clone(),
        row.passed
            .map(|passed| passed.to_string())
            .unwrap_or_default(),
        row.attempts.to_string(),
        at(row.first_attempt_at),
        at(row.settled_at),
        row.media_deadline.rfc3339(),
        row.record_deadline.rfc3339(),
        row.verification_id.to_string(),
    ]
    .map(|cell| quoted(&cell))
    .join(",")
}

/// A cell, in quotes where something in it would end it.
pub(in crate::cli) fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', ';', '\t', '|', '\r', '\n']) || cell.trim() != cell {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
