//! A proxy between us and the provider: what goes through it, what never reaches it, and how it is
//! told of when it refuses.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use verikeep::{
    domain::{
        answer::{Endpoint, ErrorKind, ProviderError},
        channel::{Post, Way},
        secret::Secret,
        time::{Clock, Span},
    },
    provider::{
        AppAccess, Client, Credentials, DownloadError, Downloader, MediaRules, RateLimiters,
        http::{Api, Limits},
    },
};

use super::{
    api::keys,
    server::{HandClock, Server, Step, answer},
    tls::impostor,
};
use crate::notify::send;

/// A small proxy: whatever it is asked for, it leads to one port of this machine. Stops when
/// dropped.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Leads to `upstream`; with `refusal` it answers that instead, where the request does not
    /// bring a user.
    async fn start(upstream: u16, refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&heads);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                tokio::spawn(async move { lead(stream, upstream, refusal, &log).await });
            }
        });
        Self { port, heads, task }
    }

    fn url(&self, user: &str) -> Secret {
        Secret::new(format!("http://{user}127.0.0.1:{}", self.port))
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn request_lines(&self) -> Vec<String> {
        self.heads()
            .iter()
            .map(|head| {
                head.lines()
                    .next()
                    .unwrap()
                    .split('?')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(
    mut from: TcpStream,
    upstream: u16,
    refusal: Option<&'static str>,
    log: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if from.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    log.lock().unwrap().push(head.clone());
    if let Some(refusal) = refusal.filter(|_| !head.to_lowercase().contains("proxy-authorization:"))
    {
        from.write_all(
            format!("HTTP/1.1 {refusal}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        )
        .await
        .ok()?;
        return from.shutdown().await.ok();
    }
    let mut to = TcpStream::connect(("127.0.0.1", upstream)).await.ok()?;
    if head.starts_with("CONNECT ") {
        from.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await
            .ok()?;
    } else {
        to.write_all(&bytes).await.ok()?;
    }
    tokio::io::copy_bidirectional(&mut from, &mut to)
        .await
        .ok()
        .map(|_| ())
}

fn limits() -> Limits {
    Limits {
        connect: Span::seconds(2),
        idle: Span::seconds(2),
        total: Span::seconds(5),
        ..Limits::default()
    }
}

fn client(base_url: &str, proxy: &Secret) -> Client {
    let clock = HandClock::at("2024-04-02T08:15:01Z");
    let quota = Arc::new(RateLimiters::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let access = AppAccess {
        name: "h5".to_owned(),
        base_url: base_url.parse().unwrap(),
        credentials: keys(),
        account: "default".to_owned(),
        qps: 2.0,
    };
    Client::new(
        access,
        Api::new(&limits()).unwrap().through(proxy).unwrap(),
        clock,
        quota,
    )
}

/// An API of the provider whose every answer is the same, and which grants access.
async fn provider() -> Server {
    Server::start(|request, _| {
        let is_oauth = request.request_line().contains("/oauth/2.0/token?");
        vec![Step::Send(answer(
            200,
            "",
            if is_oauth {
                r#"{"access_token":"canary-access","expires_in":99999}"#
            } else {
                r#"{"success":true,"result":{}}"#
            },
        ))]
    })
    .await
}

async fn fetch(url: &str, proxy: &Secret, hosts: &[&str]) -> Result<Vec<u8>, DownloadError> {
    let hosts = hosts.iter().map(ToString::to_string).collect();
    let rules = MediaRules {
        hosts,
        allow_private: true,
        proxy: Some(proxy.clone()),
        ..MediaRules::default()
    };
    let downloader = Downloader::new(&limits())
        .unwrap()
        .through([proxy.clone()])
        .unwrap();
    let mut download = downloader.open(&url.into(), &rules).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

#[tokio::test]
async fn calls_and_media_go_through_the_proxy_that_alone_knows_the_names() {
    let server = provider().await;
    let proxy = Proxy::start(server.port, Some("407 X")).await;
    let url = proxy.url("canary-user:canary%40pass@");
    let reply = client("http://simulator:8641", &url)
        .query(Endpoint::Getall, &"t".into())
        .await
        .unwrap();
    assert_eq!(reply.http_status, 200);
    let lines = [
        "POST http://simulator:8641/oauth/2.0/token",
        "POST http://simulator:8641/rpc/2.0/brain/solution/faceprint/result/getall",
    ];
    assert_eq!(proxy.request_lines(), lines);
    assert!(
        proxy.heads().iter().all(|head| head
            .to_lowercase()
            .contains("proxy-authorization: basic y2fuyxj5lxvzzxi6y2fuyxj5qhbhc3m=")),
        "{:?}",
        proxy.heads()
    );

    assert!(
        fetch("http://simulator:8641/k", &url, &["simulator:8641"])
            .await
            .is_ok()
    );
    assert_eq!(
        proxy.request_lines()[2],
        "GET http://simulator:8641/k HTTP/1.1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn https_goes_through_a_tunnel_and_its_certificate_is_checked_as_ever() {
    let (port, heard) = impostor();
    let proxy = Proxy::start(port, None).await;
    let url = proxy.url("canary:canary@");
    let error = fetch("http://bj.bcebos.com/canary?a=b", &url, &["*.bcebos.com"])
        .await
        .unwrap_err();
    assert!(
        matches!(&error, DownloadError::Transient(text) if text.contains("certificate") && !text.contains("the proxy")),
        "{error}"
    );
    let problem = client("https://aip.baidubce.com", &url)
        .query(Endpoint::Getall, &"canary".into())
        .await
        .unwrap_err();
    assert!(
        problem.kind == ErrorKind::Transient
            && problem.detail.contains("certificate")
            && !problem.detail.contains("the proxy"),
        "{problem}"
    );
    assert_eq!(
        proxy.request_lines(),
        [
            "CONNECT bj.bcebos.com:443 HTTP/1.1",
            "CONNECT aip.baidubce.com:443 HTTP/1.1"
        ]
    );
    assert!(
        proxy.heads().iter().all(|head| !head.contains("canary")),
        "the proxy sees host and port alone: {:?}",
        proxy.heads()
    );
    let patience = std::time::Duration::from_secs(20);
    assert!(
        heard.recv_timeout(patience).unwrap().is_empty()
            && heard.recv_timeout(patience).unwrap().is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_are_told_goes_through_a_tunnel_that_sees_no_key() {
    let (port, _heard) = impostor();
    let by = |proxy: Secret| {
        Way::Dingtalk(Post {
            url: "https://oapi.dingtalk.com/robot/send?access_token=canary-key".into(),
            secret: Some("canary-secret".into()),
            allow_private: false,
            proxy: Some(proxy),
        })
    };
    let open = Proxy::start(port, None).await;
    let closed = Proxy::start(port, Some("407 Who is it")).await;
    let gone = Secret::new("http://canary:canary@127.0.0.1:1");
    for (proxy, why) in [
        (open.url("canary:canary@"), "certificate"),
        (closed.url(""), "asks for a user and a password (407)"),
        (gone, "the proxy 127.0.0.1:1 cannot be reached"),
    ] {
        let refused = send(by(proxy)).await.unwrap_err();
        let text = refused.to_string();
        assert!(text.contains(why) && !text.contains("canary"), "{text}");
        assert!(!refused.is_lasting(), "{text}");
    }
    for proxy in [open, closed] {
        let line = ["CONNECT oapi.dingtalk.com:443 HTTP/1.1"];
        assert_eq!(proxy.request_lines(), line);
        assert!(!proxy.heads().concat().contains("canary"));
    }
}

#[tokio::test]
async fn a_host_that_is_not_allowed_never_reaches_the_proxy() {
    let server = Server::start(|request, _| {
        let location = match request.request_line() {
            line if line.contains("/evil") => "http://evil.example/x",
            line if line.contains("/inside") => "http://169.254.169.254/latest",
            _ => "http://127.0.0.1:1/x",
        };
        vec![Step::Send(answer(
            302,
            &format!("location: {location}\r\n"),
            "",
        ))]
    })
    .await;
    let proxy = Proxy::start(server.port, None).await;
    let url = proxy.url("");
    for url_of_media in [
        "https://evil.example/x",
        "https://127.0.0.1/x",
        "http://localhost:8641/x",
        "https://bcebos.com/x",
        "http://10.0.0.1/x",
        "ftp://bj.bcebos.com/x",
    ] {
        let error = fetch(url_of_media, &url, &["*.bcebos.com", "simulator:8641"])
            .await
            .unwrap_err();
        assert!(
            matches!(error, DownloadError::ForbiddenUrl(_)),
            "{url_of_media}: {error}"
        );
    }
    assert!(proxy.heads().is_empty(), "{:?}", proxy.heads());
    for tail in ["evil", "inside", "here"] {
        let error = fetch(
            &format!("http://simulator:8641/{tail}"),
            &url,
            &["simulator:8641"],
        )
        .await
        .unwrap_err();
        assert!(
            matches!(error, DownloadError::ForbiddenUrl(_)),
            "{tail}: {error}"
        );
    }
    assert_eq!(
        proxy.request_lines(),
        ["evil", "inside", "here"].map(|tail| format!("GET http://simulator:8641/{tail} HTTP/1.1")),
        "each host is checked"
    );
}

#[tokio::test]
async fn a_way_that_was_not_opened_is_no_reason_to_go_directly() {
    let server = provider().await;
    let rules = MediaRules {
        hosts: vec![format!("127.0.0.1:{}", server.port)],
        allow_private: true,
        proxy: Some("http://127.0.0.1:1".into()),
        ..MediaRules::default()
    };
    let error = Downloader::new(&limits())
        .unwrap()
        .open(&server.url("/x").into(), &rules)
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, DownloadError::Transient(_)), "{error}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_with_the_way_out() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let closed = Secret::new(format!("http://canary:canary@127.0.0.1:{gone}"));
    let asks = Proxy::start(gone, Some("407 X")).await;
    let forbids = Proxy::start(gone, Some("403 X")).await;
    for (label, proxy, base_url, trouble, words) in [
        (
            "407",
            asks.url(""),
            "http://simulator:1",
            ErrorKind::Forbidden,
            "asks for a user and a password (407); write user and password into provider.proxy",
        ),
        (
            "407 in a tunnel",
            asks.url(""),
            "https://aip.baidubce.com",
            ErrorKind::Forbidden,
            "asks for a user and a password (407)",
        ),
        (
            "403 in a tunnel",
            forbids.url(""),
            "https://aip.baidubce.com",
            ErrorKind::Transient,
            "does not let the connection through; have it allow",
        ),
        (
            "closed",
            closed.clone(),
            "http://simulator:1",
            ErrorKind::Transient,
            "cannot be reached: Connection refused",
        ),
        (
            "closed tunnel",
            closed,
            "https://aip.baidubce.com",
            ErrorKind::Transient,
            "cannot be reached: Connection refused",
        ),
    ] {
        let client = client(base_url, &proxy);
        let problem: ProviderError = client
            .query(Endpoint::Getall, &"canary-token".into())
            .await
            .unwrap_err();
        assert!(
            problem.kind == trouble
                && problem.detail.contains(words)
                && problem.detail.contains("the proxy 127.0.0.1:"),
            "{label}: {problem}"
        );
        assert!(
            !format!("{problem:?} {client:?}").contains("canary"),
            "{label}: {problem}"
        );
        let (media, hosts) = if base_url.starts_with("https") {
            ("https://bj.bcebos.com/canary", "*.bcebos.com")
        } else {
            ("http://simulator:1/canary", "simulator:1")
        };
        let error = fetch(media, &proxy, &[hosts]).await.unwrap_err();
        assert!(
            matches!(&error, DownloadError::Transient(text) if text.contains(words) && !text.contains("canary")),
            "{label}: {error}"
        );
    }
    let api = Api::new(&limits())
        .unwrap()
        .through(&"http://canary:canary@127.0.0.1:1".into())
        .unwrap();
    assert!(!format!("{api:?}").contains("canary"), "{api:?}");
    let problem = Api::new(&limits())
        .unwrap()
        .through(&"canary".into())
        .unwrap_err();
    assert!(
        problem.kind == ErrorKind::Misconfigured && !problem.to_string().contains("canary"),
        "{problem}"
    );
}

/// `verikeep check` with this configuration before the app, and these variables.
async fn check(base_url: &str, text: &str, variables: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let app = format!(
        "{text}[[apps]]\nname = \"h5\"\nbase_url = \"{base_url}\"\napi_key = \"canary-ak\"\nsecret_key = \"canary-sk\"\n"
    );
    fs::write(folder.path().join("verikeep.toml"), app).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_verikeep"));
    let output = command
        .args(["check", "--json"])
        .current_dir(folder.path())
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .await
        .unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test]
async fn the_usual_variables_are_not_used_and_check_says_so() {
    let server = provider().await;
    let proxy = Proxy::start(server.port, None).await;
    let address = format!("http://canary:canary@127.0.0.1:{}", proxy.port);
    let variables = [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ]
    .map(|name| (name, address.as_str()));
    let base_url = server.url("");
    let told = check(&base_url, "", &variables).await;
    assert!(
        proxy.heads().is_empty() && !server.received().is_empty(),
        "{:?} {told}",
        proxy.heads()
    );
    for (name, _) in variables {
        assert!(
            told.contains(&format!("environment {name}\"")),
            "{name}: {told}"
        );
    }
    assert!(
        told.contains("is not used for the provider")
            && told.contains("provider.proxy")
            && !told.contains("canary"),
        "{told}"
    );
    // Whoever says what is meant is left in peace.
    let told = check(&base_url, "[provider]\nproxy = \"\"\n", &variables).await;
    assert!(
        proxy.heads().is_empty() && !told.contains("environment "),
        "{told}"
    );

    let through = format!(
        "[provider]\nproxy = \"http://canary:canary@127.0.0.1:{}\"\n",
        proxy.port
    );
    let told = check("http://127.0.0.1:9", &through, &[]).await;
    assert!(
        told.contains("access_token granted") && !told.contains("canary"),
        "{told}"
    );
    assert_eq!(
        proxy.request_lines(),
        ["POST http://127.0.0.1:9/oauth/2.0/token"]
    );
    let asks = Proxy::start(server.port, Some("407 X")).await;
    let told = check(
        "http://127.0.0.1:9",
        &format!("[provider]\nproxy = \"http://127.0.0.1:{}\"\n", asks.port),
        &[],
    )
    .await;
    assert!(
        told.contains("\"app h5\"")
            && told.contains(&format!(
                "the proxy 127.0.0.1:{} asks for a user",
                asks.port
            )),
        "{told}"
    );
}

#[test]
fn credentials_of_a_proxy_show_nothing() {
    let rules = MediaRules {
        proxy: Some("http://canary:canary@proxy:1".into()),
        ..MediaRules::default()
    };
    let downloader = Downloader::new(&limits())
        .unwrap()
        .through(rules.proxy.clone())
        .unwrap();
    assert!(
        !format!(
            "{rules:?} {downloader:?} {:?}",
            Credentials::ApiKey("canary".into())
        )
        .contains("canary")
    );
}
