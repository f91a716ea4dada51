//! From the documentation alone: a key is made, a token is told over HTTP, and it is archived.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use simulator::{Life, LifeSpec, Video};

use super::process::{Daemon, Place, code, err, out};
use crate::lab::{Db, FILMED, PLAIN};

/// The status and the JSON of what is answered.
pub(super) fn ask(daemon: &Daemon, key: &str, line: &str, body: &str) -> (u16, Value) {
    let (head, body) = answer(daemon, key, line, body);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

/// The head and the body of what is answered.
pub(super) fn answer(daemon: &Daemon, key: &str, line: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(daemon.address()).unwrap();
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// A key of these scopes, for all apps.
pub(super) fn key(place: &Place, scopes: &[&str]) -> String {
    let mut line = vec!["key", "create", "--name", "shop", "--all-apps"];
    line.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
    let made = place.verikeep(&line);
    assert_eq!(code(&made), 0, "{}", err(&made));
    out(&made).trim().to_owned()
}

async fn a_token_issued_over_http_is_archived(db: Db) {
    const NUMBER: &str = "110101199003070003";
    const NOBODY: &str = "11010519491231002X";
    let place = Place::new(db, 62).await;
    let daemon = place.start().await;
    let made = place.verikeep(&[
        "key", "create", "--name", "shop", "--scope", "issue", "--scope", "read", "--scope",
        "reveal", "--app", FILMED,
    ]);
    assert_eq!(code(&made), 0, "{}", err(&made));
    let key = out(&made).trim().to_owned();
    // A header more, in the place of the protocol.
    let line = "POST /v1/tokens HTTP/1.1\r\nidempotency-key: order-1\r\nx-rest:";
    let wish = json!({ "app": FILMED, "plan_id": "passed,video=one", "identity": { "name": "张三", "number": NUMBER } });
    let (status, given) = ask(&daemon, &key, line, &wish.to_string());
    assert_eq!((status, &given["prepared"]), (201, &json!(true)), "{given}");
    let said = daemon.stop();
    let token = given["verify_token"].as_str().unwrap();
    let daemon = place.start().await;
    let again = ask(&daemon, &key, line, &wish.to_string());
    assert_eq!(again, (201, given.clone()), "after a start");
    let id = given["verification_id"].as_str().unwrap();
    let show = format!("GET /v1/verifications/{id}");
    place
        .until("it is archived", Duration::from_secs(60), async || {
            ask(&daemon, &key, &show, "").1["state"] == "archived"
        })
        .await;
    let shown = ask(&daemon, &key, &show, "").1.to_string();
    let search = |number: &str| {
        let asked = json!({ "id_number": number, "purpose": "case 17" });
        let line = "POST /v1/verifications/search";
        let (status, found) = ask(&daemon, &key, line, &asked.to_string());
        assert_eq!(status, 200, "{found}");
        assert!(!found.to_string().contains(number), "{found}");
        found["verifications"].as_array().unwrap().len()
    };
    assert_eq!((search(NUMBER), search(NOBODY)), (1, 0));
    let wrong = json!({ "id_number": NOBODY, "purpose": NOBODY, "x": NOBODY });
    for body in [wrong.to_string(), format!("{{\"id_number\": {NOBODY}")] {
        let (status, problem) = ask(&daemon, &key, "POST /v1/verifications/search", &body);
        assert_eq!(status, 422);
        assert!(!problem.to_string().contains(NOBODY), "{problem}");
    }
    let said = format!("{said}{}", daemon.stop());
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(place.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            kept.extend(std::fs::read(path).unwrap());
        }
    }
    let is_kept = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert_eq!(is_kept("case 17"), db == Db::Sqlite, "the trace is there");
    assert!(!is_kept(NOBODY), "the database holds the number");
    assert!(!said.contains(NOBODY), "the number is in the log");
    for secret in [key.as_str(), token, NUMBER, "order-1"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!said.contains(secret), "a secret is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_issued_over_http_once_also_after_a_start_and_it_is_archived() {
    tokio::join!(
        a_token_issued_over_http_is_archived(Db::Sqlite),
        a_token_issued_over_http_is_archived(Db::Postgres)
    );
}

async fn a_token_told_over_http_is_archived(db: Db) {
    let place = Place::new(db, 61).await;
    let daemon = place.start().await;
    let key = |scope: &str, app: &str| {
        let line = [
            "key",
            "create",
            "--name",
            &format!("{scope}-{app}"),
            "--scope",
            scope,
            "--app",
            app,
        ];
        let made = place.verikeep(&line);
        assert_eq!(code(&made), 0, "{}", err(&made));
        out(&made).trim().to_owned()
    };
    let (teller, reader, other) = (
        key("track", FILMED),
        key("read", FILMED),
        key("read", PLAIN),
    );
    let life = LifeSpec {
        video: Some(Video::One),
        ..LifeSpec::of(Life::Passed, 1)
    };
    let made = place.simulator().create(FILMED, &[life]).swap_remove(0);
    let told = json!({ "app": FILMED, "verify_token": made.verify_token, "issued_at": made.issued_at, "reference": "order-1" });
    let post = |key: &str| ask(&daemon, key, "POST /v1/verifications", &told.to_string());
    let (status, fresh) = post(&teller);
    assert_eq!((status, &fresh["result"]), (201, &json!("new")), "{fresh}");
    let id = fresh["verification_id"].as_str().unwrap();
    assert_eq!(post(&teller).0, 200, "known");
    assert_eq!(post(&reader).0, 403, "another scope");
    let mut wrong = teller.clone();
    wrong.pop();
    assert_eq!(post(&wrong).0, 401);

    let show = format!("GET /v1/verifications/{id}");
    place
        .until("it is archived", Duration::from_secs(60), async || {
            ask(&daemon, &reader, &show, "").1["state"] == "archived"
        })
        .await;
    assert_eq!(ask(&daemon, &other, &show, "").0, 404, "another app's key");
    let shown = ask(&daemon, &reader, &show, "").1;
    assert_eq!(shown["reference"], "order-1");
    assert!(
        shown["attempt_rows"][0]["passed"].as_bool().unwrap(),
        "{shown}"
    );
    assert!(!shown.to_string().contains(&made.verify_token));

    let revoked = place.verikeep(&["key", "revoke", &format!("read-{FILMED}")]);
    assert_eq!(code(&revoked), 0, "{}", err(&revoked));
    let soon = Duration::from_secs(10);
    place
        .until("the key is refused", soon, async || {
            ask(&daemon, &reader, &show, "").0 == 401
        })
        .await;
    let said = daemon.stop();
    for secret in [&teller, &reader, &made.verify_token] {
        assert!(!said.contains(secret.as_str()), "a secret is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_a_token_told_over_http_and_it_is_archived() {
    tokio::join!(
        a_token_told_over_http_is_archived(Db::Sqlite),
        a_token_told_over_http_is_archived(Db::Postgres)
    );
}
