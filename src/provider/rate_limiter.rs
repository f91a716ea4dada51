//! The account's quota: how often each interface may be called, shared by all apps of an account
//! (provider.md §5).
//!
//! Promised: permits are spaced (GCRA) with a quarter second's worth at once, handed out in the
//! order they were asked for, slower while the provider says it is too fast and back to full speed
//! by and by, none while the quota is spent. All of it within this process; what replicas share
//! among them is the store's matter.

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

/// What may be taken at once, as time, in whole intervals: a burst of more would overrun a provider
/// that counts seconds.
const BURST_US: i64 = 250_000;
/// The slowest an interface is called, as a part of its full rate: enough to notice when things are
/// well again.
const FLOOR_PART: f64 = 16.0;
/// What a good answer gives back, as a part of the full rate.
const RECOVERY_PART: f64 = 32.0;
/// Calls under way when the first "too fast" comes back bring more of them: they count as one.
const SLOWDOWN_GAP: Span = Span::seconds(1);
/// The longest a wish to wait (`Retry-After`) holds back every caller; beyond that the archive's
/// own schedule does.
const HOLD_MAX: Span = Span::seconds(60);
/// How long an interface whose total quota is spent is left alone; somebody may have bought more.
const TOTAL_PAUSE: Span = Span::hours(1);
/// How often one call tries whether a spent quota was filled up by hand.
const PROBE_EVERY: Span = Span::minutes(15);

/// All limiters, by account and endpoint.
pub struct RateLimiters {
    clock: Arc<dyn Clock>,
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
    /// An empty limiters.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            limiters: Mutex::default(),
        }
    }

    /// The limiter of an account's endpoint, made when it is first asked for. Where apps of one
    /// account name different rates, the lowest holds.
    #[must_use]
    pub fn limiter(&self, account: &str, endpoint: Endpoint, qps: f64) -> Arc<RateLimiter> {
        let mut limiters = lock(&self.limiters);
        let limiter = limiters
            .entry((account.to_owned(), endpoint))
            .or_insert_with(|| Arc::new(RateLimiter::new(Arc::clone(&self.clock), qps)));
        limiter.state().hold_to(qps);
        Arc::clone(limiter)
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
                    rate: state.rate,
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
    /// Held by whoever is next, also while waiting: a fair queue.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    waiting: AtomicUsize,
}

struct State {
    /// Calls a second, as configured.
    qps: f64,
    /// Calls a second, at present.
    rate: f64,
    /// GCRA's theoretical arrival time, in microseconds of [`Clock::elapsed`].
    tat_us: i64,
    /// No permit before this much has elapsed, because the provider asked to wait.
    not_before: Span,
    slowed_at: Option<Span>,
    pause: Option<Pause>,
}

#[derive(Clone)]
struct Pause {
    until: Time,
    /// When the next call may try all the same, as what has elapsed.
    probe_at: Span,
    kind: ErrorKind,
    code: &'static str,
}

/// An instant by both readings: quotas are filled up by the calendar, and calls are spaced by what
/// really passes.
#[derive(Clone, Copy)]
struct Moment {
    now: Time,
    elapsed: Span,
}

impl Moment {
    fn of(clock: &dyn Clock) -> Self {
        Self {
            now: clock.now(),
            elapsed: clock.elapsed(),
        }
    }
}

enum RatePermit {
    Granted,
    Wait(Span),
    Paused(ProviderError),
}

