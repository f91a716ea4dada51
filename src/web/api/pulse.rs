//! Whether the database answers, so that nobody waits for one that does not.
//!
//! A request that takes longer than [`PATIENCE`] has the database asked for a sign of life, one for all
//! who wait. Where none comes within [`SIGN`], they are answered 503, and whoever asks from then on is
//! answered so at once; every [`AGAIN`] one request looks whether it is back. A database that is
//! merely busy gives its sign, and the request is waited for.

use std::{
    sync::{Arc, Mutex as Lock, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use super::problem::Problem;
use crate::web::keys::KeyRing;

/// So long a request takes its time before anybody doubts.
const PATIENCE: Duration = Duration::from_secs(1);

/// So long a sign of life is waited for.
const SIGN: Duration = Duration::from_secs(1);

/// A sign, or that there was none, is good for so long.
const FRESH: Duration = Duration::from_millis(500);

/// So long all are refused before one looks again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is known of the database's life.
pub(super) struct Pulse {
    keys: Arc<KeyRing>,
    /// Until when all are refused, while it does not answer.
    refused_until: Lock<Option<Instant>>,
    /// When it last gave a sign.
    sign: Mutex<Option<Instant>>,
}

/// Answers in time, whatever becomes of the database.
pub(super) async fn prompt(
    State(pulse): State<Arc<Pulse>>,
    request: Request,
    next: Next,
) -> Response {
    if !pulse.lets_in().await {
        return Problem::away().into_response();
    }
    // What is done before what is doubted.
    tokio::select! {
        biased;
        response = next.run(request) => response,
        () = pulse.lost() => Problem::cut_off().into_response(),
    }
}

impl Pulse {
    pub(super) fn new(keys: Arc<KeyRing>) -> Self {
        Self {
            keys,
            refused_until: Lock::default(),
            sign: Mutex::default(),
        }
    }

    /// Whether a request may begin; the first after a pause finds out.
    async fn lets_in(&self) -> bool {
        let looks = self.refusal(|until| match until {
            None => Some(false),
            Some(at) if Instant::now() < *at => None,
            Some(at) => {
                // The others are refused meanwhile.
                *at = Instant::now() + AGAIN;
                Some(true)
            }
        });
        match looks {
            None => false,
            Some(false) => true,
            Some(true) => self.look().await,
        }
    }

    /// Ends when the database gives no sign of life.
    #[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
    async fn lost(&self) {
        loop {
            sleep(PATIENCE).await;
            if !self.answers().await {
                return;
            }
        }
    }

    /// Whether it answers, as was found a moment ago.
    async fn answers(&self) -> bool {
        let mut sign = self.sign.lock().await;
        if self.refusal(|until| until.is_some()) {
            return false;
        }
        if sign.is_some_and(|at| at.elapsed() < FRESH) {
            return true;
        }
        let answers = self.look().await;
        *sign = answers.then(Instant::now);
        answers
    }

    /// Asks it.
    #[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
    async fn look(&self) -> bool {
        let answers = matches!(timeout(SIGN, self.keys.ping()).await, Ok(Ok(_)));
        let until = (!answers).then(|| Instant::now() + AGAIN);
        let before = self.refusal(|kept| std::mem::replace(kept, until));
        match (before, until) {
            (None, Some(_)) => tracing::warn!("the database does not answer: requests are refused"),
            (Some(_), None) => tracing::info!("the database answers again: requests are taken"),
            _ => {}
        }
        answers
    }

    fn refusal<T>(&self, work: impl FnOnce(&mut Option<Instant>) -> T) -> T {
        work(
            &mut self
                .refused_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}
