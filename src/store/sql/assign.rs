//! Giving verifications to other apps.

use std::collections::HashSet;

use crate::{
    domain::{id::VerificationId, time::Time},
    store::{
        Result,
        dialect::Dialect,
        rows::{id, rows},
    },
};

rows! {
    struct Assigned<'a> { id: VerificationId, was: &'a str, app: &'a str, media_deadline: Option<i64>, record_deadline: Option<i64> }
}

/// A verification that goes to another app.
pub(super) struct Assignment<'a> {
    /// Which.
    pub id: VerificationId,
    /// The app it is taken from; one that is another's by now stays there.
    pub from: &'a str,
    /// The app it is given to.
    pub to: &'a str,
    /// The earliest ends of its retentions there, media and record, where they are known.
    pub deadlines: Option<(Time, Time)>,
}

/// Gives them and what is scheduled of them to their apps; returns those that went.
pub(super) async fn assign<DB: Dialect>(
    connection: &mut DB::Connection,
    assignments: &[Assignment<'_>],
) -> Result<HashSet<VerificationId>> {
    if assignments.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<Assigned> = assignments
        .iter()
        .map(|assignment| {
            let (media, record) = assignment.deadlines.unzip();
            Assigned {
                id: assignment.id,
                was: assignment.from,
                app: assignment.to,
                media_deadline: media.map(|at| at.0),
                record_deadline: record.map(|at| at.0),
            }
        })
        .collect();
    let verifications = "update verifications as v set app = t.app, media_deadline = coalesce(t.media_deadline, v.media_deadline),
            record_deadline = coalesce(t.record_deadline, v.record_deadline)
        from t where v.verification_id = t.id and v.app = t.was returning verification_id";
    let went: HashSet<VerificationId> = DB::fetch_over(connection, &rows, verifications)
        .await?
        .iter()
        .map(|row| id(row, "verification_id"))
        .collect::<Result<_>>()?;
    // What was scheduled for the former app alone: one that stays has its own.
    let moved: Vec<Assigned> = rows
        .into_iter()
        .filter(|row| went.contains(&row.id))
        .collect();
    let schedule = "update schedule as s set app = t.app from t where s.verification_id = t.id and s.app = t.was";
    DB::execute_over(connection, &moved, schedule).await?;
    Ok(went)
}
