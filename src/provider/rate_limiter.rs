//! The account's quota: how often each interface may be called, shared by all apps of an account
//! (provider.md §5).
//!
//! Promised: no second sees more permits than the rate (its whole calls; below one, one), however
//! the second is laid. Permits are spaced (GCRA), a quarter second's worth of what was not taken is
//! caught up with, and they are handed out in the order they were asked for, slower while the
//! provider says it is too fast and back to full speed by and by, none while the quota is spent.
//!
//! With [`RateLimiters::shared`] all of that but the spent quota holds over all processes that share
//! it ([`shared`]). While it cannot be asked, each goes on at a quarter of the rate.

mod pace;
pub(super) mod shared;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::domain::{
    answer::{Endpoint, ErrorKind, ProviderError},
    time::{Clock, Span, Time},
};
use pace::{Moment, RatePermit, State};
use shared::{ANSWER_MAX, Asked, Quota, Share, after};

/// All limiters, by account and endpoint.
pub struct RateLimiters {
    clock: Arc<dyn Clock>,
    quota: Option<Arc<dyn Quota>>,
    limiters: Mutex<BTreeMap<(String, Endpoint), Arc<RateLimiter>>>,
}

/// What a limiter is doing, for metrics and `status`.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Whose quota.
    pub account: String,
    /// Which interface.
    pub endpoint: Endpoint,
    /// Calls a second, at present.
    pub rate: f64,
    /// Calls a second, as configured.
    pub qps: f64,
    /// Callers waiting for a permit.
    pub waiting: usize,
    /// Until when no permit is given, where the quota is spent.
    pub paused_until: Option<Time>,
}

impl RateLimiters {
    /// Those of a process that is alone.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            quota: None,
            limiters: Mutex::default(),
        }
    }

    /// Those of one of several processes.
    #[must_use]
    pub fn shared(clock: Arc<dyn Clock>, quota: Arc<dyn Quota>) -> Self {
        Self {
            quota: Some(quota),
            ..Self::new(clock)
        }
    }

    /// The limiter of an account's endpoint, made when it is first asked for. Where apps of one
    /// account name different rates, the lowest holds.
    #[must_use]
    pub fn limiter(&self, account: &str, endpoint: Endpoint, qps: f64) -> Arc<RateLimiter> {
        let mut limiters = lock(&self.limiters);
        let limiter = limiters
            .entry((account.to_owned(), endpoint))
            .or_insert_with(|| {
                let share = self.quota.as_ref().map(|quota| Share {
                    quota: Arc::clone(quota),
                    account: account.to_owned(),
                    endpoint,
                });
                Arc::new(RateLimiter::new(Arc::clone(&self.clock), qps, share))
            });
        limiter.state().hold_to(qps);
        Arc::clone(limiter)
    }

    /// How many callers wait for a permit of the account's interface that most wait for.
    #[must_use]
    pub fn waiting(&self, account: &str) -> usize {
        let limiters = lock(&self.limiters);
        let of_account = limiters.iter().filter(|((of, _), _)| of == account);
        let waiting = of_account.map(|(_, limiter)| limiter.waiting.load(Ordering::Relaxed));
        waiting.max().unwrap_or(0)
    }

    /// What every limiter is doing.
    #[must_use]
    pub fn figures(&self) -> Vec<Figures> {
        let now = self.clock.now();
        let limiters = lock(&self.limiters);
        limiters
            .iter()
            .map(|((account, endpoint), limiter)| {
                let state = limiter.state();
                let paused_until = state
                    .pause
                    .as_ref()
                    .map(|pause| pause.until)
                    .filter(|until| *until > now);
                Figures {
                    account: account.clone(),
                    endpoint: *endpoint,
                    rate: state.present(),
                    qps: state.qps,
                    waiting: limiter.waiting.load(Ordering::Relaxed),
                    paused_until,
                }
            })
            .collect()
    }
}

/// One interface of one account.
pub struct RateLimiter {
    clock: Arc<dyn Clock>,
    /// Held by whoever is next, also while waiting: a fair queue. With it goes the question for
    /// permits that is under way, whoever put it.
    turn: tokio::sync::Mutex<Option<Asked>>,
    state: Mutex<State>,
    share: Option<Share>,
    waiting: AtomicUsize,
}

impl RateLimiter {
    fn new(clock: Arc<dyn Clock>, qps: f64, share: Option<Share>) -> Self {
        Self {
            clock,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::new(State::new(qps, share.is_some())),
            share,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits for the permission to make one call. Dropping the wait takes nothing.
    ///
    /// # Errors
    /// `DailyQuota` or `TotalQuota`, at once, while the quota is spent; `retry_after` says how long
    /// that is expected to last.
    pub async fn permit(&self) -> Result<(), ProviderError> {
        let _waiting = Waiting::enter(&self.waiting);
        let mut turn = self.turn.lock().await;
        loop {
            // The rate may have changed meanwhile, and the clock may have jumped: asked anew after
            // each sleep.
            let take = self.state().take(Moment::of(&*self.clock));
            match take {
                RatePermit::Granted => return Ok(()),
                RatePermit::Wait(span) => self.clock.sleep(span).await,
                RatePermit::Paused(problem) => return Err(problem),
                RatePermit::Ask => self.ask(&mut turn).await,
            }
        }
    }

    /// Asks for permits, or waits on for what was asked for by one that was let go of: it was
    /// reserved, and to ask again would take as much once more from everybody.
    async fn ask(&self, turn: &mut Option<Asked>) {
        let Some(share) = &self.share else { return };
        let asked = turn.get_or_insert_with(|| {
            let sent = self.clock.elapsed();
            let waiting = self.waiting.load(Ordering::Relaxed);
            share.ask(sent, self.state().wish(sent, share, waiting))
        });
        let left = Span(after(asked.sent, ANSWER_MAX).0 - self.clock.elapsed().0);
        let reserved = tokio::select! {
            biased;
            reserved = &mut asked.answer => reserved,
            () = async { self.clock.sleep(left.max(Span(0))).await } => Err(format!("no answer within {ANSWER_MAX}")),
        };
        let answered = self.clock.elapsed();
        let was_away =
            self.state()
                .asked(asked.sent, answered, &asked.wish, reserved.as_ref().ok());
        *turn = None;
        let (account, endpoint) = (&share.account, share.endpoint.name());
        match reserved {
            Err(why) if !was_away => {
                tracing::warn!(
                    account,
                    endpoint,
                    why,
                    "the quota that processes share cannot be asked: this one calls at a quarter of the rate"
                );
            }
            Ok(_) if was_away => {
                tracing::info!(
                    account,
                    endpoint,
                    "the quota that processes share can be asked again"
                );
            }
            _ => {}
        }
    }

    /// Learns from an answer: which kind of error it was, if any, and how long the provider asked
    /// to wait.
    pub fn learn(&self, kind: Option<ErrorKind>, retry_after: Option<Span>) {
        let at = Moment::of(&*self.clock);
        self.state().learn(at, kind, retry_after);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in these sections can leave half a change behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a caller for as long as it waits, also when it gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "rate_limiter/tests.rs"]
mod tests;

#[cfg(test)]
#[path = "rate_limiter/shared_tests.rs"]
mod shared_tests;
