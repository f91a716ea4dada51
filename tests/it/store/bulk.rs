//! Many rows at once.

use std::time::{Duration, Instant};

use verikeep::{
    domain::{answer::Endpoint, lease::Lane, plan::Outcome, time::Span, token::State},
    store::{
        records::{Claim, Next, PollRecord, TrackVerdict},
        reports::Filter,
    },
};

use super::make::{
    START, answer, attempt, call, claim_at, later, number, poll, settling, store, token, track,
};
use crate::databases::Database;

pub async fn a_thousand_records_at_once_are_all_there(db: Database) {
    let store = store(&db).await;
    track(&*store, 1000).await;
    let works = store
        .claim_polls(&Claim {
            limit: 1000,
            ..claim_at(START)
        })
        .await
        .unwrap();
    assert_eq!(works.len(), 1000);
    let records = works.into_iter().map(|work| {
        let n = number(work.lease.verification_id);
        let answers = [Endpoint::Getall, Endpoint::Detail, Endpoint::Media]
            .map(|endpoint| answer(&format!("{n}-{}", endpoint.name()), endpoint, START));
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
    for (table, count) in [("answers", 3000), ("attempts", 2000), ("schedule", 0)] {
        assert_eq!(db.rows(table).await, count, "{table}");
    }
    let archived = Filter {
        state: Some(State::Archived),
        limit: 2000,
        ..Filter::default()
    };
    let rows = store.list(&archived).await.unwrap();
    let whole = rows
        .iter()
        .filter(|row| (row.attempts, row.passed) == (2, Some(true)));
    assert_eq!(whole.count(), 1000);
}

pub async fn a_hundred_thousand_tokens_take_seconds(db: Database) {
    let store = store(&db).await;
    let begun = Instant::now();
    let verdicts = store
        .track((1..=100_000).map(token).collect())
        .await
        .unwrap();
    assert!(
        verdicts
            .iter()
            .all(|verdict| matches!(verdict, TrackVerdict::New { .. }))
    );
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(
        store.claim_polls(&claim_at(START)).await.unwrap().len(),
        100
    );
}

/// A month of polls of a million tokens, each polled on the day it is told and settled three days
/// later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a quarter of an hour: run it by name with --run-ignored only"]
async fn campaign_a_month_of_a_million_tokens_leaves_the_calls_of_open_ones_alone() {
    const A_DAY: u32 = 33_334;
    let db = Database::sqlite();
    let store = store(&db).await;
    for day in 0..30 {
        let now = later(Span::hours(24 * i64::from(day)));
        let told = (day * A_DAY + 1..=(day + 1) * A_DAY).map(|n| {
            let mut token = token(n);
            token.next = Next::Due {
                due_at: now,
                deadline: now.plus(Span::hours(24)),
                state: State::Waiting,
                lane: Lane::Living,
            };
            token
        });
        store.track(told.collect()).await.unwrap();
        loop {
            let works = store
                .claim_polls(&Claim {
                    limit: 2000,
                    ..claim_at(now)
                })
                .await
                .unwrap();
            if works.is_empty() {
                break;
            }
            let records = works.into_iter().map(|work| {
                let calls = vec![call(now), call(now.plus(Span(1)))];
                let polled = work.progress.getall_at.is_some();
                let mut record = if polled {
                    settling(&work.lease, now, Outcome::Archived)
                } else {
                    poll(&work.lease, now)
                };
                if !polled {
                    record.progress.getall_at = Some(now);
                    record.next = Next::Due {
                        due_at: now.plus(Span::hours(72)),
                        deadline: now.plus(Span::hours(96)),
                        state: State::Waiting,
                        lane: Lane::Living,
                    };
                }
                let record = PollRecord { calls, ..record };
                let store = store.clone();
                tokio::spawn(async move { store.record_poll(record).await })
            });
            for record in records.collect::<Vec<_>>() {
                record.await.unwrap().unwrap();
            }
        }
    }
    let rows = |table: &'static str| {
        let db = &db;
        async move { db.rows(table).await }
    };
    let bytes = std::fs::metadata(db.folder.as_ref().unwrap().path().join("verikeep.db"))
        .unwrap()
        .len();
    println!(
        "{} tokens, {} open; {} MiB in all",
        rows("verifications").await,
        rows("schedule").await,
        bytes >> 20
    );
}
