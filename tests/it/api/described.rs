//! The description of the calls: it holds all of them, and answers are as it says.

use std::{fs, path::Path};

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::{Desk, token};
use crate::lab::{Db, FILMED};

async fn description(desk: &Desk) -> Value {
    let request = Request::get("/v1/openapi.json")
        .body(Body::empty())
        .unwrap();
    let answer = desk.send(request).await;
    assert_eq!(
        (answer.status, answer.kind.as_str()),
        (200, "application/json")
    );
    assert_eq!(answer.head["x-content-type-options"], "nosniff");
    answer.body
}

/// Its calls: method, path and the rest.
fn calls(description: &Value) -> Vec<(String, String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    let mut calls = Vec::new();
    for (path, methods) in paths {
        for (method, call) in methods.as_object().unwrap() {
            calls.push((method.to_uppercase(), path.clone(), call));
        }
    }
    calls
}

#[tokio::test]
async fn every_route_is_described_with_what_it_may_answer() {
    let desk = Desk::new(Db::Sqlite).await;
    let description = description(&desk).await;
    let calls = calls(&description);
    assert!(calls.len() >= 14, "{calls:?}");
    for (method, path, call) in &calls {
        let request = Request::builder().method(method.as_str());
        let request = request.uri(path.replace("{id}", "1")).body(Body::empty());
        let status = desk.send(request.unwrap()).await.status;
        let keyed = path != "/v1/openapi.json";
        assert_eq!(status, if keyed { 401 } else { 200 }, "{method} {path}");
        let common = ["400", "421", "431"].iter();
        let of_keys = ["401", "403", "429", "503"].iter().filter(|_| keyed);
        for status in common.chain(of_keys) {
            assert!(
                call["responses"][status].is_object(),
                "{method} {path} {status}"
            );
        }
        assert!(call["summary"].is_string(), "{method} {path}");
        let scoped = call["description"]
            .as_str()
            .is_some_and(|text| text.contains("Scope: `"));
        assert!(scoped || !keyed, "{method} {path}");
    }
    // Routes come in with their description alone.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/api");
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(".route("), "a route without a description");
    }
}

