//! Jobs of the whole service, each instant once.

use std::sync::Arc;

use verikeep::{
    domain::time::{HeldClock, Span, Time},
    store::{Store, Turn},
};

use super::make::START;
use crate::databases::Database;

const LEASE: Span = Span::minutes(1);

struct Bench {
    db: Database,
    clock: Arc<HeldClock>,
    store: Arc<dyn Store>,
    now: Time,
}

impl Bench {
    async fn on(db: Database) -> Self {
        let clock = HeldClock::at(START);
        let store = db.store_on(Arc::clone(&clock)).await;
        let now = store.ping().await.unwrap();
        Self {
            db,
            clock,
            store,
            now,
        }
    }

    /// The turn of `who` that is due so much later.
    fn turn(&self, who: &str, after: Span) -> Turn {
        Turn {
            job: "tidy".to_owned(),
            scheduled_at: self.now.plus(after),
            token: format!("{who} {after}"),
        }
    }

    async fn take(&self, who: &str, after: Span) -> bool {
        let turn = self.turn(who, after);
        self.store.take_job(&turn, LEASE).await.unwrap()
    }

    async fn end(&self, who: &str, after: Span) -> bool {
        let turn = self.turn(who, after);
        self.store.end_job(&turn, true).await.unwrap()
    }

    /// Time passes: that of a server cannot be moved, so the lease moves back.
    async fn pass(&self, span: Span) {
        if self.db.is_postgres() {
            let sql = format!("update jobs set lease_until = lease_until - {}", span.0);
            self.db.run(&sql).await;
        } else {
            self.clock.pass(span);
        }
    }
}

pub async fn each_instant_of_a_job_is_one_process_s(db: Database) {
    let bench = Bench::on(db).await;
    let (first, second, third) = (Span(0), Span::minutes(1), Span::minutes(2));
    assert!(bench.take("a", first).await);
    assert!(!bench.take("b", first).await, "another is at it");
    assert!(!bench.take("b", second).await, "nor beside it");
    let other = Turn {
        job: "unseen".to_owned(),
        ..bench.turn("b", first)
    };
    assert!(bench.store.take_job(&other, LEASE).await.unwrap());
    assert!(bench.end("a", first).await);
    assert!(!bench.end("a", first).await);
    assert!(!bench.take("a", first).await, "it was done");
    assert!(!bench.take("b", first).await, "it was done");
    bench.pass(Span::minutes(1)).await;
    assert!(bench.take("b", second).await);
    assert!(bench.end("b", second).await);
    assert!(!bench.take("a", first).await, "a slow clock comes too late");
    bench.pass(Span::minutes(1)).await;
    assert!(bench.take("a", third).await);
    assert_eq!(bench.db.rows("jobs").await, 2);
}

pub async fn a_job_is_its_holder_s_as_long_as_it_says_so(db: Database) {
    let bench = Bench::on(db).await;
    let (first, second) = (Span(0), Span::seconds(90));
    assert!(bench.take("a", first).await);
    bench.pass(Span::seconds(50)).await;
    assert!(bench.take("a", first).await, "prolonged");
    bench.pass(Span::seconds(50)).await;
    assert!(!bench.take("b", second).await);
    bench.pass(Span::seconds(11)).await;
    assert!(!bench.take("b", first).await, "an instant is begun once");
    assert!(bench.take("b", second).await);
    assert!(!bench.take("a", first).await);
    assert!(!bench.end("a", first).await, "it lost it");
    assert!(bench.end("b", second).await);
}

pub async fn a_clock_far_ahead_keeps_nobody_from_a_job(db: Database) {
    let bench = Bench::on(db).await;
    assert!(bench.take("ahead", Span::hours(24)).await);
    assert!(bench.end("ahead", Span::hours(24)).await);
    assert!(!bench.take("a", Span::hours(24)).await);
    assert!(bench.take("a", Span(0)).await);
    assert!(bench.end("a", Span(0)).await);
    let soon = Span::seconds(2);
    assert!(bench.take("a", soon).await, "two seconds are nothing");
    assert!(bench.end("a", soon).await);
    assert!(!bench.take("b", Span(0)).await);
}

pub async fn of_many_that_take_a_job_at_once_one_has_it(db: Database) {
    let bench = Bench::on(db).await;
    let names: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    for minute in 0..3 {
        let at = Span::minutes(minute);
        let all = names.iter().map(|name| bench.take(name, at));
        let taken = futures::future::join_all(all).await;
        let won: Vec<usize> = (0..20).filter(|n| taken[*n]).collect();
        let [won] = won[..] else {
            panic!("{minute}: {taken:?}");
        };
        assert!(bench.end(&names[won], at).await);
        bench.pass(Span::minutes(1)).await;
    }
}

pub async fn what_came_of_a_job_stands_in_its_row(db: Database) {
    let bench = Bench::on(db).await;
    let sql = "select coalesce(result, 'none') || case when ended_at is null then '' else ' ended' end || case when lease_token is null then '' else ' held' end from jobs";
    let row = async || bench.db.texts(sql).await.concat().concat();
    assert!(bench.take("a", Span(0)).await);
    assert_eq!(row().await, "none held");
    let turn = bench.turn("a", Span(0));
    assert!(bench.store.end_job(&turn, false).await.unwrap());
    assert_eq!(row().await, "failed ended");
    assert!(bench.take("a", Span::seconds(1)).await);
    assert!(bench.end("a", Span::seconds(1)).await);
    assert_eq!(row().await, "ok ended");
}
