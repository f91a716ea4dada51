//! The API: who may do what, and what is answered.

mod described;
mod lists;
mod odd;
mod search;
mod spending;
mod tokens;
mod traces;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{Router, body::Body};
use http::{Request, Response, StatusCode};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use simulator::{Life, LifeSpec};
use verikeep::{
    app,
    desk::Local,
    domain::{
        id::KeyId,
        identity::IndexKey,
        key::{ApiKey, Apps, KeptKey, Scope, fresh},
    },
    store::memory::MemoryStore,
    web::{
        api::{Peer, router},
        keys::{FAILURES_MAX, KeyRing},
    },
    worker::clock::SystemClock,
};

use crate::lab::{Db, FILMED, Lab, PLAIN, options, track};

/// From where too many unknown keys have come.
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));

struct Desk {
    lab: Lab,
    api: TowerToHyperService<Router>,
    /// The same while the keys cannot be read.
    away: TowerToHyperService<Router>,
    archive: Arc<verikeep::archive::Archive>,
}

/// What was answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    kind: String,
    body: Value,
    head: http::HeaderMap,
}

impl Desk {
    async fn new(db: Db) -> Self {
        let key = IndexKey::new(vec![7; 32]).unwrap();
        Self::with(db, Some(key)).await
    }

    async fn with(db: Db, index_key: Option<IndexKey>) -> Self {
        let mut lab = Lab::new(db, options(51)).await;
        lab.config.identity.index_key = index_key;
        let opened = app::open(&lab.config, Arc::new(SystemClock)).await.unwrap();
        let archive = opened.archive;
        let clock = || Arc::clone(&archive.clock);
        let local = Arc::new(Local::new(&archive));
        let none = MemoryStore::new(clock());
        none.set_away(true);
        let serve = |keys| TowerToHyperService::new(router(local.clone(), Arc::new(keys)));
        let desk = Self {
            lab,
            api: serve(KeyRing::new(Arc::clone(&archive.store) as _, clock())),
            away: serve(KeyRing::new(Arc::new(none), clock())),
            archive,
        };
        for _ in 0..FAILURES_MAX {
            assert_eq!(desk.ask("again", "GET", "/v1/status", "").await.status, 401);
        }
        desk
    }

    /// The text of the key for `scope scope@app app`, without an app for all; `wrong` is nobody's.
    async fn key(&self, of: &str) -> String {
        self.key_with(of, |key| key).await
    }

    /// The same with other facts.
    async fn key_with(&self, of: &str, with: impl FnOnce(ApiKey) -> ApiKey) -> String {
        let known = self.archive.store.keys(false).await.unwrap();
        // A key's text is known to whoever made it alone, so it is made anew.
        if known.iter().any(|kept| kept.key.name == of) {
            let now = self.archive.clock.now();
            self.archive
                .store
                .revoke_key(of, "test", now)
                .await
                .unwrap();
        }
        let now = self.archive.clock.now();
        let key_id = KeyId::fresh(now);
        let (text, digest) = fresh(key_id);
        if of == "wrong" || of == "again" || of == "away" {
            return text.reveal().to_owned();
        }
        let (scopes, apps) = of.split_once('@').unwrap_or((of, ""));
        let named = |name: &str| Scope::named(name).unwrap();
        let apps: Vec<String> = apps.split_whitespace().map(str::to_owned).collect();
        let key = ApiKey {
            scopes: scopes.split_whitespace().map(named).collect(),
            apps: if apps.is_empty() {
                Apps::All
            } else {
                Apps::Only(apps)
            },
            ..ApiKey::usual(key_id, of, "test", now)
        };
        let kept = KeptKey {
            key: with(key),
            digest,
        };
        assert!(self.archive.store.create_key(&kept).await.unwrap());
        text.reveal().to_owned()
    }

    /// Asks with such a key; `again` is from where too many unknown ones came, `away` while the keys
    /// cannot be read.
    async fn ask(&self, of: &str, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let key = self.key(of).await;
        let request = request.header("authorization", format!("Bearer {key}"));
        let mut request = request.body(body.into()).unwrap();
        match of {
            "away" => return sent(&self.away, request).await,
            "again" => request.extensions_mut().insert(Peer(THERE)),
            _ => None,
        };
        self.send(request).await
    }

