//! Commands on a store by hand: what they print, what they end with.

use std::{fs, sync::Mutex};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::Value;

use super::{
    Cli, Command,
    fake::{self, Fake},
    list, parse,
    report::{Code, Failure},
    retry,
    screen::Screen,
    show,
    status::{
        self,
        beside::{Alarm, Beside, Check, Daemon, Says},
    },
    track,
};
use crate::{
    config::{App, Auth, Config},
    domain::{
        address::BaseUrl,
        identity::IndexKey,
        time::Time,
        token::{State, TrackRequest},
    },
    store::{
        StoreError,
        records::{RetryVerdict, TrackVerdict},
        reports::{AlarmRow, MediaCount, Open, QuotaUse, StateCount},
    },
};

fn command(line: &[&str]) -> Command {
    let line = std::iter::once("verikeep")
        .chain(line.iter().copied())
        .map(Into::into);
    let Cli { command, .. } = parse(line).unwrap_or_else(|error| panic!("{error}"));
    command
}

fn config() -> Config {
    let app = |name: &str| {
        App::new(
            name,
            BaseUrl::default(),
            Auth::ApiKey {
                api_key: "k".into(),
            },
        )
    };
    Config::embedded("/nowhere".into(), vec![app("h5"), app("other")])
}

/// What a command printed and how it ended.
struct Ended {
    out: String,
    err: String,
    outcome: Result<Code, Failure>,
}

impl Ended {
    fn code(&self) -> Code {
        self.outcome
            .as_ref()
            .map_or_else(Failure::code, |code| *code)
    }
}

/// Runs a command on two buffers; what it returns is printed as the program would.
macro_rules! ran {
    (|$screen:ident| $command:expr) => {{
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut screen = Screen::new(&mut out, &mut err);
        let $screen = &mut screen;
        let outcome = $command;
        if let Err(failure) = &outcome {
            crate::cli::report::print(failure, $screen);
        }
        Ended {
            out: String::from_utf8(out).unwrap(),
            err: String::from_utf8(err).unwrap(),
            outcome,
        }
    }};
}

mod files;
mod lists;
mod lookups;
mod wrong;

async fn listed(line: &[&str], config: &Config, store: &Fake) -> Ended {
    let Command::List(args) = command(&[&["list"], line].concat()) else {
        panic!()
    };
    ran!(|screen| list::run(&args, config, store, screen).await)
}

