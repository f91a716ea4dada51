//! Tracking tokens: idempotent, and nothing that is known is overwritten.

use std::collections::{HashMap, HashSet};

use super::{alarm, facts::insert};
use crate::{
    domain::{plan::Missing, token::State},
    store::{
        Result, StoreError,
        dialect::Dialect,
        records::{NewVerification, Next, TrackVerdict},
        rows::{Cells, Json, binds, known, rows, storable},
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

/// What is known of a token.
struct Tracked {
    verification_id: String,
    app: String,
    issued_at: i64,
    issued_at_told: bool,
    plan_id: Option<String>,
    reference: Option<String>,
    state: State,
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
    let tracked = tracked::<DB>(connection, &others).await?;
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
        plan_id: token.plan_id.as_deref(),
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

async fn tracked<DB: Dialect>(connection: &mut DB::Connection, tokens: &[&str]) -> Result<HashMap<String, Tracked>> {
    if tokens.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "select verification_id, verify_token, app, issued_at, issued_at_told, plan_id, reference, state from verifications where verify_token in {}",
        DB::list(1)
    );
    let mut tracked = HashMap::with_capacity(tokens.len());
    for row in DB::fetch(connection, sql, binds![Json::of(tokens)?]).await? {
        tracked.insert(row.text("verify_token")?, tracked_row(&row)?);
    }
    Ok(tracked)
}

fn tracked_row(row: &impl Cells) -> Result<Tracked> {
    Ok(Tracked {
        verification_id: row.text("verification_id")?,
        app: row.text("app")?,
        issued_at: row.int("issued_at")?,
        issued_at_told: row.flag("issued_at_told")?,
        plan_id: row.text_or_null("plan_id")?,
        reference: row.text_or_null("reference")?,
        state: known(State::named(&row.text("state")?), "verifications.state")?,
    })
}

/// What was not told this time conflicts with nothing.
fn compare(token: &NewVerification, known: &Tracked) -> TrackVerdict {
    let differs = |told: &Option<String>, known: &Option<String>| told.is_some() && told.as_deref().map(storable) != *known;
    let field = if storable(&token.verification.app) != known.app {
        Some("app")
    } else if token.issued_at_told && known.issued_at_told && token.verification.issued_at.0 != known.issued_at {
        Some("issued_at")
    } else if differs(&token.plan_id, &known.plan_id) {
        Some("plan_id")
    } else if differs(&token.reference, &known.reference) {
        Some("reference")
    } else {
        None
    };
    let verification_id = known.verification_id.clone();
    field.map_or_else(
        || TrackVerdict::Known { verification_id: verification_id.clone(), state: known.state },
        |field| TrackVerdict::Conflict { verification_id: verification_id.clone(), field },
    )
}
