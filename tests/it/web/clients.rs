//! Clients of the API: connections that stay, and what ends them.

use std::{net::Ipv4Addr, ops::Range};

use tokio::{io::BufReader, net::TcpSocket, time::timeout};
use verikeep::{
    app,
    desk::Local,
    domain::{
        id::KeyId,
        key::{ApiKey, Apps, KeptKey, Scope, fresh},
    },
    web::{Hosts, Limits, keys::KeyRing, serve_api},
    worker::clock::SystemClock,
};

use super::*;
use crate::lab::{Db, Lab, options};

pub(super) const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

/// Times that nobody comes to the end of.
pub(super) fn patient(seats: usize) -> Limits {
    Limits {
        head: LONG * 3,
        body: LONG * 3,
        idle: LONG * 3,
        per_address: None,
        ..Limits::of(seats)
    }
}

pub(super) struct Served {
    running: Running,
    /// A key for everything.
    key: String,
    _lab: Lab,
}

impl Served {
    async fn with(limits: Limits) -> Self {
        Self::of(limits, false).await
    }

    async fn of(limits: Limits, behind_proxy: bool) -> Self {
        let (api, key, lab) = Self::api(limits, behind_proxy).await;
        Self {
            running: running_with(Some(api)).await,
            key,
            _lab: lab,
        }
    }

    pub(super) async fn api(limits: Limits, behind_proxy: bool) -> (Api, String, Lab) {
        let lab = Lab::new(Db::Sqlite, options(52)).await;
        let opened = app::open(&lab.config, Arc::new(SystemClock)).await.unwrap();
        let archive = opened.archive;
        let now = archive.clock.now();
        let key_id = KeyId::fresh(now);
        let (text, digest) = fresh(key_id);
        let key = ApiKey {
            scopes: [Scope::Track, Scope::Read].into_iter().collect(),
            apps: Apps::All,
            networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..ApiKey::usual(key_id, "client", "test", now)
        };
        assert!(
            archive
                .store
                .create_key(&KeptKey { key, digest })
                .await
                .unwrap()
        );
        let (store, clock) = (&archive.store, &archive.clock);
        let api = Api {
            desk: Arc::new(Local::new(&archive)),
            keys: Arc::new(KeyRing::new(Arc::clone(store) as _, Arc::clone(clock))),
            hosts: Hosts::new(LISTEN, vec!["api.example.com".to_owned()]),
            behind_proxy,
            limits,
        };
        (api, text.reveal().to_owned(), lab)
    }

    async fn line(&self) -> Line {
        Line::to(self.running.server.address, Ipv4Addr::LOCALHOST).await
    }

    /// The head of a request that tells `length` bytes of tokens.
    fn post(&self, length: usize) -> String {
        format!(
            "POST /v1/verifications HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            self.key
        )
    }
}

/// A connection.
struct Line(BufReader<TcpStream>);

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

impl Line {
    async fn to(at: SocketAddr, from: Ipv4Addr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        Self(BufReader::new(socket.connect(at).await.unwrap()))
    }

    async fn says(&mut self, text: &str) {
        // Who has been cut off cannot say anything.
        let _ = self.0.get_mut().write_all(text.as_bytes()).await;
    }