#[tokio::test]
async fn an_app_that_nobody_knows_is_wrong_usage_and_a_former_one_is_listed() {
    for (label, app, wholes, code) in [
        ("a typo", "nope", 0, Code::Usage),
        ("a former app", "former", 1, Code::Done),
        ("one without rows", "h5", 0, Code::Done),
    ] {
        let store = Fake {
            wholes: (0..wholes).map(fake::whole).collect(),
            ..Fake::default()
        };
        for json in [&["--app", app][..], &["--app", app, "--json"]] {
            let ended = listed(json, &config(), &store).await;
            assert_eq!(ended.code(), code, "{label}: {}", ended.err);
            assert_eq!(
                ended.err.contains("there are: "),
                code == Code::Usage,
                "{label}: {}",
                ended.err
            );
        }
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let store = Fake {
        wholes: (0..1201).map(fake::whole).collect(),
        ..Fake::default()
    };
    let all = listed(&["--json"], &config(), &store).await;
    assert_eq!((all.out.lines().count(), all.code()), (1201, Code::Done));
    let ids: Vec<Value> = all
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(ids[1200]["verify_token"], "token-1200");
    assert_eq!(store.filters.lock().unwrap().len(), 3);

    let some = listed(&["--limit", "7"], &config(), &store).await;
    assert_eq!(some.out.lines().count(), 8, "a heading and seven rows");
    assert!(
        some.err.contains("only the newest 7") && some.out.contains("missing: process_video"),
        "{}{}",
        some.out,
        some.err
    );
    let exactly = listed(&["--limit", "1201"], &config(), &store).await;
    assert_eq!(
        (exactly.out.lines().count(), exactly.err.as_str()),
        (1202, ""),
        "nothing is left out, nothing is said"
    );
    assert_eq!(
        listed(&["--limit=-1"], &config(), &store).await.code(),
        Code::Usage
    );
}

#[tokio::test]
async fn filters_reach_the_store() {
    let store = Fake::default();
    let mut config = config();
    let key = IndexKey::new(vec![7; 32]).unwrap();
    let line = [
        "--state",
        "missed",
        "--app",
        "h5",
        "--since",
        "2d",
        "--reference",
        "r",
        "--id-number",
        "canary-number",
    ];
    let without = listed(&line, &config, &store).await;
    assert_eq!(without.code(), Code::Configuration);
    assert!(!without.err.contains("canary"), "{}", without.err);

    config.identity.index_key = Some(key.clone());
    let with = listed(&line, &config, &store).await;
    assert_eq!(
        (with.code(), with.err.as_str()),
        (Code::Done, "nothing is tracked that fits\n")
    );
    let filters = store.filters.lock().unwrap();
    let filter = filters.last().unwrap();
    assert_eq!(
        (
            filter.state,
            filter.app.as_deref(),
            filter.reference.as_deref()
        ),
        (Some(State::Missed), Some("h5"), Some("r"))
    );
    assert_eq!(filter.since, Some(Time(fake::NOW.0 - 2 * 86_400_000)));
    assert_eq!(filter.id_number_index, Some(key.id_number("canary-number")));
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    struct Gone;
    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let store = Fake {
        wholes: vec![fake::whole(1)],
        ..Fake::default()
    };
    let (mut out, mut err) = (Gone, Vec::new());
    let mut screen = Screen::new(&mut out, &mut err);
    for line in [
        ["list", "--json"].as_slice(),
        &["list"],
        &["show", "token-1", "--json"],
    ] {
        let failure = match command(line) {
            Command::List(args) => list::run(&args, &config(), &store, &mut screen)
                .await
                .unwrap_err(),
            Command::Show(args) => show::run(&args, &store, &mut screen).await.unwrap_err(),
            _ => panic!(),
        };
        assert!(matches!(failure, Failure::ReaderGone), "{failure:?}");
        super::report::print(&failure, &mut screen);
        assert_eq!(failure.code(), Code::Done);
    }
    assert!(err.is_empty());
}

#[tokio::test]
async fn a_verification_is_shown_whole_by_token_and_by_identifier() {
    let mut whole = fake::whole(1);
    whole.answers = vec![fake::answer(1, "getall", "k1", b"{}")];
    whole.media = vec![
        fake::medium("face", 0, Some(("k2", b"x"))),
        fake::medium("process_video", 0, None),
    ];
    let store = Fake {
        wholes: vec![whole],
        ..Fake::default()
    };
    for handle in ["token-1", "019ab000-0000-7000-8000-000000000001"] {
        let Command::Show(args) = command(&["show", handle]) else {
            panic!()
        };
        let shown = ran!(|screen| show::run(&args, &store, screen).await);
        for part in [
            "state             incomplete",
            "process_video of attempt 1: gone_at_provider: gone at the provider",
            "张*",
            "370***********5826",
            "97.5",
            "getall",
            "lost",
        ] {
            assert!(shown.out.contains(part), "{part} in {}", shown.out);
        }
    }
    let Command::Show(args) = command(&["show", "token-1", "--json"]) else {
        panic!()
    };
    let shown = ran!(|screen| show::run(&args, &store, screen).await);
    let document: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(
        (&document["state"], &document["media"][1]["state"]),
        (&"incomplete".into(), &"lost".into())
    );

    let Command::Show(args) = command(&["show", "canary"]) else {
        panic!()
    };
    let unknown = ran!(|screen| show::run(&args, &store, screen).await);
    assert_eq!(unknown.code(), Code::Finding);
    assert!(
        unknown.err.contains("is not tracked here") && !unknown.err.contains("canary"),
        "{}",
        unknown.err
    );
}

#[tokio::test]
async fn a_database_that_is_away_ends_with_four() {
    let store = Fake {
        down: true,
        ..Fake::default()
    };
    let ended = listed(&[], &config(), &store).await;
    assert_eq!(ended.code(), Code::Unreachable);
    assert!(
        ended
            .err
            .starts_with("error: database: not available: connection refused\n  see that"),
        "{}",
        ended.err
    );
}

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

#[tokio::test]
async fn retry_tells_what_was_woken() {
    let id = || uuid::Uuid::from_u128(0x19ab).into();
    let retries = vec![
        RetryVerdict::Woken {
            verification_id: id(),
            was: State::Rejected,
        },
        RetryVerdict::Whole {
            verification_id: id(),
        },
        RetryVerdict::Unknown,
    ];
    let store = Fake {
        retries,
        ..Fake::default()
    };
    let Command::Retry(args) = command(&[
        "retry", "canary-1", "canary-2", "canary-3", "--app", "other",
    ]) else {
        panic!()
    };
    let ended = ran!(|screen| retry::run(&args, &config(), &store, screen).await);
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended
            .out
            .contains("token 1: woken, was rejected (00000000-0000-0000-0000-0000000019ab)")
            && ended.out.contains("token 3: is not tracked here"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains("canary"), "{}", ended.out);
    let Command::Retry(args) = command(&["retry", "x", "--app", "gone"]) else {
        panic!()
    };
    assert_eq!(
        ran!(|screen| retry::run(&args, &config(), &store, screen).await).code(),
        Code::Usage
    );
}

/// Tracks into a set: `known` and `conflict` by what the token says.
async fn tracked(line: &[&str], chunks: &Mutex<Vec<usize>>, stop_after: usize) -> Ended {
    let Command::Track(args) = command(&[&["track"], line].concat()) else {
        panic!()
    };
    let track = |told: Vec<TrackRequest>| -> BoxFuture<'_, Result<Vec<Result<TrackVerdict, String>>, StoreError>> {
        async move {
            let mut chunks = chunks.lock().unwrap();
            if chunks.len() >= stop_after {
                return Err(StoreError::Unavailable("gone".to_owned()));
            }
            chunks.push(told.len());
            let verdict = |told: &TrackRequest| match told.verify_token.reveal() {
                token if token.starts_with("known") => Ok(TrackVerdict::Known { verification_id: uuid::Uuid::from_u128(2).into(), state: State::Collecting }),
                token if token.starts_with("conflict") => Ok(TrackVerdict::Conflict { verification_id: uuid::Uuid::from_u128(3).into(), field: "app" }),
                token if token.starts_with("late") => Err("was issued in the future".to_owned()),
                _ => Ok(TrackVerdict::New { verification_id: uuid::Uuid::from_u128(1).into(), late: None }),
            };
            Ok(told.iter().map(verdict).collect())
        }
        .boxed()
    };
    ran!(|screen| track::run(&args, &config(), &track, screen).await)
}

