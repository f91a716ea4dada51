//! The track stage: a told token becomes a tracked one, with its first step planned.

use std::{collections::VecDeque, sync::Arc};

use super::Apps;
use crate::{
    domain::{
        id::VerificationId,
        lessons::Learned,
        plan::{self, Ends, PlanInput, Step},
        progress::Progress,
        time::{Clock, Time},
        token::{State, TrackRequest, Verification},
    },
    store::{
        Result, StoreError, Tracking,
        records::{NewVerification, Next, TrackVerdict},
    },
};

/// What became of one told token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tracked {
    /// The store's verdict.
    Verdict(TrackVerdict),
    /// It cannot be tracked: why, without repeating the token.
    Wrong(String),
}

/// How many tokens share a transaction.
const BATCH: usize = 1000;

/// Takes tokens on.
pub struct Tracker {
    pub(super) tracking: Arc<dyn Tracking>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) apps: Arc<Apps>,
}

impl Tracker {
    /// Tracks tokens; idempotent, one answer each, in order. A wrong one never stops the others.
    ///
    /// # Errors
    /// When the database cannot be written; then it is not known which were tracked, and repeating
    /// is safe.
    pub async fn track(&self, told: Vec<TrackRequest>) -> Result<Vec<Tracked>> {
        let now = self.clock.now();
        let mut answers: Vec<Option<Tracked>> = Vec::with_capacity(told.len());
        let mut rows = Vec::with_capacity(told.len());
        for one in told {
            match self.first_step(one, now) {
                Ok(row) => {
                    rows.push(row);
                    answers.push(None);
                }
                Err(why) => answers.push(Some(Tracked::Wrong(why))),
            }
        }
        let mut verdicts = self.commit(rows).await?.into_iter();
        Ok(answers
            .into_iter()
            .filter_map(|answer| answer.or_else(|| verdicts.next()))
            .collect())
    }

    /// Writes rows, one answer each, in order. A batch that the database refuses is halved until
    /// the row it refuses stands alone: the others go on.
    async fn commit(&self, mut rows: Vec<NewVerification>) -> Result<Vec<Tracked>> {
        let mut answers = Vec::with_capacity(rows.len());
        let mut batches = VecDeque::new();
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(BATCH));
            batches.push_back(std::mem::replace(&mut rows, rest));
        }
        while let Some(mut batch) = batches.pop_front() {
            match self.tracking.track(batch.clone()).await {
                Ok(verdicts) => answers.extend(verdicts.into_iter().map(Tracked::Verdict)),
                Err(StoreError::Corrupt(_)) if batch.len() > 1 => {
                    let second = batch.split_off(batch.len() / 2);
                    batches.push_front(second);
                    batches.push_front(batch);
                }
                Err(StoreError::Corrupt(why)) => {
                    answers.push(Tracked::Wrong(format!("the database refuses it: {why}")))
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    fn first_step(
        &self,
        told: TrackRequest,
        now: Time,
    ) -> std::result::Result<NewVerification, String> {
        told.check(now)?;
        let app = self.apps.get(&told.app).ok_or_else(|| {
            let names: Vec<&str> = self.apps.iter().map(|app| app.name.as_str()).collect();
            format!(
                "app {:?} is not in the config, which has: {}",
                told.app,
                names.join(", ")
            )
        })?;
        let issued_at = told.issued_at.unwrap_or(now);
        let verification = Verification {
            verification_id: VerificationId::fresh(now),
            verify_token: told.verify_token,
            app: told.app,
            issued_at,
            tracked_at: now,
            plan_id: told.plan_id,
            issued_here: told.issued_here,
        };
        let progress = Progress::default();
        let known = PlanInput {
            verification: &verification,
            progress: &progress,
            media: &[],
            learned: &Learned::default(),
            has_siblings: false,
            policy: &app.policy,
        };
        let ends = Ends::of(known);
        let next = scheduled(plan::plan(known, now), known, &ends, now);
        Ok(NewVerification {
            media_deadline: ends.media_deadline,
            record_deadline: ends.record_deadline,
            verification,
            reference: told.reference,
            tracked_by: told.tracked_by,
            next,
            issued_at_told: told.issued_at.is_some(),
        })
    }
}

/// How a token begins of which nothing is known yet.
fn scheduled(step: Step, known: PlanInput<'_>, ends: &Ends, now: Time) -> Next {
    let verification = known.verification;
    let due = |due_at, deadline| Next::Due {
        due_at,
        deadline,
        state: State::Waiting,
        lane: plan::lane(false, verification.issued_at, known.policy, due_at),
    };
    match step {
        Step::Settle(outcome, missing) => Next::Settled { outcome, missing },
        Step::Wait { due_at, deadline } => due(due_at, deadline),
        Step::Ask(_) | Step::AskSiblings => due(now, ends.media_deadline),
    }
}
