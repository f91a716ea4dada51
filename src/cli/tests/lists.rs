//! `reconcile` on a store by hand.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::Value;

use super::{
    super::{
        Command,
        fake::{self, Fake},
        reconcile,
        report::Code,
        screen::Screen,
        track::input,
    },
    Ended, command, config,
};
use crate::{
    domain::{
        loss::Reason,
        plan::Missing,
        time::Time,
        token::{State, TrackRequest},
    },
    store::{
        StoreError,
        records::{KnownToken, TrackVerdict},
    },
};

fn known(token: &str, state: State) -> (String, KnownToken) {
    let missing = Missing {
        what: "video".to_owned(),
        attempt_no: Some(1),
        reason: Reason::default(),
        why: "gone".to_owned(),
    };
    let known = KnownToken {
        verification_id: uuid::Uuid::from_u128(7).into(),
        app: "h5".to_owned(),
        issued_at: Time(fake::NOW.0 - 1000),
        issued_at_told: true,
        plan_id: Some("17".to_owned()),
        reference: Some("r".to_owned()),
        state,
        missing: if state == State::Incomplete {
            vec![missing]
        } else {
            Vec::new()
        },
        media_deadline: Time(fake::NOW.0 + 1000),
        record_deadline: Time(fake::NOW.0 + 3000),
    };
    (token.to_owned(), known)
}

fn store() -> Fake {
    let known = [
        known("whole", State::Archived),
        known("open", State::Waiting),
        known("gone", State::Incomplete),
        known("other", State::Collecting),
        known("refused", State::Rejected),
        known("token-1", State::Archived),
    ];
    Fake {
        known: known.into_iter().collect(),
        wholes: (0..3).map(fake::whole).collect(),
        ..Fake::default()
    }
}

async fn reconciled(line: &[&str], store: &Fake, text: &str) -> (Ended, usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("issued.csv");
    fs::write(&file, text).unwrap();
    let Command::Reconcile(args) =
        command(&[&["reconcile", file.to_str().unwrap()], line].concat())
    else {
        panic!()
    };
    let tracked = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&tracked);
    let track = move |told: Vec<TrackRequest>| -> BoxFuture<'_, Result<Vec<Result<TrackVerdict, String>>, StoreError>> {
        *counted.lock().unwrap() += told.len();
        async move { Ok(told.iter().map(|_| Ok(TrackVerdict::New { verification_id: uuid::Uuid::from_u128(1).into(), late: None })).collect()) }.boxed()
    };
    let ended = ran!(|screen| reconcile::run(&args, &config(), store, &track, screen).await);
    let tracked = *tracked.lock().unwrap();
    (ended, tracked)
}

const LIST: &str = "verify_token,app,reference\nwhole,h5,r\nopen,h5,\ngone,h5,r\nother,other,q\nrefused,h5,\ncanary-that-is-never,h5,\ncanary bad,h5,\n";

#[tokio::test]
async fn each_line_of_a_list_is_judged() {
    let store = store();
    let (ended, tracked) = reconciled(&[], &store, LIST).await;
    assert_eq!((ended.code(), tracked), (Code::Finding, 0));
    for part in [
        "line 4 (reference r): incomplete (00000000-0000-0000-0000-000000000007): video of attempt 1: gone\n",
        "line 5 (reference q): collecting (00000000-0000-0000-0000-000000000007); tracked with another app, reference, which stays\n",
        "line 6: rejected by the provider (00000000-0000-0000-0000-000000000007)",
        "line 7 (token …ever): never tracked\n",
        "line 8: verify_token has a character",
        "7 lines: 1 whole, 2 open, 1 never tracked, 1 lost, 1 rejected, 1 in conflict, 1 wrong\n",
    ] {
        assert!(ended.out.contains(part), "{part} in\n{}", ended.out);
    }
    assert!(
        !ended.out.contains("canary")
            && !ended.out.contains("line 2")
            && !ended.out.contains("line 3"),
        "{}",
        ended.out
    );
    let remembered = store.reconciled.lock().unwrap().pop().unwrap();
    assert_eq!(
        (
            remembered.lines,
            remembered.untracked,
            remembered.lost,
            remembered.unlisted
        ),
        (7, 1, 1, None)
    );

    let (json, _) = reconciled(&["--json"], &store, LIST).await;
    let lines: Vec<Value> = json
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 7);
    assert!(
        lines.iter().any(|line| line["verdict"] == "lost"
            && line["missing"][0]["what"] == "video"
            && line["state"] == "incomplete"),
        "{}",
        json.out
    );
    assert!(
        lines.iter().any(|line| line["line"] == 5
            && line["conflicts"] == serde_json::json!(["app", "reference"])),
        "{}",
        json.out
    );
    assert!(json.err.starts_with("7 lines: "), "{}", json.err);
}

