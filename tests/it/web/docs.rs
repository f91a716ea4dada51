//! The page to try the API.

use verikeep::{web::serve_api, worker::clock::SystemClock};

use super::{
    clients::{LISTEN, Served, patient},
    *,
};

/// Where the API is served alone, and what keeps it so.
async fn served() -> (Server, impl Sized) {
    let (api, key, lab) = Served::api(patient(16), false).await;
    let (clock, stop) = (Arc::new(SystemClock), CancellationToken::new());
    let server = serve_api(LISTEN, api, clock, stop).await.unwrap();
    (server, (key, lab))
}

async fn got(at: SocketAddr, path: &str) -> (http::HeaderMap, String) {
    let answer = reqwest::get(format!("http://{at}{path}")).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    (answer.headers().clone(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_no_key_and_asks_nobody_else() {
    let (server, _kept) = served().await;
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/page.js", "text/javascript; charset=utf-8"),
        ("/docs/page.css", "text/css; charset=utf-8"),
    ] {
        let (head, text) = got(server.address, path).await;
        for (name, value) in [
            ("content-type", kind),
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(head[name], value, "{path} {name}");
        }
        // Other hosts; what makes markup of text; where a key would outlast the page; what the policy
        // would not let through.
        for never in [
            "://",
            "\"//",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Storage",
            "indexedDB",
            "cookie",
            "pushState",
            "style=",
            "<style",
            "onclick=",
            "url(",
            "@import",
        ] {
            assert!(!text.contains(never), "{path}: {never}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_there_with_the_api_alone_and_by_its_names_alone() {
    let (server, _kept) = served().await;
    let pages = running().await;
    let client = reqwest::Client::new();
    for (method, at, host, status) in [
        ("GET", server.address, "localhost", 200),
        ("HEAD", server.address, "localhost", 200),
        ("POST", server.address, "localhost", 405),
        ("GET", server.address, "evil.example", 421),
        ("GET", pages.server.address, "localhost", 404),
    ] {
        let method = method.parse::<http::Method>().unwrap();
        let request = client.request(method.clone(), format!("http://{at}/docs"));
        let answer = request.header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {at} {host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_and_each_group_of_calls_has_its_words_in_chinese() {
    let (server, _kept) = served().await;
    let (_, script) = got(server.address, "/docs/page.js").await;
    let (_, description) = got(server.address, "/v1/openapi.json").await;
    let description: Value = serde_json::from_str(&description).unwrap();
    let paths = description["paths"].as_object().unwrap().values();
    let calls = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let mut names = Vec::new();
    for call in calls {
        let (name, group) = (&call["operationId"], &call["tags"][0]);
        names.push(name.as_str().unwrap());
        assert!(
            script.contains(&format!("\n  {}: \"", name.as_str().unwrap())),
            "{name}"
        );
        let group = format!(" {}: \"", group.as_str().unwrap());
        assert!(script.matches(&group).count() >= 2, "{group}");
    }
    // None is told of that is gone.
    let (_, told) = script.split_once("CALLS_ZH = {\n").unwrap();
    let (told, _) = told.split_once("\n};").unwrap();
    assert_eq!(told.lines().count(), names.len(), "{names:?}");
}
