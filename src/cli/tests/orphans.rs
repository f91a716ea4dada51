//! `orphans`: what no row names is found, and nothing else is touched.

use bytes::Bytes;

use super::*;
use crate::{
    domain::{
        answer::Body,
        id::{AnswerId, ObjectId},
        time::Span,
    },
    vault::ObjectKey,
};

/// A house whose vault holds an answer and a medium that rows name, and the keys of two orphans.
async fn house() -> (House, [ObjectKey; 2]) {
    let house = House::new().await;
    let known = house.store().installation().await.unwrap();
    let installation_id = known.installation.unwrap().installation_id;
    house.vault.mark(&installation_id).await.unwrap();
    let answer = house.answer(1, 1, b"{}").await;
    assert!(matches!(answer.body, Body::Object(_)));
    let medium = house.medium(1, Kind::Face, 0, b"a face").await;
    let record = |poll: PollRecord| PollRecord {
        answers: vec![answer],
        attempts: vec![attempt()],
        filled: vec![medium],
        ..poll
    };
    house.polled(1, record).await;
    let orphans = [
        ObjectKey::answer(id(1), AnswerId::fresh(NOW)),
        ObjectKey::media(id(2), ObjectId::fresh(NOW)),
    ];
    for key in &orphans {
        let bytes = Bytes::from_static(b"12345678");
        house.vault.put(key, bytes).await.unwrap();
    }
    house.vault.probe().await.unwrap();
    (house, orphans)
}

async fn lying(house: &House) -> usize {
    let all = house.vault.written_before(Time(i64::MAX));
    futures::StreamExt::count(all).await
}

#[tokio::test]
async fn objects_that_no_row_names_are_listed_once_they_are_old() {
    let (house, orphans) = house().await;
    let young = house.ran(&["orphans"]).await;
    assert_eq!((young.code(), young.out.as_str()), (Code::Done, ""));
    house.clock.pass(Span::hours(2));
    assert_eq!(house.ran(&["orphans", "list"]).await.code(), Code::Done);
    let line = &["orphans", "list", "--older-than", "1h", "--json"];
    let listed = house.ran(line).await;
    assert_eq!(listed.code(), Code::Finding, "{}", listed.err);
    let mut keys: Vec<String> = (listed.ndjson().iter())
        .map(|row| row["object_key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    let mut expected = orphans.map(|key| key.to_string());
    expected.sort();
    assert_eq!(keys, expected);
    assert!(listed.err.contains("2 objects, 16 B"), "{}", listed.err);
    house.clock.pass(Span::hours(24));
    let shown = house.ran(&["orphans"]).await;
    assert_eq!(
        (shown.code(), shown.out.lines().count()),
        (Code::Finding, 2)
    );
    assert_eq!(lying(&house).await, 4, "listing removes nothing");
}

#[tokio::test]
async fn they_are_removed_by_a_word_and_what_rows_name_stays() {
    let (mut house, orphans) = house().await;
    house.clock.pass(Span::hours(25));
    let unasked = house.ran(&["orphans", "remove"]).await;
    assert_eq!(unasked.code(), Code::Usage);
    house.typed = Some("no\n");
    let refused = house.ran(&["orphans", "remove"]).await;
    assert_eq!(refused.code(), Code::Finding);
    assert_eq!(lying(&house).await, 4);
    house.typed = Some("yes\n");
    let done = house.ran(&["orphans", "remove"]).await;
    assert_eq!(done.code(), Code::Done, "{}", done.err);
    assert_eq!(done.out, "2 objects, 16 B removed\n");
    assert_eq!(lying(&house).await, 2);
    for key in &orphans {
        assert!(!house.vault.exists(key).await.unwrap());
    }
    assert!(house.vault.installation().await.unwrap().is_some());
    let again = house.ran(&["orphans", "remove", "--yes", "--json"]).await;
    assert_eq!(again.code(), Code::Done);
    let document: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(
        (&document["removed"], &document["removed_bytes"]),
        (&0.into(), &0.into())
    );
}

#[tokio::test]
async fn in_the_vault_of_another_database_nothing_is_looked_for() {
    let (mut strange, _) = house().await;
    let (other, _) = house().await;
    strange.vault = other.vault;
    strange.clock.pass(Span::hours(25));
    for line in [&["orphans"][..], &["orphans", "remove", "--yes"]] {
        let ended = strange.ran(line).await;
        assert_ne!(ended.code(), Code::Done, "{line:?}");
        assert!(
            ended.err.contains("belongs to installation"),
            "{}",
            ended.err
        );
    }
    assert_eq!(lying(&strange).await, 4);
}

#[test]
fn less_than_an_hour_is_refused() {
    for span in ["59m", "0s", "1"] {
        let line = ["verikeep", "orphans", "remove", "--older-than", span];
        assert!(super::super::parse(line.map(Into::into)).is_err(), "{span}");
    }
}