    /// What is answered, whatever it holds.
    async fn headed(&self, request: Request<Body>) -> Response<Body> {
        self.api.call(request).await.unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        sent(&self.api, request).await
    }

    /// Tracks a token of the app that has a fresh one, and gives its name.
    async fn tracked(&self, app: &str) -> String {
        let made = self
            .lab
            .simulator
            .create(app, &[LifeSpec::of(Life::Passed, 1)]);
        track(&self.archive, &made).await;
        let shown = self.archive.store.show(&made[0].verify_token).await;
        let summary = shown.unwrap().unwrap().summary;
        summary.verification_id.to_string()
    }
}

async fn sent(api: &TowerToHyperService<Router>, request: Request<Body>) -> Answer {
    let response: Response<Body> = api.call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let kind = head.headers["content-type"].to_str().unwrap().to_owned();
    Answer {
        status: head.status.as_u16(),
        kind,
        body: serde_json::from_slice(&bytes).unwrap(),
        head: head.headers,
    }
}

fn token(n: usize, app: &str) -> Value {
    json!({ "verify_token": format!("Token{n:020}"), "app": app })
}

async fn rights(db: Db) {
    let desk = Desk::new(db).await;
    let id = desk.tracked(FILMED).await;
    let one = format!("/v1/verifications/{id}");
    let retry = format!("{one}/retry");
    let told = token(1, FILMED).to_string();
    let wish = json!({ "app": FILMED, "plan_id": "unused" }).to_string();
    let person = json!({ "id_number": "110101199003070003", "purpose": "case 17" }).to_string();
    let tokens = json!({ "verify_tokens": ["none"] }).to_string();
    let list = json!({ "items": [token(1, FILMED)] }).to_string();
    let note = json!({ "note": "seen" }).to_string();
    let losses = json!({ "note": "seen", "until": "2026-01-01T00:00:00Z" }).to_string();
    // A call; the scope it wants; and what a key of that scope gets, of all apps, of its app alone,
    // and of another.
    #[rustfmt::skip]
    let calls = [
        ("POST", "/v1/verifications", &told, "track", [201, 200, 403]),
        ("GET", "/v1/verifications", &String::new(), "read", [200, 200, 200]),
        ("POST", "/v1/verifications/search", &person, "reveal", [200, 200, 200]),
        ("POST", "/v1/verifications/search", &tokens, "read", [200, 200, 200]),
        ("GET", one.as_str(), &String::new(), "read", [200, 200, 404]),
        ("POST", retry.as_str(), &String::new(), "operate", [200, 200, 404]),
        ("POST", "/v1/tokens", &wish, "issue", [201, 201, 403]),
        ("POST", "/v1/reconciliations", &list, "operate", [200, 200, 200]),
        ("GET", "/v1/status", &String::new(), "read", [200, 403, 403]),
        ("GET", "/v1/alarms", &String::new(), "read", [200, 403, 403]),
        ("POST", "/v1/alarms/99/acknowledge", &note, "operate", [404, 403, 403]),
        ("GET", "/v1/losses", &String::new(), "read", [200, 200, 200]),
        ("POST", "/v1/losses/acknowledge", &losses, "operate", [200, 200, 200]),
    ];
    for (method, path, body, scope, expected) in calls {
        for (apps, expected) in ["", FILMED, PLAIN].into_iter().zip(expected) {
            let key = format!("{scope}@{apps}");
            let answer = desk.ask(&key, method, path, body.clone()).await;
            assert_eq!(
                answer.status, expected,
                "{method} {path} {key}: {:?}",
                answer.body
            );
        }
        for other in Scope::ALL.iter().filter(|other| other.name() != scope) {
            let answer = desk.ask(other.name(), method, path, body.clone()).await;
            assert_eq!(answer.status, 403, "{method} {path} {}", other.name());
            assert!(
                answer.body["detail"].as_str().unwrap().contains(scope),
                "{answer:?}"
            );
        }
        for (key, expected) in [("wrong", 401), ("again", 429), ("away", 503)] {
            let answer = desk.ask(key, method, path, body.clone()).await;
            assert_eq!(answer.status, expected, "{method} {path} {key}");
            assert_eq!(answer.kind, "application/problem+json");
            assert_eq!(answer.head.contains_key("retry-after"), expected != 401);
        }
        let request = Request::builder().method(method).uri(path);
        let answer = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401, "{method} {path} without a key");
    }
    // A key that was good is refused in the very words of one that nobody has.
    let revoked = desk.key("read").await;
    assert_ne!(desk.key("read").await, revoked, "made anew");
    let ask = async |key: String| {
        let request = Request::get("/v1/status").header("authorization", format!("Bearer {key}"));
        desk.send(request.body(Body::empty()).unwrap()).await
    };
    let unknown = ask(desk.key("wrong").await).await;
    let revoked = ask(revoked).await;
    assert_eq!((revoked.status, &revoked.body), (401, &unknown.body));
    // What is another app's is not in a list either.
    let listed = desk
        .ask(&format!("read@{PLAIN}"), "GET", "/v1/verifications", "")
        .await;
    assert_eq!(listed.body["verifications"], json!([]));
}

