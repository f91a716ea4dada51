//! The world without its server: no socket, no runtime, and a clock that stands where the test puts
//! it.

use std::collections::BTreeSet;

use axum::http::{Method, Request, Response, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use simulator::{Body, FaultKind, Faults, Options, Piece, Reply, UnusedAnswer, Windows, World};

use super::{DAY_MS, REFUSED, options, passed, sha256, urls};

/// Some moment; every world here begins at it.
const BEGIN_MS: i64 = 1_790_000_000_123;

/// A world, and an access_token minted at its beginning.
struct Held {
    world: World,
    access_token: String,
}

fn held(options: Options) -> Held {
    let world = World::new(options, "http://provider.test".to_owned());
    let app = &world.apps()[0];
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        app.api_key, app.secret_key
    );
    let url = format!("{}/oauth/2.0/token", world.base_url());
    let minted = json_of(world.answer(BEGIN_MS, &request(Method::POST, &url, form)));
    let access_token = minted["access_token"].as_str().unwrap().to_owned();
    Held {
        world,
        access_token,
    }
}

fn request(method: Method, url: &str, body: String) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(url)
        .header(header::HOST, "provider.test")
        .body(Bytes::from(body))
        .unwrap()
}

impl Held {
    fn call(&self, now_ms: i64, path: &str, body: &Value) -> Reply {
        let url = format!(
            "{}/rpc/2.0/brain/solution/faceprint/{path}?access_token={}",
            self.world.base_url(),
            self.access_token
        );
        self.world
            .answer(now_ms, &request(Method::POST, &url, body.to_string()))
    }

    fn get(&self, now_ms: i64, url: &str) -> Reply {
        self.world
            .answer(now_ms, &request(Method::GET, url, String::new()))
    }
}

/// What arrives when all that is to be sent is sent.
fn whole(reply: Reply) -> Response<Vec<u8>> {
    assert_eq!(reply.wait_ms, 0);
    reply.response.unwrap().map(|body| match body {
        Body::Whole(bytes) => bytes.to_vec(),
        Body::Pieces(pieces) => pieces
            .flat_map(|piece| match piece {
                Piece::Bytes(bytes) => bytes,
                other => panic!("{other:?}"),
            })
            .collect(),
    })
}

fn json_of(reply: Reply) -> Value {
    serde_json::from_slice(whole(reply).body()).unwrap()
}

/// A token from `generate` to the day it is forgotten, and every answer about it on the way.
fn life() -> Vec<Value> {
    let held = held(Options {
        quirks: false,
        unused_answer: UnusedAnswer::NotYetThenRefused,
        ..options()
    });
    let generated = json_of(held.call(
        BEGIN_MS,
        "verifyToken/generate",
        &json!({"plan_id": "passed,ocr,video=one"}),
    ));
    let token = generated["result"]["verify_token"].as_str().unwrap();
    let about = json!({"verify_token": token});
    let ask = |now_ms: i64, path: &str| json_of(held.call(now_ms, path, &about));
    let truth = held.world.truth(BEGIN_MS).token(token).unwrap().clone();
    let [attempt] = truth.attempts.as_slice() else {
        panic!("{truth:?}")
    };
    assert!(BEGIN_MS < attempt.at_ms && attempt.at_ms < truth.window_closes_ms);

    let before = ask(attempt.at_ms - 1, "result/getall");
    assert_eq!(
        (&before["success"], before["message"] == REFUSED),
        (&json!(false), false),
        "not yet: {before}"
    );
    let used = ask(attempt.at_ms, "result/getall");
    assert_eq!(
        (&used["success"], &used["result"]["verify_count"]),
        (&json!(true), &json!(1))
    );
    let face = urls(&used).remove(0);
    let sent = whole(held.get(attempt.at_ms, &face));
    assert!(
        truth
            .media
            .iter()
            .any(|medium| medium.sha256 == sha256(sent.body()))
    );
    assert_eq!(
        sent.headers()[header::CONTENT_LENGTH],
        sent.body().len().to_string()
    );

    // An instant is what its caller says, so a later question changes nothing about an earlier
    // moment.
    let last = ask(truth.record_until_ms - 1, "result/getall");
    assert_eq!(last["result"]["verify_count"], json!(1));
    let gone = ask(truth.record_until_ms, "result/getall");
    assert_eq!(
        (&gone["success"], &gone["message"]),
        (&json!(false), &json!(REFUSED))
    );
    assert_eq!(
        held.get(truth.record_until_ms, &face)
            .response
            .unwrap()
            .status(),
        403
    );
    assert_eq!(
        ask(attempt.at_ms - 1, "result/getall")["message"],
        before["message"]
    );
    let media = [attempt.at_ms + DAY_MS - 1, attempt.at_ms + DAY_MS]
        .map(|now_ms| ask(now_ms, "result/media/query"));
    assert_eq!(
        media.each_ref().map(|answer| urls(answer).is_empty()),
        [false, true]
    );

    let [first, second] = media;
    vec![
        generated,
        before,
        used,
        json!(sha256(sent.body())),
        last,
        gone,
        first,
        second,
    ]
}

