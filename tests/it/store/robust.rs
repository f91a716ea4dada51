//! What must not break anything.

use std::{collections::HashMap, future::poll_fn, pin::pin, task::Poll};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use verikeep::{
    domain::{plan::Outcome, time::Span},
    store::{
        StoreError,
        records::{Claim, DownloadRecord, PollRecord},
        reports::Filter,
    },
};

use super::make::{
    MINUTE, START, claim_at, download, handle, later, number, poll, settling, start, store,
    stored_as, token, track, wanted,
};
use crate::databases::Database;

/// Drops `future` when it is about to be polled for the `polls + 1`st time: at an await of its own,
/// as a time limit would.
async fn cancelled_after(polls: u32, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        future.as_mut().poll(context)
    })
    .await;
}

pub async fn cancelled_callers_poison_nothing(db: Database) {
    const CONNECTIONS: u32 = 10;
    let store = store(&db).await;
    futures::future::try_join_all((0..CONNECTIONS).map(|_| store.ping()))
        .await
        .unwrap();
    let mut tracked = 0;
    // Whatever await they are cut at, and on every connection of the pool.
    for polls in 0..12 {
        for _ in 0..2 * CONNECTIONS {
            cancelled_after(polls, async {
                drop(store.claim_polls(&claim_at(START)).await)
            })
            .await;
        }
        // A read-only transaction that stays open on a connection refuses what the next one writes
        // there.
        for _ in 0..2 * CONNECTIONS {
            cancelled_after(polls, async { drop(store.ping().await) }).await;
        }
        let writers = (1..=2 * CONNECTIONS).map(|n| store.track(vec![token(tracked + n)]));
        futures::future::try_join_all(writers)
            .await
            .unwrap_or_else(|error| panic!("cut after {polls} polls: {error}"));
        tracked += 2 * CONNECTIONS;
        assert_eq!(
            db.rows("verifications").await,
            i64::from(tracked),
            "seen by another connection, cut after {polls} polls"
        );
    }
}

pub async fn many_tasks_at_once_settle_every_verification_once(db: Database) {
    const COUNT: u32 = 300;
    let store = store(&db).await;
    track(&*store, COUNT).await;
    let workers: Vec<_> = (0..6u64)
        .map(|seed| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut random = StdRng::seed_from_u64(seed);
                let mut settled = Vec::new();
                for step in 0..60 {
                    let now = later(Span::minutes(5 * step));
                    for work in store
                        .claim_polls(&Claim {
                            limit: 40,
                            ..claim_at(now)
                        })
                        .await
                        .unwrap()
                    {
                        let n = number(work.lease.verification_id);
                        let whole = work
                            .media
                            .iter()
                            .filter(|medium| medium.sha256().is_some())
                            .count()
                            == 2;
                        let record = if whole {
                            settling(&work.lease, now, Outcome::Archived)
                        } else {
                            PollRecord {
                                wanted: vec![wanted(n, 0), wanted(n, 1)],
                                download: Some(start(now)),
                                ..poll(&work.lease, now)
                            }
                        };
                        match random.random_range(0..10) {
                            0 => store.release(vec![work.lease.clone()], now).await.unwrap(),
                            1 => (), // Dies with the lease.
                            _ => match store.record_poll(record).await {
                                Ok(_) if whole => settled.push(work.lease.verification_id),
                                Ok(_) | Err(StoreError::LeaseLost) => (),
                                Err(other) => panic!("{other}"),
                            },
                        }
                    }
                    for work in store
                        .claim_downloads(&Claim {
                            limit: 40,
                            ..claim_at(now)
                        })
                        .await
                        .unwrap()
                    {
                        let media: Vec<_> = work
                            .media
                            .iter()
                            .filter(|medium| medium.sha256().is_none())
                            .map(|medium| {
                                stored_as(medium.media_id, &medium.media_id.to_string(), now)
                            })
                            .collect();
                        match store
                            .record_download(DownloadRecord {
                                stored: media,
                                ..download(&work.lease, now)
                            })
                            .await
                        {
                            Ok(_) | Err(StoreError::LeaseLost) => (),
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
                settled
            })
        })
        .collect();
    let mut times: HashMap<_, u32> = HashMap::new();
    for worker in workers {
        for id in worker.await.unwrap() {
            *times.entry(id).or_default() += 1;
        }
    }
    // A settlement that was put off by a wake is told as done too, and told again when it takes
    // place.
    let status = store.status(START).await.unwrap();
    assert_eq!(
        (
            status.states.len(),
            status.states[0].state.as_str(),
            status.states[0].count
        ),
        (1, "archived", i64::from(COUNT))
    );
    assert_eq!(times.len(), COUNT as usize);
    assert_eq!(db.rows("schedule").await, 0);
    assert_eq!(
        (
            status.media.len(),
            status.media[0].state.as_str(),
            status.media[0].count
        ),
        (1, "stored", i64::from(COUNT) * 2)
    );
}

pub async fn closing_waits_and_then_refuses(db: Database) {
    let store = store(&db).await;
    track(&*store, 50).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    let records: Vec<_> = works
        .iter()
        .map(|work| {
            let (store, record) = (store.clone(), poll(&work.lease, START));
            tokio::spawn(async move { store.record_poll(record).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut written = 0;
    for record in records {
        match record.await.unwrap() {
            Ok(_) => written += 1,
            Err(StoreError::Unavailable(_)) => (),
            Err(other) => panic!("{other}"),
        }
    }
    let rows = super::make::store(&db)
        .await
        .list(&Filter {
            limit: 50,
            ..Filter::default()
        })
        .await;
    let polled = rows.unwrap().iter().filter(|row| row.polls == 1).count();
    assert_eq!(
        polled, written,
        "what was acknowledged is there, and nothing else"
    );
    assert!(matches!(
        store.ping().await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(matches!(
        store.renew(&works[0].lease, later(MINUTE)).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(matches!(
        store.show(&handle(1)).await,
        Err(StoreError::Unavailable(_))
    ));
    store.close().await;
}

pub async fn another_program_that_writes_is_waited_for(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = super::make::one_poll(&*store, START).await;
    let other = db.hold_write_lock().await;
    let recording = tokio::spawn({
        let (store, record) = (store.clone(), poll(&work.lease, START));
        async move { store.record_poll(record).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!recording.is_finished(), "held up");
    assert_eq!(
        store
            .list(&Filter {
                limit: 1,
                ..Filter::default()
            })
            .await
            .unwrap()[0]
            .polls,
        0,
        "readers are not"
    );
    other.release().await;
    recording.await.unwrap().unwrap();
    assert_eq!(
        store.show(&handle(1)).await.unwrap().unwrap().summary.polls,
        1
    );
}

#[tokio::test]
async fn a_server_that_drops_all_connections_is_reached_again() {
    let db = Database::postgres().await;
    let store = store(&db).await;
    futures::future::try_join_all((0..10).map(|_| store.ping()))
        .await
        .unwrap();
    track(&*store, 1).await;
    db.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()").await;
    futures::future::try_join_all((0..10).map(|_| store.ping()))
        .await
        .unwrap();
    let work = super::make::one_poll(&*store, START).await;
    store.record_poll(poll(&work.lease, START)).await.unwrap();
}
