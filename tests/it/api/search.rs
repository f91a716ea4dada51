//! `POST /v1/verifications/search`: who finds whom, and what is kept of it.

use serde_json::{Value, json};
use verikeep::domain::{
    access::{Access, SEARCHES_MAX, What, Who},
    id::AccessId,
    key::Presented,
};

use super::{Answer, Desk};
use crate::lab::{Db, FILMED, PLAIN};

const PATH: &str = "/v1/verifications/search";
const NUMBER: &str = "110101199003070003";

impl Desk {
    /// Issues a token for the person of [`NUMBER`], and gives the name of it.
    async fn issued(&self, app: &str) -> (String, String) {
        let wish = json!({ "app": app, "plan_id": "unused", "identity": { "name": "张三", "number": NUMBER } });
        let given = self
            .ask("issue", "POST", "/v1/tokens", wish.to_string())
            .await;
        assert_eq!(given.status, 201, "{given:?}");
        let text = |field: &str| given.body[field].as_str().unwrap().to_owned();
        (text("verification_id"), text("verify_token"))
    }

    async fn search(&self, of: &str, asked: Value) -> Answer {
        let answer = self.ask(of, "POST", PATH, asked.to_string()).await;
        let text = answer.body.to_string();
        assert!(!text.contains(NUMBER) && !text.contains("张三"), "{text}");
        answer
    }
}

fn ids(answer: &Answer) -> Vec<&str> {
    let rows = answer.body["verifications"].as_array();
    let rows = rows.unwrap_or_else(|| panic!("{answer:?}"));
    rows.iter()
        .map(|row| row["verification_id"].as_str().unwrap())
        .collect()
}

async fn found(db: Db) {
    let desk = Desk::new(db).await;
    let (first, _) = desk.issued(FILMED).await;
    let (second, token) = desk.issued(PLAIN).await;
    let (third, _) = desk.issued(FILMED).await;
    let asked = json!({ "id_number": " 110101-19900307-0003", "purpose": "case 17" });
    let all = desk.search("reveal", asked.clone()).await;
    assert_eq!(ids(&all), [&third, &second, &first]);
    assert_eq!(all.body["complete"], json!(true));
    assert!(!all.body.to_string().contains("verify_token"), "{all:?}");
    let one = desk
        .search(&format!("reveal@{FILMED}"), asked.clone())
        .await;
    assert_eq!(ids(&one), [&third, &first], "of its app alone");
    let mut page = asked.clone();
    page["limit"] = json!(2);
    let newest = desk.search("reveal", page.clone()).await;
    assert_eq!(ids(&newest), [&third, &second]);
    page["cursor"] = newest.body["next"].clone();
    let oldest = desk.search("reveal", page).await;
    assert_eq!(ids(&oldest), [&first]);
    assert_eq!(oldest.body["next"], Value::Null);
    let other = json!({ "id_number": "11010519491231002X", "purpose": "case 17" });
    assert_eq!(ids(&desk.search("reveal", other).await), [""; 0]);

    let tokens = json!({ "verify_tokens": ["none", token, "", token] });
    let row = json!({ "verification_id": second, "state": "waiting", "app": PLAIN });
    for (of, row) in [("read", row), (&format!("read@{FILMED}"), Value::Null)] {
        let known = desk.search(of, tokens.clone()).await;
        let expected = json!([null, row, null, row]);
        assert_eq!(
            (known.status, &known.body["items"]),
            (200, &expected),
            "{of}"
        );
    }
}

#[tokio::test]
async fn a_person_is_found_by_number_and_a_verification_by_its_token() {
    found(Db::Sqlite).await;
    found(Db::Postgres).await;
}

