//! Alarms.

use std::sync::Arc;

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        time::{Span, Time},
    },
    store::{
        AlarmStore, Connection as _, StoreError, memory::MemoryAlarms, records::PollRecord,
        reports::AlarmRow,
    },
};

use super::make::{START, claim_at, later, poll, store, track};
use crate::databases::{Database, HeldClock};

fn alarm(kind: Kind, subject: &str, text: &str) -> Alarm {
    Alarm {
        kind,
        subject: subject.to_owned(),
        text: text.to_owned(),
    }
}

/// What holds of alarms wherever they are kept; three have been raised at the end.
async fn an_alarm_of_a_kind_and_subject_is_open_once(store: &dyn AlarmStore) {
    let raise = async |subject, text, span| {
        let raised = alarm(Kind::Quota, subject, text);
        store.raise(&raised, later(Span(span))).await.unwrap()
    };
    let clear = async |kind, subject| store.clear(kind, subject, later(Span(3))).await.unwrap();
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
            row.since.clone(),
            row.times,
        )
    };
    let row = |subject: &str, text: &str, since: Time, times| {
        (
            "quota".to_owned(),
            subject.to_owned(),
            text.to_owned(),
            since.rfc3339(),
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
}

pub async fn an_alarm_is_open_once_and_counted(db: Database) {
    let alarms: Arc<dyn AlarmStore> = store(&db).await;
    an_alarm_of_a_kind_and_subject_is_open_once(&*alarms).await;
    assert_eq!(db.number("select count(*) from alarms").await, 3);
}

#[tokio::test]
async fn alarms_in_memory_are_as_those_of_a_database() {
    let alarms = MemoryAlarms::new(HeldClock::at(START));
    an_alarm_of_a_kind_and_subject_is_open_once(&alarms).await;
    assert_eq!(alarms.ping().await.unwrap(), START);
    alarms.set_away(true);
    let away = [
        alarms.ping().await.err(),
        alarms
            .raise(&alarm(Kind::Quota, "away", "not kept"), START)
            .await
            .err(),
        alarms.clear(Kind::Quota, "other", START).await.err(),
        alarms.alarms().await.err(),
    ];
    for error in away {
        assert!(matches!(error, Some(StoreError::Unavailable(_))));
    }
    alarms.set_away(false);
    assert_eq!(alarms.alarms().await.unwrap().len(), 2);
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
                alarm(Kind::WrongApp, &work.lease.verification_id, "hint"),
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
    assert_eq!(
        db.number("select times from alarms where kind = 'too_fast'")
            .await,
        40
    );
}
