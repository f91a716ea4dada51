//! Many rows at once.

use std::time::{Duration, Instant};

use verikeep::{
    domain::{answer::Endpoint, plan::Outcome},
    store::records::{Claim, PollRecord, TrackVerdict},
};

use super::make::{START, answer, attempt, call, claim_at, settling, store, token, track};
use crate::databases::Database;

pub async fn a_thousand_records_at_once_are_all_there(db: Database) {
    let store = store(&db).await;
    track(&*store, 1000).await;
    let works = store.claim_polls(&Claim { limit: 1000, ..claim_at(START) }).await.unwrap();
    assert_eq!(works.len(), 1000);
    let records = works.into_iter().map(|work| {
        let id = work.lease.verification_id.clone();
        let answers = [Endpoint::Getall, Endpoint::Detail, Endpoint::Media].map(|endpoint| answer(&format!("{id}-{}", endpoint.name()), endpoint, START));
        let record = PollRecord {
            answers: answers.into(),
            calls: vec![call(START); 3],
            attempts: vec![attempt(1, false, START), attempt(2, true, START)],
            ..settling(&work.lease, START, Outcome::Archived)
        };
        let store = store.clone();
        tokio::spawn(async move { store.record_poll(record).await })
    });
    for record in records.collect::<Vec<_>>() {
        record.await.unwrap().unwrap();
    }
    for (table, count) in [("answers", 3000), ("calls", 0), ("call_sums", 1000), ("attempts", 2000), ("schedule", 0)] {
        assert_eq!(db.number(&format!("select count(*) from {table}")).await, count, "{table}");
    }
    assert_eq!(db.number("select count(*) from verifications where state = 'archived' and attempts = 2 and passed").await, 1000);
}

pub async fn a_hundred_thousand_tokens_take_seconds(db: Database) {
    let store = store(&db).await;
    let begun = Instant::now();
    let verdicts = store.track((1..=100_000).map(token).collect()).await.unwrap();
    assert!(verdicts.iter().all(|verdict| matches!(verdict, TrackVerdict::New { .. })));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(store.claim_polls(&claim_at(START)).await.unwrap().len(), 100);
}
