//! Tracking tokens: idempotent, and nothing that is known is overwritten.

use async_trait::async_trait;
use futures::{FutureExt as _, future::BoxFuture};
use std::collections::HashSet;

use super::{SqlStore, events, image, lease, losses, reconcile::known_by_token, submissions};
use crate::{
    domain::{
        id::VerificationId,
        lease::Stage,
        plan::Missing,
        submission::Submission,
        time::Time,
        token::{Late, State},
    },
    store::{
        Result, StoreError, Tracking,
        commit::Member,
        dialect::Dialect,
        records::{KnownToken, MatchImage, NewVerification, Next, TrackVerdict},
        reports::EventReport,
        rows::{Json, id, insert, rows, storable},
    },
};

#[async_trait]
impl<DB: Dialect> Tracking for SqlStore<DB> {
    async fn track(&self, mut rows: Vec<NewVerification>) -> Result<Vec<TrackVerdict>> {
        let mut verdicts = Vec::with_capacity(rows.len());
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(CHUNK));
            let chunk = std::mem::replace(&mut rows, rest);
            verdicts.extend(self.told.submit(Told(chunk)).await?);
        }
        Ok(verdicts)
    }

    async fn submit(&self, verification_id: VerificationId, submission: &Submission) -> Result<()> {
        let submission = submission.clone();
        self.writing(move |connection| {
            async move { submissions::add::<DB>(connection, verification_id, &submission).await }
                .boxed()
        })
        .await
    }

    async fn end_submission(
        &self,
        verification_id: VerificationId,
        refused: Option<&str>,
    ) -> Result<()> {
        let refused = refused.map(str::to_owned);
        self.writing(move |connection| {
            async move {
                submissions::end::<DB>(connection, verification_id, refused.as_deref()).await
            }
            .boxed()
        })
        .await
    }

    async fn keep_match_image(
        &self,
        verification_id: VerificationId,
        kept: &MatchImage,
    ) -> Result<()> {
        let kept = kept.clone();
        self.writing(move |connection| {
            async move { image::add::<DB>(connection, verification_id, &kept).await }.boxed()
        })
        .await
    }
}

/// How many tokens share a transaction.
const CHUNK: usize = 1000;

/// Tokens told by one caller, which share a transaction with those of others.
pub(super) struct Told(Vec<NewVerification>);

impl Member for Told {
    type Answer = Vec<TrackVerdict>;
    // Two that tell of one token may come together, as within one list.
    type Alone = std::convert::Infallible;
    const BATCH_MAX: usize = CHUNK;

    fn weight(&self) -> usize {
        self.0.len()
    }

    fn alone(&self) -> impl Iterator<Item = Self::Alone> {
        std::iter::empty()
    }

    fn write<'c, DB: Dialect>(
        connection: &'c mut DB::Connection,
        members: &'c [&'c Self],
    ) -> BoxFuture<'c, Result<Vec<Result<Self::Answer>>>> {
        async move {
            let tokens: Vec<&NewVerification> = members.iter().flat_map(|told| &told.0).collect();
            let mut verdicts = track::<DB>(connection, &tokens).await?.into_iter();
            let of = |told: &&Self| Ok(verdicts.by_ref().take(told.0.len()).collect());
            Ok(members.iter().map(of).collect())
        }
        .boxed()
    }
}

rows! {
    struct New<'a> {
        verification_id: VerificationId,
        verify_token: &'a str,
        app: &'a str,
        plan_id: Option<&'a str>,
        reference: Option<&'a str>,
        issued_at: i64,
        issued_at_told: bool,
        issued_here: bool,
        tracked_at: i64,
        tracked_by: &'a str,
        media_deadline: i64,
        record_deadline: i64,
        state: &'a str,
        settled_at: Option<i64>,
        missing: String,
        progress: &'a str,
    }
}

rows! {
    struct FirstPoll<'a> { verification_id: VerificationId, stage: i64, app: &'a str, due_at: i64, deadline: i64, lane: i64 }
}

rows! {
    struct Founded { id: VerificationId, issued_at: i64, media_deadline: i64, record_deadline: i64 }
}

/// A time of issue that was assumed, and what is told now.
struct Replaced<'t> {
    id: VerificationId,
    by: &'t NewVerification,
    assumed: Time,
}

