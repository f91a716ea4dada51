//! The loop that everything is compared with: ask, look for URLs, fetch, drop.

use std::{fs, time::Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use simulator::{AppCredential, Made};

use crate::{
    Outcome,
    child::{Found, Task},
    gauge,
    provider::{APP, Work},
};

/// Tokens at once: as many as the daemon polls at once.
const AT_ONCE: usize = 64;

/// Whatever goes wrong.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A client without any of the archive's care.
#[allow(
    clippy::disallowed_methods,
    reason = "it stands for a program that is not this one"
)]
pub(crate) fn client() -> Outcome<reqwest::Client> {
    verikeep::provider::http::install_crypto();
    Ok(reqwest::Client::builder().no_proxy().gzip(true).build()?)
}

/// Fetches everything once.
pub(crate) async fn run(task: Task) -> Outcome<Found> {
    let tokens: Vec<Made> = serde_json::from_slice(&fs::read(&task.tokens)?)?;
    let client = client()?;
    let (started, cpu_ms) = (Instant::now(), gauge::cpu_ms()?);
    let app = AppCredential::synthetic(APP, "default");
    let Task { base_url, work, .. } = task;
    let url = format!(
        "{base_url}/oauth/2.0/token?grant_type=client_credentials&client_id={}&client_secret={}",
        app.api_key, app.secret_key
    );
    let granted: Value = serde_json::from_slice(&client.post(url).send().await?.bytes().await?)?;
    let access_token = granted
        .get("access_token")
        .and_then(Value::as_str)
        .ok_or("no access_token")?;
    let third = if work == Work::Media {
        "result/media/query"
    } else {
        "result/stat"
    };
    let urls: Vec<String> = ["result/getall", "result/detail", third]
        .iter()
        .map(|path| {
            format!(
                "{base_url}/rpc/2.0/brain/solution/faceprint/{path}?access_token={access_token}"
            )
        })
        .collect();
    let (client, urls) = (&client, &urls);
    stream::iter(tokens)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |token| async move {
            one(client, urls, &token.verify_token).await
        })
        .await?;
    Ok(Found {
        seconds: started.elapsed().as_secs_f64(),
        cpu_ms: gauge::cpu_ms()? - cpu_ms,
        peak_bytes: gauge::peak_bytes()?,
        ..Found::default()
    })
}

async fn one(client: &reqwest::Client, urls: &[String], verify_token: &str) -> Outcome<()> {
    let body = json!({ "verify_token": verify_token }).to_string();
    for url in urls {
        let answer = client
            .post(url)
            .header("content-type", "application/json")
            .body(body.clone())
            .send()
            .await?
            .bytes()
            .await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        if answer.get("success").and_then(Value::as_bool) != Some(true) {
            return Err("a call was refused".into());
        }
        let mut media = Vec::new();
        gather(&answer, &mut media);
        stream::iter(media.into_iter().map(Ok::<_, Failed>))
            .try_for_each(|medium| async move {
                let mut response = client.get(medium).send().await?.error_for_status()?;
                while response.chunk().await?.is_some() {}
                Ok(())
            })
            .await?;
    }
    Ok(())
}

/// Every text that is a URL.
fn gather<'a>(value: &'a Value, media: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.starts_with("http") => media.push(text),
        Value::Array(items) => items.iter().for_each(|item| gather(item, media)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, media)),
        _ => {}
    }
}
