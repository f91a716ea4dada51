//! What a key may spend, as its clients see it.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use verikeep::domain::key::ApiKey;

use super::{Answer, Desk, token};
use crate::lab::{Db, FILMED};

impl Desk {
    async fn post(&self, key: &str, path: &str, body: Value) -> Answer {
        let request = Request::post(path).header("authorization", format!("Bearer {key}"));
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }
}

async fn caps(db: Db) {
    let desk = Desk::new(db).await;
    let few = |key| ApiKey {
        tokens_a_day: 3,
        issues_a_day: 1,
        ..key
    };
    let key = desk.key_with("track issue operate", few).await;
    let told =
        |range: std::ops::Range<usize>| -> Value { range.map(|n| token(n, FILMED)).collect() };
    let wish = json!({ "app": FILMED, "plan_id": "unused" });
    let list = |range| json!({ "items": told(range), "track": true });
    for (label, path, body, status) in [
        ("two", "/v1/verifications", told(0..2), 200),
        (
            "two more, of which one is left",
            "/v1/verifications",
            told(2..4),
            429,
        ),
        (
            "two that are known and the one",
            "/v1/verifications",
            told(0..3),
            200,
        ),
        ("none is left", "/v1/verifications", token(3, FILMED), 429),
        ("nor by a list", "/v1/reconciliations", list(3..4), 429),
        (
            "what is known costs nothing",
            "/v1/verifications",
            token(1, FILMED),
            200,
        ),
        ("nor in a list", "/v1/reconciliations", list(0..3), 200),
        ("one is generated", "/v1/tokens", wish.clone(), 201),
        ("and no other", "/v1/tokens", wish, 429),
    ] {
        let answer = desk.post(&key, path, body).await;
        assert_eq!(answer.status, status, "{label}: {answer:?}");
        if status == 429 {
            assert_eq!(
                answer.body["type"], "urn:verikeep:problem:too-often",
                "{label}"
            );
            let after: u32 = answer.head["retry-after"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert!(after <= 86_400, "{label}: {after} s");
        }
    }
}

#[tokio::test]
async fn what_a_key_spends_a_day_has_an_end_and_what_is_known_is_answered_beyond_it() {
    caps(Db::Sqlite).await;
    caps(Db::Postgres).await;
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let desk = Desk::new(Db::Sqlite).await;
    let slow = |key| ApiKey { rate: 1, ..key };
    let key = desk.key_with("read", slow).await;
    let ask = async || {
        let request = Request::get("/v1/status").header("authorization", format!("Bearer {key}"));
        desk.send(request.body(Body::empty()).unwrap()).await
    };
    let mut asked = 0;
    let refused = loop {
        asked += 1;
        let answer = ask().await;
        if answer.status != 200 {
            break answer;
        }
        assert!(asked < 100, "it is never refused");
    };
    assert_eq!(
        (refused.status, &refused.body["type"]),
        (429, &json!("urn:verikeep:problem:too-often"))
    );
    assert_eq!(refused.head["retry-after"], "1");
}
