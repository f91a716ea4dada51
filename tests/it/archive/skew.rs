//! Replicas on hosts whose clocks are wrong.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use simulator::Windows;
use verikeep::{
    domain::time::{Clock, Span, Time},
    worker::clock::SystemClock,
};

use super::lives;
use crate::lab::{Db, Lab, compare, options, track};

/// A host whose clock is so much ahead of the right time.
#[derive(Default)]
struct Apart(AtomicI64);

impl Apart {
    fn ahead(by: Span) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(by.0)))
    }

    fn set(&self, by: Span) {
        self.0.store(by.0, Ordering::Relaxed);
    }
}

impl Clock for Apart {
    fn now(&self) -> Time {
        SystemClock.now().plus(Span(self.0.load(Ordering::Relaxed)))
    }

    fn elapsed(&self) -> Span {
        SystemClock.elapsed()
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock.sleep(span)
    }
}

/// Ten minutes are many lives here; a day is that of the host that is set.
#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_ten_minutes_apart_and_a_jump_of_a_day_settle_nothing_falsely() {
    let mut options = options(23);
    options.windows = Windows {
        verify_ms: 12_000,
        record_ms: 45_000,
        media_ms: 30_000,
        ..options.windows
    };
    let lab = Lab::new(Db::Postgres, options).await;
    let ten_minutes = Span::minutes(10);
    let clocks = [Span(0), ten_minutes, ten_minutes.times(-1)].map(Apart::ahead);
    let mut replicas = Vec::new();
    for clock in &clocks {
        replicas.push(lab.run_by(Arc::clone(clock) as _).await);
    }
    let mut made = Vec::new();
    for (n, (app, life)) in lives(2).into_iter().enumerate() {
        let one = lab.simulator.create(app, &[life]);
        track(&replicas[n % 3].archive, &one).await;
        made.extend(one);
    }
    while replicas
        .iter()
        .any(|one| one.archive.clock.skew().is_none())
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    clocks[0].set(Span::hours(24));
    // So long it is what is tried: it stays so over the close of the windows.
    tokio::time::sleep(Duration::from_secs(10)).await;
    clocks[0].set(Span(0));

    let within = Duration::from_secs(120);
    lab.settled(&replicas[0].archive, made.len(), within).await;
    let truth = lab.simulator.truth();
    let found = compare(&replicas[0].archive, &truth).await;
    assert_eq!(found.wrong, [""; 0]);
    for (replica, ahead) in replicas.iter().zip([0, 600, -600]) {
        let skew = replica.archive.clock.skew().unwrap();
        assert!((skew.0 - ahead * 1000).abs() < 3_000, "{skew} of {ahead} s");
    }
    for replica in replicas {
        replica.stop().await;
    }
}
