//! Calls, authentication and caps.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::Semaphore;
use verikeep::{
    domain::{
        answer::{Endpoint, ErrorKind, ProviderError},
        secret::Secret,
        time::{Clock, Span, Time},
    },
    provider::{
        AppAccess, Client, Credentials, RateLimiters, envelope,
        http::{Api, Limits},
        parse,
        request::Generate,
        sign::KeyPair,
    },
};

use super::server::{HandClock, Received, Server, Step, answer, bomb, drip};

const NOW: &str = "2024-04-02T08:15:01Z";

pub fn keys() -> Credentials {
    Credentials::AccessToken {
        api_key: "canary/api+key".into(),
        secret_key: "canary&secret=key".into(),
    }
}

pub struct Bench {
    pub clock: Arc<HandClock>,
    pub quota: Arc<RateLimiters>,
    pub client: Arc<Client>,
}

pub fn bench(server: &Server, credentials: Credentials, limits: Limits, qps: f64) -> Bench {
    bench_at(&server.url("/"), credentials, limits, qps)
}

pub fn bench_at(base_url: &str, credentials: Credentials, limits: Limits, qps: f64) -> Bench {
    let clock = HandClock::at(NOW);
    let quota = Arc::new(RateLimiters::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let access = AppAccess {
        name: "loan-h5".to_owned(),
        base_url: base_url.parse().unwrap(),
        credentials,
        account: "default".to_owned(),
        qps,
    };
    let api = Api::new(&limits).unwrap();
    let client = Client::new(
        access,
        api,
        Arc::clone(&clock) as Arc<dyn Clock>,
        Arc::clone(&quota),
    );
    Bench {
        clock,
        quota,
        client: Arc::new(client),
    }
}

fn is_oauth(request: &Received) -> bool {
    request.request_line().starts_with("POST /oauth/2.0/token?")
}

fn granted(token: &str, life_s: u32) -> Vec<u8> {
    answer(
        200,
        "",
        format!(
            r#"{{"refresh_token":"x","expires_in":{life_s},"access_token":"{token}","scope":"public brain_all_scope"}}"#
        ),
    )
}

/// OAuth gives `canary-token-1`, `-2`, …; the API always says `body`.
async fn provider(life_s: u32, api: Vec<u8>) -> Server {
    Server::start(move |request, before| {
        vec![Step::Send(if is_oauth(request) {
            granted(&format!("canary-token-{before}"), life_s)
        } else {
            api.clone()
        })]
    })
    .await
}

const DATA: &str =
    r#"{"success":true,"result":{"verify_count":0,"verify_result":[]},"log_id":"1"}"#;

fn token() -> Secret {
    "cIupeyP51sn28XzxGVTfYqoN".into()
}

fn oauth_calls(server: &Server) -> usize {
    server
        .received()
        .iter()
        .filter(|request| is_oauth(request))
        .count()
}

async fn getall(bench: &Bench) -> Result<verikeep::provider::Reply, ProviderError> {
    bench.client.query(Endpoint::Getall, &token()).await
}

#[tokio::test]
async fn an_exchange_is_timed_whatever_comes_of_it_and_only_with_the_interface() {
    let server = Server::start(|request, before| {
        if is_oauth(request) {
            vec![Step::Send(granted("canary-token", 1000))]
        } else if before < 2 {
            vec![Step::Send(answer(200, "", DATA))]
        } else {
            Vec::new()
        }
    })
    .await;
    let bench = bench(&server, keys(), Limits::default(), 1000.0);
    let timed: Arc<Mutex<Vec<Endpoint>>> = Arc::default();
    let noted = Arc::clone(&timed);
    let client = Arc::into_inner(bench.client)
        .unwrap()
        .timed(Arc::new(move |endpoint, _| {
            noted.lock().unwrap().push(endpoint);
        }));
    let mut whole = Vec::new();
    for endpoint in [Endpoint::Getall, Endpoint::Media] {
        whole.push(client.query(endpoint, &token()).await.is_ok());
    }
    assert_eq!(whole, [true, false]);
    assert_eq!(*timed.lock().unwrap(), [Endpoint::Getall, Endpoint::Media]);
}

/// Reads an answer and tells the client what it came to, as the archive does.
fn heard(bench: &Bench, reply: &verikeep::provider::Reply) -> bool {
    let error = envelope::read(reply).err().map(|problem| problem.kind);
    bench.client.heard(reply, error)
}

#[tokio::test]
async fn a_call_sends_what_the_documents_say_and_hands_the_answer_on_verbatim() {
    let server = provider(
        2_592_000,
        answer(200, "Date: Tue, 02 Apr 2024 08:15:31 GMT\r\n", DATA),
    )
    .await;
    let bench = bench(&server, keys(), Limits::default(), 2.0);
    let reply = getall(&bench).await.unwrap();
    assert_eq!(
        (reply.http_status, &reply.body[..], reply.truncated),
        (200, DATA.as_bytes(), false)
    );
    assert_eq!(
        (reply.date, reply.fetched_at),
        (
            Time::parse("2024-04-02T08:15:31Z").ok(),
            Time::parse(NOW).unwrap()
        )
    );
    let received = server.received();
    assert_eq!(
        received[0].request_line(),
        "POST /oauth/2.0/token?grant_type=client_credentials&client_id=canary%2Fapi%2Bkey&client_secret=canary%26secret%3Dkey HTTP/1.1"
    );
    assert_eq!(
        received[1].request_line(),
        "POST /rpc/2.0/brain/solution/faceprint/result/getall?access_token=canary-token-0 HTTP/1.1"
    );
    assert_eq!(received[1].header("content-type"), Some("application/json"));
    assert_eq!(
        received[1].header("user-agent"),
        Some(concat!("verikeep/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(received[1].header("authorization"), None);
    assert_eq!(
        received[1].body,
        br#"{"verify_token":"cIupeyP51sn28XzxGVTfYqoN"}"#
    );
}

#[tokio::test]
async fn every_answered_exchange_is_a_reply_whatever_it_says() {
    for (status, body) in [
        (200, "<html>"),
        (200, ""),
        (500, "oops"),
        (403, "{}"),
        (302, ""),
        (200, r#"{"error_code":18}"#),
    ] {
        let server = provider(100, answer(status, "", body)).await;
        let reply = getall(&bench(&server, keys(), Limits::default(), 2.0))
            .await
            .unwrap();
        assert_eq!(
            (reply.http_status, &reply.body[..]),
            (status, body.as_bytes())
        );
        assert!(envelope::read(&reply).is_err(), "{status} {body}");
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_call_to_oauth() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Server::start(move |request, _| {
        if is_oauth(request) {
            vec![Step::Hold(Arc::clone(&held)), Step::Send(granted("t", 100))]
        } else {
            vec![Step::Send(answer(200, "", DATA))]
        }
    })
    .await;
    let bench = Arc::new(bench(&server, keys(), Limits::default(), 1000.0));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let bench = Arc::clone(&bench);
        calls.spawn(async move { getall(&bench).await.is_ok() });
    }
    while server.received().is_empty() {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1000);
    assert!(calls.join_all().await.into_iter().all(|is_ok| is_ok));
    assert_eq!(oauth_calls(&server), 1);
}

#[tokio::test]
async fn concurrent_callers_share_the_failure_of_oauth_too() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Server::start(move |_, _| {
        vec![
            Step::Hold(Arc::clone(&held)),
            Step::Send(answer(
                401,
                "",
                r#"{"error":"invalid_client","error_description":"unknown client id"}"#,
            )),
        ]
    })
    .await;
    let bench = Arc::new(bench(&server, keys(), Limits::default(), 1000.0));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let bench = Arc::clone(&bench);
        calls.spawn(async move { getall(&bench).await.unwrap_err().kind });
    }
    while server.received().is_empty() {
        tokio::task::yield_now().await;
    }
    // Everybody has joined the queue once the runtime, which has one thread, came round to this
    // task again.
    tokio::task::yield_now().await;
    gate.add_permits(1000);
    assert!(
        calls
            .join_all()
            .await
            .into_iter()
            .all(|trouble| trouble == ErrorKind::Forbidden)
    );
    assert_eq!(oauth_calls(&server), 1);
    assert_eq!(getall(&bench).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(oauth_calls(&server), 2, "who comes later asks anew");
}

#[tokio::test]
async fn a_refused_access_token_is_dropped_once_and_only_if_it_is_the_current_one() {
    let server = provider(
        2_592_000,
        answer(
            200,
            "",
            r#"{"error_code":110,"error_msg":"Access token invalid or no longer valid"}"#,
        ),
    )
    .await;
    let bench = bench(&server, keys(), Limits::default(), 1000.0);
    let (first, second) = (getall(&bench).await.unwrap(), getall(&bench).await.unwrap());
    assert_eq!(
        envelope::read(&first).unwrap_err().kind,
        ErrorKind::Unauthorised
    );
    assert_eq!(oauth_calls(&server), 1);
    assert!(heard(&bench, &first));
    let third = getall(&bench).await.unwrap();
    assert_eq!(oauth_calls(&server), 2);
    assert!(
        !heard(&bench, &second),
        "it was got with the token that is gone already"
    );
    assert!(heard(&bench, &third));
}

#[tokio::test]
async fn an_access_token_is_renewed_ahead_of_its_end_and_serves_until_then_when_that_fails() {
    let server = Server::start(|request, before| {
        let is_down = (2..5).contains(&before);
        vec![Step::Send(if !is_oauth(request) {
            answer(200, "", DATA)
        } else if is_down {
            answer(503, "", "")
        } else {
            granted(&format!("t{before}"), 1000)
        })]
    })
    .await;
    let bench = bench(&server, keys(), Limits::default(), 1000.0);
    let used = |server: &Server| {
        server
            .received()
            .last()
            .unwrap()
            .request_line()
            .split('=')
            .next_back()
            .unwrap()
            .to_owned()
    };
    getall(&bench).await.unwrap();
    assert_eq!(used(&server), "t0 HTTP/1.1");
    bench.clock.add(Span::seconds(901));
    getall(&bench).await.unwrap();
    assert_eq!(
        (used(&server).as_str(), oauth_calls(&server)),
        ("t0 HTTP/1.1", 2),
        "the renewal failed, the old one lives"
    );
    getall(&bench).await.unwrap();
    assert_eq!(oauth_calls(&server), 2, "and is not tried at every call");
    bench.clock.add(Span::seconds(61));
    getall(&bench).await.unwrap();
    assert_eq!(
        (used(&server).as_str(), oauth_calls(&server)),
        ("t5 HTTP/1.1", 3)
    );
}

#[tokio::test]
async fn nobody_waits_for_a_renewal_while_the_old_access_token_lives() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Server::start(move |request, before| match (is_oauth(request), before) {
        (true, 0) => vec![Step::Send(granted("old", 1000))],
        (true, _) => vec![
            Step::Hold(Arc::clone(&held)),
            Step::Send(granted("new", 1000)),
        ],
        (false, _) => vec![Step::Send(answer(200, "", DATA))],
    })
    .await;
    let bench = Arc::new(bench(&server, keys(), Limits::default(), 1000.0));
    getall(&bench).await.unwrap();
    bench.clock.add(Span::seconds(950));
    let renewing = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { getall(&bench).await }
    });
    while oauth_calls(&server) < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::timeout(Duration::from_secs(10), getall(&bench))
        .await
        .unwrap()
        .unwrap();
    assert!(
        server
            .received()
            .last()
            .unwrap()
            .request_line()
            .ends_with("access_token=old HTTP/1.1")
    );
    gate.add_permits(1);
    renewing.await.unwrap().unwrap();
    assert!(
        server
            .received()
            .last()
            .unwrap()
            .request_line()
            .ends_with("access_token=new HTTP/1.1")
    );
}

#[tokio::test]
async fn an_expired_access_token_is_never_used() {
    let server = provider(1000, answer(200, "", DATA)).await;
    let bench = bench(&server, keys(), Limits::default(), 1000.0);
    getall(&bench).await.unwrap();
    bench.clock.add(Span::seconds(1001));
    getall(&bench).await.unwrap();
    assert_eq!(oauth_calls(&server), 2);
}

#[tokio::test]
async fn signatures_and_api_keys_travel_in_headers_and_never_beside_an_access_token() {
    let server = Server::saying(answer(200, "", DATA)).await;
    let pair = KeyPair {
        ak: "a".repeat(32).into(),
        sk: "b".repeat(32).into(),
    };
    getall(&bench(
        &server,
        Credentials::BceV1(pair.clone()),
        Limits::default(),
        2.0,
    ))
    .await
    .unwrap();
    getall(&bench(
        &server,
        Credentials::ApiKey("bce-v3/ALTAK-x/y".into()),
        Limits::default(),
        2.0,
    ))
    .await
    .unwrap();
    let [signed, bearer] = server.received().try_into().unwrap();
    assert_eq!(
        signed.request_line(),
        "POST /rpc/2.0/brain/solution/faceprint/result/getall HTTP/1.1"
    );
    assert_eq!(signed.header("x-bce-date"), Some(NOW));
    let host = format!("127.0.0.1:{}", server.port);
    assert_eq!(signed.header("host"), Some(host.as_str()));
    let request = verikeep::provider::sign::Request {
        method: "POST",
        path: "/rpc/2.0/brain/solution/faceprint/result/getall",
        query: &[],
        headers: &[("host", &host), ("x-bce-date", NOW)],
    };
    assert_eq!(
        signed.header("authorization"),
        Some(
            pair.authorization(&request, Time::parse(NOW).unwrap(), 1800)
                .reveal()
        )
    );
    assert_eq!(
        bearer.header("authorization"),
        Some("Bearer bce-v3/ALTAK-x/y")
    );
    assert_eq!(bearer.header("x-bce-date"), None);
}

#[tokio::test]
async fn the_pace_follows_the_quota_and_the_providers_complaints() {
    let server = provider(
        100_000,
        answer(
            200,
            "",
            r#"{"error_code":18,"error_msg":"Open api qps request limit reached"}"#,
        ),
    )
    .await;
    let bench = bench(&server, keys(), Limits::default(), 2.0);
    let start = bench.clock.now();
    for _ in 0..4 {
        heard(&bench, &getall(&bench).await.unwrap());
    }
    // 18 halves the rate each time: after the call at 0 s one at 1 s, at 3 s, at 7 s.
    assert_eq!(bench.clock.now().since(start), Span::seconds(7));
    let detail = bench.client.query(Endpoint::Detail, &token()).await;
    heard(&bench, &detail.unwrap());
    assert_eq!(
        bench.clock.now().since(start),
        Span::seconds(7),
        "another endpoint has its own quota"
    );
    assert_eq!(
        bench
            .quota
            .figures()
            .iter()
            .map(|figures| (figures.endpoint, figures.rate))
            .collect::<Vec<_>>(),
        [(Endpoint::Detail, 1.0), (Endpoint::Getall, 0.125)]
    );
}

#[tokio::test]
async fn a_spent_quota_stops_the_calls_before_they_are_sent() {
    let server = provider(
        100_000,
        answer(
            200,
            "",
            r#"{"error_code":17,"error_msg":"Open api daily request limit reached"}"#,
        ),
    )
    .await;
    let bench = bench(&server, keys(), Limits::default(), 2.0);
    heard(&bench, &getall(&bench).await.unwrap());
    let problem = getall(&bench).await.unwrap_err();
    assert_eq!(
        (problem.kind, problem.retry_after),
        (ErrorKind::DailyQuota, Some(Span(27_899_000)))
    );
    assert_eq!(server.received().len(), 2, "one to OAuth, one call");
}

fn small(body_bytes_max: usize) -> Limits {
    Limits {
        body_bytes_max,
        idle: Span::millis(300),
        total: Span::millis(1500),
        connect: Span::seconds(1),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_cut_at_the_cap_and_flagged() {
    let server = provider(
        100,
        answer(200, "content-encoding: gzip\r\n", bomb(100 << 20)),
    )
    .await;
    let limits = Limits {
        total: Span::seconds(20),
        idle: Span::seconds(20),
        ..small(1 << 20)
    };
    let reply = getall(&bench(&server, keys(), limits, 2.0)).await.unwrap();
    assert_eq!((reply.body.len(), reply.truncated), (1 << 20, true));
    assert_eq!(envelope::read(&reply).unwrap_err().kind, ErrorKind::Garbled);
}

/// [`DATA`], compressed by another program.
const DATA_GZIP: &str = "1f8b0800000000000203ab562a2e4d4e4e2d2e56b22a292a4dd5512a4a2d2ecd2951b2aa562a4b2dca4cab8c4fce2fcd03f20d7460023015d1b1b53a4a39f9e9f199294a564a864ab500e1be73374c000000";

#[tokio::test]
async fn gzip_is_unpacked_and_broken_gzip_is_kept_as_far_as_it_goes() {
    let packed: Vec<u8> = (0..DATA_GZIP.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&DATA_GZIP[at..at + 2], 16).unwrap())
        .collect();
    let zeros = 1 + 258 * 1000;
    for (label, body, expected) in [
        ("whole", packed.clone(), (DATA.len(), false)),
        (
            "cut",
            packed[..packed.len() - 12].to_vec(),
            (DATA.len() - 3, true),
        ),
        ("wrong checksum", bomb(zeros), (zeros, true)),
    ] {
        let server = provider(100, answer(200, "content-encoding: gzip\r\n", body)).await;
        let reply = getall(&bench(&server, keys(), small(1 << 20), 2.0))
            .await
            .unwrap();
        assert_eq!((reply.body.len(), reply.truncated), expected, "{label}");
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_cap() {
    let server = provider(
        100,
        [
            b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
            b"1000\r\n"
                .iter()
                .copied()
                .chain([b'x'; 4096])
                .chain(*b"\r\n")
                .collect::<Vec<_>>()
                .repeat(100),
        ]
        .concat(),
    )
    .await;
    let reply = getall(&bench(&server, keys(), small(10_000), 2.0))
        .await
        .unwrap();
    assert_eq!((reply.body.len(), reply.truncated), (10_000, true));
    let exact = provider(100, answer(200, "", "x".repeat(10_000))).await;
    let reply = getall(&bench(&exact, keys(), small(10_000), 2.0))
        .await
        .unwrap();
    assert_eq!((reply.body.len(), reply.truncated), (10_000, false));
}

#[tokio::test]
async fn what_does_not_arrive_whole_is_no_reply() {
    let stall = Step::Stall(Duration::from_secs(60));
    let head = b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n".to_vec();
    for (label, steps) in [
        ("closed at once", vec![]),
        (
            "half a head",
            vec![Step::Send(b"HTTP/1.1 200 X\r\ncontent-".to_vec())],
        ),
        (
            "short body",
            vec![Step::Send([&head[..], b"{\"success\":true"].concat())],
        ),
        ("no answer", vec![stall.clone()]),
        (
            "stall in the head",
            vec![Step::Send(head[..20].to_vec()), stall.clone()],
        ),
        (
            "stall in the body",
            vec![Step::Send([&head[..], b"{"].concat()), stall.clone()],
        ),
        ("drip", drip(head.clone())),
        (
            "not HTTP",
            vec![Step::Send(b"220 mail.example ESMTP\r\n\r\n".to_vec())],
        ),
    ] {
        let server = Server::start(move |request, _| {
            if is_oauth(request) {
                vec![Step::Send(granted("t", 100))]
            } else {
                steps.clone()
            }
        })
        .await;
        let started = tokio::time::Instant::now();
        let problem = getall(&bench(&server, keys(), small(10_000), 2.0))
            .await
            .unwrap_err();
        assert_eq!(problem.kind, ErrorKind::Transient, "{label}: {problem}");
        assert!(started.elapsed() < Duration::from_secs(10), "{label}");
        assert!(
            !problem.detail.contains("127.0.0.1") && !problem.detail.contains("access_token="),
            "{label}: {problem}"
        );
    }
}

#[tokio::test]
async fn nobody_at_the_other_end_is_transient() {
    let server = Server::saying("").await;
    let bench = bench(&server, keys(), small(10), 2.0);
    drop(server);
    let problem = getall(&bench).await.unwrap_err();
    assert_eq!(problem.kind, ErrorKind::Transient);
    assert!(problem.detail.starts_with("no access_token: "), "{problem}");
}

#[tokio::test]
async fn a_probe_tells_skew_scope_and_what_keeps_the_app_from_working() {
    let date = "Date: Tue, 02 Apr 2024 08:16:00 GMT\r\n";
    let server = Server::saying(answer(
        200,
        date,
        r#"{"access_token":"t","expires_in":"2592000","scope":"public vis-ocr"}"#,
    ))
    .await;
    let probe = bench(&server, keys(), Limits::default(), 2.0)
        .client
        .probe()
        .await
        .unwrap();
    assert_eq!(
        (probe.skew, probe.has_scope, probe.expires_at),
        (
            Some(Span(59_500)),
            Some(false),
            Time::parse("2024-05-02T08:15:01Z").ok()
        )
    );
    for (body, expected) in [
        (
            r#"{"success":false,"code":283421,"message":"Token无效或者已过期"}"#,
            None,
        ),
        (
            r#"{"error_code":14,"error_msg":"IAM Certification failed"}"#,
            Some(ErrorKind::Forbidden),
        ),
        (
            r#"{"error_code":6,"error_msg":"No permission to access data"}"#,
            Some(ErrorKind::Forbidden),
        ),
        ("<html>", Some(ErrorKind::Garbled)),
    ] {
        let server = Server::saying(answer(200, date, body)).await;
        let probe = bench(
            &server,
            Credentials::ApiKey("k".into()),
            Limits::default(),
            2.0,
        )
        .client
        .probe()
        .await;
        assert_eq!(
            probe.as_ref().err().map(|problem| problem.kind),
            expected,
            "{body}"
        );
        assert!(
            probe.is_err()
                || probe.is_ok_and(
                    |probe| probe.skew == Some(Span(59_500)) && probe.has_scope.is_none()
                )
        );
    }
}

#[tokio::test]
async fn a_verify_token_is_generated() {
    let server = provider(
        100,
        answer(
            200,
            "",
            include_str!("../../fixtures/answers/generate-documented.json"),
        ),
    )
    .await;
    let bench = bench(&server, keys(), Limits::default(), 2.0);
    let reply = bench
        .client
        .generate(&Generate {
            plan_id: "1".to_owned(),
            ..Generate::default()
        })
        .await
        .unwrap();
    envelope::read(&reply).unwrap();
    assert_eq!(
        parse::prepare::verify_token(&reply.body).unwrap().reveal(),
        "Yz9rWITm4vak16PBAh5x8oG7"
    );
}

#[tokio::test]
async fn a_retry_after_reaches_the_problem() {
    let server = provider(100, answer(503, "Retry-After: 7\r\n", "")).await;
    let reply = getall(&bench(&server, keys(), Limits::default(), 2.0))
        .await
        .unwrap();
    let problem = envelope::read(&reply).unwrap_err();
    assert_eq!(
        (problem.kind, problem.retry_after),
        (ErrorKind::Transient, Some(Span::seconds(7)))
    );
}
