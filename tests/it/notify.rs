//! Telling people, against servers that are robots, receivers, and none.

mod kinds;
mod mail;

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use verikeep::{
    domain::{
        alarm::{Kind, Severity},
        channel::{Channel, Post, Way},
        language::Language,
        message::{About, Event, Message, Told},
        time::{HeldClock, Time},
    },
    notify::{Channels, NotSent},
};

use crate::provider::server::{Server, Step, answer};

/// 2026-11-26T08:00:00.123Z.
const NOW: Time = Time(1_795_680_000_123);
const KEY: &str = "canary-key";

/// What a channel leads to.
type Kinded = fn(Post) -> Way;

const ROBOTS: [(Kinded, &str); 3] = [
    (Way::Dingtalk, "errcode"),
    (Way::Wecom, "errcode"),
    (Way::Feishu, "code"),
];

fn post(url: &str, secret: Option<&str>) -> Post {
    Post {
        url: url.into(),
        secret: secret.map(Into::into),
        allow_private: true,
        proxy: None,
    }
}

pub fn channel(way: Way) -> Channel {
    Channel {
        name: "duty".to_owned(),
        way,
        severity: Severity::Warning,
        apps: Vec::new(),
        language: Language::En,
        daily: true,
    }
}

pub fn message() -> Message {
    Message {
        at: NOW,
        about: About::Alarms(vec![Told {
            event: Event::Begun,
            kind: Kind::ProviderDown,
            subject: "h5".to_owned(),
            text: "connection failed, 3 times".to_owned(),
            since: Time(1_795_679_000_000),
            ended_at: None,
            times: 3,
        }]),
    }
}

pub async fn send(way: Way) -> Result<(), NotSent> {
    let channels = Channels::open(&[channel(way)], HeldClock::at(NOW)).unwrap();
    assert_eq!(format!("{channels:?}"), "[\"duty\"]");
    channels.send("duty", &message()).await
}

fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer(200, "content-type: application/json\r\n", body)
}

