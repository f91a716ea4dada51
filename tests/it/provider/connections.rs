//! Connections are kept: whatever runs at once finds one from the round before.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::join_all;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Barrier,
};
use verikeep::{
    app::{self, Services},
    config::{App, Auth, Config},
    domain::{answer::Endpoint, secret::Secret},
    provider::request,
    store,
    worker::clock::SystemClock,
};

const ROUNDS: usize = 5;
/// Enough that each app's least share of downloads makes more than one app has.
const APPS: usize = 8;

/// Counts the connections it accepts, and answers only when as many requests have come as a round
/// has; who asks for an access_token does not wait.
struct Keeping {
    port: u16,
    accepted: Arc<AtomicUsize>,
}

impl Keeping {
    async fn start(at_once: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::<AtomicUsize>::default();
        let (count, round) = (Arc::clone(&accepted), Arc::new(Barrier::new(at_once)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&round)));
            }
        });
        Self { port, accepted }
    }
}

async fn serve(mut stream: TcpStream, round: Arc<Barrier>) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let (length, is_oauth) = loop {
            if let Some(whole) = whole(&bytes) {
                break whole;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        bytes.drain(..length);
        let body = if is_oauth {
            r#"{"access_token":"canary-token","expires_in":2592000}"#
        } else {
            round.wait().await;
            r#"{"success":true,"result":{}}"#
        };
        let answer = format!(
            "HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// How long the first request is, and whether it asks for an access_token; none while it is not all
/// there.
fn whole(bytes: &[u8]) -> Option<(usize, bool)> {
    let head_bytes = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..head_bytes]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().unwrap());
    (bytes.len() >= head_bytes + length)
        .then(|| (head_bytes + length, head.starts_with("post /oauth/")))
}

async fn opened(port: u16) -> (TempDir, Services) {
    let apps = (0..APPS).map(|nth| {
        let auth = Auth::AccessToken {
            api_key: "canary-key".into(),
            secret_key: "canary-secret".into(),
        };
        let base_url = format!("http://127.0.0.1:{port}").parse().unwrap();
        let mut app = App::new(format!("app-{nth}"), base_url, auth);
        app.qps = 10_000.0;
        app.allow_private_media_hosts = true;
        app.media_hosts = vec![format!("127.0.0.1:{port}")];
        app
    });
    let dir = tempfile::tempdir().unwrap();
    let config = Config::embedded(dir.path().to_owned(), apps.collect());
    store::migrate(&config.database.url).await.unwrap();
    let opened = app::open(&config, Arc::new(SystemClock)).await.unwrap();
    (dir, opened)
}

#[tokio::test]
async fn as_many_connections_are_kept_as_calls_or_downloads_run_at_once() {
    for (label, at_once) in [("calls", 64), ("media", 32)] {
        let server = Keeping::start(at_once).await;
        let (_dir, services) = opened(server.port).await;
        let url = Secret::new(format!("http://127.0.0.1:{}/medium", server.port));
        let provider = |nth: usize| {
            let app = services.archive.apps.get(&format!("app-{}", nth % APPS));
            Arc::clone(&app.unwrap().provider)
        };
        for _ in 0..ROUNDS {
            join_all((0..at_once).map(|nth| {
                let (provider, url) = (provider(nth), url.clone());
                async move {
                    if label == "calls" {
                        let body = request::query(&"canary".into());
                        provider.call(Endpoint::Getall, &body).await.unwrap();
                    } else {
                        let mut medium = provider.open(&url).await.unwrap();
                        while let Some(chunk) = medium.chunk().await {
                            chunk.unwrap();
                        }
                    }
                }
            }))
            .await;
        }
        // A call may begin one while that of another is only just coming back.
        let accepted = server.accepted.load(Ordering::Relaxed);
        assert!(
            accepted < 2 * at_once,
            "{label}: {accepted} connections for {ROUNDS} rounds of {at_once}"
        );
    }
}