#[test]
fn a_token_lives_and_is_forgotten_on_a_clock_that_is_held() {
    assert_eq!(
        life(),
        life(),
        "the same questions at the same moments have the same answers"
    );
}

/// A reply in words: how long it waits, its status, and what comes of its body.
fn words(reply: Reply) -> String {
    let later = if reply.wait_ms > 0 {
        format!("{} ms later ", reply.wait_ms)
    } else {
        String::new()
    };
    let Some(response) = reply.response else {
        return format!("{later}reset");
    };
    let (head, body) = response.into_parts();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
    let is_page =
        header("content-type").is_some_and(|content_type| content_type.starts_with("text/html"));
    let body = match body {
        Body::Whole(bytes) => match (
            header("content-encoding"),
            header("location"),
            serde_json::from_slice::<Value>(&bytes),
        ) {
            (Some(encoding), _, _) => format!("{encoding} of {} KB", bytes.len() / 1_000),
            (_, Some(location), _) => format!("see {location}"),
            (_, _, Ok(answer)) if answer["success"] == true => {
                format!("success with {} urls", urls(&answer).len())
            }
            (_, _, Ok(answer)) => format!(
                "code {}",
                answer.get("error_code").unwrap_or(&answer["code"])
            ),
            _ if is_page => "a page".to_owned(),
            _ if bytes.starts_with(b"{") => {
                format!("no json, but text: {}", std::str::from_utf8(&bytes).is_ok())
            }
            _ => String::from_utf8(bytes.to_vec()).unwrap(),
        },
        Body::Pieces(pieces) => {
            let (mut sent, mut others) = (Vec::new(), String::new());
            for piece in pieces.take(100) {
                match piece {
                    Piece::Bytes(bytes) => sent.extend(bytes),
                    other => others += &format!(", {other:?}"),
                }
            }
            let digest = header("content-md5")
                .map(|md5| STANDARD.decode(md5).unwrap() == Md5::digest(&sent).as_slice());
            match (
                header("content-length").map(|promised| promised == sent.len().to_string()),
                digest,
            ) {
                (None, _) => format!("{} KB and on{others}", sent.len() / 1_000),
                (Some(false), _) => format!("less than promised{others}"),
                (Some(true), None) => format!("all without a digest{others}"),
                (Some(true), Some(true)) if is_page => format!("all, called a page{others}"),
                (Some(true), Some(true)) => format!("all{others}"),
                (Some(true), Some(false)) => format!("other than its digest{others}"),
            }
        }
    };
    format!("{later}{} {body}", head.status.as_u16())
}

#[derive(Clone, Copy, Debug)]
enum Asked {
    Results,
    MediaList,
    Face,
}