#[tokio::test]
async fn a_robot_is_asked_as_it_wants_to_be() {
    let server = Server::saying(json(r#"{"errcode":0,"errmsg":"ok","code":0}"#)).await;
    let url = server.url("/robot/send?access_token=canary-key");
    for (way, _) in ROBOTS {
        for secret in [None, Some("SECcanary")] {
            send(way(post(&url, secret))).await.unwrap();
        }
    }
    // By the formulas of DingTalk's and Feishu's documents, reckoned elsewhere.
    let ding = "&timestamp=1795680000123&sign=XEgLteqVA1id2Av5eoQsbO7MXaV7Drvba4BxFTuhQlc%3D";
    let feishu = "WEYLsDEsNsyp2duzTVEZfIWx1uevfYNVEdG0iL8TWEs=";
    let said: Vec<(String, Value)> = server
        .received()
        .iter()
        .map(|request| {
            let body = serde_json::from_slice(&request.body).unwrap();
            (request.request_line().to_owned(), body)
        })
        .collect();
    for (place, tail) in ["", ding, "", "", "", ""].iter().enumerate() {
        let line = format!("POST /robot/send?access_token=canary-key{tail} HTTP/1.1");
        assert_eq!(said[place].0, line);
    }
    for (_, body) in &said[..2] {
        assert_eq!(body["msgtype"], "markdown");
        assert!(
            body["markdown"]["title"]
                .as_str()
                .unwrap()
                .contains("provider_down")
        );
    }
    for (_, body) in &said[2..4] {
        assert_eq!(body["msgtype"], "markdown");
        assert!(
            body["markdown"]["content"]
                .as_str()
                .unwrap()
                .contains("provider_down")
        );
    }
    assert_eq!(said[4].1["sign"], Value::Null);
    assert_eq!(said[5].1["timestamp"], "1795680000");
    assert_eq!(said[5].1["sign"], feishu);
    let content = &said[5].1["content"]["post"]["en_us"];
    assert_eq!(content["content"][0][0]["tag"], "text");
}

#[tokio::test]
async fn an_answer_is_judged_by_what_it_says_and_not_by_its_status() {
    let (taken, later, never) = (None, Some(false), Some(true));
    for (place, code, ends) in [
        (0, "0", taken),
        (0, "310000", never),
        (0, "130101", later),
        (0, "300001", never),
        (0, "-1", later),
        (1, "0", taken),
        (1, "45009", later),
        (1, "93000", never),
        (1, "40058", never),
        (2, "0", taken),
        (2, "19021", never),
        (2, "19024", never),
        (2, "11232", later),
    ] {
        let (way, field) = ROBOTS[place];
        let body = format!(r#"{{"{field}":{code},"errmsg":"canary-key","msg":"canary-key"}}"#);
        let server = Server::saying(json(body)).await;
        let sent = send(way(post(&server.url("/canary-key"), Some("canary-key")))).await;
        let label = format!("{field} {code}");
        assert_eq!(
            sent.as_ref().err().map(NotSent::is_lasting),
            ends,
            "{label}"
        );
        if let Err(why) = sent {
            let why = why.to_string();
            assert!(why.starts_with(&label) && !why.contains(KEY), "{why}");
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_of_a_robot_is_no_delivery() {
    for (bytes, is_lasting) in [
        (json("{}"), false),
        (json("<html>canary-key</html>"), false),
        (json(""), false),
        (json("[0]"), false),
        (answer(500, "", "canary-key"), false),
        (answer(429, "", ""), false),
        (answer(404, "", "canary-key"), true),
        (answer(403, "", "canary-key"), true),
        (
            answer(302, "location: http://127.0.0.1:9/canary-key\r\n", ""),
            true,
        ),
        (json(" ".repeat(70_000)), false),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}".to_vec(),
            false,
        ),
    ] {
        let server = Server::saying(bytes.clone()).await;
        for (way, _) in ROBOTS {
            let why = send(way(post(&server.url("/canary-key"), None)))
                .await
                .unwrap_err();
            let label = String::from_utf8_lossy(&bytes[..60.min(bytes.len())]).into_owned();
            assert_eq!(why.is_lasting(), is_lasting, "{label}: {why}");
            assert!(!why.to_string().contains(KEY), "{why}");
        }
    }
}

#[tokio::test]
async fn a_webhook_gets_what_alertmanager_would_send() {
    let server = Server::saying(answer(204, "", "")).await;
    send(Way::Webhook(post(&server.url("/hook"), Some("canary-key"))))
        .await
        .unwrap();
    let received = server.received();
    assert_eq!(
        received[0].header("authorization"),
        Some("Bearer canary-key")
    );
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    for (path, value) in [
        ("/version", "4"),
        ("/status", "firing"),
        ("/receiver", "duty"),
        ("/groupKey", "{}:{alertname=\"provider_down\"}"),
        ("/externalURL", ""),
        ("/groupLabels/alertname", "provider_down"),
        ("/commonLabels/subject", "h5"),
        ("/alerts/0/status", "firing"),
        ("/alerts/0/labels/severity", "critical"),
        (
            "/alerts/0/annotations/description",
            "connection failed, 3 times",
        ),
        ("/alerts/0/startsAt", "2026-11-26T07:43:20Z"),
        ("/alerts/0/endsAt", "0001-01-01T00:00:00Z"),
    ] {
        assert_eq!(
            body.pointer(path).and_then(Value::as_str),
            Some(value),
            "{path}"
        );
    }
    assert_eq!(body["truncatedAlerts"], 0);
    assert_eq!(body["alerts"][0]["fingerprint"].as_str().unwrap().len(), 16);
    for (status, is_lasting) in [
        (500, false),
        (429, false),
        (408, false),
        (400, true),
        (401, true),
    ] {
        let server = Server::saying(answer(status, "", "canary-key")).await;
        let why = send(Way::Webhook(post(&server.url("/hook"), None)))
            .await
            .unwrap_err();
        assert!(
            why.to_string().starts_with(&format!("HTTP {status}")),
            "{why}"
        );
        assert_eq!(why.is_lasting(), is_lasting, "{why}");
    }
}

#[tokio::test]
async fn nothing_is_sent_inside_unless_that_is_allowed() {
    let server = Server::saying(answer(204, "", "")).await;
    let near = Post {
        allow_private: false,
        ..post(&server.url("/canary-key"), None)
    };
    for url in [
        server.url("/canary-key"),
        "https://169.254.169.254/canary-key".to_owned(),
    ] {
        let way = Way::Webhook(Post {
            url: url.as_str().into(),
            ..near.clone()
        });
        let why = Channels::open(&[channel(way)], HeldClock::at(NOW)).unwrap_err();
        assert!(
            why.is_lasting() && why.to_string().starts_with("duty: the URL is refused"),
            "{why}"
        );
        assert!(!why.to_string().contains(KEY), "{why}");
    }
    let named = Way::Webhook(Post {
        url: format!("https://localhost:{}/canary-key", server.port)
            .as_str()
            .into(),
        ..near
    });
    let why = send(named).await.unwrap_err();
    assert!(why.is_lasting() && !why.to_string().contains(KEY), "{why}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn who_is_gone_or_hangs_is_tried_again_later() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let held = Arc::clone(&gate);
    let hanging = Server::start(move |_, _| vec![Step::Hold(Arc::clone(&held))]).await;
    let gone = {
        let server = Server::saying("").await;
        server.url("/canary-key")
    };
    let began = tokio::time::Instant::now();
    for url in [hanging.url("/canary-key"), gone] {
        let why = send(Way::Webhook(post(&url, None))).await.unwrap_err();
        assert!(!why.is_lasting() && !why.to_string().contains(KEY), "{why}");
    }
    assert!(began.elapsed() < Duration::from_secs(25));
    gate.add_permits(1);
}

#[tokio::test]
async fn a_channel_that_nobody_configured_gets_nothing() {
    let channels = Channels::open(&[], HeldClock::at(NOW)).unwrap();
    let why = channels.send("duty", &message()).await.unwrap_err();
    assert!(
        why.is_lasting() && why.to_string().contains("[[notify]]"),
        "{why}"
    );
}
