//! What a poll brought.

use super::{
    assign::{Assignment, assign},
    attempts, events,
    lease::{self, Done},
    losses, media,
};
use crate::{
    domain::{
        alarm::Alarm,
        id::VerificationId,
        lease::Stage,
        plan::{Missing, Outcome},
        time::Time,
    },
    store::{
        Result,
        dialect::Dialect,
        moves::DAEMON,
        records::{DownloadStart, Moved, Next, PollRecord},
        reports::EventReport,
        rows::{Json, binds, rows, texts},
    },
};

rows! {
    struct ProgressRow<'a> {
        id: VerificationId,
        state: Option<&'a str>,
        settled_at: Option<i64>,
        missing: Option<String>,
        proof: Option<&'a str>,
        never_seen: bool,
        progress: String,
        last_error: Option<&'a str>,
        verify_count: Option<i64>,
        ocr_charge_count: Option<i64>,
        match_charge_count: Option<i64>,
        verify_charge_count: Option<i64>,
        live_charge_count: Option<i64>,
    }
}

rows! {
    struct Start<'a> { id: VerificationId, at: i64, due_at: i64, deadline: i64, token: Option<&'a str>, until: Option<i64> }
}

/// A record whose lease held.
pub(super) struct Completed<'r> {
    /// It.
    pub record: &'r PollRecord,
    /// Whether something was recorded of the verification that this poll did not know of.
    woken: bool,
}

impl<'r> Completed<'r> {
    /// How the verification ends with it. One that was woken meanwhile does not end: what is new
    /// may change how, and is looked at at once.
    fn settlement(&self) -> Option<(Outcome, &'r [Missing])> {
        match &self.record.next {
            Next::Settled { outcome, missing } if !self.woken => Some((*outcome, missing)),
            _ => None,
        }
    }

    /// What it raises.
    pub(super) fn alarms(&self) -> impl Iterator<Item = (&'r Alarm, Time)> + use<'r> {
        let at = self.record.at;
        self.record.alarms.iter().map(move |alarm| (alarm, at))
    }

    /// The app it goes to, and when.
    pub(super) fn moved(&self) -> Option<(&'r Moved, Time)> {
        let moved = self.record.moved.as_ref()?;
        Some((moved, self.record.at))
    }

    /// The download it schedules. Where its end is put off, what it wants is fetched first.
    fn start(&self) -> Option<DownloadStart> {
        let put_off = || DownloadStart {
            due_at: self.record.at,
            deadline: self.record.at,
            lease: None,
        };
        self.record
            .download
            .clone()
            .or_else(|| (self.is_put_off() && !self.record.wanted.is_empty()).then(put_off))
    }

    /// Whether it would settle, had it not been woken.
    fn is_put_off(&self) -> bool {
        self.woken && matches!(self.record.next, Next::Settled { .. })
    }

    /// Whether the verification ends with it.
    pub(super) fn is_settled(&self) -> bool {
        self.settlement().is_some()
    }

    /// Whose.
    pub(super) fn id(&self) -> VerificationId {
        self.record.lease.verification_id
    }
}

/// Writes what those records brought whose lease holds, and reschedules or settles their
/// verifications; brings those records.
pub(super) async fn complete<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    records: Vec<&'r PollRecord>,
) -> Result<Vec<Completed<'r>>> {
    let done: Vec<Done> = records.iter().map(|record| done(record)).collect();
    let woken = lease::complete::<DB>(connection, Stage::Poll, &done).await?;
    let polls: Vec<Completed> = records
        .into_iter()
        .filter_map(|record| {
            woken
                .get(&record.lease.verification_id)
                .map(|woken| Completed {
                    record,
                    woken: *woken,
                })
        })
        .collect();

    bring::<DB>(connection, &polls).await?;
    start_downloads::<DB>(connection, &polls).await?;
    let told: Vec<VerificationId> = polls
        .iter()
        .filter(|poll| poll.woken)
        .map(Completed::id)
        .collect();
    lease::rest::<DB>(connection, Stage::Poll, &told).await?;
    settle::<DB>(connection, &polls).await?;
    know::<DB>(connection, &polls).await?;
    give::<DB>(connection, &polls).await?;
    Ok(polls)
}

