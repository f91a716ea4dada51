//! Keys of the API.

use verikeep::{
    domain::{
        id::KeyId,
        key::{ApiKey, Apps, KeptKey, Presented, RATE_MAX, Scope, Spent, fresh},
        time::{Span, Time},
    },
    store::Store,
};

use super::make::{MINUTE, START, later, named, store};
use crate::databases::Database;

/// A key of that name and what whoever holds it presents.
pub(super) fn key(name: &str) -> (KeptKey, Presented) {
    let key_id = named(name);
    let (text, digest) = fresh(key_id);
    let key = ApiKey {
        scopes: vec![Scope::Read, Scope::Track],
        apps: Apps::Only(vec!["loan-h5".to_owned(), "商店".to_owned()]),
        networks: vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ],
        rate: 7,
        tokens_a_day: 8,
        issues_a_day: 0,
        expires_at: later(Span::hours(24)),
        ..ApiKey::usual(key_id, name, "cli:ops", START)
    };
    let presented = Presented::read(text.reveal()).unwrap();
    (KeptKey { key, digest }, presented)
}

async fn found(store: &dyn Store, key_id: KeyId) -> ApiKey {
    store.find_key(key_id).await.unwrap().unwrap().key
}

async fn names(store: &dyn Store, with_revoked: bool) -> Vec<String> {
    let keys = store.keys(with_revoked).await.unwrap();
    keys.into_iter().map(|kept| kept.key.name).collect()
}

pub async fn a_key_is_read_back_as_it_was_made(db: Database) {
    let store = store(&db).await;
    assert!(store.find_key(named("one")).await.unwrap().is_none());
    let (one, of_one) = key("one");
    let (mut all, of_all) = key("two");
    all.key.apps = Apps::All;
    all.key.networks.clear();
    let (mut none, _) = key("none");
    none.key.apps = Apps::Only(Vec::new());
    none.key.rate = RATE_MAX;
    for kept in [&one, &all, &none] {
        assert!(store.create_key(kept).await.unwrap());
        assert_eq!(found(&*store, kept.key.key_id).await, kept.key);
    }
    assert_eq!(names(&*store, false).await, ["none", "one", "two"]);
    let kept = store.find_key(one.key.key_id).await.unwrap().unwrap();
    assert!(kept.digest.is_of(&of_one) && !kept.digest.is_of(&of_all));
    assert_eq!(db.rows("api_keys").await, 3);
}

pub async fn what_a_key_spends_is_added_up_a_day(db: Database) {
    let store = store(&db).await;
    let (one, _) = key("one");
    assert!(store.create_key(&one).await.unwrap());
    let (first, second) = (Time(86_400_000 * 20_000), Time(86_400_000 * 20_001));
    let spent = |day, tokens, issues| Spent {
        day,
        tokens,
        issues,
    };
    for (label, more, is) in [
        ("the first", spent(first, 3, 1), spent(first, 3, 1)),
        ("more of it", spent(first, 4, 0), spent(first, 7, 1)),
        ("given back", spent(first, -2, 0), spent(first, 5, 1)),
        ("the next day", spent(second, 1, 2), spent(second, 1, 2)),
        ("one that is over", spent(first, 9, 9), spent(second, 1, 2)),
    ] {
        store.spend(one.key.key_id, more).await.unwrap();
        let kept = found(&*store, one.key.key_id).await;
        assert_eq!(kept.spent, Some(is), "{label}");
    }
    store
        .spend(named("nobody"), spent(first, 1, 1))
        .await
        .unwrap();
}

pub async fn a_name_belongs_to_one_key_that_is_not_revoked(db: Database) {
    let store = store(&db).await;
    let (first, _) = key("shop");
    let mut second = key("shop-2").0;
    second.key.name = "shop".to_owned();
    assert!(store.create_key(&first).await.unwrap());
    assert!(!store.create_key(&second).await.unwrap());
    assert!(store.find_key(second.key.key_id).await.unwrap().is_none());
    store
        .revoke_key("shop", "cli:ops", later(MINUTE))
        .await
        .unwrap();
    assert!(store.create_key(&second).await.unwrap());
    assert_eq!(names(&*store, false).await, ["shop"]);
    assert_eq!(names(&*store, true).await, ["shop", "shop"]);
    let again = store
        .revoke_key("shop", "cli:me", later(Span::hours(1)))
        .await;
    let again = again.unwrap().unwrap();
    assert_eq!(
        (again.key.key_id, again.is_new),
        (second.key.key_id, true),
        "the one that is good"
    );
    let last = store.revoke_key("shop", "x", later(Span::hours(2))).await;
    let last = last.unwrap().unwrap();
    assert_eq!(
        (last.key.key_id, last.is_new),
        (second.key.key_id, false),
        "the one that was revoked last"
    );
}

pub async fn a_key_is_revoked_once_and_it_is_known_by_whom(db: Database) {
    let store = store(&db).await;
    let (kept, _) = key("shop");
    store.create_key(&kept).await.unwrap();
    let id = kept.key.key_id.to_string();
    for (handle, by, at) in [
        (id.as_str(), "cli:ops", MINUTE),
        ("shop", "cli:other", MINUTE.times(2)),
        (id.as_str(), "cli:other", MINUTE.times(3)),
    ] {
        let revoked = store.revoke_key(handle, by, later(at)).await;
        let revoked = revoked.unwrap().unwrap();
        assert_eq!(revoked.is_new, at == MINUTE, "{handle}");
        assert_eq!(revoked.key.revoked_at, Some(later(MINUTE)), "{handle}");
        assert_eq!(revoked.key.revoked_by.as_deref(), Some("cli:ops"));
        assert_eq!(revoked.key, found(&*store, kept.key.key_id).await);
    }
    let other: KeyId = named("other");
    for handle in ["nobody", "", &other.to_string()] {
        let none = store.revoke_key(handle, "cli:ops", START).await.unwrap();
        assert!(none.is_none(), "{handle}");
    }
}

pub async fn a_use_is_noted_once_a_minute(db: Database) {
    let store = store(&db).await;
    let (kept, _) = key("shop");
    store.create_key(&kept).await.unwrap();
    let id = kept.key.key_id;
    for (after, is_noted, last) in [
        (0, true, 0),
        (59_999, false, 0),
        (60_000, true, 60_000),
        (30_000, false, 60_000),
    ] {
        let noted = store.note_key_used(id, later(Span(after))).await.unwrap();
        assert_eq!(noted, is_noted, "{after}");
        let last = Some(later(Span(last)));
        assert_eq!(found(&*store, id).await.last_used_at, last, "{after}");
    }
    assert!(!store.note_key_used(named("none"), START).await.unwrap());
}