    /// Status and head of the next answer, whose body is read; none once the connection has ended.
    async fn answer(&mut self) -> Option<(u16, String)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match timeout(LONG, self.0.read_u8())
                .await
                .expect("an answer or an end")
            {
                Ok(byte) => head.push(byte),
                Err(_) => return None,
            }
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let (_, length) = head.split_once("content-length: ").unwrap();
        let (length, _) = length.split_once("\r\n").unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        Some((head[9..12].parse().unwrap(), head))
    }

    async fn status(&mut self) -> Option<u16> {
        self.answer().await.map(|(status, _)| status)
    }

    async fn asks(&mut self) -> Option<u16> {
        self.says(HEALTH).await;
        self.status().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_over_one_connection_as_often_as_it_likes() {
    let served = Served::with(patient(16)).await;
    let mut line = served.line().await;
    for _ in 0..3 {
        assert_eq!(line.asks().await, Some(200));
        line.says(&(served.post(2) + "[]")).await;
        assert_eq!(line.status().await, Some(200));
    }
    // Two at once are answered in turn.
    line.says(&HEALTH.repeat(2)).await;
    assert_eq!(
        (line.status().await, line.status().await),
        (Some(200), Some(200))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_connections_are_served_at_once() {
    let served = Served::with(Limits::of(512)).await;
    let mut lines = Vec::new();
    for _ in 0..380 {
        lines.push(served.line().await);
    }
    for _ in 0..2 {
        for line in &mut lines {
            line.says(HEALTH).await;
        }
        for line in &mut lines {
            assert_eq!(line.status().await, Some(200));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_is_cut_off() {
    let short = |change: fn(&mut Limits)| {
        let mut limits = patient(16);
        change(&mut limits);
        limits
    };
    let head = short(|limits| limits.head = SHORT);
    let body = short(|limits| limits.body = SHORT);
    let idle = short(|limits| limits.idle = SHORT);
    // What has been said before, what is then said bit by bit, and the last answer.
    for (label, limits, first, drip, end) in [
        (
            "head",
            head,
            "",
            "GET /healthz HTTP/1.1\r\nHost: localhost",
            None,
        ),
        (
            "second head",
            head,
            HEALTH,
            "GET /healthz HTTP/1.1\r\nHost: localhost",
            None,
        ),
        ("body", body, "POST", "[          ", Some(408)),
        ("nothing", idle, "", "", None),
        ("nothing more", idle, HEALTH, "", None),
    ] {
        let served = Served::with(limits).await;
        let mut line = served.line().await;
        if first == "POST" {
            line.says(&served.post(1_000)).await;
        } else if !first.is_empty() {
            assert_eq!(line.asks().await, Some(200), "{label}");
        }
        let (read, mut write) = line.0.into_inner().into_split();
        let drip = drip.to_owned();
        let dripping = tokio::spawn(async move {
            for byte in drip.bytes() {
                if write.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(SHORT / 10).await;
            }
            std::future::pending::<()>().await;
        });
        let mut rest = String::new();
        // A reset is an end as well.
        let _ = timeout(LONG, BufReader::new(read).read_to_string(&mut rest))
            .await
            .unwrap_or_else(|_| panic!("{label}: it is still held"));
        dripping.abort();
        let status = rest.get(9..12).map(|status| status.parse::<u16>().unwrap());
        assert_eq!(status, end, "{label}: {rest}");
        assert!(
            end.is_none() || rest.contains("urn:verikeep:problem:too-slow"),
            "{rest}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_us_waiting_makes_place_for_who_asks_the_longest_first() {
    let served = Served::with(patient(16)).await;
    let mut held = Vec::new();
    for n in 0..16 {
        let mut line = served.line().await;
        match n % 4 {
            0 => line.says("GET /healthz HTTP/1.1\r\nHost:").await,
            1 => line.says(&(served.post(1_000) + "[")).await,
            2 => assert_eq!(line.asks().await, Some(200)),
            _ => {}
        }
        held.push(line);
        // Every turn is known to the server before the next begins: what it hears is heard in order.
        tokio::time::sleep(SHORT / 10).await;
    }
    let mut asking = Vec::new();
    for _ in 0..8 {
        let mut line = served.line().await;
        assert_eq!(timeout(LONG, line.asks()).await.unwrap(), Some(200));
        asking.push(line);
    }
    let [first, last]: [Range<usize>; 2] = [0..8, 8..16];
    for line in &mut held[first] {
        assert_eq!(line.status().await, None, "of the first none is left");
    }
    for line in &mut held[last] {
        let read = timeout(SHORT / 3, line.status()).await;
        assert!(read.is_err(), "the last were not touched: {read:?}");
    }
    for line in &mut asking {
        assert_eq!(line.asks().await, Some(200), "who asked stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_hold_all_connections() {
    let limits = Limits {
        per_address: Some(4),
        ..patient(8)
    };
    let served = Served::with(limits).await;
    let at = served.running.server.address;
    let mut other = Line::to(at, Ipv4Addr::new(127, 0, 0, 2)).await;
    assert_eq!(other.asks().await, Some(200));
    let mut of_one = Vec::new();
    for _ in 0..20 {
        let mut line = served.line().await;
        assert_eq!(line.asks().await, Some(200));
        of_one.push(line);
    }
    assert_eq!(other.asks().await, Some(200), "it is still there");
    for line in &mut of_one[..16] {
        assert_eq!(line.status().await, None);
    }
    for line in &mut of_one[16..] {
        assert_eq!(line.asks().await, Some(200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_is_refused() {
    let served = Served::with(patient(16)).await;
    for headers in [
        format!("X: {}\r\n", "x".repeat(100_000)),
        "X: x\r\n".repeat(101),
    ] {
        let mut line = served.line().await;
        let head = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        line.says(&head).await;
        assert_eq!(line.status().await, Some(431), "{} bytes", head.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_answers_what_is_open_and_closes_what_is_idle_at_once() {
    let served = Served::with(patient(16)).await;
    let mut idle = served.line().await;
    assert_eq!(idle.asks().await, Some(200));
    let (mut silent, mut open) = (served.line().await, served.line().await);
    silent.says("GET /healthz").await;
    let source = Arc::clone(&served.running.source);
    source.hangs.store(true, Ordering::SeqCst);
    open.says(&HEALTH.replace("healthz", "dependencies")).await;
    while source.asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let Running { server, stop, .. } = served.running;
    stop.cancel();
    assert_eq!(idle.status().await, None);
    assert_eq!(silent.status().await, None);
    let (status, head) = open.answer().await.unwrap();
    assert!(
        status == 503 && head.contains("connection: close"),
        "{head}"
    );
    server.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_asked_by_a_name_that_is_its_own() {
    let served = Served::with(patient(16)).await;
    let mut line = served.line().await;
    for (host, status) in [
        ("Host: 127.0.0.1:8640", 200),
        ("Host: LOCALHOST", 200),
        ("Host: api.example.com:443", 200),
        ("Host: evil.example", 421),
        ("Host: localhost\r\nHost: evil.example", 421),
        ("X: x", 421),
    ] {
        let head = served.post(2).replace("Host: localhost", host);
        line.says(&(head + "[]")).await;
        let (found, head) = line.answer().await.unwrap();
        assert_eq!(found, status, "{host}: {head}");
        assert!(
            head.contains("x-request-id: ") && head.contains("no-store"),
            "{head}"
        );
        assert!(
            found == 200 || head.contains("application/problem+json"),
            "{head}"
        );
        if found != 200 {
            // The body was not waited for.
            line = served.line().await;
        }
    }
    line.says(&HEALTH.replace("localhost", "evil.example"))
        .await;
    assert_eq!(line.status().await, Some(200), "pages have no secrets");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_by_the_proxy_where_there_is_one_and_by_nobody_else() {
    // The key is good on loopback alone.
    for (behind_proxy, forwarded, status) in [
        (false, "192.0.2.1", 200),
        (true, "192.0.2.1", 401),
        (true, "127.0.0.1, 192.0.2.1", 401),
        (true, "192.0.2.1, 127.0.0.1", 200),
    ] {
        let served = Served::of(patient(16), behind_proxy).await;
        let mut line = served.line().await;
        let said = format!("Host: localhost\r\nX-Forwarded-For: {forwarded}");
        let head = served.post(2).replace("Host: localhost", &said);
        line.says(&(head + "[]")).await;
        let found = line.status().await;
        assert_eq!(found, Some(status), "{behind_proxy}: {forwarded}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_the_api_alone_has_no_pages() {
    let (api, key, _lab) = Served::api(patient(16), false).await;
    let (clock, stop) = (Arc::new(SystemClock), CancellationToken::new());
    let server = serve_api(LISTEN, api, clock, stop).await.unwrap();
    for (path, status) in [
        ("/v1/verifications", 200),
        ("/v1/nothing", 404),
        ("/healthz", 404),
        ("/metrics", 404),
        ("/", 404),
    ] {
        let mut line = Line::to(server.address, Ipv4Addr::LOCALHOST).await;
        line.says(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
        ))
        .await;
        let (found, head) = line.answer().await.unwrap();
        assert_eq!(found, status, "{path}");
        assert!(
            found == 200 || head.contains("application/problem+json"),
            "{head}"
        );
    }
}