fn done(record: &PollRecord) -> Done<'_> {
    let next = match record.next {
        Next::Due {
            due_at,
            deadline,
            lane,
            ..
        } => Some((due_at, deadline, lane)),
        Next::Settled { .. } => None,
    };
    Done {
        lease: &record.lease,
        at: record.at,
        next,
    }
}

/// Writes attempts and media.
async fn bring<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
) -> Result<()> {
    attempts::write::<DB>(
        connection,
        polls
            .iter()
            .map(|poll| (poll.id(), poll.record.at, poll.record.attempts.as_slice()))
            .collect(),
    )
    .await?;
    media::want::<DB>(
        connection,
        polls
            .iter()
            .flat_map(|poll| {
                poll.record
                    .wanted
                    .iter()
                    .map(|wanted| (&poll.record.lease, wanted))
            })
            .collect(),
    )
    .await?;
    media::add_stored::<DB>(
        connection,
        polls
            .iter()
            .flat_map(|poll| {
                poll.record
                    .inline
                    .iter()
                    .map(|inline| (&poll.record.lease, inline))
            })
            .collect(),
    )
    .await?;
    media::forget_duplicates::<DB>(
        connection,
        polls
            .iter()
            .flat_map(|poll| {
                poll.record
                    .same
                    .iter()
                    .map(|same| (&poll.record.lease, *same))
            })
            .collect(),
    )
    .await
}

