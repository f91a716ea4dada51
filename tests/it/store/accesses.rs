//! Who looked for persons.

use verikeep::{
    domain::{
        access::{Access, SEARCHES_MAX, What, Who, day_of},
        id::AccessId,
        identity::IdentityRow,
        plan::Outcome,
        settled::DAY,
        time::{Span, Time},
    },
    store::records::PollRecord,
};

use super::{
    keys::key,
    make::{START, attempt, claim_at, named, settling, store, track},
};
use crate::databases::Database;

fn access(of: &str, at: Time) -> Access {
    Access {
        access_id: AccessId::fresh(at),
        at,
        who: Who::Key {
            key_id: named(of),
            name: format!("key {of}"),
        },
        what: What::Search {
            id_number_index: "index-1".to_owned(),
            app: None,
        },
        purpose: Some("case 17, 审计".to_owned()),
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
        what: What::Search {
            id_number_index: "index-1".to_owned(),
            app: Some("loan-h5".to_owned()),
        },
        ..two
    };
    assert!(store.begin_access(&one).await.unwrap());
    assert!(store.begin_access(&two).await.unwrap());
    store.end_access(one.access_id, 3).await.unwrap();
    let kept = "who = 'key shop' and via = 'api' and what = 'search' and purpose = 'case 17, 审计' and id_number_index = 'index-1' and verification_id is null";
    for (rest, rows) in [
        ("app is null and hits = 3", 1),
        ("app = 'loan-h5' and hits is null", 1),
    ] {
        let sql = format!("select count(*) from report_access where {kept} and {rest}");
        assert_eq!(db.number(&sql).await, rows, "{sql}");
    }
}

/// By a user of the host, of whom no limit is known.
fn by(user: &str, what: What, at: Time) -> Access {
    Access {
        who: Who::User(user.to_owned()),
        what,
        ..access("nobody", at)
    }
}

pub async fn who_looked_is_shown_with_a_verification(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let work = store.claim_polls(&claim_at(START)).await.unwrap();
    let (attempt, identity) = attempt(1, true, START);
    let identity = IdentityRow {
        id_number_index: Some("index-1".to_owned()),
        ..identity
    };
    let record = PollRecord {
        attempts: vec![(attempt, identity)],
        ..settling(&work[0].lease, START, Outcome::Archived)
    };
    store.record_poll(record).await.unwrap();
    let (one, two) = (work[0].lease.verification_id, work[1].lease.verification_id);
    let search = |index: &str| What::Search {
        id_number_index: index.to_owned(),
        app: None,
    };
    let looks = [
        (What::Files(one), true),
        (What::Reveal(one), true),
        (What::Files(two), false),
        (search("index-1"), true),
        (search("index-2"), false),
    ];
    let mut expected = Vec::new();
    for (n, (what, is_shown)) in (0..).zip(looks) {
        let access = by("cli:alice(1000)", what, START.plus(Span(n)));
        assert!(store.begin_access(&access).await.unwrap());
        if is_shown {
            expected.push(access.what.name());
        }
    }
    assert!(
        store
            .begin_access(&access("shop", START.plus(Span(9))))
            .await
            .unwrap()
    );
    let whole = store.show(&one.to_string()).await.unwrap().unwrap();
    let shown: Vec<_> = whole
        .accesses
        .iter()
        .map(|row| (row.via.as_str(), row.what.as_str()))
        .collect();
    let mut all: Vec<_> = expected.into_iter().map(|what| ("command", what)).collect();
    all.push(("api", "search"));
    assert_eq!(shown, all);
    assert_eq!(whole.accesses[0].who, "cli:alice(1000)");
    assert_eq!(whole.accesses[0].purpose.as_deref(), Some("case 17, 审计"));
}

pub async fn a_user_of_the_host_may_search_as_often_as_they_like(db: Database) {
    let store = store(&db).await;
    for _ in 0..=SEARCHES_MAX {
        let search = access("nobody", START).what;
        assert!(
            store
                .begin_access(&by("cli:root(0)", search, START))
                .await
                .unwrap()
        );
    }
    assert_eq!(db.rows("accesses").await, SEARCHES_MAX + 1);
}
