//! Alarms.

use std::sync::Arc;

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        time::{HeldClock, Span, Time},
    },
    store::{
        ANYBODY, AlarmStore, Connection as _, Queue as _, Reports as _, StoreError, Tracking as _,
        memory::MemoryStore, records::PollRecord, reports::AlarmRow,
    },
};

use super::make::{START, claim_at, later, one_poll, poll, store, token, track};
use crate::databases::Database;

fn alarm(kind: Kind, subject: &str, text: &str) -> Alarm {
    Alarm {
        kind,
        subject: subject.to_owned(),
        text: text.to_owned(),
    }
}

pub async fn an_alarm_is_open_once_and_counted(db: Database) {
    let store: Arc<dyn AlarmStore> = store(&db).await;
    let raise = async |subject, text, span| {
        let raised = alarm(Kind::Quota, subject, text);
        store
            .raise(&raised, ANYBODY, later(Span(span)))
            .await
            .unwrap()
    };
    let clear = async |kind, subject| {
        store
            .clear(kind, subject, ANYBODY, later(Span(3)))
            .await
            .unwrap()
    };
    assert!(store.alarms().await.unwrap().is_empty());
    assert!(raise("default", "first", 0).await);
    assert!(!raise("default", "second", 1).await);
    assert!(raise("other", "another", -1).await);
    let open = store.alarms().await.unwrap();
    let told = |row: &AlarmRow| {
        (
            row.kind.clone(),
            row.subject.clone(),
            row.text.clone(),
            row.since,
            row.times,
        )
    };
    let row = |subject: &str, text: &str, since: Time, times| {
        (
            "quota".to_owned(),
            subject.to_owned(),
            text.to_owned(),
            since,
            times,
        )
    };
    assert_eq!(
        open.iter().map(told).collect::<Vec<_>>(),
        [
            row("other", "another", later(Span(-1)), 1),
            row("default", "second", START, 2)
        ],
        "oldest first"
    );
    assert!(clear(Kind::Quota, "default").await);
    assert!(!clear(Kind::Quota, "default").await, "it has ended");
    assert!(!clear(Kind::Poison, "other").await, "of another kind");
    assert!(
        raise("default", "again", 4).await,
        "a new one after the end"
    );
    let open = store.alarms().await.unwrap();
    let times: Vec<_> = open
        .iter()
        .map(|row| (row.subject.as_str(), row.times))
        .collect();
    assert_eq!(times, [("other", 1), ("default", 1)]);
    assert!(store.ping().await.is_ok());
    assert_eq!(db.rows("alarms").await, 3, "what has ended is still told");
}

pub async fn an_alarm_of_a_process_ends_by_its_word_or_when_it_is_gone(db: Database) {
    let store = store(&db).await;
    let full = alarm(Kind::DiskFull, "data_dir", "full");
    let minute = |minutes| later(Span::minutes(minutes));
    let open = async || -> Vec<(String, Option<String>)> {
        let open = store.alarms().await.unwrap().into_iter();
        open.map(|row| (row.subject, row.instance)).collect()
    };
    let of = |instance: &str| ("data_dir".to_owned(), Some(instance.to_owned()));
    let beat = async |instance, skew: Option<i64>, minutes| {
        let skew = skew.map(Span::seconds);
        store.beat(instance, skew, minute(minutes)).await.unwrap();
    };
    for instance in ["one", "two"] {
        beat(instance, None, 0).await;
        assert!(store.raise(&full, instance, minute(0)).await.unwrap());
    }
    assert!(!store.raise(&full, "two", minute(1)).await.unwrap());
    assert_eq!(open().await, [of("one"), of("two")]);
    let clear = async |instance| {
        let cleared = store.clear(full.kind, &full.subject, instance, minute(1));
        cleared.await.unwrap()
    };
    assert!(!clear(ANYBODY).await && !clear("three").await);
    assert!(clear("one").await);
    assert_eq!(open().await, [of("two")], "nobody ends another's");

    // Two is not heard of any more.
    beat("one", Some(-7), 2).await;
    for (minutes, stands) in [(1, true), (2, false)] {
        store.end_alarms(minute(minutes)).await.unwrap();
        assert_eq!(open().await.len() == 1, stands, "{minutes} min");
    }
    let replicas = async |minutes| store.status(minute(minutes)).await.unwrap().replicas;
    let one = replicas(3).await;
    assert_eq!(one.len(), 1, "{one:?}");
    assert_eq!(
        (
            one[0].instance.as_str(),
            one[0].seen_at,
            one[0].clock_skew_ms
        ),
        ("one", minute(2), Some(-7000))
    );
    beat("one", None, 5).await;
    assert_eq!(replicas(5).await[0].clock_skew_ms, None);
}

#[tokio::test]
async fn a_model_that_is_away_keeps_what_it_has_and_changes_nothing() {
    let store = MemoryStore::new(HeldClock::at(START));
    let raised = alarm(Kind::Quota, "default", "kept");
    track(&store, 1).await;
    let lease = one_poll(&store, START).await.lease;
    store.raise(&raised, ANYBODY, START).await.unwrap();
    store.set_away(true);
    let away = [
        store.ping().await.err(),
        store
            .raise(&alarm(Kind::Quota, "away", "not kept"), ANYBODY, START)
            .await
            .err(),
        store
            .clear(Kind::Quota, "default", ANYBODY, START)
            .await
            .err(),
        store.alarms().await.err(),
        store.track(vec![token(2)]).await.err(),
        store.claim_polls(&claim_at(START)).await.err(),
        store.record_poll(poll(&lease, START)).await.err(),
        store.show("token-1").await.err(),
    ];
    for error in away {
        assert!(matches!(error, Some(StoreError::Unavailable(_))));
    }
    let other = store.open_again(HeldClock::at(later(Span(1))));
    assert_eq!(
        other.ping().await.unwrap(),
        later(Span(1)),
        "another program reaches it"
    );
    store.set_away(false);
    assert_eq!(store.ping().await.unwrap(), START);
    assert_eq!(other.alarms().await.unwrap().len(), 1);
    other.record_poll(poll(&lease, START)).await.unwrap();
    assert_eq!(
        store.show("token-1").await.unwrap().unwrap().summary.polls,
        1
    );
}

pub async fn alarms_of_records_are_raised_with_them(db: Database) {
    let store = store(&db).await;
    track(&*store, 20).await;
    let records = store
        .claim_polls(&claim_at(START))
        .await
        .unwrap()
        .into_iter()
        .map(|work| {
            let alarms = vec![
                alarm(Kind::TooFast, "default", "code 18"),
                alarm(
                    Kind::WrongApp,
                    &work.lease.verification_id.to_string(),
                    "hint",
                ),
                alarm(Kind::TooFast, "default", "code 18"),
            ];
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .record_poll(PollRecord {
                        alarms,
                        ..poll(&work.lease, START)
                    })
                    .await
            })
        });
    for record in records.collect::<Vec<_>>() {
        record.await.unwrap().unwrap();
    }
    assert_eq!(store.alarms().await.unwrap().len(), 21);
    let times: i64 = store
        .alarms()
        .await
        .unwrap()
        .iter()
        .filter(|alarm| alarm.kind == "too_fast")
        .map(|alarm| alarm.times)
        .sum();
    assert_eq!(times, 40);
}
