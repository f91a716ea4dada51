//! `losses` and `alarms`.

use super::*;
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        language::Language,
        loss::Reason,
        plan::Missing,
        secret::Secret,
        token::Verification,
    },
    store::{ANYBODY, records::NewVerification},
};

/// Two tokens of `h5` that were told too late, an hour apart.
async fn late() -> House {
    let house = House::new().await;
    for number in 1..=2_i64 {
        let at = Time(NOW.0 - number * 3_600_000);
        let missing = Missing {
            what: "everything".to_owned(),
            attempt_no: None,
            reason: Reason::lasting(Cause::ToldLate, Time(at.0 - 1000), at),
            why: "told too late".to_owned(),
        };
        let late = NewVerification {
            verification: Verification {
                verification_id: uuid::Uuid::from_u128(number.unsigned_abs().into()).into(),
                verify_token: Secret::new(format!("canary-{number}")),
                app: "h5".to_owned(),
                issued_at: at,
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
        house.put(vec![late]).await;
    }
    house
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

/// That the quota of an app is spent.
fn spent() -> Alarm {
    Alarm {
        kind: Kind::Quota,
        subject: "h5".to_owned(),
        text: "spent".to_owned(),
    }
}

#[tokio::test]
async fn losses_are_shown_until_somebody_takes_note_of_them() {
    let house = late().await;
    for (line, code, parts) in LINES.iter().copied() {
        let ended = house.ran(line).await;
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
    let json = house.ran(&["losses", "--all", "--json"]).await;
    let rows = json.ndjson();
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
    let house = late().await;
    let alarm = spent();
    house.store().raise(&alarm, ANYBODY, NOW).await.unwrap();
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
        let ended = house.ran(line).await;
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

#[tokio::test]
async fn an_acknowledgement_is_told_in_the_language_asked_for() {
    for (language, unknown, noted, seen) in [
        (
            "en",
            "no alarm with the number 9 is open",
            "alarm 1 acknowledged; it stays open",
            ": ticket 4711",
        ),
        (
            "zh",
            "没有编号为 9 的未结束告警",
            "告警 1 已确认",
            " 确认：ticket 4711",
        ),
    ] {
        let house = late().await;
        let alarm = spent();
        house.store().raise(&alarm, ANYBODY, NOW).await.unwrap();
        let say = async |line: &[&str]| {
            let ended = house.ran(&[&["--lang", language], line].concat()).await;
            format!("{}{}", ended.out, ended.err)
        };
        for (line, part) in [
            (&["alarms", "ack", "9", "--note", "x"][..], unknown),
            (&["alarms", "ack", "1", "--note", "ticket 4711"], noted),
            (&["alarms"], seen),
            (&["status"], seen),
            (&["status", "--json"], seen),
        ] {
            let told = say(line).await;
            assert!(told.contains(part), "{line:?}: {part}: {told}");
        }
    }
}

#[tokio::test]
async fn what_an_alarm_means_and_what_to_do_is_said_in_the_language_asked_for() {
    let house = late().await;
    let alarm = spent();
    house.store().raise(&alarm, ANYBODY, NOW).await.unwrap();
    let entries = [Kind::Quota.entry(), Kind::Loss.entry()];
    for language in Language::ALL {
        for line in [&["status"][..], &["alarms"], &["status", "--json"]] {
            let line = [&["--lang", language.name()], line].concat();
            let ended = house.ran(&line).await;
            assert!(ended.out.contains("spent"), "{line:?}: {}", ended.out);
            for entry in entries {
                for words in [entry.means, entry.todo] {
                    assert!(
                        ended.out.contains(words.in_(*language)),
                        "{line:?}: {words:?} in {}",
                        ended.out
                    );
                }
            }
        }
    }
}
