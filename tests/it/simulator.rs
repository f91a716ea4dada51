//! The simulated provider against the tables of its documents: raw requests, raw JSON, none of our
//! own client.
//!
//! Time passes by moving the provider's clock, so nothing here sleeps through a window.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod access;
mod answers;
mod faults;
mod objects;
mod truth;
mod windows;
mod world;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulator::{
    Life, LifeSpec, Made, MediaBytes, MediumTruth, Options, Simulator, Video, Windows,
};

const REFUSED: &str = "Token无效或者已过期";
const DAY_MS: i64 = 86_400_000;

// The code under test is a server: the client must be nobody's but the test's.
#[allow(clippy::disallowed_methods)]
fn client() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

struct Bench {
    simulator: Simulator,
    client: Client,
    access_token: String,
}

fn options() -> Options {
    Options {
        media_bytes: MediaBytes::small(),
        ..Options::default()
    }
}

impl Bench {
    async fn with(options: Options) -> Self {
        let simulator = simulator::start(options).await.unwrap();
        let mut bench = Self {
            simulator,
            client: client(),
            access_token: String::new(),
        };
        bench.access_token = bench.access_token_of(0).await;
        bench
    }

    async fn access_token_of(&self, app: usize) -> String {
        let app = &self.simulator.apps()[app];
        let answer = oauth(self, &app.api_key, &app.secret_key)
            .await
            .json::<Value>()
            .await
            .unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    fn url(&self, path: &str) -> String {
        format!(
            "{}/rpc/2.0/brain/solution/faceprint/{path}",
            self.simulator.base_url()
        )
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}?access_token={}", self.url(path), self.access_token);
        let response = self.client.post(url).json(&body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    async fn about(&self, path: &str, token: &Made) -> Value {
        self.post(path, json!({"verify_token": token.verify_token}))
            .await
    }

    fn make(&self, spec: LifeSpec) -> Made {
        self.simulator.create("demo", &[spec]).remove(0)
    }

    /// A token that has lived its life up to its last attempt.
    fn lived(&self, spec: LifeSpec) -> Made {
        let window_ms = Windows::default().verify_ms;
        self.make(LifeSpec {
            issued_ago_ms: Some(window_ms),
            ..spec
        })
    }

    async fn get(&self, url: &str) -> Response {
        self.client.get(url).send().await.unwrap()
    }

    fn media(&self, token: &Made) -> Vec<MediumTruth> {
        self.simulator
            .truth()
            .token(&token.verify_token)
            .unwrap()
            .media
            .clone()
    }
}

async fn oauth(bench: &Bench, id: &str, secret: &str) -> Response {
    let url = format!("{}/oauth/2.0/token", bench.simulator.base_url());
    let query = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
    ];
    let url = reqwest::Url::parse_with_params(&url, query).unwrap();
    bench.client.post(url).send().await.unwrap()
}

fn passed() -> LifeSpec {
    LifeSpec {
        ocr: Some(true),
        video: Some(Video::One),
        ..LifeSpec::of(Life::Passed, 1)
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// All strings anywhere in `value` that are URLs.
fn urls(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.starts_with("http") => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(urls).collect(),
        Value::Object(members) => members.values().flat_map(urls).collect(),
        _ => Vec::new(),
    }
}
