//! What a key does is kept under its name.

use serde_json::{Value, json};
use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        loss::{Cause, Reason},
        plan::{Missing, Outcome},
    },
    store::{
        ANYBODY,
        records::{NewVerification, Next},
    },
};

use super::{Desk, token};
use crate::{
    lab::{Db, FILMED},
    store::make,
};

async fn traced(db: Db) {
    let desk = Desk::new(db).await;
    let (store, now) = (&desk.archive.store, desk.archive.clock.now());
    let ask = async |of: &str, line: &str, body: Value| {
        let (method, path) = line.split_once(' ').unwrap();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = desk.ask(of, method, path, body).await;
        assert!(answer.status < 300, "{line}: {answer:?}");
        answer.body
    };
    let lost = NewVerification {
        next: Next::Settled {
            outcome: Outcome::Missed,
            missing: vec![Missing {
                what: "record".to_owned(),
                attempt_no: None,
                reason: Reason::plain(Cause::GoneAtProvider),
                why: "gone".to_owned(),
            }],
        },
        ..make::token(1)
    };
    store.track(vec![lost]).await.unwrap();
    let open = ask("track", "POST /v1/verifications", token(2, FILMED)).await;
    let one = format!(
        "/v1/verifications/{}",
        open["verification_id"].as_str().unwrap()
    );
    ask("operate", &format!("POST {one}/retry"), Value::Null).await;
    let alarm = Alarm {
        kind: Kind::Credentials,
        subject: FILMED.to_owned(),
        text: "wrong".to_owned(),
    };
    store.raise(&alarm, ANYBODY, now).await.unwrap();
    let alarms = ask("read", "GET /v1/alarms", Value::Null).await;
    let of_it = |row: &&Value| row["kind"] == Kind::Credentials.name();
    let alarm_id = |alarms: &Value| {
        let rows = alarms["alarms"].as_array().unwrap();
        rows.iter().find(of_it).unwrap()["alarm_id"].clone()
    };
    let seen = format!("POST /v1/alarms/{}/acknowledge", alarm_id(&alarms));
    ask("operate", &seen, json!({ "note": "mended" })).await;
    let until = make::later(make::HOUR).rfc3339();
    let noted = json!({ "note": "known", "until": until });
    ask("operate", "POST /v1/losses/acknowledge", noted).await;

    let shown = ask("read", &format!("GET {one}"), Value::Null).await;
    let alarms = ask("read", "GET /v1/alarms", Value::Null).await;
    let losses = ask("read", "GET /v1/losses?all=true", Value::Null).await;
    let alarm = alarms["alarms"].as_array().unwrap().iter().find(of_it);
    let (track, operate) = (json!("key track"), json!("key operate"));
    for (label, found, by) in [
        ("told", &shown["tracked_by"], &track),
        ("woken", &shown["events"][0]["actor"], &operate),
        ("an alarm", &alarm.unwrap()["acknowledged_by"], &operate),
        ("a loss", &losses["losses"][0]["acknowledged_by"], &operate),
    ] {
        assert_eq!(found, by, "{label}");
    }
}

#[tokio::test]
async fn what_a_key_does_is_kept_under_its_name() {
    traced(Db::Sqlite).await;
    traced(Db::Postgres).await;
}
