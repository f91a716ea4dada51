//! The provider as a simulated world has it, without a network in between: for unit tests and
//! simulations.
//!
//! Promised: what the client over HTTP promises of one exchange, in a time that is held. While the
//! world waits the clock passes; an answer that takes too long, breaks off or never comes is an
//! error of the same kind. Not promised: what HTTP does by itself. A compressed answer is handed on
//! as it is, nothing is signed, and no call waits for the pace of its account.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use http::{HeaderMap, Method, Request, header::HOST};
use simulator::{AppCredential, Body, Piece, World};

use super::{
    Download, DownloadError, Probe, Provider, Reply, auth,
    client::PREFIX,
    http::{Exchange, Limits, header},
    request::RequestBody,
};
use crate::domain::{
    answer::{Endpoint, ErrorKind, ProviderError},
    secret::Secret,
    time::{Clock, Span},
};

/// One app's way into a world.
pub struct OverWorld {
    world: Arc<World>,
    clock: Arc<dyn Clock>,
    /// The world's own time, where it is another.
    world_clock: Arc<dyn Clock>,
    app: AppCredential,
    access_token: Mutex<Option<String>>,
    calls: AtomicUsize,
    opened: AtomicUsize,
}

/// A response while its body arrives.
struct Arriving {
    http_status: u16,
    headers: HeaderMap,
    body: BoxStream<'static, Result<Bytes, Lost>>,
}

/// What did not come.
struct Lost(&'static str);

impl From<Lost> for ProviderError {
    fn from(Lost(what): Lost) -> Self {
        Self::new(ErrorKind::Transient, what)
    }
}

impl From<Lost> for DownloadError {
    fn from(Lost(what): Lost) -> Self {
        Self::Transient(what.to_owned())
    }
}

impl OverWorld {
    /// As `app`, whose credentials need not be those that the world knows.
    #[must_use]
    pub fn new(world: Arc<World>, clock: Arc<dyn Clock>, app: AppCredential) -> Self {
        Self {
            world,
            world_clock: Arc::clone(&clock),
            clock,
            app,
            access_token: Mutex::default(),
            calls: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
        }
    }

    /// The same in a world that goes by a clock of its own.
    #[must_use]
    pub fn by_clock(self, world_clock: Arc<dyn Clock>) -> Self {
        Self {
            world_clock,
            ..self
        }
    }

    /// How many calls were made, those for an access_token not counted.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many media were opened.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    async fn send(&self, method: Method, url: &str, body: Bytes) -> Result<Arriving, Lost> {
        let host = self.world.base_url().rsplit('/').next().unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(HOST, host)
            .body(body)
            .map_err(|_| Lost("the request could not be made"))?;
        let reply = self.world.answer(self.world_clock.now().0, &request);
        wait(&*self.clock, reply.wait_ms).await?;
        let response = reply
            .response
            .ok_or(Lost("the exchange broke off before an answer"))?;
        let (head, body) = response.into_parts();
        Ok(Arriving {
            http_status: head.status.as_u16(),
            headers: head.headers,
            body: arriving(Arc::clone(&self.clock), body),
        })
    }

    /// Sends a request and reads the whole answer, as far as the cap of the client over HTTP.
    async fn exchange(&self, url: &str, body: Bytes) -> Result<Exchange, Lost> {
        let bytes_max = Limits::default().body_bytes_max;
        let mut arriving = self.send(Method::POST, url, body).await?;
        let (mut body, mut truncated) = (BytesMut::new(), false);
        while let Some(chunk) = arriving.body.next().await {
            let chunk = chunk?;
            let room = bytes_max - body.len();
            truncated = chunk.len() > room;
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if truncated {
                break;
            }
        }
        Ok(Exchange {
            http_status: arriving.http_status,
            headers: arriving.headers,
            body: body.freeze(),
            truncated,
        })
    }

    /// The access_token, fetched where there is none.
    async fn access_token(&self) -> Result<String, ProviderError> {
        if let Some(held) = self.held().clone() {
            return Ok(held);
        }
        let url = format!(
            "{}/oauth/2.0/token?grant_type=client_credentials&client_id={}&client_secret={}",
            self.world.base_url(),
            self.app.api_key,
            self.app.secret_key
        );
        let answer = self.exchange(&url, Bytes::new()).await?;
        let granted: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(fresh) = granted.get("access_token").and_then(|token| token.as_str()) else {
            return Err(auth::refusal(&answer, self.clock.now()));
        };
        *self.held() = Some(fresh.to_owned());
        Ok(fresh.to_owned())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.access_token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A way that leads out of the world is none that may be gone.
    fn keep_inside(&self, url: &str) -> Result<(), DownloadError> {
        let rest = url.strip_prefix(self.world.base_url());
        if rest.is_some_and(|rest| rest.starts_with('/')) {
            Ok(())
        } else {
            Err(DownloadError::ForbiddenUrl("it leads out of the world"))
        }
    }
}

/// Waits, as long as anybody waits for the next byte.
async fn wait(clock: &dyn Clock, wait_ms: u64) -> Result<(), Lost> {
    if wait_ms == 0 {
        return Ok(());
    }
    let wait = Span(i64::try_from(wait_ms).unwrap_or(i64::MAX));
    let patience = Limits::default().idle;
    clock.sleep(wait.min(patience)).await;
    if wait > patience {
        return Err(Lost("no whole answer within the time limit"));
    }
    Ok(())
}

/// The bytes as they come. A loss is the last.
fn arriving(clock: Arc<dyn Clock>, body: Body) -> BoxStream<'static, Result<Bytes, Lost>> {
    let pieces = match body {
        Body::Whole(all) => return stream::iter([Ok(all)]).boxed(),
        Body::Pieces(pieces) => pieces,
    };
    stream::iter(pieces)
        .filter_map(move |piece| {
            let clock = Arc::clone(&clock);
            async move {
                match piece {
                    Piece::Bytes(some) => Some(Ok(some)),
                    Piece::Pause(wait_ms) => wait(&*clock, wait_ms).await.err().map(Err),
                    Piece::Close | Piece::Reset => Some(Err(Lost("the answer broke off"))),
                }
            }
        })
        .boxed()
}

