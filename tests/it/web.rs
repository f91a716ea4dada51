//! The pages over real HTTP.

mod clients;
mod docs;

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use verikeep::{
    domain::time::{Clock, Span, Time},
    store::reports::Status,
    telemetry::{
        metrics::Metrics,
        recent::{Calls, Failure},
    },
    web::{Api, CONNECTIONS_MAX, Check, Parts, Server, Source, serve},
};

/// A clock set by hand; sleeping on it takes a moment and sets it forward.
#[derive(Default)]
struct HandClock(Arc<AtomicI64>);

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Span {
        Span(self.now().0)
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let now = Arc::clone(&self.0);
        Box::pin(async move {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            now.fetch_add(span.0, Ordering::SeqCst);
        })
    }
}

struct Fake {
    alive: AtomicBool,
    good: AtomicBool,
    hangs: AtomicBool,
    asked: AtomicUsize,
    status: AtomicBool,
}

#[async_trait]
impl Source for Fake {
    fn silent(&self) -> Vec<String> {
        match self.alive.load(Ordering::SeqCst) {
            true => Vec::new(),
            false => vec!["poll-h5".to_owned()],
        }
    }

    async fn dependencies(&self) -> Vec<Check> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let check = |name: &str, ok, calls| Check {
            name: name.to_owned(),
            ok,
            text: "as it is".to_owned(),
            calls,
        };
        let last_failure = Some(Failure {
            kind: "full",
            at: Time(0),
        });
        let calls = Calls {
            calls: 2,
            failed: 1,
            last_failure,
        };
        let good = self.good.load(Ordering::SeqCst);
        vec![
            check("database", Some(true), None),
            check("object_store", Some(good), Some(calls)),
            check("provider/h5", None, Some(Calls::default())),
        ]
    }

    async fn status(&self) -> Option<Status> {
        self.status.load(Ordering::SeqCst).then(|| Status {
            answers: 4,
            ..Status::default()
        })
    }
}

struct Running {
    server: Server,
    source: Arc<Fake>,
    clock: Arc<HandClock>,
    stopping: CancellationToken,
    stop: CancellationToken,
}

async fn running() -> Running {
    running_with(None).await
}

async fn running_with(api: Option<Api>) -> Running {
    let yes = || AtomicBool::new(true);
    let source = Arc::new(Fake {
        alive: yes(),
        good: yes(),
        hangs: AtomicBool::new(false),
        asked: AtomicUsize::new(0),
        status: yes(),
    });
    let (clock, stopping, stop) = (
        Arc::new(HandClock::default()),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let metrics = Arc::new(Metrics::new());
    metrics.step("poll", "ok");
    let parts = Parts {
        source: source.clone(),
        metrics,
        clock: clock.clone(),
        api,
        stopping: stopping.clone(),
        stop: stop.clone(),
    };
    let server = serve(SocketAddr::from(([127, 0, 0, 1], 0)), parts)
        .await
        .unwrap();
    Running {
        server,
        source,
        clock,
        stopping,
        stop,
    }
}

/// Status, head and body of one request by hand.
async fn ask(at: SocketAddr, method: &str, path: &str, accept: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head[9..12].parse().unwrap(),
        head.to_lowercase(),
        body.to_owned(),
    )
}

