//! `POST /v1/reconciliations`, and `GET /v1/key`.

use serde_json::{Value, json};

use super::{Answer, Desk, token};
use crate::lab::{Db, FILMED, PLAIN};

impl Desk {
    async fn compare(&self, of: &str, asked: Value) -> Answer {
        self.ask(of, "POST", "/v1/reconciliations", asked.to_string())
            .await
    }
}

/// A field of each item.
fn each<'a>(answer: &'a Answer, field: &str) -> Vec<&'a Value> {
    let items = answer.body["items"].as_array();
    let items = items.unwrap_or_else(|| panic!("{answer:?}"));
    items.iter().map(|item| &item[field]).collect()
}

async fn compared(db: Db) {
    let desk = Desk::new(db).await;
    let told = json!([token(1, FILMED), token(2, PLAIN)]).to_string();
    let post = desk.ask("track", "POST", "/v1/verifications", told).await;
    assert_eq!(post.status, 200, "{post:?}");
    let mut other = token(1, FILMED);
    other["reference"] = json!("order-7");
    let items = json!([
        token(1, FILMED),
        other,
        token(2, FILMED),
        token(3, FILMED),
        { "verify_token": "canary canary", "app": FILMED },
    ]);
    let asked = json!({ "items": items, "name": "daily" });

    let all = desk.compare("operate", asked.clone()).await;
    assert_eq!(
        each(&all, "verdict"),
        ["open", "open", "open", "untracked", "wrong"]
    );
    assert_eq!(
        each(&all, "conflicts"),
        [
            &Value::Null,
            &json!(["reference"]),
            &json!(["app"]),
            &Value::Null,
            &Value::Null
        ]
    );
    assert_eq!(all.body["sums"]["lines"], 5);
    assert!(!all.body.to_string().contains("canary"), "{all:?}");

    let own = desk
        .compare(&format!("operate@{FILMED}"), asked.clone())
        .await;
    assert_eq!(
        (
            &own.body["items"][2]["verdict"],
            &own.body["items"][2]["verification_id"]
        ),
        (&json!("wrong"), &Value::Null),
        "what is another app's is not shown"
    );
    let others = desk
        .compare(&format!("operate@{PLAIN}"), asked.clone())
        .await;
    assert_eq!(each(&others, "verdict"), ["wrong"; 5]);

    // A list in two requests is kept once, with the sums of both.
    let half = |n: usize, so_far: Value, more: bool| json!({ "items": [token(n, FILMED)], "track": true, "name": "halves", "so_far": so_far, "more": more });
    let refused = desk.compare("operate", half(4, Value::Null, true)).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let both = "operate track";
    let first = desk.compare(both, half(4, Value::Null, true)).await;
    assert_eq!(first.body["items"][0]["verdict"], "tracked", "{first:?}");
    assert_eq!(first.body["recorded"], false);
    let second = desk
        .compare(both, half(1, first.body["sums"].clone(), false))
        .await;
    assert_eq!(second.body["recorded"], true, "{second:?}");
    let status = desk.ask("read", "GET", "/v1/status", "").await;
    let lists = status.body["reconciled"].as_array().unwrap();
    let list = |name: &str| lists.iter().find(|list| list["name"] == name).unwrap();
    assert_eq!(
        (
            &list("halves")["lines"],
            &list("halves")["tracked"],
            &list("halves")["actor"]
        ),
        (&json!(2), &json!(1), &json!("key operate track"))
    );
    assert_eq!(list("daily")["lines"], 5);

    for (label, wrong, status, field) in [
        ("no list", json!({ "name": "x" }), 422, Value::Null),
        (
            "a name with a line",
            json!({ "items": [], "name": "a\nb" }),
            422,
            json!("name"),
        ),
        (
            "less than nothing",
            json!({ "items": [], "so_far": { "lines": -1 } }),
            422,
            Value::Null,
        ),
        (
            "too many",
            json!({ "items": vec![1; 10_001] }),
            413,
            Value::Null,
        ),
    ] {
        let answer = desk.compare("operate", wrong).await;
        assert_eq!(
            (
                answer.status,
                answer.body.get("field").cloned().unwrap_or_default()
            ),
            (status, field),
            "{label}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_list_is_compared_and_its_counts_are_kept() {
    compared(Db::Sqlite).await;
    compared(Db::Postgres).await;
}

#[tokio::test]
async fn a_key_is_told_what_it_may_do() {
    let desk = Desk::new(Db::Sqlite).await;
    let own = desk
        .ask(&format!("track read@{FILMED} gone"), "GET", "/v1/key", "")
        .await;
    assert_eq!(own.status, 200, "{own:?}");
    assert_eq!(
        (
            &own.body["scopes"],
            &own.body["all_apps"],
            &own.body["apps"]
        ),
        (&json!(["track", "read"]), &json!(false), &json!([FILMED]))
    );
    let all = desk.ask("operate", "GET", "/v1/key", "").await;
    let apps = all.body["apps"].as_array().unwrap();
    assert!(
        all.body["all_apps"] == true && apps.contains(&json!(PLAIN)),
        "{all:?}"
    );
    assert_eq!(desk.ask("wrong", "GET", "/v1/key", "").await.status, 401);
}