#[async_trait]
impl Provider for OverWorld {
    async fn call(&self, endpoint: Endpoint, body: &RequestBody) -> Result<Reply, ProviderError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let url = format!(
            "{}{PREFIX}{}?access_token={}",
            self.world.base_url(),
            endpoint.path(),
            self.access_token().await?
        );
        let began = self.clock.elapsed();
        let answer = self.exchange(&url, body.bytes()).await?;
        let took = Span(self.clock.elapsed().0 - began.0);
        let fetched_at = self.clock.now();
        Ok(Reply {
            date: answer.date(),
            took,
            retry_after: answer.retry_after(fetched_at),
            truncated: answer.truncated,
            ..Reply::kept(endpoint, answer.http_status, answer.body, fetched_at)
        })
    }

    fn heard(&self, _reply: &Reply, error: Option<ErrorKind>) -> bool {
        error == Some(ErrorKind::Unauthorised) && self.held().take().is_some()
    }

    async fn open(&self, url: &Secret) -> Result<Download, DownloadError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.keep_inside(url.reveal())?;
        let arriving = self.send(Method::GET, url.reveal(), Bytes::new()).await?;
        match arriving.http_status {
            200 => {}
            301 | 302 | 303 | 307 | 308 => {
                self.keep_inside(header(&arriving.headers, "location").unwrap_or_default())?;
                return Err(DownloadError::ForbiddenUrl("too many redirects"));
            }
            status => return Err(DownloadError::of_status(status)),
        }
        let body = arriving
            .body
            .map(|chunk| chunk.map_err(DownloadError::from));
        let bytes_max = super::MediaRules::default().media_bytes_max;
        Download::new(200, &arriving.headers, body.boxed(), bytes_max)
    }

    async fn probe(&self) -> Result<Probe, ProviderError> {
        self.access_token().await?;
        Ok(Probe {
            skew: None,
            has_scope: None,
            expires_at: None,
        })
    }
}