impl RateLimiter {
    fn new(clock: Arc<dyn Clock>, qps: f64) -> Self {
        let qps = sane(qps);
        let state = State {
            qps,
            rate: qps,
            tat_us: i64::MIN,
            not_before: Span(i64::MIN),
            slowed_at: None,
            pause: None,
        };
        Self {
            clock,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
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
        let _turn = self.turn.lock().await;
        loop {
            // The rate may have changed meanwhile, and the clock may have jumped: asked anew after
            // each sleep.
            let take = self.state().take(Moment::of(&*self.clock));
            match take {
                RatePermit::Granted => return Ok(()),
                RatePermit::Wait(span) => self.clock.sleep(span).await,
                RatePermit::Paused(problem) => return Err(problem),
            }
        }
    }

    /// Learns from an answer: which kind of error it was, if any, and how long the provider asked
    /// to wait.
    pub fn learn(&self, kind: Option<ErrorKind>, retry_after: Option<Span>) {
        let at = Moment::of(&*self.clock);
        let mut state = self.state();
        match kind {
            Some(ErrorKind::TooFast) => state.too_fast(at.elapsed, retry_after),
            Some(ErrorKind::DailyQuota) => state.pause(
                at,
                at.now.next_midnight_in_beijing(),
                ErrorKind::DailyQuota,
                "17",
            ),
            Some(ErrorKind::TotalQuota) => {
                state.pause(at, at.now.plus(TOTAL_PAUSE), ErrorKind::TotalQuota, "19")
            }
            // The call got through the quota, whatever else it met.
            None | Some(ErrorKind::NotYet | ErrorKind::Refused) => state.went_well(),
            Some(_) => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Gives no permit before `until`, but for one call now and then.
    fn pause(&mut self, at: Moment, until: Time, kind: ErrorKind, code: &'static str) {
        self.pause = Some(Pause {
            until,
            probe_at: after(at.elapsed, PROBE_EVERY),
            kind,
            code,
        });
    }

    fn take(&mut self, at: Moment) -> RatePermit {
        if let Some(pause) = &mut self.pause {
            let left = pause.until.since(at.now);
            if left.0 > 0 && at.elapsed >= pause.probe_at {
                pause.probe_at = after(at.elapsed, PROBE_EVERY);
                return RatePermit::Granted;
            }
            if left.0 > 0 {
                return RatePermit::Paused(ProviderError {
                    kind: pause.kind,
                    code: Some(pause.code.to_owned()),
                    detail: "the quota is spent; not asked".to_owned(),
                    retry_after: Some(left),
                });
            }
            self.pause = None;
        }
        let held = self.not_before.0.saturating_sub(at.elapsed.0);
        if held > 0 {
            return RatePermit::Wait(Span(held));
        }
        let now_us = at.elapsed.0.saturating_mul(1000);
        let (interval_us, burst_us) = (self.interval_us(), self.burst_us());
        self.tat_us = self.tat_us.max(now_us);
        let early_us = self.tat_us - now_us - burst_us;
        if early_us > 0 {
            return RatePermit::Wait(Span(early_us / 1000 + i64::from(early_us % 1000 > 0)));
        }
        self.tat_us = self.tat_us.saturating_add(interval_us);
        RatePermit::Granted
    }

    fn interval_us(&self) -> i64 {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "rates are sane, so the interval is below 10^12"
        )]
        let interval = (1_000_000.0 / self.rate).ceil() as i64;
        interval
    }

    fn burst_us(&self) -> i64 {
        let interval_us = self.interval_us().max(1);
        BURST_US / interval_us * interval_us
    }

    fn too_fast(&mut self, elapsed: Span, retry_after: Option<Span>) {
        if let Some(wait) = retry_after {
            self.not_before = after(elapsed, wait.min(HOLD_MAX));
        }
        let is_same = self
            .slowed_at
            .is_some_and(|at| elapsed < after(at, SLOWDOWN_GAP));
        if !is_same {
            self.rate = (self.rate / 2.0).max(self.qps / FLOOR_PART);
            self.slowed_at = Some(elapsed);
            // What was just refused would be refused again at once.
            self.tat_us = elapsed
                .0
                .saturating_mul(1000)
                .saturating_add(self.interval_us() + self.burst_us());
        }
    }

    fn went_well(&mut self) {
        self.pause = None;
        self.rate = (self.rate + self.qps / RECOVERY_PART).min(self.qps);
    }

    fn hold_to(&mut self, qps: f64) {
        self.qps = self.qps.min(sane(qps));
        self.rate = self.rate.min(self.qps);
    }
}

const fn after(elapsed: Span, span: Span) -> Span {
    Span(elapsed.0.saturating_add(span.0))
}

/// A rate that can be divided by, whatever the configuration says.
fn sane(qps: f64) -> f64 {
    if qps.is_finite() {
        qps.clamp(0.001, 10_000.0)
    } else {
        1.0
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
mod tests {
    use super::*;
    use crate::domain::time::HeldClock;

    const NOON: i64 = 1_712_030_400_000;

    fn limiter(qps: f64) -> (Arc<HeldClock>, RateLimiters, Arc<RateLimiter>) {
        let clock = HeldClock::at(Time(NOON));
        let limiters = RateLimiters::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let limiter = limiters.limiter("default", Endpoint::Getall, qps);
        (clock, limiters, limiter)
    }

    async fn times(clock: &HeldClock, limiter: &RateLimiter, count: usize) -> Vec<i64> {
        let mut times = Vec::new();
        for _ in 0..count {
            limiter.permit().await.unwrap();
            times.push(clock.now().0 - NOON);
        }
        times
    }

    #[tokio::test]
    async fn permits_are_spaced_with_no_more_than_a_quarter_second_at_once() {
        for (qps, expected) in [
            (2.0, &[0, 500, 1000, 1500][..]),
            (1.0, &[0, 1000, 2000]),
            (4.0, &[0, 0, 250, 500]),
            (10.0, &[0, 0, 0, 100, 200, 300]),
            (0.5, &[0, 2000, 4000]),
        ] {
            let (clock, _book, limiter) = limiter(qps);
            assert_eq!(
                times(&clock, &limiter, expected.len()).await,
                expected,
                "{qps}"
            );
        }
    }

    #[tokio::test]
    async fn no_second_sees_more_than_the_rate_and_its_small_burst() {
        let (clock, _book, limiter) = limiter(30.0);
        let times = times(&clock, &limiter, 300).await;
        for window in times.windows(39) {
            assert!(window[38] - window[0] >= 1000, "{window:?}");
        }
        assert!(
            (9600..=10_000).contains(&times[299]),
            "and the rate is used: {}",
            times[299]
        );
    }

    #[tokio::test]
    #[allow(clippy::disallowed_methods, reason = "a test of what runs at once")]
    async fn permits_come_in_the_order_they_were_asked_for() {
        let (_clock, _book, limiter) = limiter(2.0);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
            tasks.spawn(async move {
                limiter.permit().await.unwrap();
                lock(&order).push(number);
            });
        }
        tasks.join_all().await;
        assert_eq!(*lock(&order), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn too_fast_halves_the_rate_once_a_second_down_to_a_floor() {
        let (clock, limiters, limiter) = limiter(8.0);
        let rate = || limiters.figures()[0].rate;
        limiter.learn(Some(ErrorKind::TooFast), None);
        limiter.learn(Some(ErrorKind::TooFast), None);
        assert_eq!(rate(), 4.0, "answers of one burst count once");
        for expected in [2.0, 1.0, 0.5, 0.5] {
            clock.pass(Span::seconds(1));
            limiter.learn(Some(ErrorKind::TooFast), None);
            assert_eq!(rate(), expected);
        }
        for _ in 0..29 {
            limiter.learn(None, None);
        }
        assert!(rate() < 8.0, "it comes back slowly");
        limiter.learn(Some(ErrorKind::NotYet), None);
        assert_eq!(rate(), 8.0);
        limiter.learn(Some(ErrorKind::Transient), None);
        assert_eq!(rate(), 8.0, "an outage says nothing of the rate");
    }

    #[tokio::test]
    async fn a_wish_to_wait_is_granted_within_reason() {
        for (wish, wait_ms) in [(Span::seconds(5), 5000), (Span::hours(5), 60_000)] {
            let (clock, _book, limiter) = limiter(2.0);
            limiter.learn(Some(ErrorKind::TooFast), Some(wish));
            assert_eq!(times(&clock, &limiter, 1).await, [wait_ms], "{wish}");
        }
    }

    #[tokio::test]
    async fn a_spent_daily_quota_pauses_until_midnight_in_beijing() {
        let (clock, limiters, limiter) = limiter(2.0);
        limiter.learn(Some(ErrorKind::DailyQuota), None);
        let problem = limiter.permit().await.unwrap_err();
        assert_eq!(
            (problem.kind, problem.code.as_deref(), problem.retry_after),
            (ErrorKind::DailyQuota, Some("17"), Some(Span::hours(12)))
        );
        assert_eq!(
            limiters.figures()[0].paused_until,
            Time::parse("2024-04-02T16:00:00Z").ok()
        );
        clock.pass(Span::hours(12));
        assert!(limiter.permit().await.is_ok());
        assert_eq!(limiters.figures()[0].paused_until, None);
    }

    #[tokio::test]
    async fn one_call_now_and_then_finds_out_that_a_spent_quota_was_filled_up() {
        let (clock, limiters, limiter) = limiter(2.0);
        limiter.learn(Some(ErrorKind::DailyQuota), None);
        for kind in [Some(ErrorKind::DailyQuota), Some(ErrorKind::Transient)] {
            clock.pass(Span::minutes(14));
            assert!(limiter.permit().await.is_err(), "too early");
            clock.pass(Span::minutes(1));
            assert!(limiter.permit().await.is_ok(), "one goes");
            assert!(limiter.permit().await.is_err(), "and only one");
            limiter.learn(kind, None);
            assert!(limiter.permit().await.is_err(), "{kind:?} is no success");
        }
        clock.pass(Span::minutes(15));
        assert!(limiter.permit().await.is_ok());
        limiter.learn(Some(ErrorKind::NotYet), None);
        assert_eq!(
            (limiter.permit().await, limiters.figures()[0].paused_until),
            (Ok(()), None),
            "all goes on"
        );
    }

    #[tokio::test]
    async fn a_spent_total_quota_is_tried_again_each_hour() {
        let (clock, _book, limiter) = limiter(2.0);
        limiter.learn(Some(ErrorKind::TotalQuota), None);
        assert_eq!(
            limiter.permit().await.unwrap_err().retry_after,
            Some(Span::hours(1))
        );
        clock.pass(Span::hours(1));
        assert!(limiter.permit().await.is_ok());
    }

    #[tokio::test]
    async fn a_clock_that_jumps_costs_no_more_than_one_interval() {
        let (clock, _book, limiter) = limiter(2.0);
        times(&clock, &limiter, 5).await;
        for jump in [NOON - 600_000, NOON + 600_000, 0, NOON] {
            clock.set(Time(jump));
            limiter.permit().await.unwrap();
            assert!(clock.now().0 - jump <= 500, "{jump}");
        }
    }

    #[tokio::test]
    async fn apps_of_one_account_share_a_gate_at_the_lowest_of_their_rates() {
        let (_clock, limiters, limiter) = limiter(10.0);
        let other = limiters.limiter("default", Endpoint::Getall, 4.0);
        assert!(Arc::ptr_eq(&limiter, &other));
        assert!(!Arc::ptr_eq(
            &limiter,
            &limiters.limiter("default", Endpoint::Detail, 4.0)
        ));
        assert!(!Arc::ptr_eq(
            &limiter,
            &limiters.limiter("other", Endpoint::Getall, 4.0)
        ));
        assert_eq!(limiters.figures()[1].qps, 4.0);
        for absurd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(
                limiters
                    .limiter("absurd", Endpoint::Stat, absurd)
                    .permit()
                    .await
                    .is_ok(),
                "{absurd}"
            );
        }
    }

    #[tokio::test]
    #[allow(clippy::disallowed_methods, reason = "a test of what runs at once")]
    async fn who_gives_up_waiting_takes_nothing_and_is_not_counted() {
        let (clock, limiters, limiter) = limiter(1.0);
        let held = limiter.turn.lock().await;
        let waiting = tokio::spawn({
            let limiter = Arc::clone(&limiter);
            async move { limiter.permit().await }
        });
        while limiters.figures()[0].waiting == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(limiters.figures()[0].waiting, 0);
        drop(held);
        assert_eq!(times(&clock, &limiter, 1).await, [0]);
    }
}
