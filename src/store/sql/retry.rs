//! Waking what waits for a person.

use async_trait::async_trait;
use futures::FutureExt as _;
use std::collections::HashMap;

use super::{
    SqlStore, alarm,
    assign::{Assignment, assign},
    events, lease, losses,
    work::progress,
};
use crate::{
    domain::{
        alarm::Kind, id::VerificationId, lease::Stage, progress::Progress, time::Time, token::State,
    },
    store::{
        Result, Retries,
        dialect::Dialect,
        moves::given,
        records::RetryVerdict,
        reports::EventReport,
        rows::{Cells, Json, binds, id, known, rows, storable, texts},
    },
};

#[async_trait]
impl<DB: Dialect> Retries for SqlStore<DB> {
    async fn retry(
        &self,
        tokens: &[String],
        app: Option<&str>,
        actor: &str,
        now: Time,
    ) -> Result<Vec<RetryVerdict>> {
        let (tokens, app, actor) = (tokens.to_vec(), app.map(str::to_owned), actor.to_owned());
        self.writing(move |connection| {
            async move { retry::<DB>(connection, &tokens, app.as_deref(), &actor, now).await }
                .boxed()
        })
        .await
    }
}

rows! {
    struct Reopened<'a> { id: VerificationId, progress: String, state: &'a str }
}

rows! {
    struct Due<'a> { id: VerificationId, app: &'a str, due_at: i64, deadline: i64 }
}

/// A verification as it was before.
struct Found {
    id: VerificationId,
    token: String,
    app: String,
    state: State,
    attempts: i64,
    media_deadline: Time,
    record_deadline: Time,
    progress: Progress,
}

/// Wakes verifications named by verify_token or verification_id; one verdict each, in order.
async fn retry<DB: Dialect>(
    connection: &mut DB::Connection,
    handles: &[String],
    app: Option<&str>,
    actor: &str,
    now: Time,
) -> Result<Vec<RetryVerdict>> {
    let found = find::<DB>(connection, handles).await?;
    let woken: Vec<&Found> = found
        .iter()
        .filter(|found| matches!(found.verdict(app, now), RetryVerdict::Woken { .. }))
        .collect();
    reopen::<DB>(connection, &woken, now).await?;
    let assignments = woken.iter().filter_map(|found| found.assignment(app));
    assign::<DB>(connection, &assignments.collect::<Vec<_>>()).await?;
    schedule::<DB>(connection, &woken, app, now).await?;
    note::<DB>(connection, &woken, app, actor, now).await?;

    let mut by_handle: HashMap<String, &Found> = HashMap::new();
    for found in &found {
        by_handle.insert(found.id.to_string(), found);
        by_handle.insert(found.token.clone(), found);
    }
    Ok(handles
        .iter()
        .map(|handle| {
            by_handle
                .get(storable(handle).as_str())
                .map_or(RetryVerdict::Unknown, |found| found.verdict(app, now))
        })
        .collect())
}

impl Found {
    fn verdict(&self, app: Option<&str>, now: Time) -> RetryVerdict {
        let is_moved = self.assignment(app).is_some();
        RetryVerdict::of(self.id, self.state, self.record_deadline, is_moved, now)
    }

    /// That it goes to `app`, where that is another.
    fn assignment<'a>(&'a self, app: Option<&'a str>) -> Option<Assignment<'a>> {
        let to = app.filter(|app| *app != self.app)?;
        Some(Assignment {
            id: self.id,
            from: &self.app,
            to,
            deadlines: None,
        })
    }
}

async fn find<DB: Dialect>(
    connection: &mut DB::Connection,
    handles: &[String],
) -> Result<Vec<Found>> {
    let sql = format!(
        "select verification_id, verify_token, app, state, attempts, media_deadline, record_deadline, progress from verifications
        where verify_token {handles} or verification_id {handles} order by verification_id {lock}",
        handles = DB::among(1),
        lock = DB::FOR_UPDATE,
    );
    DB::fetch(connection, sql, binds![texts(handles)])
        .await?
        .iter()
        .map(found)
        .collect()
}

