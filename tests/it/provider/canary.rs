//! Nothing secret shows itself, whatever fails.

use bytes::Bytes;
use verikeep::{
    domain::{answer::Endpoint, time::Time},
    provider::{
        Credentials, DownloadError, Downloader, MediaRules, Reply, envelope, http::Limits, parse,
        request, sign::KeyPair,
    },
};

use super::{
    api::{bench, keys},
    server::{Server, answer},
};

fn shows_nothing(label: &str, shown: &str) {
    assert!(!shown.contains("canary"), "{label}: {shown}");
}

#[test]
fn types_that_carry_secrets_show_none() {
    let body = Bytes::from_static(
        br#"{"success":true,"result":{"image":"https://bj.bcebos.com/canary"}}"#,
    );
    let reply = Reply::kept(Endpoint::Simple, 200, body.clone(), Time(0));
    shows_nothing("reply", &format!("{reply:?}"));
    shows_nothing("envelope", &format!("{:?}", envelope::read(&reply)));
    shows_nothing("listed", &format!("{:?}", parse::simple(&body)));
    shows_nothing(
        "getall",
        &format!(
            "{:?}",
            parse::getall(
                include_str!("../../fixtures/answers/getall-sample-2024.json")
                    .replace("张三", "canary")
                    .replace("bce-auth-v1", "canary")
                    .as_bytes()
            )
        ),
    );
    let texts = include_str!("../../fixtures/answers/getall-sample-2024.json")
        .replace("张三", "canary")
        .replace("bce-auth-v1", "")
        .replace("核验成功", "canary was here");
    shows_nothing("texts", &format!("{:?}", parse::getall(texts.as_bytes())));
    shows_nothing(
        "token",
        &format!(
            "{:?}",
            parse::prepare::verify_token(br#"{"success":true,"result":{"verify_token":"canary"}}"#)
        ),
    );
    shows_nothing("body", &format!("{:?}", request::query(&"canary".into())));
    for credentials in [
        keys(),
        Credentials::ApiKey("canary".into()),
        Credentials::BceV1(KeyPair {
            ak: "canary".into(),
            sk: "canary".into(),
        }),
    ] {
        shows_nothing("credentials", &format!("{credentials:?}"));
    }
}

#[tokio::test]
async fn failures_of_calls_show_no_key_token_or_person() {
    for (label, bytes) in [
        (
            "refused",
            answer(
                401,
                "",
                r#"{"error":"invalid_client","error_description":"canary"}"#,
            ),
        ),
        (
            "strange",
            answer(
                200,
                "",
                r#"{"error":"canary-身份","error_description":"canary"}"#,
            ),
        ),
        ("page", answer(200, "", "<html>canary")),
        (
            "broken",
            b"HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\ncanary".to_vec(),
        ),
        ("no HTTP", b"canary canary canary\r\n\r\n".to_vec()),
        (
            "elsewhere",
            answer(
                302,
                "location: https://canary.example/?access_token=canary\r\n",
                "",
            ),
        ),
    ] {
        let server = Server::saying(bytes).await;
        let bench = bench(&server, keys(), Limits::default(), 2.0);
        let problem = bench
            .client
            .query(Endpoint::Getall, &"canary-token".into())
            .await
            .unwrap_err();
        shows_nothing(label, &format!("{problem} {problem:?}"));
        shows_nothing(label, &format!("{:?}", bench.client));
    }
    let server = Server::saying("").await;
    let bench = bench(
        &server,
        Credentials::ApiKey("canary\nkey".into()),
        Limits::default(),
        2.0,
    );
    let problem = bench
        .client
        .query(Endpoint::Getall, &"canary-token".into())
        .await
        .unwrap_err();
    shows_nothing(
        "a key that fits no header",
        &format!("{problem} {problem:?}"),
    );
}

#[tokio::test]
async fn failures_of_downloads_show_no_url() {
    let downloader = Downloader::new(&Limits::default()).unwrap();
    for url in [
        "https://canary.example/canary?authorization=canary",
        "https://canary:canary@bj.bcebos.com/canary",
        "canary",
        "https://127.0.0.1/canary",
        "https://[canary",
        "ftp://bj.bcebos.com/canary",
        "http://127.0.0.1:1/canary?x=canary",
    ] {
        for allow_private in [false, true] {
            let rules = MediaRules {
                allow_private,
                ..MediaRules::default()
            };
            let error: DownloadError = downloader
                .open(&url.into(), &rules)
                .await
                .map(|_| ())
                .unwrap_err();
            shows_nothing(url, &format!("{error} {error:?}"));
        }
    }
}
