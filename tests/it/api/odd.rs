//! What no client of ours would send is answered like everything else: by a problem, and never by a
//! failure of the server.

use axum::body::Body;
use http::Request;

use super::{Desk, token};
use crate::lab::{Db, FILMED};

async fn odd(db: Db) {
    let desk = Desk::new(db).await;
    let id = desk.tracked(FILMED).await;
    let key = desk.key("track read reveal operate issue").await;
    let ask = async |method: &str, path: &str, kind: &str, body: Vec<u8>| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = request
            .header("accept", "text/html")
            .header("content-type", kind);
        desk.send(request.body(Body::from(body)).unwrap()).await
    };
    let track = "/v1/verifications";
    let search = "/v1/verifications/search";
    let losses = "/v1/losses/acknowledge";
    let lists = "/v1/reconciliations";
    let told = |field: &str, value: &str| {
        format!(
            "{{\"app\":\"{FILMED}\",\"verify_token\":\"Token00000000000000000001\",\"{field}\":{value}}}"
        )
    };
    let deep = "[".repeat(100_000);
    let wide = "9".repeat(100_000);
    for (label, path, body, status) in [
        ("not JSON", track, "{", 422),
        ("half a string", search, "{\"id_number\": \"1", 422),
        ("nothing", lists, "", 422),
        ("null", losses, "null", 422),
        ("far too deep", search, &deep, 422),
        ("a list far too deep", track, &deep, 422),
        (
            "items far too deep",
            lists,
            &format!("{{\"items\": {deep}"),
            422,
        ),
        (
            "a number without an end",
            search,
            &format!("{{\"limit\": {wide}, \"id_number\": \"1\"}}"),
            422,
        ),
        (
            "a number that is too large",
            search,
            "{\"limit\": 1e400, \"id_number\": \"1\"}",
            422,
        ),
        (
            "a number that no i64 holds",
            search,
            "{\"limit\": 9223372036854775808, \"id_number\": \"1\"}",
            422,
        ),
        (
            "a field twice",
            search,
            "{\"verify_tokens\": [], \"verify_tokens\": []}",
            422,
        ),
        (
            "a told field twice",
            track,
            "{\"app\": \"filmed\", \"app\": \"filmed\", \"verify_token\": \"Token00000000000000000001\"}",
            422,
        ),
        (
            "NUL in a told name",
            track,
            &told("reference", "\"a\\u0000b\""),
            422,
        ),
        (
            "NUL in a token",
            search,
            "{\"verify_tokens\": [\"a\\u0000b\"]}",
            200,
        ),
        (
            "NUL in a purpose",
            search,
            "{\"id_number\": \"110101199003070003\", \"purpose\": \"a\\u0000b\"}",
            422,
        ),
        (
            "NUL in a number",
            search,
            "{\"id_number\": \"1101\\u00001\", \"purpose\": \"case 17\"}",
            200,
        ),
        (
            "NUL in an app",
            search,
            "{\"id_number\": \"1101\", \"purpose\": \"case 17\", \"app\": \"\\u0000\"}",
            200,
        ),
        (
            "NUL in a note",
            losses,
            "{\"until\": \"2026-01-01T00:00:00Z\", \"note\": \"a\\u0000\"}",
            422,
        ),
        (
            "NUL in the app of losses",
            losses,
            "{\"until\": \"2026-01-01T00:00:00Z\", \"note\": \"a\", \"app\": \"\\u0000\"}",
            200,
        ),
        (
            "NUL in the name of a list",
            lists,
            "{\"items\": [], \"name\": \"a\\u0000\"}",
            422,
        ),
        (
            "an app of a retry that nobody configured",
            "retry",
            "{\"app\": \"other\"}",
            422,
        ),
        (
            "NUL in the app of a retry",
            "retry",
            "{\"app\": \"\\u0000\"}",
            422,
        ),
        (
            "NUL in a plan",
            "/v1/tokens",
            "{\"app\": \"filmed\", \"plan_id\": \"\\u0000\"}",
            422,
        ),
        (
            "a lone surrogate",
            track,
            &told("reference", "\"\\ud800\""),
            422,
        ),
        (
            "a lone surrogate in a search",
            search,
            "{\"verify_tokens\": [\"\\udfff\"]}",
            422,
        ),
        (
            "a year that no clock has",
            losses,
            "{\"until\": \"9999-01-01T00:00:00Z\", \"note\": \"seen\"}",
            200,
        ),
        (
            "a year before all",
            losses,
            "{\"until\": \"0000-01-01T00:00:00Z\", \"note\": \"seen\"}",
            200,
        ),
    ] {
        let retry = format!("/v1/verifications/{id}/retry");
        let path = if path == "retry" { &retry } else { path };
        let answer = ask("POST", path, "application/json", body.into()).await;
        assert_eq!(answer.status, status, "{db:?} {label}: {:?}", answer.body);
        let kind = if status == 200 {
            "application/json"
        } else {
            "application/problem+json"
        };
        assert_eq!(answer.kind, kind, "{label}");
    }
    for (label, query, status) in [
        ("NUL in a reference", "reference=%00", 200),
        ("NUL in a plan", "plan_id=a%00b", 200),
        ("NUL in an app", "app=%00", 200),
        ("NUL in a log_id", "log_id=%00", 200),
        ("NUL in a state", "state=%00", 422),
        ("no UTF-8", "reference=%ff%fe", 200),
        ("half an escape", "reference=%f", 200),
        ("a parameter twice", "app=a&app=b", 422),
        ("one nobody knows", "id_number=1", 422),
        ("a huge number", "limit=99999999999999999999", 422),
        ("less than none", "limit=-1", 422),
        (
            "a year that no clock has",
            "since=9999-01-01T00:00:00Z",
            200,
        ),
        ("a year before all", "until=0000-01-01T00:00:00Z", 200),
        ("no cursor", "cursor=%00", 422),
    ] {
        let answer = ask("GET", &format!("{track}?{query}"), "", Vec::new()).await;
        assert_eq!(answer.status, status, "{db:?} {label}: {:?}", answer.body);
    }
    for (label, body) in [
        ("no UTF-8", &b"{\"app\": \"\xff\xfe\"}"[..]),
        ("UTF-16", b"\xff\xfe{\0}\0"),
        ("zeroes", &[0; 64]),
    ] {
        for path in [track, search, losses, lists, "/v1/tokens"] {
            let answer = ask("POST", path, "application/json", body.to_vec()).await;
            assert_eq!(answer.status, 422, "{label} {path}: {:?}", answer.body);
        }
    }
    // What it says it is matters for NDJSON alone; `curl -d` calls everything a form.
    let whole = token(5, FILMED).to_string();
    for (kind, status) in [
        ("application/x-www-form-urlencoded", 201),
        ("text/plain; charset=utf-16", 200),
        ("application/xml", 200),
        ("application/x-ndjson; charset=utf-8", 200),
    ] {
        let answer = ask("POST", track, kind, whole.clone().into()).await;
        assert_eq!(answer.status, status, "{kind}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn what_nobody_would_send_is_answered_by_a_problem() {
    odd(Db::Sqlite).await;
    odd(Db::Postgres).await;
}

#[tokio::test]
async fn each_path_says_which_methods_it_takes() {
    let desk = Desk::new(Db::Sqlite).await;
    let key = desk.key("read").await;
    for (method, path, status, allow) in [
        ("HEAD", "/v1/status", 200, None),
        ("HEAD", "/v1/openapi.json", 200, None),
        ("OPTIONS", "/v1/status", 405, Some("GET,HEAD")),
        ("TRACE", "/v1/status", 405, Some("GET,HEAD")),
        ("PUT", "/v1/verifications", 405, Some("GET,HEAD,POST")),
        ("POST", "/v1/openapi.json", 405, Some("GET,HEAD")),
        ("QUERY", "/v1/tokens", 405, Some("POST")),
        ("DELETE", "/v1/nothing", 404, None),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = request.body(Body::empty()).unwrap();
        let answer = desk.headed(request).await;
        assert_eq!(answer.status(), status, "{method} {path}");
        let found = answer
            .headers()
            .get("allow")
            .map(|allow| allow.to_str().unwrap());
        let mut methods: Vec<_> = found
            .into_iter()
            .flat_map(|allow| allow.split(','))
            .collect();
        methods.sort_unstable();
        let allow: Vec<_> = allow
            .into_iter()
            .flat_map(|allow: &str| allow.split(','))
            .collect();
        assert_eq!(methods, allow, "{method} {path}");
    }
}
