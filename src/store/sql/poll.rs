//! What a poll brought.

use std::collections::{BTreeMap, HashMap};

use super::{
    assign::{Assignment, assign},
    attempts,
    completed::Completed,
    events,
    lease::{self, Done, Lock},
    losses,
    media::{self, Captured},
    progress,
    together::Together,
    unnamed::Unnamed,
};
use crate::{
    domain::{
        id::VerificationId,
        lease::{Lease, Stage},
        plan::Outcome,
        time::Time,
    },
    store::{
        Result,
        dialect::Dialect,
        moves::DAEMON,
        records::{DownloadStart, FilledSlot, Next, PollRecord},
        reports::EventReport,
        rows::{Cells as _, binds, id, rows, texts},
    },
};

/// Whose slot, and what fills it.
type Filled<'r> = (&'r Lease, &'r FilledSlot);

rows! {
    struct Start<'a> { id: VerificationId, at: i64, due_at: i64, deadline: i64, token: Option<&'a str>, until: Option<i64> }
}

/// Writes what those records brought whose lease holds, and reschedules or settles their
/// verifications; brings those records.
pub(super) async fn complete<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    records: Vec<&'r PollRecord>,
    lock: Lock,
    together: &mut Together,
    unnamed: &mut Unnamed,
) -> Result<Vec<Completed<'r>>> {
    let ending = records.iter().filter(|record| ends(record));
    let ending: Vec<(&Lease, Time)> = ending.map(|record| (&record.lease, record.at)).collect();
    let ended = lease::end::<DB>(connection, Stage::Poll, &ending, lock).await?;
    let lock = lock.after(&ending);
    let others = records
        .iter()
        .filter(|record| !ended.contains(&record.lease.verification_id));
    let done: Vec<Done> = others.map(|record| done(record)).collect();
    let mut woken = lease::complete::<DB>(connection, Stage::Poll, &done, lock).await?;
    woken.extend(ended.into_iter().map(|id| (id, false)));
    let mut polls: Vec<Completed> = records
        .into_iter()
        .filter_map(|record| {
            woken
                .get(&record.lease.verification_id)
                .map(|woken| Completed {
                    record,
                    woken: *woken,
                    granted: false,
                })
        })
        .collect();

    let captured = bring::<DB>(connection, &polls, together, unnamed).await?;
    start_downloads::<DB>(connection, &mut polls).await?;
    let told: Vec<VerificationId> = polls
        .iter()
        .filter(|poll| poll.woken)
        .map(Completed::id)
        .collect();
    lease::rest::<DB>(connection, Stage::Poll, &told).await?;
    settle::<DB>(connection, &polls).await?;
    progress::write::<DB>(connection, &polls, &captured).await?;
    give::<DB>(connection, &polls).await?;
    Ok(polls)
}

/// Whether it would end the poll.
pub(super) const fn ends(record: &PollRecord) -> bool {
    matches!(record.next, Next::Settled { .. })
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

/// Writes attempts and media; brings what was captured of these.
async fn bring<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
    together: &mut Together,
    unnamed: &mut Unnamed,
) -> Result<HashMap<VerificationId, Captured>> {
    attempts::write::<DB>(
        connection,
        polls
            .iter()
            .map(|poll| attempts::Told {
                id: poll.id(),
                at: poll.record.at,
                attempts: &poll.record.attempts,
                is_first: poll.record.is_first,
            })
            .collect(),
        together,
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
    let (first, others) = filled(polls);
    let mut captured = media::add_stored::<DB>(connection, &others, unnamed).await?;
    captured.extend(media::add_first(&first, together, unnamed));
    forget::<DB>(connection, polls, unnamed).await?;
    Ok(captured)
}

/// Media that polls filled: of verifications of which nothing is there that could be in the way, and of
/// others.
fn filled<'r>(polls: &[Completed<'r>]) -> (Vec<Filled<'r>>, Vec<Filled<'r>>) {
    let is_alone = |poll: &&Completed| poll.record.is_first && poll.record.same.is_empty();
    let (first, others): (Vec<_>, Vec<_>) = polls.iter().partition(is_alone);
    let filled = |polls: Vec<&Completed<'r>>| {
        let of = |poll: &Completed<'r>| {
            let record = poll.record;
            record.filled.iter().map(|slot| (&record.lease, slot))
        };
        polls.into_iter().flat_map(of).collect()
    };
    (filled(first), filled(others))
}

