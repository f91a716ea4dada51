//! Who is let in, how often, and to whom a token answers.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use simulator::{AppCredential, Life, LifeSpec, Options};

use super::{Bench, DAY_MS, REFUSED, oauth, options, passed};

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
async fn a_token_answers_only_to_the_app_that_generated_it() {
    // An app of the same account may be shown the token, and archives it.
    for (account, outcome) in [("b", "rejected"), ("a", "archived")] {
        let apps = vec![
            AppCredential::synthetic("demo", "a"),
            AppCredential::synthetic("other", account),
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
        let truth = bench.simulator.truth();
        assert_eq!(truth.token(&token.verify_token).unwrap().outcome, outcome);
    }
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
