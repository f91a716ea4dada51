//! Limiters on a held clock.

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
async fn permits_are_spaced_and_no_more_than_a_quarter_second_is_caught_up_with() {
    for (qps, expected) in [
        (2.0, &[0, 500, 1000, 1500][..]),
        (1.0, &[0, 1000, 2000]),
        (4.0, &[0, 0, 250, 500, 1000, 1000]),
        (
            10.0,
            &[0, 0, 0, 100, 200, 300, 400, 500, 600, 700, 1000, 1000],
        ),
        (2.5, &[0, 400, 1000, 1400]),
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

/// Wakes its sleepers up to so many milliseconds late, as a busy machine does.
struct LateClock {
    clock: Arc<HeldClock>,
    late_ms: i64,
    sleeps: std::sync::atomic::AtomicI64,
}

impl Clock for LateClock {
    fn now(&self) -> Time {
        self.clock.now()
    }
    fn elapsed(&self) -> Span {
        self.clock.elapsed()
    }
    fn sleep(&self, span: Span) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        let sleeps = self.sleeps.fetch_add(7, Ordering::Relaxed);
        let late = sleeps % (self.late_ms + 1);
        self.clock.sleep(Span(span.0 + late))
    }
}

#[tokio::test]
async fn no_second_sees_more_than_the_rate_and_it_is_used() {
    for (qps, late_ms) in [
        (1.0, 0),
        (5.0, 0),
        (5.0, 20),
        (20.0, 12),
        (30.0, 0),
        (30.0, 10),
        (500.0, 3),
    ] {
        let clock = Arc::new(LateClock {
            clock: HeldClock::at(Time(NOON)),
            late_ms,
            sleeps: 0.into(),
        });
        let limiters = RateLimiters::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let limiter = limiters.limiter("default", Endpoint::Getall, qps);
        let room = pace::room(qps);
        let count = room * 20 + 1;
        let times = times(&clock.clock, &limiter, count).await;
        for window in times.windows(room + 1) {
            let span = window[room] - window[0];
            assert!(span >= 1000, "{qps}/{late_ms}: {window:?}");
        }
        let took = times[count - 1];
        assert!(
            took * 97 <= 2_000_000,
            "{qps}/{late_ms}: the rate is used: {took}"
        );
    }
}

#[tokio::test]
async fn what_is_saved_up_is_not_taken_on_top_of_a_full_second() {
    let (clock, _book, limiter) = limiter(20.0);
    let mut taken = Vec::new();
    for pause in [0, 130, 900, 40, 600, 249, 251, 1000] {
        clock.pass(Span(pause));
        taken.extend(times(&clock, &limiter, 17).await);
    }
    for window in taken.windows(21) {
        assert!(window[20] - window[0] >= 1000, "{window:?}");
    }
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
