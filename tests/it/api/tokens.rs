//! `POST /v1/tokens`: what is generated, what is given out, and how often.

use std::sync::Arc;

use http::Request;
use serde_json::{Value, json};
use simulator::Faults;
use verikeep::{
    app,
    desk::Local,
    domain::{
        key::Presented,
        once::{LEASE, Once},
        secret::Secret,
    },
    web::{api::router, keys::KeyRing},
    worker::clock::SystemClock,
};

use super::{Answer, Desk, sent};
use crate::lab::{Db, FILMED, PLAIN};

const NUMBER: &str = "110101199003070003";
const NAME: &str = "欧阳canary";

fn wish() -> Value {
    json!({ "app": FILMED, "plan_id": "unused", "reference": "order-17",
        "identity": { "name": NAME, "number": NUMBER, "certificate_type": 0 },
        "match_image": "/9j/4AECAw==" })
}

/// The wish with another value of a field, or without it.
fn but(pointer: &str, value: Option<Value>) -> String {
    let mut wish = wish();
    match (value, pointer.rsplit_once('/')) {
        (Some(value), Some((of, name))) => wish.pointer_mut(of).unwrap()[name] = value,
        (None, Some((of, name))) => {
            let fields = wish.pointer_mut(of).unwrap().as_object_mut().unwrap();
            fields.remove(name).unwrap();
        }
        _ => {}
    }
    wish.to_string()
}

fn post(key: &str, once: Option<&str>, body: &str) -> Request<axum::body::Body> {
    let request = Request::post("/v1/tokens").header("authorization", format!("Bearer {key}"));
    let request = match once {
        Some(once) => request.header("idempotency-key", once),
        None => request,
    };
    request.body(body.to_owned().into()).unwrap()
}

async fn tracked(desk: &Desk) -> Vec<Value> {
    let listed = desk.ask("read", "GET", "/v1/verifications", "").await;
    listed.body["verifications"].as_array().unwrap().clone()
}

