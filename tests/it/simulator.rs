//! The simulated provider against the tables of its documents: raw requests, raw JSON, none of our own client.
//!
//! Time passes by moving the provider's clock, so nothing here sleeps through a window.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeSet, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use verikeep::simulator::{
    self, AppCredential, FaultKind, Faults, Kind, Life, LifeSpec, Made, MediaBytes, MediumTruth,
    Options, Pace, Simulator, UnusedAnswer, Video, Windows,
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

#[tokio::test]
async fn an_access_token_costs_the_right_id_and_secret() {
    let bench = Bench::with(options()).await;
    let app = bench.simulator.apps()[0].clone();
    let good = oauth(&bench, &app.api_key, &app.secret_key)
        .await
        .json::<Value>()
        .await
        .unwrap();
    assert_eq!(good["expires_in"], 2_592_000);
    assert!(
        good["scope"]
            .as_str()
            .unwrap()
            .contains("brain_solution_faceprint")
    );
    for (id, secret, description) in [
        ("nobody", "x", "unknown client id"),
        (app.api_key.as_str(), "x", "Client authentication failed"),
    ] {
        let bad = oauth(&bench, id, secret).await;
        assert_eq!(bad.status(), StatusCode::UNAUTHORIZED);
        let bad = bad.json::<Value>().await.unwrap();
        assert_eq!(
            bad,
            json!({"error": "invalid_client", "error_description": description})
        );
    }
}

#[tokio::test]
async fn a_wrong_or_expired_access_token_is_refused_by_the_gateway() {
    let mut bench = Bench::with(options()).await;
    let token = bench.lived(passed());
    let good = std::mem::replace(&mut bench.access_token, "24.invented".to_owned());
    assert_eq!(
        bench.about("result/getall", &token).await["error_code"],
        110
    );
    bench.access_token = good;
    assert_eq!(bench.about("result/getall", &token).await["success"], true);
    bench.simulator.expire_access_tokens();
    assert_eq!(
        bench.about("result/getall", &token).await["error_code"],
        111
    );
    bench.access_token = bench.access_token_of(0).await;
    assert_eq!(bench.about("result/getall", &token).await["success"], true);
    bench.simulator.advance(30 * DAY_MS);
    assert_eq!(
        bench.about("result/getall", &token).await["error_code"],
        111
    );
}

