//! `losses` and `alarms` on the model of the store.

use super::{
    super::{Command, alarms, fake, losses, report::Code, screen::Screen},
    Ended, command,
};
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        loss::{Cause, Reason},
        plan::{Missing, Outcome},
        secret::Secret,
        time::{HeldClock, Time},
        token::Verification,
    },
    store::{
        ANYBODY, AlarmStore as _, Tracking as _,
        memory::MemoryStore,
        records::{NewVerification, Next},
    },
};

/// Two tokens of `h5` that were told too late, an hour apart.
async fn store() -> MemoryStore {
    let store = MemoryStore::new(HeldClock::at(fake::NOW));
    for number in 1..=2_i64 {
        let at = Time(fake::NOW.0 - number * 3_600_000);
        let missing = Missing {
            what: "everything".to_owned(),
            attempt_no: None,
            reason: Reason::lasting(Cause::ToldLate, Time(0), at),
            why: "told too late".to_owned(),
        };
        let late = NewVerification {
            verification: Verification {
                verification_id: uuid::Uuid::from_u128(number.unsigned_abs().into()).into(),
                verify_token: Secret::new(format!("canary-{number}")),
                app: "h5".to_owned(),
                issued_at: Time(0),
                tracked_at: at,
                plan_id: None,
                issued_here: false,
            },
            reference: Some(format!("order-{number}")),
            tracked_by: "test".to_owned(),
            media_deadline: at,
            record_deadline: at,
            next: Next::Settled {
                outcome: Outcome::Missed,
                missing: vec![missing],
            },
            issued_at_told: true,
        };
        store.track(vec![late]).await.unwrap();
    }
    store
}

async fn run(store: &MemoryStore, line: &[&str]) -> Ended {
    match command(line) {
        Command::Losses(args) => ran!(|screen| losses::run(&args, store, screen).await),
        Command::Alarms(args) => ran!(|screen| alarms::run(&args, store, screen).await),
        _ => panic!("{line:?}"),
    }
}

/// A line, how it ends, and what it tells of.
type Line = (&'static [&'static str], Code, &'static [&'static str]);

/// One after the other.
const LINES: &[Line] = &[
    (
        &["losses"],
        Code::Finding,
        &["order-1", "order-2", "told_late"],
    ),
    (
        &["losses", "list", "--limit", "1"],
        Code::Finding,
        &["order-1"],
    ),
    (&["losses", "--cause", "quota"], Code::Done, &[]),
    (&["losses", "--app", "b"], Code::Done, &[]),
    (
        &["losses", "ack", "--until", "1h30m", "--note", "seen"],
        Code::Done,
        &["1 lost thing acknowledged"],
    ),
    (
        &["losses", "ack", "--until", "1h30m", "--note", "seen"],
        Code::Finding,
        &[],
    ),
    (&["losses"], Code::Finding, &["order-1"]),
    (&["losses", "--all"], Code::Finding, &["order-2", "seen"]),
    (
        &[
            "losses",
            "ack",
            "--app",
            "h5",
            "--cause",
            "told_late",
            "--until",
            "0s",
            "--note",
            "x",
        ],
        Code::Done,
        &["1 lost"],
    ),
    (&["losses"], Code::Done, &[]),
    (&["alarms"], Code::Done, &[]),
];

#[tokio::test]
async fn losses_are_shown_until_somebody_takes_note_of_them() {
    let store = store().await;
    for (line, code, parts) in LINES.iter().copied() {
        let ended = run(&store, line).await;
        assert_eq!(ended.code(), code, "{line:?}: {} {}", ended.out, ended.err);
        for part in parts {
            assert!(
                ended.out.contains(part),
                "{part} of {line:?}: {}",
                ended.out
            );
        }
        assert!(!ended.out.contains("canary"), "{line:?}: {}", ended.out);
    }
    let json = run(&store, &["losses", "--all", "--json"]).await;
    let rows: Vec<serde_json::Value> = (json.out.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["cause"], &rows[0]["lost_at"], &rows[0]["note"]),
        (
            &"told_late".into(),
            &"2026-11-23T07:15:01Z".into(),
            &"x".into()
        )
    );
}

#[tokio::test]
async fn an_alarm_is_acknowledged_by_its_number_and_losses_are_not() {
    let store = store().await;
    let alarm = Alarm {
        kind: Kind::Quota,
        subject: "h5".to_owned(),
        text: "spent".to_owned(),
    };
    store.raise(&alarm, ANYBODY, fake::NOW).await.unwrap();
    let seen = ["losses", "ack", "--until", "0s", "--note", "x"];
    for (line, code, parts) in [
        (
            &["alarms"][..],
            Code::Finding,
            &["h5: told_late", "spent"][..],
        ),
        (
            &["alarms", "ack", "9", "--note", "seen"],
            Code::Finding,
            &[],
        ),
        (
            &["alarms", "ack", "1", "--note", "ticket 4711"],
            Code::Done,
            &["stays open"],
        ),
        (
            &["alarms", "list"],
            Code::Finding,
            &["ticket 4711", "h5: told_late"],
        ),
        (&seen, Code::Done, &["2 lost things"]),
        (
            &["alarms", "--json"],
            Code::Done,
            &["\"note\":\"ticket 4711\""],
        ),
    ] {
        let ended = run(&store, line).await;
        assert_eq!(ended.code(), code, "{line:?}: {} {}", ended.out, ended.err);
        for part in parts {
            assert!(
                ended.out.contains(part),
                "{part} of {line:?}: {}",
                ended.out
            );
        }
    }
}
