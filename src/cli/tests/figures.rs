//! `status`.

use super::*;
use crate::{domain::settled::Settled, store::reports::Status as Figures};

fn figures() -> Figures {
    let state = |app: &str, state: &str, count| StateCount {
        app: app.to_owned(),
        state: state.to_owned(),
        count,
    };
    Figures {
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
        next_deadline: Some(Time(NOW.0 + 3_900_000)),
        polls_due: 2,
        oldest_due: Some(Time(NOW.0 - 12_000)),
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
        ..Figures::default()
    }
}

fn alarm() -> AlarmRow {
    AlarmRow {
        kind: "loss".to_owned(),
        subject: "019ab".to_owned(),
        text: "a video is gone; look at the quota".to_owned(),
        since: at("2026-11-23T08:00:00Z"),
        times: 3,
        ..AlarmRow::default()
    }
}

fn status_of(figures: &Figures, line: &[&str]) -> Ended {
    status_beside(figures, &Beside::default(), line)
}

fn status_beside(figures: &Figures, beside: &Beside, line: &[&str]) -> Ended {
    let Command::Status(args) = command(&[&["status"], line].concat()) else {
        panic!()
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut screen = Screen::new(&mut out, &mut err);
    let outcome = status::tell(&args, figures, beside, NOW, &mut screen);
    Ended {
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
        outcome,
    }
}

#[test]
fn status_tells_counts_time_left_lateness_and_errors() {
    let ended = status_of(&figures(), &[]);
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
    let json = status_of(&figures(), &["--json"]);
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
    let empty = status_of(&Figures::default(), &[]);
    assert!(
        empty.out.contains("nothing is tracked yet") && empty.code() == Code::Done,
        "{}",
        empty.out
    );
}

#[test]
fn what_is_wrong_ends_with_one_until_somebody_has_seen_it() {
    let mut seen = figures();
    seen.states.push(StateCount {
        app: "h5".to_owned(),
        state: "missed".to_owned(),
        count: 1,
    });
    seen.alarms.push(AlarmRow {
        acknowledged_at: Some(NOW),
        acknowledged_by: Some("ops".to_owned()),
        note: Some("ticket 4711".to_owned()),
        ..alarm()
    });
    let ended = status_of(&seen, &[]);
    assert_eq!(ended.code(), Code::Done, "{}", ended.out);
    assert!(ended.out.contains("by ops: ticket 4711"), "{}", ended.out);
    let mut lost = figures();
    let unseen = AlarmRow::of_losses("h5", "quota", NOW, 2);
    lost.alarms.push(unseen);
    let ended = status_of(&lost, &[]);
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended.out.contains("loss of h5: quota") && ended.out.contains("losses ack"),
        "{}",
        ended.out
    );
    let mut alarmed = figures();
    alarmed.alarms.push(alarm());
    let ended = status_of(&alarmed, &[]);
    assert_eq!(ended.code(), Code::Finding);
    assert!(ended.out.contains("1 alarm open\n  loss of 019ab, since 2026-11-23T08:00:00Z, 3 times\n    a video is gone; look at the quota"), "{}", ended.out);
}

/// Two apps with work left, and an alarm of each scope.
fn alarmed() -> Figures {
    let open = |app: &str, verifications, left_ms| Open {
        app: app.to_owned(),
        verifications,
        downloads: 1,
        next_deadline: Some(Time(NOW.0 + left_ms)),
    };
    let alarm = |kind: &str, subject: &str| AlarmRow {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        times: 1,
        ..alarm()
    };
    Figures {
        open_by_app: vec![open("h5", 3, 3_900_000), open("other", 4, 60_000)],
        alarms: vec![
            alarm("credentials", "h5"),
            alarm("disk_full", "objects"),
            alarm("loss", "h5"),
        ],
        ..figures()
    }
}

#[test]
fn an_alarm_says_what_it_threatens_and_what_to_do() {
    let ended = status_of(&alarmed(), &[]);
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
    let json: Value = serde_json::from_str(&status_of(&alarmed(), &["--json"]).out).unwrap();
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

#[test]
fn what_the_daemon_knows_alone_is_told_as_well() {
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
        vec![("objects".to_owned(), "1.0 MiB free".to_owned())],
    );
    let beside = Beside {
        daemon: daemon(Some(says)),
        insecure,
        short_of_room,
    };
    let ended = status_beside(&figures(), &beside, &[]);
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
        "1.0 MiB free",
        "database_down of database, since s, known to the daemon alone",
    ] {
        assert!(ended.out.contains(part), "{part} in\n{}", ended.out);
    }
    let away = Failure::told(Code::Unreachable, "database", "not available", "");
    let Command::Status(args) = command(&["status"]) else {
        panic!()
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut screen = Screen::new(&mut out, &mut err);
    status::without_database(&args, &away, &beside, &mut screen).unwrap();
    let told = String::from_utf8(out).unwrap();
    assert!(
        told.contains("database_down") && told.contains("1.0 MiB"),
        "{told}"
    );

    // Nobody answers: a finding only when work waits for somebody.
    let silent = || Beside {
        daemon: daemon(None),
        ..Beside::default()
    };
    let ended = status_beside(&figures(), &silent(), &[]);
    assert!(
        ended.out.contains("no daemon answers on 127.0.0.1:8640") && ended.code() == Code::Done,
        "{}",
        ended.out
    );
    let late = Figures {
        oldest_due: Some(Time(NOW.0 - 120_000)),
        ..figures()
    };
    assert_eq!(status_beside(&late, &silent(), &[]).code(), Code::Finding);
}

#[tokio::test]
async fn watching_ends_when_nothing_is_open() {
    let house = House::new().await;
    house.put(vec![ended(1, Outcome::Archived), due(2)]).await;
    let settled = async {
        // Some looks later.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let archived = |poll| PollRecord {
            next: Next::Settled {
                outcome: Outcome::Archived,
                missing: Vec::new(),
            },
            ..poll
        };
        house.polled(2, archived).await;
    };
    let line = ["status", "--watch", "--every", "100ms"];
    let (watched, ()) = tokio::join!(house.ran(&line), settled);
    let lines: Vec<&str> = watched.out.lines().collect();
    assert_eq!(
        lines.len(),
        2,
        "a line for each change, not for each look: {}",
        watched.out
    );
    assert!(
        lines[0].contains("1 of 2 settled") && lines[1].contains("2 of 2 settled"),
        "{}",
        watched.out
    );
    assert_eq!(watched.code(), Code::Done);
}
