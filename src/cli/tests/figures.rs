//! `status`.

use super::*;
use crate::domain::settled::Settled;

fn figures() -> crate::store::reports::Status {
    let state = |app: &str, state: &str, count| StateCount {
        app: app.to_owned(),
        state: state.to_owned(),
        count,
    };
    crate::store::reports::Status {
        states: vec![
            state("h5", "archived", 1200),
            state("h5", "waiting", 3),
            state("other", "archived", 34),
        ],
        media: vec![MediaCount {
            kind: "face".to_owned(),
            state: "stored".to_owned(),
            count: 1234,
            bytes: 50_000_000,
        }],
        answers: 4000,
        answer_bytes: 9_000_000,
        next_deadline: Some(Time(fake::NOW.0 + 3_900_000)),
        polls_due: 2,
        oldest_due: Some(Time(fake::NOW.0 - 12_000)),
        least_left_ms: Some(600_000),
        settled_last_day: vec![Settled {
            app: "h5".to_owned(),
            settled: 80,
            never_seen: 25,
        }],
        quota_use: vec![QuotaUse {
            app: "h5".to_owned(),
            endpoint: "getall".to_owned(),
            calls: 93,
            too_fast: 7,
        }],
        errors: vec![("too_fast (code 18)".to_owned(), 2)],
        ..fake::no_figures()
    }
}

async fn status_of(figures: Vec<crate::store::reports::Status>, line: &[&str]) -> Ended {
    let store = Fake {
        status: Mutex::new(figures),
        ..Fake::default()
    };
    let Command::Status(args) = command(&[&["status"], line].concat()) else {
        panic!()
    };
    status_beside(&args, &store, Beside::default()).await
}

async fn status_beside(args: &status::Status, store: &Fake, beside: Beside) -> Ended {
    let beside = move || -> BoxFuture<'_, Beside> { std::future::ready(beside.clone()).boxed() };
    ran!(|screen| status::run(args, store, &beside, screen).await)
}

#[tokio::test]
async fn status_tells_counts_time_left_lateness_and_errors() {
    let ended = status_of(vec![figures()], &[]).await;
    assert_eq!(ended.code(), Code::Done);
    for part in [
        "getall    93     1.5       7",
        "1,200",
        "1,234",
        "47.7 MiB",
        "1h 5m (2026-11-23T09:20:01Z)",
        "due now: 2 polls, 0 downloads; the oldest waits for 12s",
        "at a capture: 10m",
        "too_fast (code 18)",
        "no alarm is open",
        "all",
        "settled, last day",
        "h5                 80   25                   31 %",
    ] {
        assert!(ended.out.contains(part), "{part} in\n{}", ended.out);
    }
    let json = status_of(vec![figures()], &["--json"]).await;
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (
            &document["next_deadline"],
            &document["open"],
            &document["lost"]
        ),
        (&"2026-11-23T09:20:01Z".into(), &3.into(), &0.into())
    );
    assert_eq!(
        document["settled_last_day"],
        serde_json::json!([{ "app": "h5", "settled": 80, "never_seen": 25, "percent": 31 }])
    );
    assert_eq!(
        (&document["time_left_ms"], &document["oldest_due"]),
        (&3_900_000.into(), &"2026-11-23T08:14:49Z".into())
    );
    let empty = status_of(vec![fake::no_figures()], &[]).await;
    assert!(
        empty.out.contains("nothing is tracked yet") && empty.code() == Code::Done,
        "{}",
        empty.out
    );
}

#[tokio::test]
async fn what_is_wrong_ends_with_one_until_somebody_has_seen_it() {
    let mut seen = figures();
    seen.states.push(StateCount {
        app: "h5".to_owned(),
        state: "missed".to_owned(),
        count: 1,
    });
    seen.alarms.push(AlarmRow {
        acknowledged_at: Some(fake::NOW),
        acknowledged_by: Some("ops".to_owned()),
        note: Some("ticket 4711".to_owned()),
        ..fake::alarm()
    });
    let ended = status_of(vec![seen], &[]).await;
    assert_eq!(ended.code(), Code::Done, "{}", ended.out);
    assert!(ended.out.contains("by ops: ticket 4711"), "{}", ended.out);
    let mut lost = figures();
    let unseen = AlarmRow::of_losses("h5", "quota", fake::NOW, 2);
    lost.alarms.push(unseen);
    let ended = status_of(vec![lost], &[]).await;
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended.out.contains("loss of h5: quota") && ended.out.contains("losses ack"),
        "{}",
        ended.out
    );
    let mut alarmed = figures();
    alarmed.alarms.push(fake::alarm());
    let ended = status_of(vec![alarmed], &[]).await;
    assert_eq!(ended.code(), Code::Finding);
    assert!(ended.out.contains("1 alarm open\n  loss of 019ab, since 2026-11-23T08:00:00Z, 3 times\n    a video is gone; look at the quota"), "{}", ended.out);
}