/// Writes what is known of the verifications now.
async fn know<DB: Dialect>(connection: &mut DB::Connection, polls: &[Completed<'_>]) -> Result<()> {
    if polls.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(polls.len());
    for poll in polls {
        let record = poll.record;
        let counts = record.counts.unwrap_or_default();
        let settlement = poll.settlement();
        let state = match (&record.next, settlement) {
            (Next::Due { state, .. }, _) => Some(state.name()),
            (_, settlement) => settlement.map(|(outcome, _)| outcome.state().name()),
        };
        let proof = settlement.and(record.proof.as_ref());
        rows.push(ProgressRow {
            id: poll.id(),
            state,
            settled_at: settlement.map(|_| record.at.0),
            missing: settlement
                .map(|(_, missing)| Json::of(missing).map(Json::into_text))
                .transpose()?,
            proof: proof.map(|proof| proof.words.as_str()),
            never_seen: proof.is_some_and(|proof| proof.never_seen),
            progress: Json::of(&record.progress)?.into_text(),
            last_error: record.last_error.as_deref(),
            verify_count: counts.verify,
            ocr_charge_count: counts.ocr_charge,
            match_charge_count: counts.match_charge,
            verify_charge_count: counts.verify_charge,
            live_charge_count: counts.live_charge,
        });
    }
    let sql = "update verifications as v set
            state = coalesce(t.state, v.state), settled_at = t.settled_at, missing = coalesce(t.missing, v.missing), proof = t.proof, never_seen = t.never_seen, progress = t.progress,
            polls = v.polls + 1, last_error = t.last_error, verify_count = coalesce(t.verify_count, v.verify_count),
            ocr_charge_count = coalesce(t.ocr_charge_count, v.ocr_charge_count), match_charge_count = coalesce(t.match_charge_count, v.match_charge_count),
            verify_charge_count = coalesce(t.verify_charge_count, v.verify_charge_count), live_charge_count = coalesce(t.live_charge_count, v.live_charge_count)
        from t
        where v.verification_id = t.id";
    DB::execute_over(connection, &rows, sql).await.map(|_| ())
}

/// Gives verifications to the apps that they were seen to belong to.
async fn give<DB: Dialect>(connection: &mut DB::Connection, polls: &[Completed<'_>]) -> Result<()> {
    let moved = || polls.iter().filter_map(|poll| Some((poll, poll.moved()?)));
    let assignments = moved().map(|(poll, (moved, _))| Assignment {
        id: poll.id(),
        from: &moved.from,
        to: &moved.to,
        deadlines: Some((moved.media_deadline, moved.record_deadline)),
    });
    let went = assign::<DB>(connection, &assignments.collect::<Vec<_>>()).await?;
    let events: Vec<(VerificationId, EventReport)> = moved()
        .filter(|(poll, _)| went.contains(&poll.id()))
        .map(|(poll, (moved, at))| {
            let event = EventReport {
                at,
                actor: DAEMON.to_owned(),
                what: "reassigned".to_owned(),
                detail: moved.detail(),
            };
            (poll.id(), event)
        })
        .collect();
    events::add::<DB>(connection, &events).await
}

/// Schedules downloads. A lease that runs is kept, and its holder's row is due at once when it is
/// done; otherwise the given one is granted.
async fn start_downloads<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
) -> Result<()> {
    let starts: Vec<(&Completed, DownloadStart)> = polls
        .iter()
        .filter(|poll| poll.settlement().is_none())
        .filter_map(|poll| Some((poll, poll.start()?)))
        .collect();
    let rows: Vec<Start> = starts
        .iter()
        .map(|(poll, start)| {
            let (token, until) = start
                .lease
                .as_ref()
                .map(|(token, until)| (token.as_str(), until.0))
                .unzip();
            Start {
                id: poll.id(),
                at: poll.record.at.0,
                due_at: start.due_at.0,
                deadline: start.deadline.0,
                token,
                until,
            }
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    // The verification is locked, so nothing comes between the two statements.
    let kept = "(s.lease_token is not null and (s.lease_until > t.at or t.token is null))";
    let update = format!(
        "update schedule as s set
            due_at = case when s.lease_token is not null and s.lease_until > t.at then s.due_at else coalesce(t.until, {least}(s.due_at, t.due_at)) end,
            deadline = {least}(s.deadline, t.deadline),
            claims = case when {kept} or t.token is null then s.claims else s.claims + 1 end,
            lease_until = case when {kept} then s.lease_until else t.until end,
            lease_token = case when {kept} then s.lease_token else t.token end,
            woken = {kept}, ready = false
        from t
        where s.verification_id = t.id and s.stage = {stage}",
        least = DB::LEAST,
        stage = Stage::Download.number(),
    );
    DB::execute_over(connection, &rows, &update).await?;
    let insert = format!(
        "insert into schedule (verification_id, stage, app, due_at, deadline, lease_token, lease_until, claims)
        select t.id, {stage}, v.app, coalesce(t.until, t.due_at), t.deadline, t.token, t.until, case when t.token is null then 0 else 1 end
        from t join verifications as v on v.verification_id = t.id
        where true on conflict (verification_id, stage) do nothing",
        stage = Stage::Download.number(),
    );
    DB::execute_over(connection, &rows, &insert)
        .await
        .map(|_| ())
}

/// Takes settled verifications out of the schedule; what is still wanted of them is lost.
async fn settle<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
) -> Result<()> {
    let settled: Vec<(VerificationId, Outcome)> = polls
        .iter()
        .filter_map(|poll| poll.settlement().map(|(outcome, _)| (poll.id(), outcome)))
        .collect();
    if settled.is_empty() {
        return Ok(());
    }
    let ids: Vec<VerificationId> = settled.iter().map(|(id, _)| *id).collect();
    let sql = format!(
        "delete from schedule where verification_id {}",
        DB::among(1)
    );
    DB::execute(connection, sql, binds![texts(&ids)]).await?;
    let reasons: Vec<(VerificationId, String)> = settled
        .into_iter()
        .map(|(id, outcome)| {
            (
                id,
                format!(
                    "the verification was settled as {} before it could be fetched",
                    outcome.state().name()
                ),
            )
        })
        .collect();
    media::lose_all::<DB>(connection, &reasons).await?;
    let lost = polls.iter().filter_map(|poll| {
        let (outcome, missing) = poll.settlement()?;
        let is_loss = outcome.state().is_loss();
        is_loss.then_some((poll.id(), poll.record.at, missing))
    });
    losses::add::<DB>(connection, lost).await
}
