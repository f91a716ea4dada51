//! While the database is away, whoever asks over HTTP is told so in time.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    super::{
        api::{answer, ask, key},
        process::Daemon,
    },
    database::wired,
};
use crate::{lab::FILMED, wire::State};

/// What tells of one token.
fn token(n: usize) -> String {
    json!({ "app": FILMED, "verify_token": format!("Token{n:020}") }).to_string()
}

/// Tells of a token, and reads; how long each took. Both must be refused, to be repeated.
fn refused(daemon: &Daemon, key: &str, n: usize) -> [Duration; 2] {
    let calls = [
        ("POST /v1/verifications", token(n)),
        ("GET /v1/verifications", String::new()),
    ];
    calls.map(|(line, body)| {
        let began = Instant::now();
        let (head, body) = answer(daemon, key, line, &body);
        assert!(head.contains(" 503 "), "{line}: {head} {body}");
        assert!(head.contains("\r\nretry-after: "), "{line}: {head}");
        assert!(body.contains("repeating it is safe"), "{line}: {body}");
        began.elapsed()
    })
}

async fn told_in_time(seed: u64, state: State) {
    let (place, wire) = wired(seed).await;
    let daemon = place.start().await;
    let key = key(&place, &["track", "read"]);
    let post = |n| ask(&daemon, &key, "POST /v1/verifications", &token(n)).0;
    assert_eq!(post(0), 201);
    wire.is.send(state).unwrap();
    let first = thread::scope(|scope| {
        let ask = |n| {
            scope.spawn({
                let (daemon, key) = (&daemon, &key);
                move || refused(daemon, key, n)
            })
        };
        let asking: Vec<_> = (1..=20).map(ask).collect();
        let took = asking.into_iter().flat_map(|one| one.join().unwrap());
        took.max().unwrap()
    });
    // Long enough for some of them to look whether it is back.
    let (began, mut then) = (Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_millis(2500) {
        then.extend(refused(&daemon, &key, then.len()));
    }
    then.sort();
    let (middle, last) = (then[then.len() / 2], then[then.len() - 1]);
    println!("{state:?}: first {first:?}, then {middle:?}, at most {last:?}");
    // A slow machine has as much again.
    assert!(first < Duration::from_secs(5), "the first: {first:?}");
    assert!(last < Duration::from_secs(3), "the longest: {last:?}");
    assert!(middle < Duration::from_millis(300), "at once: {middle:?}");

    wire.is.send(State::Whole).unwrap();
    let soon = Duration::from_secs(30);
    place
        .until("tokens are taken again", soon, async || {
            matches!(post(1), 200 | 201)
        })
        .await;
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_while_the_database_refuses_or_says_nothing_is_told_in_time() {
    tokio::join!(
        told_in_time(63, State::Cut),
        told_in_time(64, State::Silent)
    );
}