fn found(row: &impl Cells) -> Result<Found> {
    Ok(Found {
        id: id(row, "verification_id")?,
        token: row.text("verify_token")?,
        app: row.text("app")?,
        state: known(State::named(&row.text("state")?), "verifications.state")?,
        attempts: row.int("attempts")?,
        media_deadline: Time(row.int("media_deadline")?),
        record_deadline: Time(row.int("record_deadline")?),
        // What cannot be read is begun anew: a person wants it tried.
        progress: progress(&row.text("progress")?).unwrap_or_default(),
    })
}

/// Opens them again and forgets what stood in the way.
async fn reopen<DB: Dialect>(
    connection: &mut DB::Connection,
    woken: &[&Found],
    now: Time,
) -> Result<()> {
    if woken.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(woken.len());
    for found in woken {
        let mut progress = found.progress.clone();
        progress.wake(now);
        let state = match found.state {
            open @ (State::Waiting | State::Collecting) => open,
            _ if found.attempts > 0 => State::Collecting,
            _ => State::Waiting,
        };
        rows.push(Reopened {
            id: found.id,
            progress: Json::of(&progress)?.into_text(),
            state: state.name(),
        });
    }
    let ids: Vec<VerificationId> = woken.iter().map(|found| found.id).collect();
    losses::forget::<DB>(connection, &ids).await?;
    let subjects: Vec<String> = ids.iter().map(VerificationId::to_string).collect();
    alarm::clear_each::<DB>(connection, Kind::WrongApp, &subjects, now).await?;
    let verifications = "update verifications as v set state = t.state, progress = t.progress, settled_at = null, missing = '[]', proof = null, never_seen = false
        from t where v.verification_id = t.id";
    DB::execute_over(connection, &rows, verifications).await?;
    // What was handed in here is nowhere to be had.
    let media = "update media as m set state = 'wanted', lost_reason = null from t where m.verification_id = t.id and m.state = 'lost' and m.source <> 'submitted'";
    DB::execute_over(connection, &rows, media).await.map(|_| ())
}

/// Makes both stages due now: the poll always, the download where something is wanted.
async fn schedule<DB: Dialect>(
    connection: &mut DB::Connection,
    woken: &[&Found],
    app: Option<&str>,
    now: Time,
) -> Result<()> {
    if woken.is_empty() {
        return Ok(());
    }
    let rows: Vec<Due> = woken
        .iter()
        .map(|found| {
            let deadline = if now < found.media_deadline {
                found.media_deadline
            } else {
                found.record_deadline
            };
            Due {
                id: found.id,
                app: app.unwrap_or(&found.app),
                due_at: now.0,
                deadline: deadline.0,
            }
        })
        .collect();
    for (stage, only) in [
        (Stage::Poll, ""),
        (
            Stage::Download,
            "and exists (select 1 from media as m where m.verification_id = t.id and m.state = 'wanted')",
        ),
    ] {
        lease::wake::<DB>(
            connection,
            stage,
            &woken
                .iter()
                .map(|found| (found.id, now))
                .collect::<Vec<_>>(),
        )
        .await?;
        let sql = format!(
            "insert into schedule (verification_id, stage, app, due_at, deadline)
            select t.id, {stage}, t.app, t.due_at, t.deadline from t where true {only}
            on conflict (verification_id, stage) do nothing",
            stage = stage.number(),
        );
        DB::execute_over(connection, &rows, &sql).await?;
    }
    Ok(())
}

async fn note<DB: Dialect>(
    connection: &mut DB::Connection,
    woken: &[&Found],
    app: Option<&str>,
    actor: &str,
    now: Time,
) -> Result<()> {
    let events: Vec<(VerificationId, EventReport)> = woken
        .iter()
        .map(|found| {
            let assigned = found.assignment(app).map_or_else(String::new, |given_to| {
                format!(", {}", given(given_to.from, given_to.to))
            });
            let event = EventReport {
                at: now,
                actor: actor.to_owned(),
                what: "retry".to_owned(),
                detail: format!("was {}{assigned}", found.state.name()),
            };
            (found.id, event)
        })
        .collect();
    events::add::<DB>(connection, &events).await
}