#[tokio::test]
async fn tokens_are_tracked_by_argument() {
    let chunks = Mutex::default();
    let ended = tracked(
        &[
            "canary-new",
            "known-1",
            "conflict-1",
            "bad canary",
            "--app",
            "h5",
        ],
        &chunks,
        9,
    )
    .await;
    assert_eq!(ended.code(), Code::Finding);
    assert_eq!(
        ended.out,
        "token 1: new, 00000000-0000-0000-0000-000000000001\ntoken 2: known, collecting (00000000-0000-0000-0000-000000000002)\n1 new, 1 known, 1 in conflict, 1 wrong\n"
    );
    assert!(
        ended.err.contains("token 4: verify_token has a character")
            && ended.err.contains("tracked already with another app"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("canary"), "{}", ended.err);
    assert_eq!(
        tracked(&["a", "b", "--app", "other"], &chunks, 9)
            .await
            .code(),
        Code::Done
    );
    assert_eq!(
        tracked(&["a"], &chunks, 9).await.code(),
        Code::Usage,
        "two apps are configured and none is named"
    );
    assert_eq!(
        tracked(&["a", "--app", "gone"], &chunks, 9).await.code(),
        Code::Usage
    );
}

#[tokio::test]
async fn a_hundred_thousand_lines_are_tracked_by_the_thousand_and_wrong_ones_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    let mut text = String::from("\u{feff}verify_token,app\r\n");
    for number in 0..100_000 {
        text.push_str(&if number % 2702 == 5 {
            "canary canary,h5\r\n".to_owned()
        } else {
            format!("token-{number},h5\r\n")
        });
    }
    fs::write(&file, text).unwrap();
    let chunks = Mutex::default();
    let ended = tracked(&["--file", file.to_str().unwrap()], &chunks, usize::MAX).await;
    assert_eq!(ended.out, "99,962 new, 0 known, 0 in conflict, 38 wrong\n");
    assert_eq!(
        (ended.code(), chunks.lock().unwrap().len()),
        (Code::Finding, 100)
    );
    assert!(
        ended.err.contains("line 7: verify_token has") && !ended.err.contains("canary"),
        "{}",
        ended.err
    );

    let json = tracked(
        &["--file", file.to_str().unwrap(), "--json"],
        &Mutex::default(),
        usize::MAX,
    )
    .await;
    assert_eq!(json.out.lines().count(), 100_000);
    let wrong: Vec<Value> = json
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["verdict"] == "wrong")
        .collect();
    assert_eq!((wrong.len(), &wrong[0]["line"]), (38, &7.into()));
}

#[tokio::test]
async fn a_database_that_goes_away_leaves_what_was_tracked_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    fs::write(
        &file,
        (0..2500).fold("verify_token\n".to_owned(), |text, number| {
            format!("{text}t{number}\n")
        }),
    )
    .unwrap();
    let ended = tracked(
        &["--file", file.to_str().unwrap(), "--app", "h5"],
        &Mutex::default(),
        2,
    )
    .await;
    assert_eq!(ended.code(), Code::Unreachable);
    assert!(
        ended.err.contains(
            "2,000 lines tracked, everything from line 2002 on was not; run the same command again"
        ),
        "{}",
        ended.err
    );
}