async fn json_of(at: SocketAddr, path: &str) -> (u16, Value) {
    let (status, head, body) = ask(at, "GET", path, "*/*").await;
    assert!(head.contains("content-type: application/json"), "{head}");
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn healthz_says_whether_the_process_works() {
    let running = running().await;
    assert_eq!(
        json_of(running.server.address, "/healthz").await,
        (200, json!({ "alive": true, "silent": [] }))
    );
    running.source.alive.store(false, Ordering::SeqCst);
    assert_eq!(
        json_of(running.server.address, "/healthz").await,
        (503, json!({ "alive": false, "silent": ["poll-h5"] }))
    );
    assert_eq!(
        running.source.asked.load(Ordering::SeqCst),
        0,
        "it asked the dependencies"
    );
}

#[tokio::test]
async fn dependencies_are_named_with_what_calls_met_and_looked_at_only_now_and_then() {
    let Running {
        server,
        source,
        clock,
        ..
    } = running().await;
    let (status, body) = json_of(server.address, "/dependencies").await;
    assert_eq!((status, &body["usable"]), (200, &json!(true)), "{body}");
    source.good.store(false, Ordering::SeqCst);
    assert_eq!(
        json_of(server.address, "/dependencies").await.0,
        200,
        "held for a while"
    );
    assert_eq!(source.asked.load(Ordering::SeqCst), 1);
    clock.0.fetch_add(5_000, Ordering::SeqCst);
    let (status, body) = json_of(server.address, "/dependencies").await;
    assert_eq!((status, &body["usable"]), (503, &json!(false)));
    assert_eq!(
        body["checks"],
        json!([
            { "name": "database", "ok": true, "text": "as it is" },
            {
                "name": "object_store", "ok": false, "text": "as it is", "calls": 2, "failed": 1,
                "last_failure": { "kind": "full", "at": "1970-01-01T00:00:00Z" }
            },
            {
                "name": "provider/h5", "ok": null, "text": "as it is", "calls": 0, "failed": 0,
                "last_failure": null
            },
        ])
    );
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_clock_that_jumps_back_does_not_hold_an_answer_for_ever() {
    let Running {
        server,
        source,
        clock,
        ..
    } = running().await;
    clock.0.store(1_000_000, Ordering::SeqCst);
    json_of(server.address, "/dependencies").await;
    clock.0.store(0, Ordering::SeqCst);
    json_of(server.address, "/dependencies").await;
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn dependencies_are_told_in_time_when_one_does_not_answer() {
    let Running { server, source, .. } = running().await;
    source.hangs.store(true, Ordering::SeqCst);
    let (status, body) = json_of(server.address, "/dependencies").await;
    assert_eq!(
        (status, &body["checks"][0]["text"]),
        (503, &json!("no answer in time"))
    );
}

#[tokio::test]
async fn readyz_asks_nobody_and_says_no_at_once_when_the_process_is_stopping() {
    let Running {
        server,
        source,
        stopping,
        ..
    } = running().await;
    source.good.store(false, Ordering::SeqCst);
    source.hangs.store(true, Ordering::SeqCst);
    let readyz = async || json_of(server.address, "/readyz").await;
    assert_eq!(readyz().await, (200, json!({ "ready": true })));
    stopping.cancel();
    assert_eq!(readyz().await, (503, json!({ "ready": false })));
    assert_eq!(json_of(server.address, "/healthz").await.0, 200);
    assert_eq!(source.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn metrics_come_in_the_format_asked_for() {
    let Running { server, .. } = running().await;
    let (status, head, body) = ask(server.address, "GET", "/metrics", "*/*").await;
    assert!(
        status == 200 && head.contains("text/plain; version=0.0.4"),
        "{head}"
    );
    assert!(
        body.contains("# TYPE verikeep_steps_total counter\n")
            && body.contains("verikeep_answers 4\n"),
        "{body}"
    );
    let (_, head, body) = ask(
        server.address,
        "GET",
        "/metrics",
        "application/openmetrics-text; version=1.0.0",
    )
    .await;
    assert!(
        head.contains("application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    assert!(
        body.contains("# TYPE verikeep_steps counter\n") && body.ends_with("# EOF\n"),
        "{body}"
    );
}

#[tokio::test]
async fn the_process_shows_its_own_figures_without_a_database() {
    let Running { server, source, .. } = running().await;
    source.status.store(false, Ordering::SeqCst);
    let (status, _, body) = ask(server.address, "GET", "/metrics", "*/*").await;
    assert_eq!(status, 200);
    assert!(
        body.contains("verikeep_database_up 0\n")
            && body.contains(r#"verikeep_steps_total{stage="poll",result="ok"} 1"#),
        "{body}"
    );
    assert!(!body.contains("verikeep_answers"), "{body}");
}

#[tokio::test]
async fn whatever_else_is_asked_for_is_refused_as_json() {
    let Running { server, .. } = running().await;
    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/metrics/x", 404),
        ("POST", "/metrics", 405),
    ] {
        let (found, _, body) = ask(server.address, method, path, "*/*").await;
        assert_eq!(found, status, "{method} {path}");
        assert!(serde_json::from_str::<Value>(&body).unwrap()["error"].is_string());
    }
}

#[tokio::test]
async fn a_stop_ends_the_server_even_when_somebody_holds_a_connection() {
    let Running { server, stop, .. } = running().await;
    let mut held = TcpStream::connect(server.address).await.unwrap();
    held.write_all(b"GET /healthz HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    let address = server.address;
    stop.cancel();
    server.ended().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_holds_a_connection_keeps_nobody_from_an_answer_and_is_let_go() {
    let Running { server, .. } = running().await;
    let mut held = Vec::new();
    for (n, said) in (0..20 * CONNECTIONS_MAX).zip(
        [
            "",
            "GET",
            "GET /healthz HTTP/1.1\r\nHost:",
            "GET /healthz HTTP/1.1\r\nHost: x\r\n",
        ]
        .into_iter()
        .cycle(),
    ) {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The first of them may have been cut off already.
        let _ = stream.write_all(said.as_bytes()).await;
        held.push(stream);
        if n % CONNECTIONS_MAX == 0 {
            let answer =
                tokio::time::timeout(Duration::from_secs(1), json_of(server.address, "/healthz"))
                    .await;
            assert_eq!(
                answer.expect("an answer within a second").0,
                200,
                "with {n} held"
            );
        }
    }
    let all = held.len();
    let mut open = all;
    for mut stream in held {
        let mut rest = Vec::new();
        let ended =
            tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{open} of {all} connections are still held");
        open -= 1;
    }
}

#[tokio::test]
async fn a_connection_carries_one_request() {
    let Running { server, .. } = running().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200")
            && answer.to_lowercase().contains("connection: close")
            && answer.ends_with("{\"alive\":true,\"silent\":[]}"),
        "{answer}"
    );
}
