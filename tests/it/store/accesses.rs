//! Who looked for persons.

use verikeep::domain::{
    access::{Access, SEARCHES_MAX, day_of},
    id::AccessId,
    settled::DAY,
    time::{Span, Time},
};

use super::{
    keys::key,
    make::{START, named, store},
};
use crate::databases::Database;

fn access(of: &str, at: Time) -> Access {
    Access {
        access_id: AccessId::fresh(at),
        at,
        key_id: named(of),
        by: format!("key {of}"),
        purpose: "case 17, 审计".to_owned(),
        app: None,
        id_number_index: "index-1".to_owned(),
    }
}

pub async fn a_key_looks_for_persons_so_often_a_day(db: Database) {
    let store = store(&db).await;
    assert!(store.create_key(&key("shop").0).await.unwrap());
    let begin = async |of: &str, at: Time| store.begin_access(&access(of, at)).await.unwrap();
    let midnight = day_of(START);
    assert!(begin("shop", Time(midnight.0 - 1)).await, "of yesterday");
    for n in 0..SEARCHES_MAX {
        assert!(begin("shop", midnight.plus(Span(n))).await, "{n}");
    }
    let last = Time(midnight.plus(DAY).0 - 1);
    assert!(!begin("shop", last).await);
    assert!(begin("other", last).await, "another's");
    assert!(begin("shop", midnight.plus(DAY)).await, "the next day");
    assert_eq!(db.rows("accesses").await, SEARCHES_MAX + 3);
}

pub async fn those_that_look_at_once_do_not_pass_the_limit_together(db: Database) {
    let store = store(&db).await;
    assert!(store.create_key(&key("shop").0).await.unwrap());
    for _ in 1..SEARCHES_MAX {
        assert!(store.begin_access(&access("shop", START)).await.unwrap());
    }
    let all: Vec<Access> = (0..10).map(|_| access("shop", START)).collect();
    let begun = futures::future::join_all(all.iter().map(|one| store.begin_access(one))).await;
    let kept = begun.into_iter().filter(|kept| *kept.as_ref().unwrap());
    assert_eq!(kept.count(), 1);
}

pub async fn what_is_kept_of_an_access_stands_in_its_row(db: Database) {
    let store = store(&db).await;
    let (one, two) = (access("shop", START), access("shop", START));
    let two = Access {
        app: Some("loan-h5".to_owned()),
        ..two
    };
    assert!(store.begin_access(&one).await.unwrap());
    assert!(store.begin_access(&two).await.unwrap());
    store.end_access(one.access_id, 3).await.unwrap();
    let kept = "key_id = 'KEY' and who = 'key shop' and what = 'search' and purpose = 'case 17, 审计' and id_number_index = 'index-1'";
    let kept = kept.replace(
        "KEY",
        &named::<verikeep::domain::id::KeyId>("shop").to_string(),
    );
    for (rest, rows) in [
        ("app is null and hits = 3", 1),
        ("app = 'loan-h5' and hits is null", 1),
    ] {
        let sql = format!("select count(*) from accesses where {kept} and {rest}");
        assert_eq!(db.number(&sql).await, rows, "{sql}");
    }
}
