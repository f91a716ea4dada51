//! The seed, the control endpoints and the truth.

use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::{LifeSpec, Made, Options};

use super::{Bench, options};

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