fn keyed(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn the_api_key_and_a_true_signature_open_as_an_access_token_does() {
    let bench = Bench::with(options()).await;
    let app: AppCredential = bench.simulator.apps()[0].clone();
    let token = bench.lived(passed());
    let body = json!({"verify_token": token.verify_token});
    let ask = async |authorization: &str, query: &str, date: &str| -> Value {
        let url = format!("{}{query}", bench.url("result/getall"));
        let request = bench
            .client
            .post(url)
            .header("authorization", authorization)
            .header("x-bce-date", date);
        request
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let bearer = format!("Bearer {}", app.bearer);
    assert_eq!(ask(&bearer, "", "").await["success"], true);
    assert_eq!(
        ask("Bearer bce-v3/ALTAK-x/y", "", "").await["error_code"],
        14
    );
    let both = ask(
        &bearer,
        &format!("?access_token={}", bench.access_token),
        "",
    )
    .await;
    assert_eq!(both["error_code"], 100, "two mechanisms at once");

    let signed = |date: &str, secret: &str| {
        let prefix = format!("bce-auth-v1/{}/{date}/1800", app.access_key_id);
        let host = bench.simulator.address().to_string().replace(':', "%3A");
        let headers = format!("host:{host}\nx-bce-date:{}", date.replace(':', "%3A"));
        let canonical =
            format!("POST\n/rpc/2.0/brain/solution/faceprint/result/getall\n\n{headers}");
        format!(
            "{prefix}/host;x-bce-date/{}",
            keyed(&keyed(secret, &prefix), &canonical)
        )
    };
    let now = jiff::Timestamp::from_millisecond(bench.simulator.now_ms()).unwrap();
    let text = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (date, old) = (
        text(now),
        text(now - jiff::SignedDuration::from_secs(1_900)),
    );
    assert_eq!(
        ask(&signed(&date, &app.secret_access_key), "", &date).await["success"],
        true
    );
    assert_eq!(
        ask(&signed(&date, "another secret"), "", &date).await["error_code"],
        14
    );
    assert_eq!(
        ask(&signed(&old, &app.secret_access_key), "", &old).await["error_code"],
        14
    );
    assert_eq!(
        ask(&signed(&date, &app.secret_access_key), "", &old).await["error_code"],
        14
    );
}

#[tokio::test]
async fn getall_has_every_field_the_table_requires() {
    let bench = Bench::with(Options {
        quirks: false,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let answer = bench.about("result/getall", &token).await;
    assert_eq!(answer["success"], true);
    assert_eq!(answer["log_id"].as_str().unwrap().len(), 19);
    let result = &answer["result"];
    assert_eq!(
        (&result["verify_count"], &result["verify_charge_count"]),
        (&json!(1), &json!(1))
    );
    let one = &result["verify_result"][0];
    assert_eq!(
        (&one["order"], &one["code"], &one["message"]),
        (&json!(1), &json!("0"), &json!("核验成功"))
    );
    assert_eq!(
        (&one["is_verify_passed"], &one["is_charged"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&one["charge_type"], &one["charge_time"]),
        (&json!("verify"), &one["verify_time"])
    );
    for field in ["face_image", "verify_log_id", "score", "threshold"] {
        assert!(!one["verify_detail"][field].is_null(), "{field}");
    }
    let confirm = &one["idcard_confirm"];
    assert_eq!(confirm["idcard_type"], "0");
    let truth = bench.simulator.truth();
    let truth = truth.token(&token.verify_token).unwrap();
    assert_eq!(confirm["name"], truth.attempts[0].facts.name);
    assert_eq!(confirm["idcard_number"], truth.attempts[0].facts.id_number);
    for field in [
        "address",
        "birthday",
        "name",
        "idcard_number",
        "gender",
        "nation",
    ] {
        assert!(confirm["idcard_ocr_result"][field].is_string(), "{field}");
    }
    assert!(confirm["idcard_images"]["front_image"].is_string());
}

#[tokio::test]
async fn detail_simple_stat_and_media_have_the_shapes_of_their_tables() {
    let bench = Bench::with(Options {
        quirks: false,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let detail = bench.about("result/detail", &token).await["result"].clone();
    assert!(
        detail["verify_result"]["score"].is_f64()
            && detail["verify_result"]["liveness_score"].is_f64()
    );
    assert_eq!(
        detail["idcard_ocr_result"]["id_card_number"],
        detail["idcard_confirm"]["idcard_number"]
    );
    let front = STANDARD
        .decode(detail["idcard_images"]["front_base64"].as_str().unwrap())
        .unwrap();
    let media = bench.media(&token);
    let known = media
        .iter()
        .find(|medium| medium.kind == Kind::IdFront)
        .unwrap();
    assert_eq!(
        (sha256(&front), known.served_by),
        (known.sha256.clone(), ["getall", "detail"].as_slice())
    );

    let simple = bench.about("result/simple", &token).await;
    let image = simple["result"]["image"].as_str().unwrap();
    assert!(image.ends_with(&format!(
        "/solution/faceprint/image/query?verify_token={}",
        token.verify_token
    )));
    let face = bench.get(image).await.bytes().await.unwrap();
    assert!(
        media
            .iter()
            .any(|medium| medium.kind == Kind::FinalFace && medium.sha256 == sha256(&face))
    );

    let stat = bench.about("result/stat", &token).await["result"].clone();
    assert_eq!(stat["Verify_FIN"], json!([{"error_code": "0", "count": 1}]));

    let media = bench.about("result/media/query", &token).await["result"].clone();
    assert_eq!(media["processVideo"].as_array().unwrap().len(), 1);
    assert_eq!(media["images"].as_array().unwrap().len(), 4);
    assert!(media.get("video").is_none() && media["extInfo"].is_null());
}

#[tokio::test]
async fn media_query_follows_what_was_ordered_and_never_gives_both_lists() {
    let bench = Bench::with(options()).await;
    for (video, name, videos, images) in [
        (Video::One, "processVideo", 1, 4),
        (Video::Two, "processVideo", 2, 4),
        (Video::Recorded, "video", 1, 0),
    ] {
        let token = bench.lived(LifeSpec {
            video: Some(video),
            ..passed()
        });
        let result = bench.about("result/media/query", &token).await["result"].clone();
        assert_eq!(result[name].as_array().unwrap().len(), videos, "{video:?}");
        assert_eq!(urls(&result).len(), videos + images, "{video:?}");
        assert!(result.get("video").is_none() || result.get("processVideo").is_none());
    }
    let none = bench.lived(LifeSpec {
        video: Some(Video::None),
        ..passed()
    });
    let answer = bench.about("result/media/query", &none).await;
    assert_eq!((&answer["success"], urls(&answer).len()), (&json!(true), 0));
}

#[tokio::test]
async fn a_late_video_comes_after_its_images() {
    let bench = Bench::with(Options {
        pace: Pace::AtOnce,
        ..options()
    })
    .await;
    let token = bench.make(LifeSpec {
        video: Some(Video::Late),
        ..passed()
    });
    let now = bench.about("result/media/query", &token).await;
    assert_eq!(urls(&now).len(), 4);
    let media = bench.media(&token);
    let video = media
        .iter()
        .find(|medium| medium.kind == Kind::ProcessVideo)
        .unwrap();
    bench
        .simulator
        .advance(video.from_ms - bench.simulator.now_ms() + 1);
    let later = bench.about("result/media/query", &token).await;
    assert_eq!(urls(&later).len(), 5);
}

#[tokio::test]
async fn failed_attempts_show_in_getall_and_as_a_failure_elsewhere() {
    let bench = Bench::with(options()).await;
    let token = bench.lived(LifeSpec {
        attempts: Some(3),
        ..LifeSpec::of(Life::Failed, 1)
    });
    let all = bench.about("result/getall", &token).await;
    assert_eq!(
        (&all["success"], &all["result"]["verify_count"]),
        (&json!(true), &json!(3))
    );
    assert!(
        all["result"]["verify_result"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["is_verify_passed"] == false)
    );
    for path in ["result/detail", "result/simple"] {
        let answer = bench.about(path, &token).await;
        assert_eq!(answer["success"], false);
        assert!(
            !answer["code"].is_null() && answer["message"] != REFUSED,
            "{path}"
        );
    }
}

#[tokio::test]
async fn attempts_appear_one_by_one_and_a_new_one_replaces_the_media_of_the_last() {
    let bench = Bench::with(options()).await;
    let spec = LifeSpec {
        attempts: Some(3),
        video: Some(Video::One),
        ..LifeSpec::of(Life::Replaced, 1)
    };
    let token = bench.make(spec);
    let moments: Vec<i64> = {
        let truth = bench.simulator.truth();
        truth
            .token(&token.verify_token)
            .unwrap()
            .attempts
            .iter()
            .map(|attempt| attempt.at_ms)
            .collect()
    };
    let mut seen = BTreeSet::new();
    for (nth, at_ms) in moments.iter().enumerate() {
        bench.simulator.advance(at_ms - bench.simulator.now_ms());
        let answer = bench.about("result/getall", &token).await;
        assert_eq!(answer["result"]["verify_count"], nth + 1);
        let media = bench.about("result/media/query", &token).await;
        let video = urls(&media["result"]["processVideo"]).remove(0);
        assert_eq!(bench.get(&video).await.status(), StatusCode::OK);
        assert!(
            seen.insert(video.split('?').next().unwrap().to_owned()),
            "a video of its own"
        );
    }
    let gone = bench
        .media(&token)
        .into_iter()
        .filter(|medium| medium.replaced)
        .count();
    assert_eq!(gone, 2 * 5);
}

#[tokio::test]
async fn unused_tokens_answer_as_they_were_told_to() {
    use UnusedAnswer::{EmptySuccess, NotYet, NotYetThenRefused, Refused};
    for (unused_answer, open, lapsed) in [
        (Refused, "refused", "refused"),
        (NotYet, "not yet", "not yet"),
        (NotYetThenRefused, "not yet", "refused"),
        (EmptySuccess, "empty", "empty"),
    ] {
        let bench = Bench::with(Options {
            unused_answer,
            ..options()
        })
        .await;
        let token = bench.make(LifeSpec::of(Life::Unused, 1));
        let said = async || {
            let answer = bench.about("result/getall", &token).await;
            match (
                answer["success"].as_bool().unwrap(),
                answer["message"].as_str(),
            ) {
                (true, _) => {
                    if answer["result"]["verify_count"] == 0 {
                        "empty"
                    } else {
                        "full"
                    }
                }
                (false, Some(REFUSED)) => "refused",
                (false, _) => "not yet",
            }
        };
        assert_eq!(said().await, open, "{unused_answer:?}");
        bench.simulator.advance(Windows::default().verify_ms);
        assert_eq!(said().await, lapsed, "{unused_answer:?}");
        bench.simulator.advance(Windows::default().record_ms);
        assert_eq!(said().await, "refused", "{unused_answer:?}");
    }
}

#[tokio::test]
async fn media_go_after_a_day_and_records_after_three() {
    let windows = Windows {
        url_ms: 9 * DAY_MS,
        ..Windows::default()
    };
    let bench = Bench::with(Options {
        pace: Pace::AtOnce,
        windows,
        ..options()
    })
    .await;
    let tokens: Vec<Made> = (0..8).map(|_| bench.make(passed())).collect();
    let mut handed_out = Vec::new();
    for token in &tokens {
        handed_out.extend(urls(&bench.about("result/media/query", token).await));
    }
    bench.simulator.advance(DAY_MS);
    let mut ways = BTreeSet::new();
    for token in &tokens {
        let media = bench.about("result/media/query", token).await;
        assert!(urls(&media).is_empty());
        ways.insert(media["success"].as_bool().unwrap());
        assert_eq!(bench.about("result/getall", token).await["success"], true);
    }
    assert_eq!(ways.len(), 2, "some answer with nothing, some refuse");
    for url in &handed_out {
        assert_eq!(
            bench.get(url).await.status(),
            StatusCode::NOT_FOUND,
            "the signature is still good"
        );
    }
    bench.simulator.advance(2 * DAY_MS);
    for token in &tokens {
        for path in [
            "result/getall",
            "result/detail",
            "result/simple",
            "result/stat",
            "result/media/query",
        ] {
            let answer = bench.about(path, token).await;
            assert_eq!(
                (&answer["success"], &answer["message"]),
                (&json!(false), &json!(REFUSED)),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_answers_only_to_the_app_that_generated_it() {
    let apps = vec![
        AppCredential::synthetic("demo", "a"),
        AppCredential::synthetic("other", "b"),
    ];
    let mut bench = Bench::with(Options { apps, ..options() }).await;
    let token = bench.lived(LifeSpec::of(Life::WrongApp, 1));
    assert_eq!(token.app, "demo");
    assert_eq!(
        bench.about("result/getall", &token).await["message"],
        REFUSED
    );
    bench.access_token = bench.access_token_of(1).await;
    assert_eq!(bench.about("result/getall", &token).await["success"], true);
    assert_eq!(
        bench
            .simulator
            .truth()
            .token(&token.verify_token)
            .unwrap()
            .outcome,
        "rejected"
    );
}

#[tokio::test]
async fn a_signed_url_answers_to_get_alone_and_only_as_it_was_signed() {
    let windows = Windows {
        url_ms: 60_000,
        ..Windows::default()
    };
    let bench = Bench::with(Options {
        windows,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let url = urls(&bench.about("result/getall", &token).await).remove(0);
    let whole = bench.get(&url).await;
    assert_eq!(whole.status(), StatusCode::OK);
    let header = |name: &str| whole.headers()[name].to_str().unwrap().to_owned();
    let (length, md5, etag) = (
        header("content-length"),
        header("content-md5"),
        header("etag"),
    );
    let crc32c = header("x-bce-content-crc32c");
    let whole = whole.bytes().await.unwrap();
    assert_eq!(length, whole.len().to_string());
    assert_eq!(
        STANDARD.decode(md5).unwrap(),
        Md5::digest(&whole).as_slice()
    );
    assert_eq!(
        etag.trim_matches('"'),
        Md5::digest(&whole)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    assert_eq!(crc32c, crc32c::crc32c(&whole).to_string());

    let part = bench
        .client
        .get(&url)
        .header("range", "bytes=100-199")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 100-199/{}", whole.len())
    );
    assert_eq!(part.bytes().await.unwrap(), whole.slice(100..200));

    assert_eq!(
        bench.client.head(&url).send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    for wrong in [
        format!("{url}&x=1"),
        url.replace("%2F", "/"),
        url.replace(".jpg", ".png"),
    ] {
        assert_eq!(bench.get(&wrong).await.status(), StatusCode::FORBIDDEN);
    }
    bench.simulator.advance(61_000);
    assert_eq!(bench.get(&url).await.status(), StatusCode::FORBIDDEN);
    let fresh = urls(&bench.about("result/getall", &token).await).remove(0);
    assert_eq!(bench.get(&fresh).await.bytes().await.unwrap(), whole);
}

#[tokio::test]
async fn every_medium_that_is_served_is_the_one_the_truth_tells_of() {
    let bench = Bench::with(options()).await;
    let lives = [Life::Passed, Life::FailedThenPassed, Life::Failed].map(|life| LifeSpec {
        issued_ago_ms: Some(Windows::default().verify_ms),
        ..LifeSpec::of(life, 6)
    });
    for token in bench.simulator.create("demo", &lives) {
        let media = bench.media(&token);
        let known: HashMap<&str, &MediumTruth> = media
            .iter()
            .map(|medium| (medium.sha256.as_str(), medium))
            .collect();
        let mut found = BTreeSet::new();
        for path in ["result/getall", "result/media/query", "result/simple"] {
            for url in urls(&bench.about(path, &token).await) {
                let bytes = bench.get(&url).await.bytes().await.unwrap();
                let medium = known[sha256(&bytes).as_str()];
                assert_eq!(medium.bytes, bytes.len() as u64);
                found.insert(sha256(&bytes));
            }
        }
        let now_ms = bench.simulator.now_ms();
        let here = media
            .iter()
            .filter(|medium| medium.from_ms <= now_ms && now_ms < medium.until_ms);
        let here: BTreeSet<String> = here.map(|medium| medium.sha256.clone()).collect();
        assert_eq!(found, here, "{}", token.life);
    }
}

#[tokio::test]
async fn quirks_differ_between_tokens_and_stay_with_each() {
    let bench = Bench::with(options()).await;
    let tokens = bench.simulator.create(
        "demo",
        &[LifeSpec {
            issued_ago_ms: Some(Windows::default().verify_ms),
            ..LifeSpec {
                count: 60,
                ..passed()
            }
        }],
    );
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut log_ids = BTreeSet::new();
    for token in &tokens {
        let (first, second) = (
            bench.about("result/getall", token).await,
            bench.about("result/getall", token).await,
        );
        assert!(
            log_ids.insert(first["log_id"].to_string())
                && log_ids.insert(second["log_id"].to_string())
        );
        seen.insert(if first["log_id"].is_i64() {
            "log id as number"
        } else {
            "log id as text"
        });
        let one = &first["result"]["verify_result"][0];
        assert_eq!(
            one["verify_detail"]["score"],
            second["result"]["verify_result"][0]["verify_detail"]["score"]
        );
        assert_eq!(
            one["verify_time"],
            second["result"]["verify_result"][0]["verify_time"]
        );
        let inside = one["idcard_confirm"].get("idcard_ocr_result").is_some();
        seen.insert(if inside { "inside" } else { "beside" });
        assert_ne!(inside, one.get("idcard_ocr_result").is_some());
        seen.insert(if one["code"].is_string() {
            "code as text"
        } else {
            "code as number"
        });
        let expires =
            if inside { &one["idcard_confirm"] } else { one }["idcard_ocr_result"]["expire_time"]
                .clone();
        if expires == "长期" {
            seen.insert("no end");
        }
        match one["verify_detail"].get("spoofing_score") {
            None => seen.insert("missing"),
            Some(Value::Null) => seen.insert("null"),
            Some(Value::String(text)) if text.is_empty() => seen.insert("empty"),
            Some(_) => false,
        };
        if first.get("is_demote").is_some() {
            seen.insert("demote at the top");
        }
        if first["result"].get("is_demote").is_some() {
            seen.insert("demote in result");
        }
        if one["verify_detail"]
            .get("is_demote")
            .is_some_and(Value::is_boolean)
        {
            seen.insert("demote in detail");
        }
        if first["result"].get("live_charge_count").is_some() {
            seen.insert("live counter");
        }
        if first["result"]
            .as_object()
            .unwrap()
            .keys()
            .any(|key| key.starts_with("x_"))
        {
            seen.insert("unknown field");
        }
        let stat = bench.about("result/stat", token).await;
        if stat["result"]
            .as_object()
            .unwrap()
            .keys()
            .any(|key| !key.is_ascii())
        {
            seen.insert("chinese keys");
        }
    }
    let expected = [
        "log id as number",
        "log id as text",
        "inside",
        "beside",
        "code as text",
        "code as number",
        "no end",
        "missing",
        "null",
        "empty",
        "demote at the top",
        "demote in result",
        "demote in detail",
        "live counter",
        "unknown field",
        "chinese keys",
    ];
    assert_eq!(seen, expected.into_iter().collect());
}

#[tokio::test]
async fn generate_submit_and_upload_prepare_a_token() {
    let bench = Bench::with(Options {
        pace: Pace::AtOnce,
        quirks: false,
        ..options()
    })
    .await;
    let generated = bench
        .post(
            "verifyToken/generate",
            json!({"plan_id": "passed,no-ocr,video=none"}),
        )
        .await;
    let verify_token = generated["result"]["verify_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(verify_token.len(), 24);
    let identity =
        json!({"verify_token": verify_token, "id_name": "张三", "id_no": "990000199001011237"});
    assert_eq!(bench.post("idcard/submit", identity).await["result"], 1);
    let upload = |image: &str| json!({"verify_token": verify_token, "image": image, "quality_control": "LOW"});
    let uploaded = bench
        .post("uploadMatchImage", upload("/9j/4AAQSkZJRgABAQAAAQABAAD/"))
        .await;
    assert_eq!(
        (&uploaded["success"], &uploaded["result"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        bench.post("uploadMatchImage", upload("not base64!")).await["code"],
        216_100
    );

    let answer = bench
        .post("result/getall", json!({"verify_token": verify_token}))
        .await;
    let one = &answer["result"]["verify_result"][0];
    assert_eq!(one["idcard_confirm"]["name"], "张三");
    assert_eq!(
        (&one["charge_type"], &answer["result"]["match_charge_count"]),
        (&json!("match"), &json!(1))
    );

    assert_eq!(
        bench
            .post("verifyToken/generate", json!({"plan_id": 10086}))
            .await["success"],
        true
    );
    assert_eq!(
        bench.post("verifyToken/generate", json!({})).await["code"],
        216_101
    );
    assert_eq!(
        bench
            .post("verifyToken/generate", json!({"plan_id": "no-such-plan"}))
            .await["code"],
        283_435
    );
}

#[tokio::test]
async fn quota_is_shared_by_the_apps_of_an_account_and_counted_for_each_endpoint() {
    let apps = ["one", "two", "three"]
        .map(|name| AppCredential::synthetic(name, if name == "three" { "b" } else { "a" }));
    let mut bench = Bench::with(Options {
        apps: apps.to_vec(),
        qps: Some(3),
        ..options()
    })
    .await;
    let token = bench
        .simulator
        .create("one", &[LifeSpec::of(Life::Unused, 1)])
        .remove(0);
    let tokens = [
        bench.access_token_of(0).await,
        bench.access_token_of(1).await,
        bench.access_token_of(2).await,
    ];
    let mut overruns = 0;
    for nth in 0..8 {
        bench.access_token.clone_from(&tokens[nth % 2]);
        overruns += usize::from(bench.about("result/getall", &token).await["error_code"] == 18);
    }
    assert!(overruns >= 3, "{overruns} of 8");
    assert!(
        bench
            .about("result/detail", &token)
            .await
            .get("error_code")
            .is_none()
    );
    bench.access_token.clone_from(&tokens[2]);
    assert!(
        bench
            .about("result/getall", &token)
            .await
            .get("error_code")
            .is_none()
    );
}

#[tokio::test]
async fn each_fault_of_a_call_looks_as_it_should_and_then_stops() {
    let bench = Bench::with(options()).await;
    let token = bench.lived(passed());
    let url = format!(
        "{}?access_token={}",
        bench.url("result/getall"),
        bench.access_token
    );
    let ask = async || -> String {
        let request = bench
            .client
            .post(&url)
            .json(&json!({"verify_token": token.verify_token}));
        let Ok(response) = request.send().await else {
            return "no answer".to_owned();
        };
        let status = response.status().as_u16();
        let Ok(body) = response.bytes().await else {
            return format!("{status} cut");
        };
        match serde_json::from_slice::<Value>(&body) {
            Ok(answer) if answer["success"] == true => "good".to_owned(),
            Ok(answer) => format!("{status} code {}", answer["error_code"]),
            Err(_) => format!("{status} no json"),
        }
    };
    for (kind, seen) in [
        (FaultKind::Http500, "500 no json"),
        (FaultKind::Http502, "502 no json"),
        (FaultKind::Http503, "503 no json"),
        (FaultKind::Http429, "429 no json"),
        (FaultKind::Closed, "no answer"),
        (FaultKind::AnswerLost, "no answer"),
        (FaultKind::Truncated, "200 cut"),
        (FaultKind::Html, "200 no json"),
        (FaultKind::TruncatedJson, "200 no json"),
        (FaultKind::Code18, "200 code 18"),
        (FaultKind::Stall, "good"),
        (FaultKind::Gzip, "good"),
        (FaultKind::DuplicateKeys, "good"),
    ] {
        bench.simulator.set_faults(Faults {
            repeat_max: 2,
            stall_ms: 1,
            ..Faults::only(kind)
        });
        let answers = [ask().await, ask().await, ask().await];
        assert_eq!(answers, [seen, seen, "good"], "{kind:?}");
        bench.simulator.set_faults(Faults::default());
    }
    bench
        .simulator
        .set_faults(Faults::only(FaultKind::AccessTokenRefused));
    assert!(matches!(
        ask().await.as_str(),
        "200 code 110" | "200 code 111"
    ));
    assert_eq!(ask().await, "good");
    bench.simulator.set_faults(Faults {
        daily_quota_ms: 60_000,
        ..Faults::only(FaultKind::Code17)
    });
    assert_eq!(ask().await, "200 code 17");
    bench.simulator.set_faults(Faults::default());
    assert_eq!(
        ask().await,
        "200 code 17",
        "the account stays without quota"
    );
    bench.simulator.advance(60_000);
    assert_eq!(ask().await, "good");
    assert_eq!(bench.simulator.counts().faults["truncated"], 2);
}

#[tokio::test]
async fn hostile_bodies_are_as_large_and_as_odd_as_they_are_meant_to_be() {
    let bench = Bench::with(options()).await;
    let token = bench.lived(passed());
    let url = format!(
        "{}?access_token={}",
        bench.url("result/getall"),
        bench.access_token
    );
    let ask = async |kind| {
        bench.simulator.set_faults(Faults::only(kind));
        let request = bench
            .client
            .post(&url)
            .json(&json!({"verify_token": token.verify_token}));
        request.send().await.unwrap()
    };
    let mut bomb = ask(FaultKind::GzipBomb).await;
    let mut unpacked = 0;
    while let Ok(Some(chunk)) = bomb.chunk().await {
        assert!(chunk.iter().all(|byte| *byte == b' '));
        unpacked += chunk.len();
    }
    assert!(unpacked > 60 << 20, "{unpacked}");
    let mut endless = ask(FaultKind::Endless).await;
    assert!(endless.content_length().is_none());
    for _ in 0..100 {
        assert!(endless.chunk().await.unwrap().is_some());
    }
    drop(endless);
    let odd = ask(FaultKind::WrongCharset).await.bytes().await.unwrap();
    assert!(std::str::from_utf8(&odd).is_err());
}

#[tokio::test]
async fn each_fault_of_a_medium_looks_as_it_should_and_then_stops() {
    let bench = Bench::with(options()).await;
    let token = bench.lived(passed());
    let url = urls(&bench.about("result/getall", &token).await).remove(0);
    let whole = bench.get(&url).await.bytes().await.unwrap();
    let fetch = async || -> &'static str {
        let Ok(response) = bench.client.get(&url).send().await else {
            return "no answer";
        };
        let status = response.status();
        if !status.is_success() {
            return if status.is_redirection() {
                "elsewhere"
            } else {
                "refused"
            };
        }
        let md5 = STANDARD.decode(
            response
                .headers()
                .get("content-md5")
                .map_or("", |md5| md5.to_str().unwrap()),
        );
        let html = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html");
        let Ok(body) = response.bytes().await else {
            return "cut";
        };
        match (body == whole, body.len() == whole.len(), html) {
            (true, _, false) => "good",
            (true, _, true) => "good but called html",
            _ if md5.unwrap() == Md5::digest(&body).as_slice() || body.is_empty() => {
                "another medium"
            }
            (_, true, _) => "altered",
            (_, false, _) => "short",
        }
    };
    for (kind, seen) in [
        (FaultKind::MediaShort, "short"),
        (FaultKind::MediaFlippedBit, "altered"),
        (FaultKind::MediaExpired, "refused"),
        (FaultKind::MediaError, "refused"),
        (FaultKind::MediaReset, "cut"),
        (FaultKind::MediaRedirect, "elsewhere"),
        (FaultKind::MediaWrongType, "good but called html"),
        (FaultKind::Stall, "good"),
        (FaultKind::Closed, "no answer"),
    ] {
        bench.simulator.set_faults(Faults {
            repeat_max: 2,
            stall_ms: 1,
            ..Faults::only(kind)
        });
        let answers = [fetch().await, fetch().await, fetch().await];
        assert_eq!(answers, [seen, seen, "good"], "{kind:?}");
        bench.simulator.set_faults(Faults::default());
    }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_lives_and_another_seed_others() {
    let told = async |seed| {
        let simulator = simulator::start(Options { seed, ..options() })
            .await
            .unwrap();
        simulator.create(
            "demo",
            &[LifeSpec {
                count: 20,
                ..LifeSpec::default()
            }],
        );
        let truth = simulator.truth();
        let token = |token: &simulator::TokenTruth| {
            let after: Vec<i64> = token
                .attempts
                .iter()
                .map(|attempt| attempt.at_ms - token.issued_at_ms)
                .collect();
            let digests: Vec<String> = token
                .media
                .iter()
                .map(|medium| medium.sha256.clone())
                .collect();
            (token.verify_token.clone(), token.life, after, digests)
        };
        truth.tokens.iter().map(token).collect::<Vec<_>>()
    };
    assert_eq!(told(4).await, told(4).await);
    assert_ne!(told(4).await, told(5).await);
}

#[tokio::test]
async fn lives_are_made_and_the_truth_is_told_over_http() {
    let bench = Bench::with(options()).await;
    let base = bench.simulator.base_url();
    let order = json!({"app": "demo", "lives": [{"life": "passed", "ocr": true, "video": "two", "count": 2},
        {"life": "unused", "issued_ago_ms": 7_300_000}, {"life": "told-late"}]});
    let made: Vec<Made> = bench
        .client
        .post(format!("{base}/sim/lives"))
        .json(&order)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let lives: Vec<&str> = made.iter().map(|made| made.life.as_str()).collect();
    assert_eq!(lives, ["passed", "passed", "unused", "told-late"]);
    let truth: Value = bench
        .get(&format!("{base}/sim/truth"))
        .await
        .json()
        .await
        .unwrap();
    let outcomes: Vec<&str> = truth["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["archived", "archived", "abandoned", "missed"]);
    assert_eq!(
        truth["tokens"][0]["media"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["kind"],
        "final_face"
    );
    bench.about("result/getall", &made[3]).await;
    let stats: Value = bench
        .get(&format!("{base}/sim/stats"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(stats["requests"]["getall"], json!({"refused": 1}));
    let wrong = json!({"lives": [{"live": "passed"}]});
    let wrong = bench
        .client
        .post(format!("{base}/sim/lives"))
        .json(&wrong)
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_unknown_path_says_so_without_its_query() {
    let bench = Bench::with(options()).await;
    for path in [
        "/nowhere",
        "/sim/nowhere",
        "/rpc/2.0/brain/solution/faceprint/result/list",
    ] {
        let response = bench
            .get(&format!(
                "{}{path}?access_token=secret",
                bench.simulator.base_url()
            ))
            .await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let body = response.text().await.unwrap();
        assert!(body.contains(path) && !body.contains("secret"));
    }
}

#[tokio::test]
async fn a_large_video_streams_and_matches_its_truth() {
    let media_bytes = MediaBytes {
        video: 64 << 20,
        ..MediaBytes::small()
    };
    let bench = Bench::with(Options {
        media_bytes,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let url =
        urls(&bench.about("result/media/query", &token).await["result"]["processVideo"]).remove(0);
    let mut response = bench.get(&url).await;
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        digest.update(&chunk);
        bytes += chunk.len() as u64;
    }
    let digest: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let media = bench.media(&token);
    let video = media
        .iter()
        .find(|medium| medium.kind == Kind::ProcessVideo)
        .unwrap();
    assert_eq!((bytes, digest), (video.bytes, video.sha256.clone()));
}
