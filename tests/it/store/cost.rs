//! What the life of an ordinary token costs the database, in numbers that no machine changes.
//!
//! Statements are counted for the whole process, which runs one test.

use verikeep::{
    domain::{
        answer::Endpoint,
        lease::{Lease, Stage},
        plan::Outcome,
    },
    store::{
        Store,
        records::{Claim, DownloadRecord, DownloadStart, FilledSlot, PollRecord, PollWork},
    },
};

use super::make::{
    MINUTE, START, answer, attempt, call, claim_at, download, later, number, poll, settling, store,
    stored, token, track, wanted,
};
use crate::databases::Database;
use statements::Statements;

#[path = "../../../benches/end_to_end/statements.rs"]
mod statements;

/// Polls that are due, as a daemon claims them.
async fn polls(store: &dyn Store) -> Vec<PollWork> {
    let claim = Claim {
        apps: vec!["loan-h5".to_owned()],
        ..claim_at(START)
    };
    store.claim_polls(&claim).await.unwrap()
}

/// What the poll of a token that was used once brings.
fn brings(record: PollRecord) -> PollRecord {
    let n = number(record.lease.verification_id);
    let told = [Endpoint::Getall, Endpoint::Detail];
    PollRecord {
        answers: told
            .map(|of| answer(&format!("{n}-{}", of.name()), of, START))
            .into(),
        calls: vec![call(START); 2],
        attempts: vec![attempt(1, true, START)],
        is_first: true,
        ..record
    }
}

/// The same with two media, whose download is granted; and that lease.
fn with_media(lease: &Lease) -> (PollRecord, Lease) {
    let n = number(lease.verification_id);
    let granted = Lease {
        stage: Stage::Download,
        token: format!("download-{n}"),
        until: later(MINUTE),
        ..lease.clone()
    };
    let record = PollRecord {
        wanted: vec![wanted(n, 0), wanted(n, 1)],
        download: Some(DownloadStart {
            due_at: START,
            deadline: later(MINUTE),
            lease: Some((granted.token.clone(), granted.until)),
        }),
        ..brings(poll(lease, START))
    };
    (record, granted)
}

/// The same where the poll fetched both, and the verification is whole.
fn at_once(lease: &Lease) -> PollRecord {
    let n = number(lease.verification_id);
    let filled = [0, 1].map(|position| FilledSlot {
        slot: wanted(n, position).slot,
        stored: stored(&format!("medium-{n}-{position}"), START),
    });
    PollRecord {
        filled: filled.into(),
        ..brings(settling(lease, START, Outcome::Archived))
    }
}

/// The download that brings both.
fn whole(lease: &Lease) -> DownloadRecord {
    let n = number(lease.verification_id);
    DownloadRecord {
        stored: [0, 1]
            .map(|position| stored(&format!("medium-{n}-{position}"), START))
            .into(),
        calls: vec![call(START); 2],
        archives: Some(1),
        ..download(lease, START)
    }
}

pub async fn a_token_by_itself_takes_few_statements(db: Database) {
    let store = store(&db).await;
    let statements = Statements::watch().unwrap();
    // Told of, not issued here: nothing but its row is there.
    store
        .track(vec![token(1), token(3), token(5)])
        .await
        .unwrap();
    let mut before = statements.count();
    let mut taken = || {
        let after = statements.count();
        after - std::mem::replace(&mut before, after)
    };
    let works = polls(&*store).await;
    let claimed = taken();
    let settles = settling(&works[0].lease, START, Outcome::Archived);
    store.record_poll(brings(settles)).await.unwrap();
    let settled = taken();
    let (record, granted) = with_media(&works[1].lease);
    store.record_poll(record).await.unwrap();
    let polled = taken();
    let recorded = store.record_download(whole(&granted)).await.unwrap();
    assert!(recorded.is_settled);
    let downloaded = taken();
    let recorded = store.record_poll(at_once(&works[2].lease)).await.unwrap();
    assert!(recorded.is_settled);
    let whole = taken();
    assert_eq!(db.rows("schedule").await, 0, "nothing is left to do");
    let taken = [claimed, settled, polled, downloaded, whole];
    let most = if db.url.file().is_some() {
        [2, 5, 7, 7, 6]
    } else {
        [1, 3, 5, 7, 3]
    };
    assert_eq!(
        taken, most,
        "to claim, to settle, to want, to have, to have at once"
    );
}

pub async fn a_hundred_tokens_at_once_take_few_statements_together(db: Database) {
    let store = store(&db).await;
    let statements = Statements::watch().unwrap();
    track(&*store, 100).await;
    let before = statements.count();
    let works = polls(&*store).await;
    assert_eq!(works.len(), 100);
    let lives = works.into_iter().map(|work| {
        let store = store.clone();
        tokio::spawn(async move {
            let (record, granted) = with_media(&work.lease);
            store.record_poll(record).await.unwrap();
            store.record_download(whole(&granted)).await.unwrap()
        })
    });
    for life in lives.collect::<Vec<_>>() {
        assert!(life.await.unwrap().is_settled);
    }
    let taken = statements.count() - before;
    assert_eq!(db.rows("schedule").await, 0);
    assert!(taken <= 100, "{taken} statements for 100 tokens");
}
