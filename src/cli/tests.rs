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
        reports::{AlarmRow, EventReport, MediaCount, Open, QuotaUse, StateCount},
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

mod figures;
mod files;
mod keys;
mod lists;
mod lookups;
mod tracking;
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
    whole.proof = Some("getall was answered refused".to_owned());
    whole.never_seen = true;
    whole.events = vec![EventReport {
        at: whole.summary.issued_at,
        actor: "verikeep".to_owned(),
        what: "reassigned".to_owned(),
        detail: "given from app `a` to `b`".to_owned(),
    }];
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
            "reassigned",
            "given from app `a` to `b`",
            "proof             getall was answered refused",
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
    assert_eq!(document["events"][0]["actor"], "verikeep");
    assert_eq!(document["proof"], "getall was answered refused");
    assert_eq!(document["never_seen"], true);

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
        RetryVerdict::Forgotten {
            verification_id: id(),
            since: fake::NOW,
        },
    ];
    let store = Fake {
        retries,
        ..Fake::default()
    };
    let Command::Retry(args) = command(&[
        "retry", "canary-1", "canary-2", "canary-3", "canary-4", "--app", "other",
    ]) else {
        panic!()
    };
    let ended = ran!(|screen| retry::run(&args, &config(), &store, screen).await);
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended
            .out
            .contains("token 1: woken, was rejected (00000000-0000-0000-0000-0000000019ab)")
            && ended.out.contains("token 3: is not tracked here")
            && ended.out.contains("token 4: cannot be tried again, the provider has forgotten it since 2026-11-23T08:15:01Z; nothing was changed"),
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
