//! `track`.

use super::*;

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