/// Tracks at most [`CHUNK`] tokens; one verdict each, in order.
async fn track<DB: Dialect>(
    connection: &mut DB::Connection,
    tokens: &[&NewVerification],
) -> Result<Vec<TrackVerdict>> {
    let fresh = put_new::<DB>(connection, tokens).await?;
    let is_new = |token: &&NewVerification| fresh.contains(&token.verification.verification_id);

    begin::<DB>(connection, tokens.iter().copied().filter(is_new)).await?;
    let others: Vec<&str> = tokens
        .iter()
        .filter(|token| !is_new(token))
        .map(|token| token.verification.verify_token.reveal())
        .collect();
    let mut tracked = known_by_token::<DB>(connection, &others).await?;
    let assumed: Vec<VerificationId> = tracked
        .values()
        .filter(|known| is_assumed(known))
        .map(|known| known.verification_id)
        .collect();
    if !assumed.is_empty()
        && tokens
            .iter()
            .any(|token| token.issued_at_told && !is_new(token))
    {
        // Read again under the lock: two that tell of one token do not both replace what was
        // assumed.
        lease::lock_ids::<DB>(connection, &assumed).await?;
        tracked = known_by_token::<DB>(connection, &others).await?;
    }
    let mut founded = Vec::new();
    let mut verdicts = Vec::with_capacity(tokens.len());
    for token in tokens.iter().copied() {
        if is_new(&token) {
            verdicts.push(first_told(token));
            continue;
        }
        let known = tracked.get_mut(&storable(token.verification.verify_token.reveal()));
        let known = known
            .ok_or_else(|| StoreError::Corrupt("a token is neither new nor known".to_owned()))?;
        let verdict = compare(token, known);
        if matches!(verdict, TrackVerdict::Known { .. })
            && token.issued_at_told
            && is_assumed(known)
        {
            let assumed = std::mem::replace(&mut known.issued_at, token.verification.issued_at);
            known.issued_at_told = true;
            founded.push(Replaced {
                id: known.verification_id,
                by: token,
                assumed,
            });
        }
        verdicts.push(verdict);
    }
    found::<DB>(connection, &founded).await?;
    Ok(verdicts)
}

/// Writes those that are not there yet; brings their verification_ids.
async fn put_new<DB: Dialect>(
    connection: &mut DB::Connection,
    tokens: &[&NewVerification],
) -> Result<HashSet<VerificationId>> {
    let mut rows = tokens
        .iter()
        .copied()
        .map(new)
        .collect::<Result<Vec<New>>>()?;
    // In one order, so that two transactions never wait for one another. Of one token twice the
    // first one told is tracked: the sort is stable.
    rows.sort_by(|one, other| one.verify_token.cmp(other.verify_token));
    let sql = insert::<New>(
        "verifications",
        "on conflict (verify_token) do nothing returning verification_id",
    );
    let mut fresh = HashSet::new();
    for row in DB::fetch_over(connection, &rows, &sql).await? {
        fresh.insert(id(&row, "verification_id")?);
    }
    Ok(fresh)
}

/// Schedules the first polls of new ones; of those told too late it notes what is lost.
async fn begin<'t, DB: Dialect>(
    connection: &mut DB::Connection,
    tokens: impl Iterator<Item = &'t NewVerification> + Clone,
) -> Result<()> {
    let polls: Vec<FirstPoll> = tokens.clone().filter_map(first_poll).collect();
    if !polls.is_empty() {
        DB::execute_over(connection, &polls, &insert::<FirstPoll>("schedule", "")).await?;
    }
    let lost = tokens.filter_map(|token| {
        let facts = &token.verification;
        match &token.next {
            Next::Settled { outcome, missing } if outcome.state().is_loss() => {
                Some((facts.verification_id, facts.tracked_at, &missing[..]))
            }
            _ => None,
        }
    });
    losses::add::<DB>(connection, lost).await
}

fn first_told(token: &NewVerification) -> TrackVerdict {
    TrackVerdict::New {
        verification_id: token.verification.verification_id,
        late: Late::at(
            token.verification.tracked_at,
            token.media_deadline,
            token.record_deadline,
        ),
    }
}

