//! What is known of the tokens of a list, and what comparisons have found.

use verikeep::{
    domain::{secret::Secret, time::Span, token::State},
    store::reports::Reconciliation,
};

use super::make::{START, later, store, track};
use crate::databases::Database;

pub async fn tokens_are_known_in_the_order_asked(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    let asked: Vec<Secret> = ["token-3", "never", "token-1", "token-3"]
        .map(Secret::from)
        .to_vec();
    let known = store.known(&asked).await.unwrap();
    let found: Vec<_> = known
        .iter()
        .map(|known| known.as_ref().and_then(|known| known.reference.as_deref()))
        .collect();
    assert_eq!(
        found,
        [Some("order-3"), None, Some("order-1"), Some("order-3")]
    );
    let first = known[0].as_ref().unwrap();
    assert_eq!(
        (first.state, first.issued_at, first.missing.len()),
        (State::Waiting, START, 0)
    );
    assert!(store.known(&[]).await.unwrap().is_empty());
}

pub async fn facts_that_differ_are_named(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let known = store
        .known(&[Secret::from("token-1")])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert!(
        known
            .differs("loan-h5", Some(START), Some("plan-1"), Some("order-1"))
            .is_empty()
    );
    assert!(
        known.differs("loan-h5", None, None, None).is_empty(),
        "what is not told conflicts with nothing"
    );
    for near in [Span::minutes(5), Span::minutes(-5), Span(-1)] {
        let told = Some(later(near));
        assert!(
            known.differs("loan-h5", told, None, None).is_empty(),
            "lists are written in seconds or minutes, and by other clocks: {near}"
        );
    }
    assert_eq!(
        known.differs("x", Some(later(Span::minutes(6))), Some("p"), Some("o")),
        ["app", "issued_at", "plan_id", "reference"]
    );
}

pub async fn the_last_comparison_of_each_list_is_the_one_shown(db: Database) {
    let store = store(&db).await;
    assert_eq!(store.status(START).await.unwrap().reconciled, []);
    let found = |name: &str, lines, unlisted| Reconciliation {
        at: later(Span(lines)),
        actor: "test".to_owned(),
        name: name.to_owned(),
        lines,
        untracked: 1,
        tracked: 2,
        late: 3,
        open: 4,
        whole: 5,
        lost: 6,
        rejected: 7,
        conflict: 8,
        wrong: 9,
        unlisted,
    };
    let daily = found("daily", 1, Some(10));
    for one in [&daily, &found("", 2, Some(3)), &found("", 3, None)] {
        store.record_reconciliation(one).await.unwrap();
    }
    assert_eq!(
        store.status(START).await.unwrap().reconciled,
        [found("", 3, None), daily]
    );
    assert_eq!(db.rows("reconciliations").await, 3);
}