/// Two apps with work left, and an alarm of each scope.
fn alarmed() -> crate::store::reports::Status {
    let open = |app: &str, verifications, left_ms| Open {
        app: app.to_owned(),
        verifications,
        downloads: 1,
        next_deadline: Some(Time(fake::NOW.0 + left_ms)),
    };
    let alarm = |kind: &str, subject: &str| AlarmRow {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        times: 1,
        ..fake::alarm()
    };
    crate::store::reports::Status {
        open_by_app: vec![open("h5", 3, 3_900_000), open("other", 4, 60_000)],
        alarms: vec![
            alarm("credentials", "h5"),
            alarm("disk_full", "objects"),
            alarm("loss", "h5"),
        ],
        ..figures()
    }
}

#[tokio::test]
async fn an_alarm_says_what_it_threatens_and_what_to_do() {
    let ended = status_of(vec![alarmed()], &[]).await;
    for part in [
        "threatens: 3 verifications open, 1 of them with media to fetch; the first thing is forgotten in 1h 5m",
        "threatens: 7 verifications open, 2 of them with media to fetch; the first thing is forgotten in 1m",
        "to do: make room, or lower limits.free_bytes_min",
        "to do: compare api_key and secret_key",
    ] {
        assert!(ended.out.contains(part), "{part} in\n{}", ended.out);
    }
    assert_eq!(
        ended.out.matches("threatens:").count(),
        2,
        "a loss has happened: {}",
        ended.out
    );
    let json: Value =
        serde_json::from_str(&status_of(vec![alarmed()], &["--json"]).await.out).unwrap();
    assert_eq!(
        json["alarms"][0]["threatens"],
        serde_json::json!({ "verifications": 3, "downloads": 1, "time_left_ms": 3_900_000 })
    );
    assert_eq!(
        (
            &json["alarms"][2]["threatens"],
            &json["open_by_app"][1]["next_deadline"]
        ),
        (&Value::Null, &"2026-11-23T08:16:01Z".into())
    );
    assert!(
        json["alarms"][1]["todo"]
            .as_str()
            .unwrap()
            .starts_with("make room")
    );
}

#[tokio::test]
async fn what_the_daemon_knows_alone_is_told_as_well() {
    let says = Says {
        ready: false,
        checks: vec![Check {
            name: "database_writes".to_owned(),
            ok: false,
            text: "disk is full".to_owned(),
        }],
        alarms: vec![Alarm {
            kind: "database_down".to_owned(),
            subject: "database".to_owned(),
            text: "full".to_owned(),
            since: "s".to_owned(),
            times: 1,
        }],
    };
    let daemon = |says| {
        Some(Daemon {
            address: "127.0.0.1:8640".parse().unwrap(),
            says,
        })
    };
    let (insecure, short_of_room) = (
        vec!["endpoint is http".to_owned()],
        vec![("objects".to_owned(), "1.0 MiB are free".to_owned())],
    );
    let beside = Beside {
        daemon: daemon(Some(says)),
        insecure,
        short_of_room,
    };
    let Command::Status(args) = command(&["status"]) else {
        panic!()
    };
    let store = Fake {
        status: Mutex::new(vec![figures()]),
        ..Fake::default()
    };
    let ended = status_beside(&args, &store, beside.clone()).await;
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended
            .out
            .contains("insecure, and allowed by the configuration: endpoint is http"),
        "{}",
        ended.out
    );
    for part in [
        "is not ready:\n  database_writes: disk is full",
        "1.0 MiB are free",
        "database_down of database, since s, known to the daemon alone",
    ] {
        assert!(ended.out.contains(part), "{part} in\n{}", ended.out);
    }
    let away = Failure::told(Code::Unreachable, "database", "not available", "");
    let look = move || -> BoxFuture<'_, Beside> { std::future::ready(beside.clone()).boxed() };
    let told = ran!(
        |screen| status::without_database(&args, &away, &look, screen)
            .await
            .map(|()| Code::Unreachable)
    );
    assert!(
        told.out.contains("database_down") && told.out.contains("1.0 MiB"),
        "{}",
        told.out
    );

    // Nobody answers: a finding only when work waits for somebody.
    let silent = || Beside {
        daemon: daemon(None),
        ..Beside::default()
    };
    let ended = status_beside(&args, &store, silent()).await;
    assert!(
        ended.out.contains("no daemon answers on 127.0.0.1:8640") && ended.code() == Code::Done,
        "{}",
        ended.out
    );
    let late = crate::store::reports::Status {
        oldest_due: Some(Time(fake::NOW.0 - 120_000)),
        ..figures()
    };
    assert_eq!(
        status_beside(
            &args,
            &Fake {
                status: Mutex::new(vec![late]),
                ..Fake::default()
            },
            silent()
        )
        .await
        .code(),
        Code::Finding
    );
}

#[tokio::test]
async fn watching_ends_when_nothing_is_open() {
    let mut done = figures();
    done.states.retain(|row| row.state == "archived");
    let ended = status_of(
        vec![figures(), figures(), done],
        &["--watch", "--every", "1ms"],
    )
    .await;
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(
        lines.len(),
        2,
        "a line for each change, not for each look: {}",
        ended.out
    );
    assert!(
        lines[0].contains("1,234 of 1,237 settled") && lines[1].contains("1,234 of 1,234 settled"),
        "{}",
        ended.out
    );
    assert_eq!(ended.code(), Code::Done);
}