/// Whether a told time of issue replaces the one of this verification.
const fn is_assumed(known: &KnownToken) -> bool {
    !known.issued_at_told && !known.state.is_settled()
}

/// Replaces times of issue that were only assumed by those told, with the deadlines that follow
/// from them. Each is asked for again no later than it would be had the time been told at once, and
/// ordered by what is forgotten first; its next poll plans the rest.
async fn found<DB: Dialect>(
    connection: &mut DB::Connection,
    founded: &[Replaced<'_>],
) -> Result<()> {
    if founded.is_empty() {
        return Ok(());
    }
    let bound: Vec<Founded> = founded
        .iter()
        .map(|Replaced { id, by, .. }| Founded {
            id: *id,
            issued_at: by.verification.issued_at.0,
            media_deadline: by.media_deadline.0,
            record_deadline: by.record_deadline.0,
        })
        .collect();
    let facts = "update verifications as v set issued_at = t.issued_at, issued_at_told = true, media_deadline = t.media_deadline, record_deadline = t.record_deadline
        from t where v.verification_id = t.id";
    DB::execute_over(connection, &bound, facts).await?;
    let order = format!(
        "update schedule as s set deadline = {least}(s.deadline, t.media_deadline) from t where s.verification_id = t.id",
        least = DB::LEAST
    );
    DB::execute_over(connection, &bound, &order).await?;
    let (mut due, mut told) = (
        Vec::with_capacity(founded.len()),
        Vec::with_capacity(founded.len()),
    );
    for Replaced { id, by, assumed } in founded {
        let now = by.verification.tracked_at;
        let due_at = if let Next::Due { due_at, .. } = by.next {
            due_at
        } else {
            now
        };
        due.push((*id, due_at));
        let detail = format!(
            "{assumed} was assumed, {} is told",
            by.verification.issued_at
        );
        let event = EventReport {
            at: now,
            actor: by.tracked_by.clone(),
            what: "issued_at".to_owned(),
            detail,
        };
        told.push((*id, event));
    }
    lease::wake::<DB>(connection, Stage::Poll, &due).await?;
    events::add::<DB>(connection, &told).await
}

fn new(token: &NewVerification) -> Result<New<'_>> {
    let facts = &token.verification;
    let (state, settled_at, missing): (State, Option<i64>, &[Missing]) = match &token.next {
        Next::Due { state, .. } => (*state, None, &[]),
        Next::Settled { outcome, missing } => (outcome.state(), Some(facts.tracked_at.0), missing),
    };
    Ok(New {
        verification_id: facts.verification_id,
        verify_token: facts.verify_token.reveal(),
        app: &facts.app,
        plan_id: facts.plan_id.as_deref(),
        reference: token.reference.as_deref(),
        issued_at: facts.issued_at.0,
        issued_at_told: token.issued_at_told,
        issued_here: facts.issued_here,
        tracked_at: facts.tracked_at.0,
        tracked_by: &token.tracked_by,
        media_deadline: token.media_deadline.0,
        record_deadline: token.record_deadline.0,
        state: state.name(),
        settled_at,
        missing: Json::of(missing)?.into_text(),
        progress: "{}",
    })
}

fn first_poll(token: &NewVerification) -> Option<FirstPoll<'_>> {
    match token.next {
        Next::Due {
            due_at,
            deadline,
            lane,
            ..
        } => Some(FirstPoll {
            verification_id: token.verification.verification_id,
            stage: Stage::Poll.number(),
            app: &token.verification.app,
            due_at: due_at.0,
            deadline: deadline.0,
            lane: lane.number(),
        }),
        Next::Settled { .. } => None,
    }
}

fn compare(token: &NewVerification, known: &KnownToken) -> TrackVerdict {
    let facts = &token.verification;
    let issued_at = token.issued_at_told.then_some(facts.issued_at);
    let verification_id = known.verification_id;
    match known
        .differs(
            &facts.app,
            issued_at,
            facts.plan_id.as_deref(),
            token.reference.as_deref(),
        )
        .first()
    {
        Some(field) => TrackVerdict::Conflict {
            verification_id: Some(verification_id),
            field,
        },
        None => TrackVerdict::Known {
            verification_id,
            state: known.state,
        },
    }
}
