//! Tracking tokens: idempotent, and nothing that is known is overwritten.

use std::collections::HashSet;

use super::{alarm, facts::insert, reconcile::known_by_token};
use crate::{
    domain::{plan::Missing, token::State},
    store::{
        Result, StoreError,
        dialect::Dialect,
        records::{Known, NewVerification, Next, TrackVerdict},
        rows::{Cells as _, Json, binds, rows, storable},
    },
};

/// How many tokens share a transaction.
pub(in crate::store) const CHUNK: usize = 1000;

rows! {
    struct New<'a> {
        verification_id: &'a str,
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
    struct FirstPoll<'a> { verification_id: &'a str, stage: i64, app: &'a str, due_at: i64, deadline: i64 }
}

/// Tracks at most [`CHUNK`] tokens; one verdict each, in order.
pub(in crate::store) async fn track<DB: Dialect>(connection: &mut DB::Connection, tokens: &[NewVerification]) -> Result<Vec<TrackVerdict>> {
    let mut rows = tokens.iter().map(new).collect::<Result<Vec<New>>>()?;
    // In one order, so that two transactions never wait for one another. Of one token twice the first one told is tracked: the sort is stable.
    rows.sort_by(|one, other| one.verify_token.cmp(other.verify_token));
    let sql = insert::<DB, New>("verifications", "on conflict (verify_token) do nothing returning verification_id");
    let mut fresh = HashSet::new();
    for row in DB::fetch(connection, sql, binds![Json::of(&rows)?]).await? {
        fresh.insert(row.text("verification_id")?);
    }
    let is_new = |token: &&NewVerification| fresh.contains(&token.verification.verification_id);

    let polls: Vec<FirstPoll> = tokens.iter().filter(is_new).filter_map(first_poll).collect();
    if !polls.is_empty() {
        DB::execute(connection, insert::<DB, FirstPoll>("schedule", ""), binds![Json::of(&polls)?]).await?;
    }
    let alarms = tokens.iter().filter(is_new).flat_map(|token| token.alarms.iter().map(|alarm| (alarm, token.verification.tracked_at)));
    alarm::raise::<DB>(connection, alarms.collect()).await?;

    let others: Vec<&str> = tokens.iter().filter(|token| !is_new(token)).map(|token| token.verification.verify_token.reveal()).collect();
    let tracked = known_by_token::<DB>(connection, &others).await?;
    tokens
        .iter()
        .map(|token| {
            if is_new(&token) {
                return Ok(TrackVerdict::New { verification_id: token.verification.verification_id.clone() });
            }
            let known = tracked.get(&storable(token.verification.verify_token.reveal()));
            known.map(|known| compare(token, known)).ok_or_else(|| StoreError::Corrupt("a token is neither new nor known".to_owned()))
        })
        .collect()
}

fn new(token: &NewVerification) -> Result<New<'_>> {
    let facts = &token.verification;
    let (state, settled_at, missing): (State, Option<i64>, &[Missing]) = match &token.next {
        Next::Due { state, .. } => (*state, None, &[]),
        Next::Settled { outcome, missing } => (outcome.state(), Some(facts.tracked_at.0), missing),
    };
    Ok(New {
        verification_id: &facts.verification_id,
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
        Next::Due { due_at, deadline, .. } => Some(FirstPoll {
            verification_id: &token.verification.verification_id,
            stage: crate::domain::lease::Stage::Poll.number(),
            app: &token.verification.app,
            due_at: due_at.0,
            deadline: deadline.0,
        }),
        Next::Settled { .. } => None,
    }
}

fn compare(token: &NewVerification, known: &Known) -> TrackVerdict {
    let facts = &token.verification;
    let issued_at = token.issued_at_told.then_some(facts.issued_at);
    let verification_id = known.verification_id.clone();
    match known.differs(&facts.app, issued_at, facts.plan_id.as_deref(), token.reference.as_deref()).first() {
        Some(field) => TrackVerdict::Conflict { verification_id, field },
        None => TrackVerdict::Known { verification_id, state: known.state },
    }
}
