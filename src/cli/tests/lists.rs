//! `reconcile`.

use super::{super::track::input, *};
use crate::domain::token::TrackRequest;

/// Tokens in every state, and one that is another app's.
async fn house() -> House {
    let house = House::new().await;
    let named = |token: &str, mut row: crate::store::records::NewVerification| {
        row.verification.verify_token = token.into();
        row.reference = Some("r".to_owned());
        row
    };
    house
        .put(vec![
            named("whole", ended(7, Outcome::Archived)),
            named("open", due(8)),
            named("gone", ended(9, Outcome::Incomplete)),
            named("other", due(10)),
            named("refused", ended(11, Outcome::Rejected)),
        ])
        .await;
    house
}

async fn reconciled(house: &House, line: &[&str], text: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("issued.csv");
    fs::write(&file, text).unwrap();
    house
        .ran(&[&["reconcile", file.to_str().unwrap()], line].concat())
        .await
}

/// What the last comparison of the list of that name found.
async fn remembered(house: &House, name: &str) -> crate::store::reports::Reconciliation {
    let status = house.store().status(NOW).await.unwrap();
    let mut found = status.reconciled.into_iter();
    found.find(|found| found.name == name).unwrap()
}

const LIST: &str = "verify_token,app,reference\nwhole,h5,r\nopen,h5,\ngone,h5,r\nother,other,q\nrefused,h5,\ncanary-that-is-never,h5,\ncanary bad,h5,\n";

#[tokio::test]
async fn each_line_of_a_list_is_judged() {
    let house = house().await;
    let judged = reconciled(&house, &[], LIST).await;
    assert_eq!(judged.code(), Code::Finding);
    for part in [
        "line 4 (reference r): incomplete (019ab000-0000-7000-8000-000000000009): process_video of attempt 1: gone at the provider\n",
        "line 5 (reference q): waiting (019ab000-0000-7000-8000-000000000010); tracked with another app, reference, which stays\n",
        "line 6: rejected by the provider (019ab000-0000-7000-8000-000000000011)",
        "line 7 (token …ever): never tracked\n",
        "line 8: verify_token has a character",
        "7 lines: 1 whole, 2 open, 1 never tracked, 1 lost, 1 rejected, 1 in conflict, 1 wrong\n",
    ] {
        assert!(judged.out.contains(part), "{part} in\n{}", judged.out);
    }
    assert!(
        !judged.out.contains("canary")
            && !judged.out.contains("line 2")
            && !judged.out.contains("line 3"),
        "{}",
        judged.out
    );
    let found = remembered(&house, "").await;
    assert_eq!(
        (found.lines, found.untracked, found.lost, found.unlisted),
        (7, 1, 1, None)
    );

    let json = reconciled(&house, &["--json"], LIST).await;
    let lines = json.ndjson();
    assert_eq!(lines.len(), 7);
    assert!(
        lines.iter().any(|line| line["verdict"] == "lost"
            && line["missing"][0]["what"] == "process_video"
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
    let known_at = Time(NOW.0 - 900_000 + 123);
    let house = House::new().await;
    let mut known = due(1);
    known.verification.issued_at = known_at;
    house.put(vec![known]).await;
    for (label, apart, conflicts) in [
        ("its own export", -123, 0),
        ("another clock", 290_000, 0),
        ("another token's time", 301_000, 1),
        ("before", -301_000, 1),
        ("an offset left out", -28_800_000, 1),
    ] {
        let told = Time(known_at.0 + apart);
        let text = format!("verify_token,app,issued_at\ntoken-1,h5,{}\n", told.0);
        let judged = reconciled(&house, &["--name", label], &text).await;
        let found = remembered(&house, label).await;
        assert_eq!(
            (found.conflict, found.wrong),
            (conflicts, 0),
            "{label}: {}",
            judged.out
        );
    }
}

#[tokio::test]
async fn what_list_exports_is_what_track_and_reconcile_read() {
    let house = House::new().await;
    let mut odd = ended(3, Outcome::Incomplete);
    odd.verification.verify_token = "token-with-a-reference".into();
    odd.reference = Some("order \"7\", 订单; |".to_owned());
    let rows = [odd, ended(0, Outcome::Archived)];
    house.put(rows.to_vec()).await;
    for format in ["--json", "--csv"] {
        let exported = house.ran(&["list", format, "--tokens"]).await;
        assert_eq!(exported.code(), Code::Done, "{}", exported.err);
        let defaults = input::Defaults {
            apps: vec!["h5".to_owned()],
            ..input::Defaults::default()
        };
        let text = std::io::Cursor::new(exported.out.into_bytes());
        let read: Vec<TrackRequest> = input::open(text, defaults)
            .unwrap()
            .map(|line| line.unwrap().1)
            .collect();
        assert_eq!(read.len(), rows.len(), "{format}");
        for (told, row) in read.iter().zip(&rows) {
            let facts = &row.verification;
            assert_eq!(
                (
                    told.verify_token.reveal(),
                    &told.app,
                    told.issued_at,
                    &told.plan_id,
                    &told.reference
                ),
                (
                    facts.verify_token.reveal(),
                    &facts.app,
                    Some(facts.issued_at),
                    &facts.plan_id,
                    &row.reference
                ),
                "{format}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_tracked_beyond_the_list_is_told_softly() {
    let house = House::new().await;
    let mut before = ended(4, Outcome::Archived);
    before.verification.issued_at = at("2026-11-22T08:00:00Z");
    house
        .put(vec![
            ended(0, Outcome::Incomplete),
            ended(1, Outcome::Archived),
            due(2),
            ended(3, Outcome::Archived),
            before,
        ])
        .await;
    let judged = reconciled(
        &house,
        &["--unlisted"],
        "verify_token,app\ntoken-1,h5\ntoken-2,h5\n",
    )
    .await;
    assert!(judged.out.contains("not in the list: 019ab000-0000-7000-8000-000000000000 (reference order-0), issued 2026-11-23T08:00:00Z by app h5, incomplete"), "{}", judged.out);
    let sum = "2 lines: 1 whole, 1 open, 0 never tracked, 0 lost, 0 rejected, 0 in conflict, 0 wrong; 2 tracked and not in the list\n";
    assert!(judged.out.ends_with(sum), "{}", judged.out);
    assert_eq!(
        (judged.code(), remembered(&house, "").await.unlisted),
        (Code::Done, Some(2)),
        "the period is that of what is listed"
    );

    let nothing = reconciled(&house, &["--unlisted"], "verify_token,app\nnever,h5\n").await;
    assert!(
        nothing.code() == Code::Usage && nothing.err.contains("--since"),
        "{}",
        nothing.err
    );
}

#[tokio::test]
async fn ten_thousand_lines_are_compared_and_tracked_when_asked() {
    let house = House::new().await;
    let text = (0..10_000).fold("verify_token,app\n".to_owned(), |text, number| {
        text + &format!("t{number},h5\n")
    });
    for (line, sum) in [
        (&[][..], "0 open, 10,000 never tracked, "),
        (
            &["--track"],
            "0 open, 10,000 never tracked (10,000 tracked now), ",
        ),
        (&[], "10,000 open, 0 never tracked, "),
    ] {
        let judged = reconciled(&house, line, &text).await;
        assert!(judged.out.contains(sum), "{line:?}: {sum}");
    }
    house.store().close().await;
    let away = reconciled(&house, &[], "verify_token,app\nx,h5\n").await;
    assert_eq!(away.code(), Code::Unreachable);
}
