//! Every kind of alarm, a test and a report through every channel in both languages, to receivers
//! that look at them as closely as the real ones do.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use url::Url;
use verikeep::{
    domain::{
        alarm::Kind,
        channel::{Channel, MailTls, Way},
        language::Language,
        message::{About, Daily, Event, Figures, Message, Told},
        time::{HeldClock, Span, Time},
    },
    notify::Channels,
};

use super::{NOW, channel, mail, post};
use crate::provider::server::{Received, Server, Step, answer};

const SECRET: &str = "SECcanary";
/// What one of the readers could take for more than words.
const HOSTILE: &str = "h5\r\nBcc: d@evil.example\r\n\r\n</td><script>alert(1)</script><img src=x> @all <at user_id=\"all\">x</at> <@all> [x](http://evil.example) ![y](//evil.example) <font color=\"warning\">z</font> **b** `c` \u{202e}\u{2066}\u{200f}";
/// Of this nothing may be left but as words: what would begin it is not there as such.
const MARKUP: [&str; 14] = [
    "<at", "<@", "@all", "<font", "<script", "<img", "</", "](", "**", "://", "\r", "\u{202e}",
    "\u{2066}", "\u{200f}",
];

fn told(kind: Kind, event: Event) -> Told {
    Told {
        event,
        kind,
        subject: HOSTILE.to_owned(),
        text: HOSTILE.repeat(40),
        since: NOW.minus(Span::hours(30)),
        ended_at: (event == Event::Ended).then_some(NOW),
        times: 3,
    }
}

fn message(about: About) -> Message {
    Message { at: NOW, about }
}

fn daily() -> Message {
    let app = |place: i64| Figures {
        app: format!("app{place} {HOSTILE}"),
        told: 20_000,
        archived: 19_990,
        other: 9,
        lost: 1,
        open: 17,
        least_left: (place > 0).then_some(Span::hours(21)),
        calls: (48_000, 172_800),
    };
    message(About::Daily(Daily {
        day: "2026-11-26".to_owned(),
        apps: (0..3).map(app).collect(),
        open: vec![told(Kind::Quota, Event::Begun)],
    }))
}

/// A message for each kind, begun, lasting and ended in turn; all kinds together, thrice; a test
/// and a report. Each with the kinds that have to be seen in it.
fn messages() -> Vec<(Message, Vec<Kind>)> {
    let events = [Event::Begun, Event::Lasts(4), Event::Ended];
    let mut messages: Vec<(Message, Vec<Kind>)> = Vec::new();
    for event in events {
        for kind in Kind::ALL {
            messages.push((
                message(About::Alarms(vec![told(*kind, event)])),
                vec![*kind],
            ));
        }
        let all = Kind::ALL.iter().map(|kind| told(*kind, event)).collect();
        messages.push((message(About::Alarms(all)), Kind::ALL.to_vec()));
    }
    messages.push((message(About::Test), Vec::new()));
    messages.push((daily(), vec![Kind::Quota]));
    messages
}

fn open(way: Way, language: Language) -> Channels {
    let channel = Channel {
        language,
        ..channel(way)
    };
    Channels::open(&[channel], HeldClock::at(NOW)).unwrap()
}

/// The kinds are there by their names; one alone says in the language what it means.
fn is_told(text: &str, kinds: &[Kind], language: Language, label: &str) {
    for kind in kinds {
        assert!(
            text.contains(kind.name()),
            "{label}: {}\n{text}",
            kind.name()
        );
    }
    assert!(text.contains("Verikeep"), "{label}: {text}");
    let is_chinese = text.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert_eq!(is_chinese, language == Language::Zh, "{label}: {text}");
}

fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// All that a person reads of a body, a line each.
fn words(body: &Value) -> Vec<String> {
    match body {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(words).collect(),
        Value::Object(fields) => fields.values().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

/// What DingTalk would find wrong with a request, by its documents.
fn dingtalk(asked: &Received, body: &Value) -> Option<&'static str> {
    let path = asked.request_line().split(' ').nth(1).unwrap();
    let url = Url::parse(&format!("http://robot{path}")).unwrap();
    let given = |name: &str| {
        let pair = url.query_pairs().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let timestamp: i64 = given("timestamp").parse().unwrap_or_default();
    let text = body["markdown"]["text"].as_str().unwrap_or_default();
    if NOW.since(Time(timestamp)).0.abs() > 3_600_000
        || given("sign") != hmac(SECRET, &format!("{timestamp}\n{SECRET}"))
    {
        Some("sign not match")
    } else if body["msgtype"] != "markdown" || body["markdown"]["title"].as_str().is_none() {
        Some("no markdown")
    } else if text.is_empty() || text.len() > 20_000 {
        Some("empty or too long")
    } else {
        None
    }
}

fn wecom(_: &Received, body: &Value) -> Option<&'static str> {
    let text = body["markdown"]["content"].as_str().unwrap_or_default();
    if body["msgtype"] != "markdown" {
        Some("no markdown")
    } else if text.is_empty() || text.len() > 4096 {
        Some("empty or too long")
    } else {
        None
    }
}

fn feishu(asked: &Received, body: &Value) -> Option<&'static str> {
    let timestamp = body["timestamp"].as_str().unwrap_or_default();
    let post = body["content"]["post"].as_object();
    let elements = || post.into_iter().flat_map(|post| post.values());
    let is_text = |line: &Value| {
        let elements = line.as_array().map(Vec::as_slice).unwrap_or_default();
        elements.len() == 1 && elements[0]["tag"] == "text" && elements[0]["text"].is_string()
    };
    let is_post = |locale: &Value| {
        let lines = locale["content"].as_array();
        locale["title"].is_string() && lines.is_some_and(|lines| lines.iter().all(is_text))
    };
    if body["sign"] != hmac(&format!("{timestamp}\n{SECRET}"), "").as_str() {
        Some("sign match fail")
    } else if body["msg_type"] != "post" || elements().count() != 1 || !elements().all(is_post) {
        Some("no post of texts")
    } else if asked.body.len() > 30 << 10 {
        Some("too long")
    } else {
        None
    }
}

type Judge = fn(&Received, &Value) -> Option<&'static str>;

