//! What must not break anything.

use std::collections::HashMap;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use verikeep::{
    domain::{plan::Outcome, time::Span},
    store::{StoreError, records::{Claim, DownloadRecord, PollRecord}},
};

use super::make::{MINUTE, START, claim_at, download, id, later, poll, settling, start, store, stored, token, track, wanted};
use crate::databases::Database;

pub async fn cancelled_callers_poison_nothing(db: Database) {
    let store = store(&db).await;
    let mut random = StdRng::seed_from_u64(7);
    for round in 0..400u32 {
        let store = store.clone();
        let caller = tokio::spawn(async move {
            let _ = store.claim_polls(&Claim { limit: 1, ..claim_at(START) }).await;
            let _ = store.track(vec![token(1_000_000 + round)]).await;
            let _ = store.ping().await;
        });
        for _ in 0..random.random_range(0..40) {
            tokio::task::yield_now().await;
        }
        caller.abort();
    }
    // More writers than connections, so that every connection is used again.
    let writers: Vec<_> = (1..=200u32)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.track(vec![token(n)]).await.unwrap() })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(db.number("select count(*) from verifications where verification_id < '00001000'").await, 200, "seen by another connection");
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
                let mut settled: Vec<String> = Vec::new();
                for step in 0..60 {
                    let now = later(Span::minutes(5 * step));
                    for work in store.claim_polls(&Claim { limit: 40, ..claim_at(now) }).await.unwrap() {
                        let n: u32 = work.lease.verification_id[..8].parse().unwrap();
                        let whole = work.media.iter().filter(|medium| medium.sha256.is_some()).count() == 2;
                        let record = if whole {
                            settling(&work.lease, now, Outcome::Archived)
                        } else {
                            PollRecord { wanted: vec![wanted(n, 0), wanted(n, 1)], download: Some(start(now)), ..poll(&work.lease, now) }
                        };
                        match random.random_range(0..10) {
                            0 => store.release(vec![work.lease.clone()], now).await.unwrap(),
                            1 => (), // Dies with the lease.
                            _ => match store.record_poll(record).await {
                                Ok(()) if whole => settled.push(work.lease.verification_id),
                                Ok(()) | Err(StoreError::LeaseLost) => (),
                                Err(other) => panic!("{other}"),
                            },
                        }
                    }
                    for work in store.claim_downloads(&Claim { limit: 40, ..claim_at(now) }).await.unwrap() {
                        let media: Vec<_> = work.media.iter().filter(|medium| medium.sha256.is_none()).map(|medium| stored(&medium.media_id, now)).collect();
                        match store.record_download(DownloadRecord { stored: media, ..download(&work.lease, now) }).await {
                            Ok(()) | Err(StoreError::LeaseLost) => (),
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
                settled
            })
        })
        .collect();
    let mut times: HashMap<String, u32> = HashMap::new();
    for worker in workers {
        for id in worker.await.unwrap() {
            *times.entry(id).or_default() += 1;
        }
    }
    // A settlement that was put off by a wake is told as done too, and told again when it takes place.
    assert_eq!(db.number("select count(*) from verifications where state = 'archived'").await, i64::from(COUNT));
    assert_eq!(times.len(), COUNT as usize);
    assert_eq!(db.number("select count(*) from schedule").await, 0);
    assert_eq!(db.number("select count(*) from media where state = 'stored'").await, i64::from(COUNT) * 2);
    assert_eq!(db.number("select count(*) from media where state <> 'stored'").await, 0);
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
            Ok(()) => written += 1,
            Err(StoreError::Unavailable(_)) => (),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(db.number("select count(*) from verifications where polls = 1").await, written, "what was acknowledged is there, and nothing else");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.renew(&works[0].lease, later(MINUTE)).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.show(&id(1)).await, Err(StoreError::Unavailable(_))));
    store.close().await;
}