/// Deletes what is there twice, which is known for sure only at the end.
async fn forget<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
    unnamed: &mut Unnamed,
) -> Result<()> {
    media::forget::<DB>(
        connection,
        Stage::Poll,
        polls
            .iter()
            .filter(|poll| !poll.is_put_off())
            .flat_map(|poll| {
                poll.record
                    .same
                    .iter()
                    .map(|same| (&poll.record.lease, *same))
            })
            .collect(),
        unnamed,
    )
    .await
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

/// Schedules downloads, and notes which are granted. A lease that runs is kept, and its holder's row
/// is due at once when it is done; otherwise the given one is granted.
async fn start_downloads<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &mut [Completed<'_>],
) -> Result<()> {
    let starts = polls
        .iter()
        .filter(|poll| poll.settlement().is_none())
        .filter_map(|poll| Some((poll, poll.start()?)));
    let starts: Vec<(&Completed, DownloadStart)> = starts.collect();
    let rows: Vec<Start> = starts
        .iter()
        .map(|(poll, start)| row(poll, start))
        .collect();
    // Of one that was never polled before no download is scheduled.
    let others = starts.iter().filter(|(poll, _)| !poll.record.is_first);
    let others: Vec<Start> = others.map(|(poll, start)| row(poll, start)).collect();
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
        where s.verification_id = t.id and s.stage = {stage}
        returning verification_id, lease_token",
        least = DB::LEAST,
        stage = Stage::Download.number(),
    );
    let mut started = DB::fetch_over(connection, &others, &update).await?;
    let insert = format!(
        "insert into schedule (verification_id, stage, app, due_at, deadline, lease_token, lease_until, claims)
        select t.id, {stage}, v.app, coalesce(t.until, t.due_at), t.deadline, t.token, t.until, case when t.token is null then 0 else 1 end
        from t join verifications as v on v.verification_id = t.id
        where true on conflict (verification_id, stage) do nothing
        returning verification_id, lease_token",
        stage = Stage::Download.number(),
    );
    started.extend(DB::fetch_over(connection, &rows, &insert).await?);
    let mut tokens: HashMap<VerificationId, String> = HashMap::new();
    for row in &started {
        if let Some(token) = row.text_or_null("lease_token")? {
            tokens.insert(id(row, "verification_id")?, token);
        }
    }
    for poll in polls {
        let lease = poll.start().and_then(|start| start.lease);
        poll.granted = lease.is_some_and(|(token, _)| tokens.get(&poll.id()) == Some(&token));
    }
    Ok(())
}

fn row<'r>(poll: &Completed<'_>, start: &'r DownloadStart) -> Start<'r> {
    let lease = start.lease.as_ref();
    let (token, until) = lease
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
}

/// Takes what else is scheduled of settled verifications out of the schedule; what is still wanted
/// of them is lost.
async fn settle<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
) -> Result<()> {
    let settled = polls
        .iter()
        .filter_map(|poll| Some((poll, poll.settlement()?.0)));
    // Of one that was never polled before there is only what this poll brought.
    let has_media = |poll: &Completed| !(poll.record.is_first && poll.record.wanted.is_empty());
    let with_media: Vec<(VerificationId, Outcome)> = settled
        .filter(|(poll, _)| has_media(poll))
        .map(|(poll, outcome)| (poll.id(), outcome))
        .collect();
    if !with_media.is_empty() {
        let ids: Vec<VerificationId> = with_media.iter().map(|(id, _)| *id).collect();
        let sql = format!(
            "delete from schedule where verification_id {}",
            DB::among(1)
        );
        DB::execute(connection, sql, binds![texts(&ids)]).await?;
    }
    let mut by_outcome: BTreeMap<&str, Vec<VerificationId>> = BTreeMap::new();
    for (id, outcome) in with_media {
        by_outcome
            .entry(outcome.state().name())
            .or_default()
            .push(id);
    }
    for (outcome, ids) in by_outcome {
        let why = format!("the verification was settled as {outcome} before it could be fetched");
        media::lose_all::<DB>(connection, &ids, &why).await?;
    }
    let lost = polls.iter().filter_map(|poll| {
        let (outcome, missing) = poll.settlement()?;
        let is_loss = outcome.state().is_loss();
        is_loss.then_some((poll.id(), poll.record.at, missing))
    });
    losses::add::<DB>(connection, lost).await
}
