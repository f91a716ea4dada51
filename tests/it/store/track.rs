//! Tracking.

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        plan::{Missing, Outcome},
        secret::Secret,
        time::Span,
        token::State,
    },
    store::records::{NewVerification, Next, TrackVerdict},
};

use super::make::{START, id, later, store, token, track};
use crate::databases::Database;

pub async fn tracking_twice_is_tracking_once(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    // Another program would draw other identifiers.
    let again = (1..=3)
        .map(|n| NewVerification { verification: verikeep::domain::token::Verification { verification_id: id(n + 100), ..token(n).verification }, ..token(n) });
    let verdicts = store.track(again.collect()).await.unwrap();
    let known: Vec<TrackVerdict> = (1..=3).map(|n| TrackVerdict::Known { verification_id: id(n), state: State::Waiting }).collect();
    assert_eq!(verdicts, known);
    assert_eq!(db.number("select count(*) from verifications").await, 3);
    assert_eq!(db.number("select count(*) from schedule").await, 3);
    assert!(store.track(Vec::new()).await.unwrap().is_empty());
}

pub async fn other_facts_are_a_conflict_and_change_nothing(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let before = db.texts("select verify_token, app, plan_id, reference, cast(issued_at as text) from verifications").await;
    let mut changed: Vec<(&str, NewVerification)> = Vec::new();
    for field in ["app", "issued_at", "plan_id", "reference"] {
        let mut other = token(1);
        match field {
            "app" => other.verification.app = "other".to_owned(),
            "issued_at" => other.verification.issued_at = later(Span(1)),
            "plan_id" => other.verification.plan_id = Some("other".to_owned()),
            _ => other.reference = Some("other".to_owned()),
        }
        changed.push((field, other));
    }
    for (field, other) in changed {
        let verdicts = store.track(vec![other]).await.unwrap();
        assert_eq!(verdicts, [TrackVerdict::Conflict { verification_id: id(1), field }], "{field}");
    }
    // Saying less is not saying something else.
    let mut silent = NewVerification { reference: None, ..token(1) };
    silent.verification.plan_id = None;
    assert_eq!(store.track(vec![silent]).await.unwrap(), [TrackVerdict::Known { verification_id: id(1), state: State::Waiting }]);
    assert_eq!(db.texts("select verify_token, app, plan_id, reference, cast(issued_at as text) from verifications").await, before);
}

pub async fn an_assumed_issue_conflicts_with_nothing(db: Database) {
    let store = store(&db).await;
    let mut assumed = token(1);
    assumed.issued_at_told = false;
    store.track(vec![assumed.clone()]).await.unwrap();
    track(&*store, 0).await;
    let mut told = token(1);
    told.verification.issued_at = later(Span::hours(-1));
    let known = [TrackVerdict::Known { verification_id: id(1), state: State::Waiting }];
    assert_eq!(store.track(vec![told]).await.unwrap(), known, "told after assumed");
    assumed.verification.issued_at = later(Span::hours(1));
    assert_eq!(store.track(vec![assumed]).await.unwrap(), known, "assumed after assumed");
}

pub async fn a_token_twice_in_one_call_is_tracked_once(db: Database) {
    let store = store(&db).await;
    let mut twin = token(1);
    twin.verification.verification_id = id(2);
    let mut rival = token(1);
    rival.verification.verification_id = id(3);
    rival.verification.app = "other".to_owned();
    let verdicts = store.track(vec![token(1), twin, rival, token(4)]).await.unwrap();
    let expected = [
        TrackVerdict::New { verification_id: id(1) },
        TrackVerdict::Known { verification_id: id(1), state: State::Waiting },
        TrackVerdict::Conflict { verification_id: id(1), field: "app" },
        TrackVerdict::New { verification_id: id(4) },
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(db.number("select count(*) from schedule").await, 2);
}

pub async fn a_token_told_too_late_is_settled_at_once(db: Database) {
    let store = store(&db).await;
    let late = NewVerification {
        next: Next::Settled {
            outcome: Outcome::Missed,
            missing: vec![Missing { what: "everything".to_owned(), attempt_no: None, why: "told too late".to_owned() }],
        },
        alarms: vec![Alarm { kind: Kind::Loss, subject: id(1), text: "lost".to_owned() }],
        ..token(1)
    };
    store.track(vec![late.clone()]).await.unwrap();
    store.track(vec![late]).await.unwrap();
    let whole = store.show(&id(1)).await.unwrap().unwrap();
    assert_eq!((whole.summary.state.as_str(), whole.summary.next_poll_at), ("missed", None));
    assert_eq!(whole.summary.settled_at, Some(START.rfc3339()));
    assert_eq!(whole.summary.missing, serde_json::json!([{"what": "everything", "why": "told too late"}]));
    let alarms = store.alarms().await.unwrap();
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].times, 1, "an alarm of a known token is not raised");
}

pub async fn texts_of_every_script_come_back_and_nul_is_replaced(db: Database) {
    let store = store(&db).await;
    let texts = ["张三丰 — «quoted» \"'`\\", "🀄️ e\u{301} \u{202e}rtl", "\\u0000 is six letters", "line\nbreak\ttab\u{1}"];
    for (n, text) in (1..).zip(texts) {
        store.track(vec![NewVerification { reference: Some(text.to_owned()), ..token(n) }]).await.unwrap();
        assert_eq!(store.show(&id(n)).await.unwrap().unwrap().summary.reference.as_deref(), Some(text));
    }
    let nul = NewVerification { reference: Some("a\0b".to_owned()), tracked_by: "\0".to_owned(), ..token(9) };
    store.track(vec![nul.clone()]).await.unwrap();
    assert_eq!(store.show(&id(9)).await.unwrap().unwrap().summary.reference.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(store.track(vec![nul]).await.unwrap(), [TrackVerdict::Known { verification_id: id(9), state: State::Waiting }], "the same again");
    assert!(store.show("\0").await.unwrap().is_none());
}

pub async fn two_programs_that_track_the_same_tokens_crosswise_agree(db: Database) {
    let (one, other) = (store(&db).await, store(&db).await);
    let mine = |n: u32, who: u32| {
        let mut token = token(n);
        token.verification.verification_id = id(n + who * 10_000);
        token.verification.verify_token = Secret::new(format!("token-{n}"));
        token
    };
    let forwards: Vec<NewVerification> = (1..=500).map(|n| mine(n, 1)).collect();
    let backwards: Vec<NewVerification> = (1..=500).rev().map(|n| mine(n, 2)).collect();
    let (first, second) = tokio::join!(one.track(forwards), other.track(backwards));
    let new = first.unwrap().into_iter().chain(second.unwrap()).filter(|verdict| matches!(verdict, TrackVerdict::New { .. })).count();
    assert_eq!(new, 500, "each is new to one of them");
    assert_eq!(db.number("select count(*) from schedule").await, 500);
}
