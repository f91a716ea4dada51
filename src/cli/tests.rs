//! Commands at a desk over a temporary SQLite: what they print, what they end with.

use std::fs;

use serde_json::Value;

use super::{
    Command,
    report::{Code, Failure},
    screen::Screen,
    status::{
        self,
        beside::{Alarm, Beside, Check, Daemon, Says},
    },
};
use crate::{
    domain::{
        identity::IndexKey,
        loss::Cause,
        media::Kind,
        plan::{Outcome, Proof},
        time::Time,
        token::State,
    },
    store::{
        records::{Next, PollRecord},
        reports::{AlarmRow, MediaCount, Open, QuotaUse, StateCount},
    },
};
use house::{House, NOW, at, attempt, command, due, ended, id, missing, told};

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

    fn ndjson(&self) -> Vec<Value> {
        let line = |line: &str| serde_json::from_str(line).unwrap();
        self.out.lines().map(line).collect()
    }
}

mod bills;
mod cases;
mod figures;
mod files;
mod house;
mod keys;
mod lists;
mod numbers;
mod orphans;
mod retries;
mod tracking;
mod verify;
mod wrong;

#[tokio::test]
async fn an_app_that_nobody_knows_is_wrong_usage_and_a_former_one_is_listed() {
    let house = House::new().await;
    let mut former = ended(1, Outcome::Archived);
    former.verification.app = "former".to_owned();
    house.put(vec![former]).await;
    for (label, app, code) in [
        ("a typo", "nope", Code::Usage),
        ("a former app", "former", Code::Done),
        ("one without rows", "h5", Code::Done),
    ] {
        for line in [
            &["list", "--app", app][..],
            &["list", "--app", app, "--json"],
        ] {
            let ended = house.ran(line).await;
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
    let house = House::new().await;
    let rows = (0..1201).map(|number| ended(number, Outcome::Incomplete));
    house.put(rows.collect()).await;
    let all = house.ran(&["list", "--json", "--tokens"]).await;
    let rows = all.ndjson();
    assert_eq!((rows.len(), all.code()), (1201, Code::Done));
    assert_eq!(
        (&rows[0]["verify_token"], &rows[1200]["verify_token"]),
        (&"token-1200".into(), &"token-0".into())
    );

    let some = house.ran(&["list", "--limit", "7"]).await;
    assert_eq!(some.out.lines().count(), 8, "a heading and seven rows");
    assert!(
        some.err.contains("only the newest 7") && some.out.contains("missing: process_video"),
        "{}{}",
        some.out,
        some.err
    );
    let exactly = house.ran(&["list", "--limit", "1201"]).await;
    assert_eq!(
        (exactly.out.lines().count(), exactly.err.as_str()),
        (1202, ""),
        "nothing is left out, nothing is said"
    );
    assert_eq!(house.ran(&["list", "--limit=-1"]).await.code(), Code::Usage);
}

#[tokio::test]
async fn each_filter_leaves_out_what_it_says() {
    let key = IndexKey::new(vec![7; 32]).unwrap();
    let house = House::with_key(Some(key.clone())).await;
    let mut person = attempt();
    person.1.id_number_index = Some(key.id_number("canary-number"));
    person.1.index_key_id = Some(key.id());
    let archived = |poll: PollRecord| PollRecord {
        attempts: vec![person],
        next: Next::Settled {
            outcome: Outcome::Archived,
            missing: Vec::new(),
        },
        ..poll
    };
    house.polled(1, archived).await;
    let mut other = ended(2, Outcome::Missed);
    other.verification.app = "other".to_owned();
    let mut old = due(3);
    old.verification.issued_at = at("2026-11-20T08:00:00Z");
    house.put(vec![other, old]).await;
    for (line, tokens) in [
        (&["--state", "missed"][..], &["token-2"][..]),
        (&["--app", "h5"], &["token-3", "token-1"]),
        (&["--since", "2d"], &["token-2", "token-1"]),
        (
            &["--since", "2026-11-19T00:00:00Z"],
            &["token-3", "token-2", "token-1"],
        ),
        (&["--reference", "order-3"], &["token-3"]),
        (&["--id-number", "canary-number"], &["token-1"]),
        (&["--id-number", "canary-nobody"], &[]),
    ] {
        let listed = house
            .ran(&[&["list", "--json", "--tokens"], line].concat())
            .await;
        let rows = listed.ndjson();
        let found: Vec<&Value> = rows.iter().map(|row| &row["verify_token"]).collect();
        assert_eq!(found, tokens, "{line:?}: {}", listed.err);
        assert!(!listed.err.contains("canary"), "{}", listed.err);
    }
}

#[tokio::test]
async fn a_look_up_without_the_right_index_key_finds_nobody_and_does_not_say_so() {
    let key = || IndexKey::new(vec![7; 32]).unwrap();
    let mut house = House::with_key(Some(key())).await;
    let line = ["list", "--id-number", "canary-number"];
    let mut before = attempt();
    (before.1.id_number_index, before.1.index_key_id) =
        (Some("i".to_owned()), Some("another".to_owned()));
    let polled = |poll| PollRecord {
        attempts: vec![before],
        ..poll
    };
    for (what, code, part) in [
        ("the key", Code::Done, "nothing is tracked that fits"),
        (
            "attempts of another key",
            Code::Finding,
            "not looked through: 1 attempt ",
        ),
    ] {
        if code == Code::Finding {
            house.polled(1, polled.clone()).await;
        }
        let ended = house.ran(&line).await;
        assert!(
            ended.code() == code && ended.err.contains(part) && !ended.err.contains("canary"),
            "{what}: {:?} {}",
            ended.code(),
            ended.err
        );
    }
    assert_eq!(
        house.ran(&["list"]).await.code(),
        Code::Done,
        "without an ID number nothing is looked up"
    );
    for (what, key, part) in [
        ("no key", None, "there is no index key"),
        (
            "another key",
            Some(IndexKey::new(vec![8; 32]).unwrap()),
            "is not the key that the database was indexed with",
        ),
    ] {
        house.config.identity.index_key = key;
        let ended = house.over_rows(&line).await;
        assert!(
            ended.code() == Code::Configuration
                && ended.err.contains(part)
                && !ended.err.contains("canary"),
            "{what}: {:?} {}",
            ended.code(),
            ended.err
        );
    }
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
    let house = House::new().await;
    house.put(vec![ended(1, Outcome::Archived)]).await;
    let (mut out, mut err) = (Gone, Vec::new());
    let mut screen = Screen::new(&mut out, &mut err);
    for line in [
        ["list", "--json"].as_slice(),
        &["list"],
        &["show", "token-1", "--json"],
    ] {
        let failure = house.run(line, &mut screen).await.unwrap_err();
        assert!(matches!(failure, Failure::ReaderGone), "{failure:?}");
        super::report::print(&failure, &mut screen);
        assert_eq!(failure.code(), Code::Done);
    }
    assert!(err.is_empty());
}

#[tokio::test]
async fn a_verification_is_shown_whole_by_token_and_by_identifier() {
    let house = House::new().await;
    let (answer, face) = (
        house.answer(1, 1, b"{}").await,
        house.medium(1, Kind::Face, 0, b"x").await,
    );
    let lost = missing(
        "process_video",
        Cause::GoneAtProvider,
        "gone at the provider",
    );
    let settled = |poll: PollRecord| PollRecord {
        answers: vec![answer],
        attempts: vec![attempt()],
        filled: vec![face],
        wanted: vec![house::wanted(Kind::ProcessVideo, 0)],
        next: Next::Settled {
            outcome: Outcome::Incomplete,
            missing: vec![lost],
        },
        ..poll
    };
    house.polled(1, settled).await;
    for handle in ["token-1", "019ab000-0000-7000-8000-000000000001"] {
        let shown = house.ran(&["show", handle]).await;
        for part in [
            "state             incomplete",
            "process_video of attempt 1: gone_at_provider: gone at the provider",
            "张*",
            "3*************5826",
            "97.5",
            "getall",
            "lost",
        ] {
            assert!(shown.out.contains(part), "{part} in {}", shown.out);
        }
    }
    let shown = house.ran(&["show", "token-1", "--json"]).await;
    let document: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(
        (&document["state"], &document["media"][1]["state"]),
        (&"incomplete".into(), &"lost".into())
    );

    let unknown = house.ran(&["show", "canary"]).await;
    assert_eq!(unknown.code(), Code::Finding);
    assert!(
        unknown.err.contains("is not tracked here") && !unknown.err.contains("canary"),
        "{}",
        unknown.err
    );
}

#[tokio::test]
async fn what_an_end_rests_on_and_what_was_done_are_shown() {
    let house = House::new().await;
    let mut assumed = due(1);
    assumed.issued_at_told = false;
    let mut issued = due(1);
    issued.verification.issued_at = at("2026-11-23T07:59:00Z");
    house.put(vec![assumed]).await;
    house.put(vec![issued]).await;
    let proved = |poll| PollRecord {
        next: Next::Settled {
            outcome: Outcome::Abandoned,
            missing: Vec::new(),
        },
        proof: Some(Proof {
            words: "getall was answered refused".to_owned(),
            never_seen: true,
        }),
        ..poll
    };
    house.polled(1, proved).await;
    let shown = house.ran(&["show", "token-1"]).await;
    for part in [
        "proof             getall was answered refused",
        "2026-11-23T08:00:00Z was assumed, 2026-11-23T07:59:00Z is told",
        "cli",
    ] {
        assert!(shown.out.contains(part), "{part} in {}", shown.out);
    }
    let shown = house.ran(&["show", "token-1", "--json"]).await;
    let document: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(document["proof"], "getall was answered refused");
    assert_eq!(document["never_seen"], true);
    assert_eq!(document["events"][0]["what"], "issued_at");
}

#[tokio::test]
async fn a_database_that_is_away_ends_with_four() {
    let house = House::new().await;
    house.store().close().await;
    for line in [
        &["list"][..],
        &["status"],
        &["alarms"],
        &["losses"],
        &["show", "t"],
    ] {
        let ended = house.ran(line).await;
        assert_eq!(ended.code(), Code::Unreachable, "{line:?}");
        assert!(
            ended.err.starts_with("error: database: not available: ")
                && ended.err.contains("\n  see that"),
            "{}",
            ended.err
        );
    }
}