#[test]
fn every_fault_is_a_plan_of_what_is_sent() {
    use Asked::{Face, MediaList, Results};
    let cases = [
        (FaultKind::Http500, Results, "500 internal server error"),
        (FaultKind::Http502, Results, "502 a page"),
        (FaultKind::Http503, Results, "503 "),
        (FaultKind::Http429, Face, "429 too many requests"),
        (FaultKind::Closed, Face, "reset"),
        (FaultKind::AnswerLost, Results, "reset"),
        (
            FaultKind::Truncated,
            Results,
            "200 less than promised, Close",
        ),
        (FaultKind::Html, Results, "200 a page"),
        (
            FaultKind::TruncatedJson,
            Results,
            "200 no json, but text: true",
        ),
        (
            FaultKind::Stall,
            Results,
            "1500 ms later 200 success with 2 urls",
        ),
        (FaultKind::Stall, Face, "200 all, Pause(1500)"),
        (FaultKind::Code18, Results, "200 code 18"),
        (FaultKind::Code17, Results, "200 code 17"),
        (FaultKind::BackendCode, Results, "200 code 13"),
        (FaultKind::AccessTokenRefused, Results, "200 code 111"),
        (FaultKind::Gzip, Results, "200 gzip of 1 KB"),
        (FaultKind::DuplicateKeys, Results, "200 success with 2 urls"),
        (
            FaultKind::WrongCharset,
            Results,
            "200 no json, but text: false",
        ),
        (FaultKind::GzipBomb, Results, "200 gzip of 422 KB"),
        (FaultKind::Endless, Face, "200 6553 KB and on"),
        (FaultKind::MediaShort, Face, "200 other than its digest"),
        (
            FaultKind::MediaFlippedBit,
            Face,
            "200 other than its digest",
        ),
        (FaultKind::MediaExpired, Face, "403 code \"RequestExpired\""),
        (FaultKind::MediaError, Face, "500 internal server error"),
        (FaultKind::MediaReset, Face, "200 less than promised, Reset"),
        (
            FaultKind::MediaRedirect,
            Face,
            "302 see http://169.254.169.254/latest/meta-data/",
        ),
        (FaultKind::MediaWrongType, Face, "200 all, called a page"),
        (FaultKind::MediaEmpty, Face, "200 "),
        (FaultKind::MediaPage, Face, "200 a page"),
        (FaultKind::MediaGone, Face, "404 code \"NoSuchKey\""),
        (FaultKind::MediaWrongEtag, Face, "200 all without a digest"),
        (FaultKind::UnknownCode, Results, "200 code 283999"),
        (
            FaultKind::MediaProcessing,
            MediaList,
            "200 success with 0 urls",
        ),
        (FaultKind::ManyUrls, Results, "200 success with 122880 urls"),
    ];
    let tried: BTreeSet<FaultKind> = cases.iter().map(|(kind, _, _)| *kind).collect();
    assert_eq!(tried, FaultKind::ALL.iter().copied().collect());
    for (kind, asked, expected) in cases {
        let held = held(Options {
            quirks: false,
            ..options()
        });
        let token = held
            .world
            .make(BEGIN_MS - Windows::default().verify_ms, "demo", &[passed()])
            .remove(0);
        let about = json!({"verify_token": token.verify_token});
        let face = urls(&json_of(held.call(BEGIN_MS, "result/getall", &about))).remove(0);
        let ask = |now_ms| match asked {
            Results => held.call(now_ms, "result/getall", &about),
            MediaList => held.call(now_ms, "result/media/query", &about),
            Face => held.get(now_ms, &face),
        };
        let good = words(ask(BEGIN_MS));
        held.world.set_faults(Faults {
            stall_ms: 1_500,
            daily_quota_ms: 60_000,
            repeat_max: 1,
            ..Faults::only(kind)
        });
        assert_eq!(words(ask(BEGIN_MS)), expected, "{kind:?} {asked:?}");
        // Code 17 leaves the account without quota for a while; everything else stops by itself.
        let after_ms = if kind == FaultKind::Code17 { 60_000 } else { 0 };
        assert_eq!(
            words(ask(BEGIN_MS + after_ms)),
            good,
            "{kind:?} {asked:?} stops"
        );
    }
}

#[test]
fn latency_is_a_wait_before_the_answer() {
    let slow = World::new(
        Options {
            latency_ms: (900, 1_000),
            ..options()
        },
        "http://provider.test".to_owned(),
    );
    let reply = slow.answer(
        BEGIN_MS,
        &request(Method::GET, "http://provider.test/nowhere", String::new()),
    );
    assert!((900..=1_000).contains(&reply.wait_ms), "{}", reply.wait_ms);
    let sent_s = (BEGIN_MS + reply.wait_ms as i64).div_euclid(1_000);
    let date = jiff::Timestamp::from_second(sent_s)
        .unwrap()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    assert_eq!(
        reply.response.unwrap().headers()[header::DATE],
        date,
        "the date is when it is sent, by the clock that was given"
    );
}