#[tokio::test]
async fn a_time_of_issue_conflicts_from_minutes_on() {
    // Known to the millisecond; lists are written in seconds or minutes, and by other clocks.
    let known_at = Time(fake::NOW.0 - 1_000 + 123);
    let mut store = store();
    store.known.get_mut("whole").unwrap().issued_at = known_at;
    for (label, apart, conflicts) in [
        ("its own export", -123, 0),
        ("another clock", 290_000, 0),
        ("another token's time", 301_000, 1),
        ("before", -301_000, 1),
        ("an offset left out", -28_800_000, 1),
    ] {
        let told = Time(known_at.0 + apart);
        let text = format!("verify_token,app,issued_at\nwhole,h5,{}\n", told.0);
        let (ended, _) = reconciled(&["--name", label], &store, &text).await;
        let found = store.reconciled.lock().unwrap().pop().unwrap();
        assert_eq!(
            (found.conflict, found.wrong),
            (conflicts, 0),
            "{label}: {}",
            ended.out
        );
        assert_eq!(found.name, label);
    }
}

#[tokio::test]
async fn what_list_exports_is_what_track_and_reconcile_read() {
    let mut odd = fake::whole(3);
    odd.summary.verify_token = "token-with-a-reference".to_owned();
    odd.summary.reference = Some("order \"7\", 订单; |".to_owned());
    odd.summary.plan_id = Some("17".to_owned());
    let store = Fake {
        wholes: vec![fake::whole(0), odd],
        ..Fake::default()
    };
    for format in ["--json", "--csv"] {
        let exported = super::listed(&[format], &config(), &store).await;
        assert_eq!(exported.code(), Code::Done, "{}", exported.err);
        let defaults = input::Defaults {
            apps: store
                .wholes
                .iter()
                .map(|whole| whole.summary.app.clone())
                .collect(),
            ..input::Defaults::default()
        };
        let text = std::io::Cursor::new(exported.out.into_bytes());
        let read: Vec<TrackRequest> = input::open(text, defaults)
            .unwrap()
            .map(|line| line.unwrap().1)
            .collect();
        assert_eq!(read.len(), store.wholes.len(), "{format}");
        for (told, whole) in read.iter().zip(&store.wholes) {
            let facts = &whole.summary;
            assert_eq!(
                (
                    told.verify_token.reveal(),
                    &told.app,
                    told.issued_at.map(Time::rfc3339),
                    &told.plan_id,
                    &told.reference
                ),
                (
                    facts.verify_token.as_str(),
                    &facts.app,
                    Some(facts.issued_at.rfc3339()),
                    &facts.plan_id,
                    &facts.reference
                ),
                "{format}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_tracked_beyond_the_list_is_told_softly() {
    let store = store();
    let (ended, _) = reconciled(
        &["--unlisted"],
        &store,
        "verify_token,app\nwhole,h5\nopen,h5\ntoken-1,h5\n",
    )
    .await;
    assert!(ended.out.contains("not in the list: 019ab000-0000-7000-8000-000000000000 (reference order-0), issued 2026-11-23T08:00:00Z by app h5, incomplete"), "{}", ended.out);
    let sum = "3 lines: 2 whole, 1 open, 0 never tracked, 0 lost, 0 rejected, 0 in conflict, 0 wrong; 2 tracked and not in the list\n";
    assert!(ended.out.ends_with(sum), "{}", ended.out);
    assert_eq!(
        (ended.code(), store.reconciled.lock().unwrap()[0].unlisted),
        (Code::Done, Some(2))
    );
    let filter = store.filters.lock().unwrap()[0].clone();
    assert_eq!(
        (filter.since, filter.until),
        (
            Some(Time(fake::NOW.0 - 1000)),
            Some(Time(fake::NOW.0 - 1000))
        ),
        "the times known of what is listed"
    );

    let (nothing, _) = reconciled(&["--unlisted"], &store, "verify_token,app\nnever,h5\n").await;
    assert!(
        nothing.code() == Code::Usage && nothing.err.contains("--since"),
        "{}",
        nothing.err
    );
}

#[tokio::test]
async fn a_hundred_thousand_lines_are_compared_and_tracked_when_asked() {
    let text = (0..100_000).fold("verify_token,app\n".to_owned(), |text, number| {
        text + &format!("t{number},h5\n")
    });
    let (ended, tracked) = reconciled(&["--track"], &Fake::default(), &text).await;
    assert_eq!(tracked, 100_000);
    // The store by hand forgets what it was told, so that each stays untracked.
    assert!(ended.out.ends_with("100,000 lines: 0 whole, 0 open, 100,000 never tracked, 0 lost, 0 rejected, 0 in conflict, 0 wrong\n"));
    let away = Fake {
        down: true,
        ..Fake::default()
    };
    assert_eq!(
        reconciled(&[], &away, "verify_token,app\nx,h5\n")
            .await
            .0
            .code(),
        Code::Unreachable
    );
}