/// What of a value is not as its schema says, or is not in it at all.
fn wrong(all: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return wrong(all, all.pointer(&name[1..]).unwrap(), value, at);
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema[several].as_array() {
            let found: Vec<_> = schemas
                .iter()
                .map(|one| wrong(all, one, value, at))
                .collect();
            return found
                .iter()
                .all(Option::is_some)
                .then(|| format!("{at}: {found:?}"));
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = json!({ "type": "object", "properties": {}, "required": [] });
        for part in parts {
            let part = part["$ref"]
                .as_str()
                .map_or(part, |name| all.pointer(&name[1..]).unwrap());
            for (name, field) in part["properties"].as_object().unwrap() {
                whole["properties"][name] = field.clone();
            }
        }
        return wrong(all, &whole, value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = &schema["type"];
    let is = |name: &str| name == kind || (name == "number" && kind == "integer");
    let fits = kinds.is_null()
        || kinds.as_str().is_some_and(is)
        || kinds
            .as_array()
            .is_some_and(|kinds| kinds.iter().filter_map(Value::as_str).any(is));
    let listed = schema["enum"]
        .as_array()
        .is_none_or(|names| names.contains(value));
    if !fits || !listed {
        return Some(format!("{at}: {value} is not {schema}"));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .find_map(|item| wrong(all, &schema["items"], item, at)),
        Value::Object(fields) => {
            let needed = schema["required"].as_array().into_iter().flatten();
            let mut missing = needed
                .filter_map(Value::as_str)
                .filter(|name| !fields.contains_key(*name));
            if let Some(name) = missing.next() {
                return Some(format!("{at}.{name} is missing"));
            }
            fields
                .iter()
                .find_map(|(name, value)| match schema["properties"].get(name) {
                    Some(field) => wrong(all, field, value, &format!("{at}.{name}")),
                    None => Some(format!("{at}.{name} is not described")),
                })
        }
        _ => None,
    }
}

#[tokio::test]
async fn answers_hold_what_is_described_and_nothing_else() {
    let desk = Desk::new(Db::Sqlite).await;
    let description = description(&desk).await;
    let id = desk.tracked(FILMED).await;
    let whole = format!("/v1/verifications/{id}");
    let person = json!({ "id_number": "110101199003070003", "purpose": "case 17" });
    let tokens = json!({ "verify_tokens": ["none", "Token00000000000000000007"] });
    let note = json!({ "note": "seen", "until": "2026-01-01T00:00:00Z" });
    let wish = json!({ "app": FILMED, "plan_id": "unused" });
    let many = json!([token(7, FILMED), token(7, FILMED), token(8, "none")]);
    let list = json!({ "items": [token(7, FILMED), token(10, FILMED), 7], "name": "daily" });
    let none = Value::Null;
    for (key, method, path, called, body, status) in [
        (
            "track",
            "POST",
            "/v1/verifications",
            "/v1/verifications",
            &many,
            200,
        ),
        (
            "track",
            "POST",
            "/v1/verifications",
            "/v1/verifications",
            &token(9, FILMED),
            201,
        ),
        (
            "track",
            "POST",
            "/v1/verifications",
            "/v1/verifications",
            &token(9, FILMED),
            200,
        ),
        (
            "track",
            "POST",
            "/v1/verifications",
            "/v1/verifications",
            &json!(7),
            422,
        ),
        (
            "read",
            "GET",
            "/v1/verifications?limit=1",
            "/v1/verifications",
            &none,
            200,
        ),
        (
            "read",
            "GET",
            "/v1/verifications?limit=0",
            "/v1/verifications",
            &none,
            422,
        ),
        ("read", "GET", &whole, "/v1/verifications/{id}", &none, 200),
        (
            "read",
            "GET",
            "/v1/verifications/7",
            "/v1/verifications/{id}",
            &none,
            404,
        ),
        (
            "reveal",
            "POST",
            "/v1/verifications/search",
            "/v1/verifications/search",
            &person,
            200,
        ),
        (
            "read",
            "POST",
            "/v1/verifications/search",
            "/v1/verifications/search",
            &tokens,
            200,
        ),
        (
            "operate",
            "POST",
            &format!("{whole}/retry"),
            "/v1/verifications/{id}/retry",
            &json!({}),
            200,
        ),
        ("issue", "POST", "/v1/tokens", "/v1/tokens", &wish, 201),
        (
            "operate",
            "POST",
            "/v1/reconciliations",
            "/v1/reconciliations",
            &list,
            200,
        ),
        ("read", "GET", "/v1/key", "/v1/key", &none, 200),
        ("read", "GET", "/v1/status", "/v1/status", &none, 200),
        ("read", "GET", "/v1/alarms", "/v1/alarms", &none, 200),
        (
            "operate",
            "POST",
            "/v1/alarms/7/acknowledge",
            "/v1/alarms/{id}/acknowledge",
            &json!({ "note": "seen" }),
            404,
        ),
        (
            "read",
            "GET",
            "/v1/losses?all=true",
            "/v1/losses",
            &none,
            200,
        ),
        (
            "operate",
            "POST",
            "/v1/losses/acknowledge",
            "/v1/losses/acknowledge",
            &note,
            200,
        ),
        ("wrong", "GET", "/v1/losses", "/v1/losses", &none, 401),
        ("issue", "GET", "/v1/losses", "/v1/losses", &none, 403),
    ] {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = desk.ask(key, method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {:?}", answer.body);
        let call = &description["paths"][called][method.to_lowercase()];
        let mut described = &call["responses"][status.to_string()];
        if let Some(name) = described["$ref"].as_str() {
            described = description.pointer(&name[1..]).unwrap();
        }
        let schema = &described["content"][&answer.kind]["schema"];
        assert!(
            schema.is_object(),
            "{method} {path} {status} {}: {described}",
            answer.kind
        );
        let found = wrong(&description, schema, &answer.body, path);
        assert_eq!(found, None, "{method} {path} {status}");
    }
}
