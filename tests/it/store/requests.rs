//! Requests of the API that are done once.

use verikeep::{
    domain::{
        digest::Sha256,
        once::{KEPT, LEASE, Once},
        time::Span,
    },
    store::{Begun, Done},
};

use super::make::{START, id, later, named, store};
use crate::databases::Database;

fn once(told: &str, body: &str) -> Once {
    Once {
        key_id: named("shop"),
        told: Sha256::of(told.as_bytes()),
        body: Sha256::of(body.as_bytes()),
    }
}

fn done(unprepared: Option<&str>) -> Done {
    Done {
        verification_id: id(1),
        unprepared: unprepared.map(str::to_owned),
    }
}

pub async fn a_request_is_done_once_and_known_for_a_day(db: Database) {
    let store = store(&db).await;
    let (one, other) = (once("order-1", "a"), once("order-1", "b"));
    let begin = async |once: &Once, after: Span| {
        let begun = store.begin_request(once, later(after)).await;
        begun.unwrap()
    };
    assert_eq!(begin(&one, Span(0)).await, Begun::Yours);
    assert_eq!(begin(&one, Span(1)).await, Begun::Running);
    assert_eq!(begin(&other, Span(1)).await, Begun::Other);
    let of_another = Once {
        key_id: named("other"),
        ..one.clone()
    };
    assert_eq!(begin(&of_another, Span(1)).await, Begun::Yours);
    let told = done(Some("the name"));
    assert!(store.end_request(&one, START, Some(&told)).await.unwrap());
    let last = Span(KEPT.0 - 1);
    assert_eq!(begin(&one, last).await, Begun::Done(told));
    assert_eq!(begin(&other, last).await, Begun::Other);
    assert!(!store.end_request(&one, START, None).await.unwrap());
    assert_eq!(begin(&other, KEPT).await, Begun::Yours, "known no more");
    assert_eq!(begin(&one, KEPT).await, Begun::Other);
    assert_eq!(begin(&other, KEPT).await, Begun::Running);
    assert_eq!(db.rows("requests").await, 2);
}

pub async fn a_request_that_nobody_ends_is_taken_over(db: Database) {
    let store = store(&db).await;
    let one = once("order-1", "a");
    let begin = async |after: Span| store.begin_request(&one, later(after)).await.unwrap();
    assert_eq!(begin(Span(0)).await, Begun::Yours);
    assert_eq!(begin(Span(LEASE.0 - 1)).await, Begun::Running);
    assert_eq!(begin(LEASE).await, Begun::Yours);
    assert_eq!(begin(LEASE).await, Begun::Running);
    // Who began it first comes too late, and changes nothing.
    assert!(
        !store
            .end_request(&one, START, Some(&done(None)))
            .await
            .unwrap()
    );
    assert!(!store.end_request(&one, START, None).await.unwrap());
    assert_eq!(begin(LEASE).await, Begun::Running);
    let now = later(LEASE);
    assert!(store.end_request(&one, now, None).await.unwrap(), "in vain");
    assert_eq!(begin(LEASE).await, Begun::Yours);
    assert!(
        store
            .end_request(&one, now, Some(&done(None)))
            .await
            .unwrap()
    );
    assert_eq!(begin(LEASE).await, Begun::Done(done(None)));
}

pub async fn of_many_that_begin_a_request_one_does_it(db: Database) {
    let store = store(&db).await;
    let one = once("order-1", "a");
    let all = (0..20).map(|_| store.begin_request(&one, START));
    let begun = futures::future::join_all(all).await;
    let yours = begun
        .iter()
        .filter(|begun| matches!(begun, Ok(Begun::Yours)));
    assert_eq!(yours.count(), 1, "{begun:?}");
    assert!(
        begun
            .iter()
            .all(|begun| matches!(begun, Ok(Begun::Yours | Begun::Running)))
    );
}

pub async fn requests_of_yesterday_are_tidied_away(db: Database) {
    let store = store(&db).await;
    let (old, new) = (once("order-1", "a"), once("order-2", "a"));
    let tidied = START.minus(KEPT);
    store.begin_request(&old, tidied).await.unwrap();
    store
        .begin_request(&new, tidied.plus(Span(1)))
        .await
        .unwrap();
    store.tidy().await.unwrap();
    assert_eq!(db.rows("requests").await, 1);
}
