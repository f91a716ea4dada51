//! The quota that processes share.

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use verikeep::{
    domain::{
        answer::Endpoint,
        quota::{LATE, News, PACE, Reserved, Row, Wish},
        time::{Clock, HeldClock, Span, Time},
    },
    provider::{Quota, RateLimiters},
    store::{Store, open},
    worker::clock::SystemClock,
};

use super::make::START;
use crate::databases::Database;

/// Two permits of ten seconds each.
fn wish(account: &str) -> Wish {
    Wish {
        account: account.to_owned(),
        endpoint: Endpoint::Getall,
        qps: 0.1,
        permits: 2,
        late: LATE,
        news: News::default(),
    }
}

fn hearing(good: i64, too_fast: Option<Span>) -> Wish {
    Wish {
        news: News { good, too_fast },
        ..wish("a")
    }
}

const TEN_S: i64 = 10_000_000;

struct Bench {
    db: Database,
    clock: Arc<HeldClock>,
    store: Arc<dyn Store>,
}

impl Bench {
    async fn on(db: Database) -> Self {
        let clock = HeldClock::at(START);
        let store = db.store_on(Arc::clone(&clock)).await;
        Self { db, clock, store }
    }

    async fn reserve(&self, wish: &Wish) -> Reserved {
        self.store.reserve(wish).await.unwrap()
    }

    /// Time passes: that of a server cannot be moved, so the row moves back.
    async fn pass(&self, span: Span) {
        if self.db.is_postgres() {
            let us = span.0 * 1000;
            let sql = format!(
                "update quotas set next_us = next_us - {us}, slowed_us = slowed_us - {us}, at_us = at_us - {us}"
            );
            self.db.run(&sql).await;
        } else {
            self.clock.pass(span);
        }
    }
}

pub async fn permits_are_given_away_once_and_each_has_its_instant(db: Database) {
    let bench = Bench::on(db).await;
    let first = bench.reserve(&wish("a")).await;
    assert_eq!((first.interval_us, first.pace), (TEN_S, PACE));
    assert_eq!(first.first_us, first.at_us, "the first at once");
    let second = bench.reserve(&wish("a")).await;
    assert_eq!(second.first_us, first.first_us + 2 * TEN_S);
    let other = bench.reserve(&wish("b")).await;
    assert_eq!(other.first_us, other.at_us, "another account's");
    let detail = Wish {
        endpoint: Endpoint::Detail,
        ..wish("a")
    };
    let detail = bench.reserve(&detail).await;
    assert_eq!(detail.first_us, detail.at_us, "another interface's");
    assert_eq!(bench.db.rows("quotas").await, 3);
    bench.pass(Span::minutes(1)).await;
    let late = bench.reserve(&wish("a")).await;
    assert_eq!(late.first_us, late.at_us, "nothing is saved up");
}

pub async fn what_one_hears_slows_all_and_good_answers_bring_it_back(db: Database) {
    let bench = Bench::on(db).await;
    bench.reserve(&wish("a")).await;
    bench.pass(Span::minutes(1)).await;
    let slowed = bench.reserve(&hearing(5, Some(Span(0)))).await;
    assert_eq!((slowed.pace, slowed.interval_us), (PACE / 2, 2 * TEN_S));
    assert_eq!(
        slowed.first_us,
        slowed.at_us + 2 * TEN_S,
        "what was just refused would be refused again"
    );
    let again = bench.reserve(&hearing(0, Some(Span(0)))).await;
    assert_eq!(again.pace, PACE / 2, "those of one burst count once");
    assert_eq!(again.first_us, slowed.first_us + 4 * TEN_S);
    for (good, too_fast, pace) in [
        (0, true, PACE / 4),
        (0, true, PACE / 8),
        (0, true, PACE / 16),
        (0, true, PACE / 16),
        (0, false, PACE / 16),
        (6, false, PACE / 4),
        (23, false, PACE * 31 / 32),
        (5, false, PACE),
    ] {
        bench.pass(Span::minutes(20)).await;
        let reserved = bench
            .reserve(&hearing(good, too_fast.then_some(Span(0))))
            .await;
        assert_eq!(reserved.pace, pace, "{good} {too_fast}");
        assert_eq!(reserved.interval_us, TEN_S * PACE / pace);
    }
}