async fn issued(db: Db) {
    let desk = Desk::new(db).await;
    let key = desk.key("issue").await;
    let ask = async |once: Option<&str>, body: &str| desk.send(post(&key, once, body)).await;
    let first = ask(Some("order-17"), &wish().to_string()).await;
    assert_eq!(first.status, 201, "{first:?}");
    let token = first.body["verify_token"].as_str().unwrap();
    assert_eq!(
        (&first.body["app"], &first.body["prepared"]),
        (&json!(FILMED), &json!(true))
    );
    let shown = desk.archive.store.show(token).await.unwrap().unwrap();
    assert_eq!(
        first.body["verification_id"],
        shown.summary.verification_id.to_string()
    );
    assert_eq!(
        (
            shown.summary.tracked_by.as_str(),
            shown.summary.reference.as_deref(),
            shown.summary.plan_id.as_deref()
        ),
        ("key issue", Some("order-17"), Some("unused"))
    );

    // Again, and of another replica or after a start.
    let again = ask(Some("order-17"), &wish().to_string()).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let id = first.body["verification_id"].as_str().unwrap();
    let path = format!("/v1/verifications/{id}");
    let whole = desk.ask("read", "GET", &path, "").await.body;
    assert_eq!(
        (
            &whole["submitted"]["name_masked"],
            &whole["submitted"]["taken"]
        ),
        (&json!("欧**"), &json!(true))
    );
    assert_eq!(whole["media"].as_array().unwrap().len(), 1, "kept once");
    assert_eq!(
        (&whole["media"][0]["kind"], &whole["media"][0]["state"]),
        (&json!("match_image"), &json!("stored"))
    );
    assert!(!whole.to_string().contains("canary") && !whole.to_string().contains(NUMBER));
    let opened = app::open(&desk.lab.config, Arc::new(SystemClock))
        .await
        .unwrap();
    let other = opened.archive;
    let keys = KeyRing::new(Arc::clone(&other.store) as _, Arc::clone(&other.clock));
    let replica = router(Arc::new(Local::new(&other)), Arc::new(keys));
    let replica = hyper_util::service::TowerToHyperService::new(replica);
    let again = sent(&replica, post(&key, Some("order-17"), &wish().to_string())).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let differs = ask(Some("order-17"), &but("/reference", None)).await;
    assert_eq!(
        (differs.status, &differs.body["field"]),
        (422, &json!("Idempotency-Key"))
    );
    assert_eq!(tracked(&desk).await.len(), 1);

    // Of many at once every one that is answered has the same.
    let body = but("/reference", Some(json!("order-18")));
    let all = (0..8).map(|_| ask(Some("order-18"), &body));
    let answers: Vec<Answer> = futures::future::join_all(all).await;
    let (given, running): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert!(
        running
            .iter()
            .all(|answer| answer.status == 409 && answer.head.contains_key("retry-after")),
        "{running:?}"
    );
    assert!(!given.is_empty() && given.iter().all(|answer| answer.body == given[0].body));
    assert_eq!(tracked(&desk).await.len(), 2);

    // Without a key every one is another.
    let plain = [ask(None, &body).await, ask(None, &body).await];
    assert_ne!(plain[0].body["verify_token"], plain[1].body["verify_token"]);
    assert_eq!(tracked(&desk).await.len(), 4);
    for row in tracked(&desk).await {
        assert!(!row.to_string().contains(token), "no list shows it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_given_out_tracked_and_once_for_an_idempotency_key() {
    issued(Db::Sqlite).await;
    issued(Db::Postgres).await;
}

#[tokio::test]
async fn a_request_for_a_token_that_is_under_way_is_waited_for_and_taken_over_when_it_is_not_ended()
{
    let desk = Desk::new(Db::Sqlite).await;
    let key = desk.key("issue").await;
    let (key_id, body) = (Presented::read(&key).unwrap().key_id, wish().to_string());
    let once = |told: &str| {
        Once::new(
            key_id,
            &Secret::new(key.clone()),
            told.as_bytes(),
            body.as_bytes(),
        )
        .unwrap()
    };
    let (store, now) = (&desk.archive.store, desk.archive.clock.now());
    store.begin_request(&once("running"), now).await.unwrap();
    let long_ago = now.minus(LEASE);
    store.begin_request(&once("left"), long_ago).await.unwrap();
    for (told, status) in [("running", 409), ("left", 201)] {
        let answer = desk.send(post(&key, Some(told), &body)).await;
        assert_eq!(answer.status, status, "{told}: {answer:?}");
    }
    // What failed is not done: it is tried again.
    desk.lab.simulator.set_faults(Faults::outage());
    let away = desk.send(post(&key, Some("away"), &body)).await;
    assert_eq!(away.status, 503, "{away:?}");
    assert!(away.head.contains_key("retry-after"));
    desk.lab.simulator.set_faults(Faults::default());
    let back = desk.send(post(&key, Some("away"), &body)).await;
    assert_eq!(back.status, 201, "{back:?}");
}

#[tokio::test]
async fn a_wish_that_is_wrong_is_told_by_its_field_and_nothing_of_it_is_repeated() {
    let desk = Desk::new(Db::Sqlite).await;
    let key = desk.key("issue").await;
    let text = |text: &str| Some(json!(text));
    for (label, body, once, status, field) in [
        (
            "an app nobody configured",
            but("/app", text("canary")),
            None,
            422,
            json!("app"),
        ),
        (
            "no plan",
            but("/plan_id", text(" ")),
            None,
            422,
            json!("plan_id"),
        ),
        (
            "a plan that is missing",
            but("/plan_id", None),
            None,
            422,
            Value::Null,
        ),
        (
            "a line in the reference",
            but("/reference", text("canary\n")),
            None,
            422,
            json!("reference"),
        ),
        (
            "no name",
            but("/identity/name", text("")),
            None,
            422,
            json!("identity.name"),
        ),
        (
            "a wrong check digit",
            but("/identity/number", text("110101199003070004")),
            None,
            422,
            json!("identity.number"),
        ),
        (
            "a number that is missing",
            but("/identity/number", None),
            None,
            422,
            Value::Null,
        ),
        (
            "another kind",
            but("/identity/certificate_type", Some(json!(6))),
            None,
            422,
            json!("identity.certificate_type"),
        ),
        (
            "no base64",
            but("/match_image", text("canary!")),
            None,
            422,
            json!("match_image"),
        ),
        (
            "no image",
            but("/match_image", text("aGVsbG8=")),
            None,
            422,
            json!("match_image"),
        ),
        (
            "a field nobody knows",
            but("/canary", text("canary")),
            None,
            422,
            Value::Null,
        ),
        (
            "no JSON",
            "{\"app\": canary".to_owned(),
            None,
            422,
            Value::Null,
        ),
        (
            "a key with a space",
            wish().to_string(),
            Some("canary 1"),
            422,
            json!("Idempotency-Key"),
        ),
        (
            "no such plan",
            but("/plan_id", text("no-such-plan")),
            Some("plan"),
            502,
            Value::Null,
        ),
        (
            "no such plan again",
            but("/plan_id", text("no-such-plan")),
            Some("plan"),
            502,
            Value::Null,
        ),
    ] {
        let answer = desk.send(post(&key, once, &body)).await;
        assert_eq!(answer.status, status, "{label}: {:?}", answer.body);
        assert_eq!(answer.kind, "application/problem+json", "{label}");
        assert_eq!(
            answer.body.get("field").unwrap_or(&Value::Null),
            &field,
            "{label}"
        );
        let text = answer.body.to_string();
        for sent in ["canary", "1101", "欧阳", "order-", "方案"] {
            assert!(!text.contains(sent), "{label} repeats {sent}: {text}");
        }
    }
    assert_eq!(tracked(&desk).await, [json!(null); 0]);
    let refused = desk
        .send(post(&key, None, &but("/plan_id", text("no-such-plan"))))
        .await;
    assert!(
        refused.body["detail"].as_str().unwrap().contains("283435"),
        "{refused:?}"
    );
    let others = desk
        .ask(
            &format!("issue@{PLAIN}"),
            "POST",
            "/v1/tokens",
            wish().to_string(),
        )
        .await;
    assert_eq!(others.status, 403);
}
