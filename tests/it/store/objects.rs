//! What of the vault the rows name.

use std::collections::BTreeSet;

use verikeep::{
    domain::answer::Endpoint,
    store::records::{DownloadRecord, PollRecord},
};

use super::make::{
    MINUTE, START, answer, download, id, later, object, one_download, one_poll, poll, store,
    stored, wanting,
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
