//! `track`.

use super::*;

#[tokio::test]
async fn tokens_are_tracked_by_argument() {
    let house = House::new().await;
    house.put(vec![due(1)]).await;
    let mut others = due(2);
    others.verification.app = "other".to_owned();
    house.put(vec![others]).await;
    let line = [
        "track",
        "canary-new",
        "token-1",
        "token-2",
        "bad canary",
        "--app",
        "h5",
    ];
    let ended = house.ran(&line).await;
    assert_eq!(ended.code(), Code::Finding);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines[0].starts_with("token 1: new, "), "{}", ended.out);
    assert_eq!(
        lines[1..],
        [
            "token 2: known, waiting (019ab000-0000-7000-8000-000000000001)",
            "1 new, 1 known, 1 in conflict, 1 wrong"
        ]
    );
    assert!(
        ended.err.contains("token 4: verify_token has a character")
            && ended.err.contains("tracked already with another app"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("canary"), "{}", ended.err);
    assert_eq!(
        house
            .ran(&["track", "a", "b", "--app", "other"])
            .await
            .code(),
        Code::Done
    );
    assert_eq!(
        house.ran(&["track", "a"]).await.code(),
        Code::Usage,
        "two apps are configured and none is named"
    );
    assert_eq!(
        house.ran(&["track", "a", "--app", "gone"]).await.code(),
        Code::Usage
    );
}

#[tokio::test]
async fn ten_thousand_lines_are_tracked_and_wrong_ones_stop_nothing() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    let mut text = String::from("\u{feff}verify_token,app\r\n");
    for number in 0..10_000 {
        text.push_str(&if number % 2702 == 5 {
            "canary canary,h5\r\n".to_owned()
        } else {
            format!("t{number},h5\r\n")
        });
    }
    fs::write(&file, text).unwrap();
    let line = ["track", "--file", file.to_str().unwrap()];
    let ended = house.ran(&line).await;
    assert_eq!(ended.out, "9,996 new, 0 known, 0 in conflict, 4 wrong\n");
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended.err.contains("line 7: verify_token has") && !ended.err.contains("canary"),
        "{}",
        ended.err
    );

    let json = house.ran(&[&line[..], &["--json"]].concat()).await;
    let rows = json.ndjson();
    let count = |verdict: &str| rows.iter().filter(|row| row["verdict"] == verdict).count();
    let wrong = rows.iter().find(|row| row["verdict"] == "wrong").unwrap();
    assert_eq!((count("known"), count("wrong")), (9_996, 4));
    assert_eq!(wrong["line"], 7);
}

#[tokio::test]
async fn a_database_that_goes_away_leaves_what_was_tracked_and_says_how_to_go_on() {
    let house = House::new().await;
    // A pipe, so that the database goes away between two thousands.
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("tokens");
    let text = |numbers: std::ops::Range<u32>| -> String {
        numbers.map(|number| format!("t{number}\n")).collect()
    };
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let line = ["track", "--file", fifo.to_str().unwrap(), "--app", "h5"];
    let told = async {
        let path = fifo.clone();
        let open =
            crate::worker::spawn::blocking(move || fs::OpenOptions::new().write(true).open(path));
        let mut pipe = open.await.unwrap().unwrap();
        let first = format!("verify_token\n{}", text(0..2000));
        std::io::Write::write_all(&mut pipe, first.as_bytes()).unwrap();
        let all = crate::store::reports::Filter {
            limit: 2001,
            ..Default::default()
        };
        while house.store().list(&all).await.unwrap().len() < 2000 {
            tokio::task::yield_now().await;
        }
        house.store().close().await;
        std::io::Write::write_all(&mut pipe, text(2000..2500).as_bytes()).unwrap();
    };
    // The one that writes first: opening a pipe waits for its other end.
    let ((), ended) = tokio::join!(told, house.ran(&line));
    assert_eq!(ended.code(), Code::Unreachable);
    assert!(
        ended.err.contains(
            "2,000 lines tracked, everything from line 2002 on was not; run the same command again"
        ),
        "{}",
        ended.err
    );
}
