//! What of the vault the rows name.

use std::collections::BTreeSet;

use verikeep::{
    domain::{answer::Endpoint, id::VerificationId, time::Time},
    store::{
        Store,
        records::{DownloadRecord, PollRecord},
        reports::Which,
    },
};

use super::make::{
    MINUTE, START, answer, attempt, download, id, later, object, one_download, one_poll, poll,
    store, stored, token, wanting,
};
use crate::databases::Database;

pub async fn objects_of_answers_and_media_are_named_and_no_other(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 2).await;
    let work = one_download(&*store, START).await;
    let record = DownloadRecord {
        stored: vec![stored("medium-1-0", later(MINUTE))],
        same: vec![stored("medium-1-1", later(MINUTE)).media_id],
        ..download(&work.lease, later(MINUTE))
    };
    store.record_download(record).await.unwrap();
    let work = one_poll(&*store, later(MINUTE)).await;
    let record = PollRecord {
        answers: vec![answer("told", Endpoint::Getall, later(MINUTE))],
        ..poll(&work.lease, later(MINUTE))
    };
    store.record_poll(record).await.unwrap();
    let medium = stored("medium-1-0", START).object.object_key;
    let told = answer("told", Endpoint::Getall, START);
    let told = told.body.object().unwrap().object_key.clone();
    let mut keys: Vec<_> = (0..3000)
        .map(|n| (id(n % 3), object(&n.to_string()).object_key))
        .collect();
    let named = [medium.clone(), "installation".to_owned(), told.clone()];
    keys.extend(named.map(|key| (id(1), key)));
    let named = store.named(&keys).await.unwrap();
    assert_eq!(named, BTreeSet::from([medium, told]));
    assert!(store.named(&[]).await.unwrap().is_empty());
}

/// A token with an answer, an attempt and two media, one of which is stored.
async fn kept(store: &dyn Store) {
    wanting(store, 2).await;
    let work = one_download(store, START).await;
    let record = DownloadRecord {
        stored: vec![stored("medium-1-0", later(MINUTE))],
        ..download(&work.lease, later(MINUTE))
    };
    store.record_download(record).await.unwrap();
    let work = one_poll(store, later(MINUTE)).await;
    let record = PollRecord {
        answers: vec![answer("told", Endpoint::Getall, later(MINUTE))],
        attempts: vec![attempt(1, true, START)],
        ..poll(&work.lease, later(MINUTE))
    };
    store.record_poll(record).await.unwrap();
}

pub async fn what_is_kept_is_told_page_by_page_the_newest_first(db: Database) {
    let store = store(&db).await;
    kept(&*store).await;
    store.track((2..=5).map(token).collect()).await.unwrap();
    let which = Which::default();
    let mut seen = Vec::new();
    let (mut before, mut pages) = (None, 0);
    loop {
        let page = store.kept(which, before.as_deref(), 2).await.unwrap();
        assert_eq!(page.nameless, 0);
        seen.extend(page.kept);
        pages += 1;
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let ids: Vec<VerificationId> = seen.iter().map(|one| one.verification_id).collect();
    assert_eq!((pages, ids), (3, (1..=5).rev().map(id).collect()));
    let last = seen.last().unwrap();
    assert_eq!((last.attempts, last.attempt_rows.len()), (1, 1));
    assert_eq!(last.passed, Some(true));
    assert!(!last.is_archived && last.unreadable.is_empty());
    let (answer, medium) = (&last.answers[0], &last.media[0]);
    assert_eq!((last.answers.len(), last.media.len()), (1, 1));
    assert_eq!(answer.object_key, Some(object("told").object_key));
    assert_eq!(medium.object_key, Some(object("medium-1-0").object_key));
    assert!(seen[..4].iter().all(|one| one.answers.is_empty()));

    let part = |nth| format!("{nth}/2").parse().unwrap();
    let sampled = async |nth| {
        let which = Which {
            sample: Some(part(nth)),
            ..which
        };
        store.kept(which, None, 100).await.unwrap().kept.len()
    };
    assert_eq!(sampled(1).await + sampled(2).await, 5);
    let since = |at| Which {
        since: Some(at),
        ..which
    };
    let tracked_at = token(1).verification.tracked_at;
    for (at, count) in [(tracked_at, 5), (Time(tracked_at.0 + 1), 0)] {
        let page = store.kept(since(at), None, 100).await.unwrap();
        assert_eq!(page.kept.len(), count, "{at}");
    }
}

pub async fn rows_that_cannot_be_read_are_told_with_those_that_can(db: Database) {
    let store = store(&db).await;
    kept(&*store).await;
    store.track(vec![token(2)]).await.unwrap();
    db.run("update media set sha256 = 'canary' where object_key is not null")
        .await;
    db.run("update verifications set verification_id = 'a canary' where verify_token like '%2'")
        .await;
    let page = store.kept(Which::default(), None, 100).await.unwrap();
    assert_eq!((page.nameless, page.kept.len()), (1, 1));
    let one = &page.kept[0];
    assert_eq!(
        (one.answers.len(), one.media.len(), one.unreadable.len()),
        (1, 0, 1)
    );
    assert!(
        !one.unreadable[0].contains("canary"),
        "{}",
        one.unreadable[0]
    );
}

pub async fn rows_of_nobody_are_told(db: Database) {
    let store = store(&db).await;
    kept(&*store).await;
    store.track((2..=5).map(token).collect()).await.unwrap();
    // The first is below all that are left, and would be on the last page.
    let sql = "delete from verifications where verify_token like '%1' or verify_token like '%3'";
    db.run(sql).await;
    db.run("update attempts set verification_id = 'a canary'")
        .await;
    let media = format!(
        "update media set verification_id = '{}' where position = 1",
        id(3)
    );
    db.run(&media).await;
    let (mut told, mut nameless, mut before) = (Vec::new(), 0, None);
    loop {
        let page = store
            .kept(Which::default(), before.as_deref(), 1)
            .await
            .unwrap();
        nameless += page.nameless;
        told.extend(
            page.strays
                .into_iter()
                .map(|one| (one.relation, one.verification_id)),
        );
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let strays = [("media", 3), ("answers", 1), ("media", 1)];
    let strays = strays.map(|(relation, n)| (relation.to_owned(), id(n)));
    assert_eq!((told, nameless), (strays.to_vec(), 1));
    let some = Which {
        since: Some(START),
        ..Which::default()
    };
    let page = store.kept(some, None, 100).await.unwrap();
    assert_eq!(page.strays, [], "a part of the rows says nothing of them");
}
