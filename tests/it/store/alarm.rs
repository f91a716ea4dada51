//! Alarms.

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        time::Span,
    },
    store::records::PollRecord,
};

use super::make::{START, claim_at, later, poll, store, track};
use crate::databases::Database;

fn alarm(kind: Kind, subject: &str, text: &str) -> Alarm {
    Alarm {
        kind,
        subject: subject.to_owned(),
        text: text.to_owned(),
    }
}

pub async fn an_alarm_is_open_once_and_counted(db: Database) {
    let store = store(&db).await;
    assert!(
        store
            .raise(&alarm(Kind::Quota, "default", "first"), START)
            .await
            .unwrap()
    );
    assert!(
        !store
            .raise(&alarm(Kind::Quota, "default", "second"), later(Span(1)))
            .await
            .unwrap()
    );
    assert!(
        store
            .raise(&alarm(Kind::Quota, "other", "another"), later(Span(2)))
            .await
            .unwrap()
    );
    let open = store.alarms().await.unwrap();
    assert_eq!(
        open.iter()
            .map(|alarm| (alarm.subject.as_str(), alarm.text.as_str(), alarm.times))
            .collect::<Vec<_>>(),
        [("default", "second", 2), ("other", "another", 1)]
    );
    assert_eq!(open[0].since, START.rfc3339());
    assert!(
        store
            .clear(Kind::Quota, "default", later(Span(3)))
            .await
            .unwrap()
    );
    assert!(
        !store
            .clear(Kind::Quota, "default", later(Span(3)))
            .await
            .unwrap()
    );
    assert!(
        !store
            .clear(Kind::Poison, "other", later(Span(3)))
            .await
            .unwrap()
    );
    assert!(
        store
            .raise(&alarm(Kind::Quota, "default", "again"), later(Span(4)))
            .await
            .unwrap(),
        "a new one after the end"
    );
    assert_eq!(db.number("select count(*) from alarms").await, 3);
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