pub async fn a_wish_to_wait_holds_all(db: Database) {
    let bench = Bench::on(db).await;
    for (wish_to_wait, wait_s) in [(Span::seconds(45), 45), (Span::hours(5), 60)] {
        bench.pass(Span::hours(1)).await;
        let held = bench.reserve(&hearing(0, Some(wish_to_wait))).await;
        let us = wait_s * 1_000_000;
        let (least, most) = (us, us + held.interval_us);
        assert!(
            (least..=most).contains(&(held.first_us - held.at_us)),
            "{wish_to_wait}: {held:?}"
        );
        let other = bench.reserve(&wish("a")).await;
        assert!(other.first_us > held.first_us);
    }
}

pub async fn a_late_holder_pays_for_it_and_a_clock_set_back_stops_nobody_for_long(db: Database) {
    let bench = Bench::on(db).await;
    let late = Wish {
        late: Span(LATE.0 + 100),
        ..wish("a")
    };
    let first = bench.reserve(&late).await;
    let second = bench.reserve(&wish("a")).await;
    assert_eq!(second.first_us, first.first_us + 2 * TEN_S + 100_000);
    bench.pass(Span::hours(-5)).await;
    let back = bench.reserve(&wish("a")).await;
    assert_eq!(back.first_us, back.at_us + 60_000_000 + 64 * TEN_S);
}

pub async fn of_many_at_once_each_gets_its_own(db: Database) {
    let bench = Bench::on(db).await;
    let one = wish("a");
    let all = futures::future::join_all((0..20).map(|_| bench.reserve(&one))).await;
    let instants: BTreeSet<i64> = all.iter().map(|reserved| reserved.first_us).collect();
    let first = *instants.first().unwrap();
    let expected: BTreeSet<i64> = (0..20).map(|n| first + n * 2 * TEN_S).collect();
    assert_eq!(instants, expected);
}

pub async fn every_store_keeps_the_same_rule(db: Database) {
    let bench = Bench::on(db).await;
    let mut random = StdRng::seed_from_u64(7);
    let mut row = Row::default();
    for n in 0..200 {
        let wish = Wish {
            qps: [0.1, 0.7, 2.0, 2.5, 20.0, 333.0][random.random_range(0..6)],
            permits: random.random_range(1..40),
            late: Span(random.random_range(0..200)),
            news: News {
                good: random.random_range(0..6),
                too_fast: (random.random_range(0..3) == 0)
                    .then(|| Span(random.random_range(0..90_000))),
            },
            ..wish("a")
        };
        let reserved = bench.reserve(&wish).await;
        assert_eq!(
            reserved,
            row.reserve(reserved.at_us, &wish),
            "{n}: {wish:?}"
        );
        let passed = Span(random.random_range(-500..4000));
        bench.pass(passed).await;
        if bench.db.is_postgres() {
            let us = passed.0 * 1000;
            row.next_us -= us;
            row.slowed_us = row.slowed_us.map(|slowed| slowed - us);
        }
    }
}

/// The machine's clock, which knows what it showed last: a permit is given by that reading.
struct Noted(AtomicI64);

impl Clock for Noted {
    fn now(&self) -> Time {
        SystemClock.now()
    }
    fn elapsed(&self) -> Span {
        let elapsed = SystemClock.elapsed();
        self.0.store(elapsed.0, Ordering::SeqCst);
        elapsed
    }
    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock.sleep(span)
    }
}

struct Shared(Arc<dyn Store>);

#[async_trait]
impl Quota for Shared {
    async fn reserve(&self, wish: &Wish) -> Result<Reserved, String> {
        Ok(self.0.reserve(wish).await.unwrap())
    }
}

pub async fn three_limiters_over_one_database_keep_to_the_rate_together(db: Database) {
    let _migrated = db.store_at(START).await;
    let mut processes = Vec::new();
    for _ in 0..3 {
        let store = open(&db.url, 2, Arc::new(SystemClock)).await.unwrap();
        let clock = Arc::new(Noted(AtomicI64::new(0)));
        let limiters = RateLimiters::shared(Arc::clone(&clock) as _, Arc::new(Shared(store)));
        let limiter = limiters.limiter("default", Endpoint::Getall, 20.0);
        processes.push(tokio::spawn(async move {
            let mut given = Vec::new();
            for _ in 0..20 {
                limiter.permit().await.unwrap();
                given.push(clock.0.load(Ordering::SeqCst));
            }
            given
        }));
    }
    let mut given = Vec::new();
    for process in processes {
        given.extend(process.await.unwrap());
    }
    given.sort_unstable();
    assert_eq!(given.len(), 60);
    for window in given.windows(21) {
        assert!(window[20] - window[0] >= 1000, "{given:?}");
    }
}