#[tokio::test]
async fn a_key_may_do_what_it_is_for_and_nothing_else_is_there_for_it() {
    rights(Db::Sqlite).await;
    rights(Db::Postgres).await;
}

#[tokio::test]
async fn tokens_are_told_one_by_one_as_an_array_or_by_line_and_a_wrong_one_stops_no_other() {
    let desk = Desk::new(Db::Sqlite).await;
    let post = async |body: String| desk.ask("track", "POST", "/v1/verifications", body).await;
    let fresh = post(token(1, FILMED).to_string()).await;
    assert_eq!(
        (fresh.status, &fresh.body["result"]),
        (201, &json!("new")),
        "{fresh:?}"
    );
    let known = post(token(1, FILMED).to_string()).await;
    assert_eq!(
        (known.status, &known.body["state"]),
        (200, &json!("waiting"))
    );
    assert_eq!(known.body["verification_id"], fresh.body["verification_id"]);

    let with = |field: &str, value: &str| {
        let mut told = token(1, FILMED);
        told[field] = json!(value);
        told.to_string()
    };
    for (label, body, status, field) in [
        (
            "another fact",
            with("reference", "order-2"),
            409,
            json!("reference"),
        ),
        ("another app", with("app", PLAIN), 409, json!("app")),
        (
            "an app nobody configured",
            with("app", "none"),
            422,
            Value::Null,
        ),
        (
            "no instant",
            with("issued_at", "yesterday"),
            422,
            Value::Null,
        ),
        (
            "a time before the service",
            with("issued_at", "1970-01-01T00:00:00Z"),
            422,
            Value::Null,
        ),
        (
            "a field nobody knows",
            with("id_number", "110101199003077774"),
            422,
            Value::Null,
        ),
        (
            "a URL for a token",
            with("verify_token", "https://x.test/?token=abc"),
            422,
            Value::Null,
        ),
        ("no object", "17".to_owned(), 422, Value::Null),
        (
            "no JSON",
            "{\"verify_token\": secret-".to_owned(),
            422,
            Value::Null,
        ),
        ("nothing", String::new(), 422, Value::Null),
    ] {
        let answer = post(body).await;
        assert_eq!(answer.status, status, "{label}: {:?}", answer.body);
        assert_eq!(answer.kind, "application/problem+json", "{label}");
        assert_eq!(
            answer.body.get("field").unwrap_or(&Value::Null),
            &field,
            "{label}"
        );
        let text = answer.body.to_string();
        for sent in ["Token0", "110101", "yesterday", "secret-", "order-"] {
            assert!(!text.contains(sent), "{label} repeats {sent}: {text}");
        }
    }

    let many = json!([token(2, FILMED), token(1, PLAIN), { "app": FILMED }, token(3, PLAIN), 5]);
    let statuses = |answer: &Answer| -> Vec<i64> {
        let items = answer.body["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["status"].as_i64().unwrap())
            .collect()
    };
    let answer = post(many.to_string()).await;
    assert_eq!(
        (answer.status, statuses(&answer)),
        (200, vec![201, 409, 422, 201, 422])
    );
    let lines = format!("{}\n\n{}\r\nnone\n", token(4, FILMED), token(2, FILMED));
    let key = format!("Bearer {}", desk.key("track").await);
    let request = Request::post("/v1/verifications").header("authorization", key);
    let request = request.header("content-type", "application/x-ndjson");
    let answer = desk.send(request.body(lines.into()).unwrap()).await;
    assert_eq!(
        (answer.status, statuses(&answer)),
        (200, vec![201, 200, 422])
    );

    let all: Vec<Value> = (0..10_001).map(|n| token(n, FILMED)).collect();
    assert_eq!(post(json!(all).to_string()).await.status, 413);
    let most = post(json!(all[..10_000]).to_string()).await;
    assert_eq!(statuses(&most).len(), 10_000);
    assert_eq!(post("x".repeat(17 << 20)).await.status, 413);
    let named = desk.ask("read", "GET", "/v1/verifications/%ff", "").await;
    assert_eq!(named.status, 404, "no UTF-8");
}

#[tokio::test]
async fn lists_go_page_by_page_and_nothing_private_is_shown() {
    let desk = Desk::new(Db::Sqlite).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(desk.tracked(FILMED).await);
    }
    ids.reverse();
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/verifications?limit=2&state=waiting{cursor}");
        let page = desk.ask("read", "GET", &path, "").await;
        let rows = page.body["verifications"].as_array().unwrap();
        assert!(rows.len() <= 2);
        listed.extend(
            rows.iter()
                .map(|row| row["verification_id"].as_str().unwrap().to_owned()),
        );
        let text = page.body.to_string();
        assert!(!text.contains("verify_token"), "{text}");
        let Some(next) = page.body["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(listed, ids);
    for (path, rows) in [
        ("/v1/verifications?plan_id=none", 0),
        ("/v1/verifications?log_id=none", 0),
        ("/v1/verifications?limit=5", 5),
    ] {
        let listed = desk.ask("read", "GET", path, "").await;
        let listed = listed.body["verifications"].as_array().unwrap().len();
        assert_eq!(listed, rows, "{path}");
    }
    for (path, field) in [
        ("/v1/verifications?state=lost", "state"),
        ("/v1/verifications?since=yesterday", "since"),
        ("/v1/verifications?limit=0", "limit"),
        ("/v1/verifications?limit=1001", "limit"),
        ("/v1/verifications?cursor=x", "cursor"),
        ("/v1/losses?cause=none", "cause"),
    ] {
        let answer = desk.ask("read", "GET", path, "").await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (422, Some(field)),
            "{path}"
        );
    }
    assert_eq!(
        desk.ask("read", "GET", "/v1/verifications?id_number=1", "")
            .await
            .status,
        422
    );
    assert_eq!(
        desk.ask("read", "GET", "/v1/verifications/none", "")
            .await
            .status,
        404
    );
    assert_eq!(desk.ask("read", "GET", "/v1/nothing", "").await.status, 404);
    assert_eq!(
        desk.ask("read", "DELETE", "/v1/status", "").await.status,
        405
    );
    let shown = desk
        .ask("read", "GET", &format!("/v1/verifications/{}", ids[0]), "")
        .await;
    assert_eq!(shown.body["state"], "waiting");
    assert!(!shown.body.to_string().contains("verify_token"));
    let id = shown.head["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(id.len(), 36);
    for (sent, same) in [("order-17", true), ("with space", false), ("", false)] {
        let key = format!("Bearer {}", desk.key("read").await);
        let request = Request::get("/v1/status").header("authorization", key);
        let answer = desk.send(
            request
                .header("x-request-id", sent)
                .body(Body::empty())
                .unwrap(),
        );
        let answer = answer.await;
        assert_eq!(StatusCode::from_u16(answer.status).unwrap(), StatusCode::OK);
        assert_eq!(answer.head["x-request-id"] == sent, same, "{sent}");
        assert_eq!(answer.head["cache-control"], "no-store");
    }
}
