//! Jobs of the whole service.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::time::{Span, Time},
    store::{Jobs, Result, Turn, traits::AHEAD},
};

/// How far a job has come.
pub(super) struct Job {
    scheduled_at: Time,
    /// (token, until).
    lease: Option<(String, Time)>,
}

#[async_trait]
impl Jobs for MemoryStore {
    async fn take_job(&self, turn: &Turn, lease: Span) -> Result<bool> {
        let now = self.clock.now();
        self.verb(|data| {
            if let Some(job) = data.jobs.get(&turn.job) {
                let is_own = matches!(&job.lease, Some((token, _)) if *token == turn.token);
                let is_free = !matches!(&job.lease, Some((_, until)) if *until > now);
                let is_wrong = job.scheduled_at > now.plus(AHEAD);
                let is_later = job.scheduled_at < turn.scheduled_at;
                let is_new = is_later || is_wrong && job.scheduled_at != turn.scheduled_at;
                if !(is_own || is_free && is_new) {
                    return Ok(false);
                }
            }
            let job = Job {
                scheduled_at: turn.scheduled_at,
                lease: Some((turn.token.clone(), now.plus(lease))),
            };
            data.jobs.insert(turn.job.clone(), job);
            Ok(true)
        })
    }

    async fn end_job(&self, turn: &Turn, _ok: bool) -> Result<bool> {
        self.verb(|data| {
            let job = data.jobs.get_mut(&turn.job);
            let held =
                job.filter(|job| matches!(&job.lease, Some((token, _)) if *token == turn.token));
            Ok(held.map(|job| job.lease = None).is_some())
        })
    }
}