#[tokio::test]
async fn a_search_that_is_wrong_is_told_by_its_field() {
    let desk = Desk::new(Db::Sqlite).await;
    let number = |field: &str, value: Value| {
        let mut asked = json!({ "id_number": NUMBER, "purpose": "case 17" });
        asked[field] = value;
        asked
    };
    let tokens = |field: &str, value: Value| {
        let mut asked = json!({ "verify_tokens": ["a"] });
        asked[field] = value;
        asked
    };
    let many: Vec<&str> = vec!["a"; 1_001];
    for (label, of, asked, status, field) in [
        (
            "no purpose",
            "reveal",
            json!({ "id_number": NUMBER }),
            422,
            json!("purpose"),
        ),
        (
            "a blank one",
            "reveal",
            number("purpose", json!("  ")),
            422,
            json!("purpose"),
        ),
        (
            "a line in it",
            "reveal",
            number("purpose", json!("a\nb")),
            422,
            json!("purpose"),
        ),
        (
            "the number in it",
            "reveal",
            number("purpose", json!(format!("of {NUMBER}"))),
            422,
            json!("purpose"),
        ),
        (
            "no number",
            "reveal",
            number("id_number", json!("")),
            422,
            json!("id_number"),
        ),
        (
            "no page",
            "reveal",
            number("limit", json!(0)),
            422,
            json!("limit"),
        ),
        (
            "no cursor",
            "reveal",
            number("cursor", json!("x")),
            422,
            json!("cursor"),
        ),
        (
            "both",
            "reveal",
            number("verify_tokens", json!(["a"])),
            422,
            Value::Null,
        ),
        (
            "neither",
            "reveal",
            json!({ "purpose": "case 17" }),
            422,
            Value::Null,
        ),
        (
            "a field nobody knows",
            "reveal",
            number("name", json!("张三")),
            422,
            Value::Null,
        ),
        (
            "a number",
            "reveal",
            number("id_number", json!(17)),
            422,
            Value::Null,
        ),
        (
            "a purpose for tokens",
            "read",
            tokens("purpose", json!("x")),
            422,
            json!("purpose"),
        ),
        (
            "an app for tokens",
            "read",
            tokens("app", json!(FILMED)),
            422,
            json!("app"),
        ),
        (
            "too many tokens",
            "read",
            tokens("verify_tokens", json!(many)),
            413,
            Value::Null,
        ),
        (
            "another's app",
            &format!("reveal@{PLAIN}"),
            number("app", json!(FILMED)),
            403,
            Value::Null,
        ),
    ] {
        let answer = desk.search(of, asked).await;
        assert_eq!(answer.status, status, "{label}: {:?}", answer.body);
        assert_eq!(
            answer.body.get("field").unwrap_or(&Value::Null),
            &field,
            "{label}"
        );
    }
    let keyless = Desk::with(Db::Sqlite, None).await;
    let refused = keyless.search("reveal", number("limit", json!(1))).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (422, &json!("identity.index_key_file"))
    );
}

#[tokio::test]
async fn a_key_that_has_searched_enough_waits_for_midnight() {
    let desk = Desk::new(Db::Sqlite).await;
    let key = desk.key("reveal").await;
    let now = desk.archive.clock.now();
    for _ in 0..SEARCHES_MAX {
        let access = Access {
            access_id: AccessId::fresh(now),
            at: now,
            who: Who::Key {
                key_id: Presented::read(&key).unwrap().key_id,
                name: "key reveal".to_owned(),
            },
            what: What::Search {
                id_number_index: "index".to_owned(),
                app: None,
            },
            purpose: Some("case 17".to_owned()),
        };
        assert!(desk.archive.store.begin_access(&access).await.unwrap());
    }
    let asked = json!({ "id_number": NUMBER, "purpose": "case 17" }).to_string();
    let request = http::Request::post(PATH).header("authorization", format!("Bearer {key}"));
    let answer = desk.send(request.body(asked.into()).unwrap()).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    let after: i64 = answer.head["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=86_401).contains(&after), "{after}");
    let another = json!({ "id_number": NUMBER, "purpose": "case 17" });
    assert_eq!(
        desk.search("reveal", another).await.status,
        200,
        "another key"
    );
}
