//! Health, readiness, dependencies and metrics over HTTP.
//!
//! | path | says | when it is bad |
//! |---|---|---|
//! | `/healthz` | whether the drivers turn: restart this process otherwise | 503 |
//! | `/readyz` | whether this process takes requests, and is not about to end; nobody else is asked | 503 |
//! | `/dependencies` | what calls of the last minute met at database, object store and each app's provider: JSON with one entry each, what else is wrong, and the alarms of this process | 503 |
//! | `/metrics` | figures for Prometheus | those of the service are left out, those of the process are there |
//!
//! Below `/v1` is the API ([`api`]), beside the pages or on a listener of its own; who asks there is
//! told by [`keys`]. With it comes `/docs`, where it is tried from a browser.
//!
//! Clients of the API stay connected and ask as often as they like; where the pages are served alone,
//! whoever connects is given one answer and a short time. No more are heard at once than leave the
//! process the descriptors it works with, and who only holds a connection makes place for who asks.
//!
//! The pages decide and change nothing, and nothing that could hold a secret is asked for: what is
//! shown comes from [`Source`].

pub mod api;
mod clients;
mod docs;
mod held;
mod hosts;
pub mod keys;
mod limits;
mod pages;
mod rates;
mod seat;
mod server;
mod spent;

use std::{io, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use axum::{Router, middleware};
pub use hosts::Hosts;
pub use limits::Limits;
pub use server::CONNECTIONS_MAX;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use keys::KeyRing;

use crate::{
    desk::Desk,
    domain::time::{Clock, Span},
    store::reports::{AlarmRow, Status},
    telemetry::{metrics::Metrics, recent::Calls},
};

/// What the pages show.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The loops of this process that do not turn, by name; nothing of what they depend on, or a
    /// storm restarts healthy daemons.
    fn silent(&self) -> Vec<String>;

    /// What calls met at everything this process depends on. Asked every few seconds at most.
    async fn dependencies(&self) -> Vec<Check>;

    /// The alarms this process has raised, from memory: there also while the database is away.
    fn alarms(&self) -> Vec<AlarmRow> {
        Vec::new()
    }

    /// The figures of the service; none when they cannot be read. Asked every few seconds at most.
    async fn status(&self) -> Option<Status>;
}

/// Whether one dependency can be used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Which: `database`, `object_store`, `provider/…`, …
    pub name: String,
    /// Whether it can; none where nobody has called it lately.
    pub ok: Option<bool>,
    /// Why not, or what was found; shown to whoever asks, so without secrets.
    pub text: String,
    /// What calls of the last minute met, where it is called.
    #[serde(flatten)]
    pub calls: Option<Calls>,
}

/// What the server is made of.
pub struct Parts {
    /// What is shown.
    pub source: Arc<dyn Source>,
    /// The figures of this process.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What answers below `/v1`; none serves the pages alone.
    pub api: Option<Api>,
    /// Once cancelled, `/readyz` says no: this process is stopping.
    pub stopping: CancellationToken,
    /// Once cancelled, the server itself ends.
    pub stop: CancellationToken,
}

/// What answers below `/v1`, and the page to try it.
pub struct Api {
    /// What is asked there.
    pub desk: Arc<dyn Desk>,
    /// Who knows the keys.
    pub keys: Arc<KeyRing>,
    /// The names it is asked by.
    pub hosts: Hosts,
    /// Whether a proxy stands in front, whose `X-Forwarded-For` tells who asks.
    pub behind_proxy: bool,
    /// How many connections there are, and how long each is waited for.
    pub limits: Limits,
}

/// A server that listens.
pub struct Server {
    /// Where: the port is the real one even if port 0 was asked for.
    pub address: SocketAddr,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// How long open requests may take once the server is to end.
const GRACE: Span = Span::seconds(2);

/// Serves the pages, and the API where there is one, on `listen` until `parts.stop` is cancelled.
///
/// # Errors
/// When nothing can listen there.
pub async fn serve(listen: SocketAddr, parts: Parts) -> io::Result<Server> {
    let (clock, stop) = (Arc::clone(&parts.clock), parts.stop.clone());
    let (pages, api) = pages::router(parts);
    start(listen, pages, api, (clock, stop)).await
}

/// Serves the API alone on `listen` until `stop` is cancelled.
///
/// # Errors
/// When nothing can listen there.
pub async fn serve_api(
    listen: SocketAddr,
    api: Api,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> io::Result<Server> {
    let routes = Router::new().fallback(api::no_such_path);
    start(listen, routes, Some(api), (clock, stop)).await
}

#[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
async fn start(
    listen: SocketAddr,
    routes: Router,
    api: Option<Api>,
    (clock, stop): (Arc<dyn Clock>, CancellationToken),
) -> io::Result<Server> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let told = stop.clone();
    let task = match api {
        Some(api) => {
            let (limits, proxied) = (api.limits, api.behind_proxy);
            let routes = routes.merge(api.routes());
            tokio::spawn(clients::serve(listener, routes, limits, proxied, told))
        }
        None => tokio::spawn(server::serve(listener, routes, told)),
    };
    Ok(Server {
        address,
        clock,
        stop,
        task,
    })
}

impl Api {
    fn routes(self) -> Router {
        let check = middleware::from_fn_with_state(Arc::new(self.hosts), hosts::check);
        api::router(self.desk, self.keys)
            .merge(docs::router())
            .layer(check)
    }
}

impl Server {
    /// Waits until the server is gone, whether it was told to end or not.
    pub async fn gone(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// Waits until the server was told to end and has; a request that never ends is cut off.
    pub async fn ended(mut self) {
        self.stop.cancelled().await;
        if self.task.is_finished() {
            return;
        }
        // What has ended in time is not cut off.
        tokio::select! {
            biased;
            _ = &mut self.task => {}
            () = self.clock.sleep(GRACE) => self.task.abort(),
        }
    }
}