#[tokio::test]
async fn every_kind_is_taken_by_every_robot_as_words_alone() {
    let robots: [(&str, super::Kinded, Judge); 3] = [
        ("dingtalk", Way::Dingtalk, dingtalk),
        ("wecom", Way::Wecom, wecom),
        ("feishu", Way::Feishu, feishu),
    ];
    for (robot, way, judge) in robots {
        let judged = move |asked: &Received, _| {
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let said = match judge(asked, &body) {
                None => r#"{"errcode":0,"code":0}"#.to_owned(),
                Some(why) => format!(r#"{{"errcode":99,"code":99,"msg":"{why}"}}"#),
            };
            let head = "content-type: application/json\r\n";
            vec![Step::Send(answer(200, head, said))]
        };
        let server = Server::start(judged).await;
        for language in Language::ALL {
            let url = server.url("/robot/send?access_token=canary-key");
            let channels = open(way(post(&url, Some(SECRET))), *language);
            for (message, kinds) in messages() {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                let label = format!("{robot} {language:?} {names:?}");
                let sent = channels.send("duty", &message).await;
                let asked = server.received().pop().unwrap();
                let body: Value = serde_json::from_slice(&asked.body).unwrap();
                assert!(sent.is_ok(), "{label}: {:?}", judge(&asked, &body));
                let text = words(&body).join("\n");
                is_told(&text, &kinds, *language, &label);
                for markup in MARKUP {
                    assert!(!text.contains(markup), "{label}: {markup}\n{text}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_kind_comes_to_a_webhook_as_alerts_of_alertmanager() {
    let server = Server::saying(answer(204, "", "")).await;
    for language in Language::ALL {
        let channels = open(Way::Webhook(post(&server.url("/hook"), None)), *language);
        for (message, kinds) in messages() {
            channels.send("duty", &message).await.unwrap();
            let body: Value =
                serde_json::from_slice(&server.received().pop().unwrap().body).unwrap();
            let alerts = body["alerts"].as_array().unwrap();
            let names: Vec<_> = alerts
                .iter()
                .map(|a| a["labels"]["alertname"].as_str())
                .collect();
            let label = format!("{language:?} {names:?}");
            match message.about {
                About::Alarms(_) => {
                    let all: Vec<_> = kinds.iter().map(|kind| Some(kind.name())).collect();
                    assert_eq!(names, all);
                }
                About::Test => assert_eq!(names, [Some("verikeep_test")]),
                About::Daily(_) => assert_eq!(names, [Some("verikeep_daily")]),
            }
            let firing = alerts.iter().any(|alert| alert["status"] == "firing");
            assert_eq!(body["status"] == "firing", firing, "{label}");
            for alert in alerts {
                let subject = alert["labels"]["subject"].as_str().unwrap_or_default();
                let wrong = ['\r', '\n', '\u{202e}', '\u{2066}', '\u{200f}'];
                assert!(!subject.contains(wrong), "{label}: {subject}");
                for key in ["startsAt", "endsAt"] {
                    let at = alert[key].as_str().unwrap();
                    assert!(at.ends_with('Z') && at.len() >= 20, "{label}: {at}");
                }
                let said = alert["annotations"]["summary"].as_str().unwrap();
                let is_chinese = said.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                assert_eq!(is_chinese, *language == Language::Zh, "{label}: {said}");
            }
            assert!(
                server.received().pop().unwrap().body.len() < 1 << 20,
                "{label}"
            );
        }
    }
}

#[tokio::test]
async fn every_kind_comes_by_mail_whole_and_without_markup_of_others() {
    /// What our own pages are made of: nothing that leads elsewhere, runs or is loaded.
    const TAGS: &str = "body code div h1 h2 head html meta p span table td th title tr";
    const ATTRIBUTES: &str = "charset content lang name style";
    let mut server = mail::Server::start("plain", false).await;
    for language in Language::ALL {
        let mail = server.mail(MailTls::None, &["duty@example.com"]);
        let channels = open(Way::Email(mail), *language);
        for (message, kinds) in messages() {
            mail::within(channels.send("duty", &message)).await.unwrap();
            let taken = server.taken().await;
            let at = |key: &str| taken[key].as_str().unwrap().to_owned();
            let label = format!("{language:?} {}", at("subject"));
            assert_eq!(taken["defects"], 0, "{label}");
            assert_eq!(
                taken["types"],
                serde_json::json!(["text/plain", "text/html"]),
                "{label}"
            );
            let headers: BTreeSet<String> = words(&taken["headers"]).into_iter().collect();
            let ours = [
                "auto-submitted",
                "content-type",
                "date",
                "from",
                "message-id",
                "mime-version",
                "subject",
                "to",
            ];
            assert_eq!(headers, ours.map(str::to_owned).into(), "{label}");
            // Twenty are told in full; the others are counted by their names.
            for text in [at("text"), at("seen")] {
                let text = format!("{}\n{text}", at("subject"));
                is_told(&text, &kinds, *language, &label);
                assert!(
                    !text.contains(['\u{202e}', '\u{2066}', '\u{200f}']),
                    "{label}"
                );
            }
            // RFC 5322 allows no longer ones.
            assert!(taken["longest"].as_i64().unwrap() <= 998, "{label}");
            for (key, ours) in [("tags", TAGS), ("attributes", ATTRIBUTES)] {
                for name in words(&taken[key]) {
                    assert!(ours.split(' ').any(|one| one == name), "{label}: {name}");
                }
            }
            assert!(!at("html").contains("url("), "{label}");
        }
    }
}
