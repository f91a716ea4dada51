//! A world served over HTTP: this reads requests, asks the world, and does what its replies say.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use bytes::Bytes;
use futures::stream;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::sleep};

use super::{
    clock::SimClock,
    connection::{CuttableListener, Shears},
    control::{self, Advance, Made},
    faults::Faults,
    life::LifeSpec,
    options::{AppCredential, Options},
    reply::{self, Piece, Reply},
    tallies::Counts,
    truth::Truth,
    world::World,
};

/// How long open requests may take to end at a shutdown before they are dropped.
const GRACE: Duration = Duration::from_millis(200);
/// Ten megabytes of image are thirteen of base64.
const BODY_BYTES_MAX: usize = 16 << 20;

/// What is served, and the time there.
#[derive(Debug)]
struct Served {
    world: World,
    clock: SimClock,
}

/// A running simulated provider. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Simulator {
    served: Arc<Served>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// Listens and serves in the background.
///
/// # Errors
///
/// When the address cannot be listened on.
#[allow(
    clippy::disallowed_methods,
    reason = "the driver of the simulated provider keeps tokio"
)]
pub async fn start(options: Options) -> io::Result<Simulator> {
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let base_url = options
        .public_base
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    let clock = SimClock::ahead_by(options.clock_ahead_ms);
    let served = Arc::new(Served {
        world: World::new(options, base_url.trim_end_matches('/').to_owned()),
        clock,
    });
    let app = Router::new()
        .fallback(serve)
        .with_state(Arc::clone(&served));
    let service = app.into_make_service_with_connect_info::<Shears>();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stopped = async {
            // A dropped sender means stop as well.
            let _ = stopped.await;
        };
        let served = axum::serve(CuttableListener(listener), service)
            .with_graceful_shutdown(stopped)
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the simulated provider ended");
        }
    });
    Ok(Simulator {
        served,
        address,
        stop: Some(stop),
        serving,
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the driver of the simulated provider keeps tokio"
)]
async fn serve(
    State(served): State<Arc<Served>>,
    ConnectInfo(shears): ConnectInfo<Shears>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let reply = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => answer(served, Request::from_parts(parts, body)).await,
        Err(_) => Reply::of(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", ""),
    };
    if reply.wait_ms > 0 {
        sleep(Duration::from_millis(reply.wait_ms)).await;
    }
    let Some(response) = reply.response else {
        shears.cut();
        return Response::new(Body::empty());
    };
    response.map(|body| match body {
        reply::Body::Whole(bytes) => Body::from(bytes),
        reply::Body::Pieces(pieces) => sent(pieces, shears),
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the driver of the simulated provider keeps tokio"
)]
async fn answer(served: Arc<Served>, request: Request<Bytes>) -> Reply {
    if request.method() == Method::POST && request.uri().path() == "/sim/advance" {
        return control::read(request.body(), |advance: Advance| {
            served.clock.advance(advance.ms);
            json!({"now_ms": served.clock.now_ms()})
        });
    }
    let takes_long = served.world.takes_long(&request);
    let answered = move || served.world.answer(served.clock.now_ms(), &request);
    if !takes_long {
        return answered();
    }
    tokio::task::spawn_blocking(answered)
        .await
        .unwrap_or_else(|_| {
            Reply::of(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                "the answer could not be made",
            )
        })
}

/// Sends the pieces of a body one by one.
#[allow(
    clippy::disallowed_methods,
    reason = "the driver of the simulated provider keeps tokio"
)]
fn sent(pieces: Box<dyn Iterator<Item = Piece> + Send>, shears: Shears) -> Body {
    let sent = stream::unfold((pieces, shears), async |(mut pieces, shears)| {
        let sent = match pieces.next()? {
            Piece::Bytes(bytes) => Ok(bytes),
            Piece::Pause(ms) => {
                sleep(Duration::from_millis(ms)).await;
                Ok(Bytes::new())
            }
            end @ (Piece::Close | Piece::Reset) => {
                // Gives the server a chance to put what it has on the wire first.
                sleep(Duration::from_millis(2)).await;
                if end == Piece::Reset {
                    shears.cut();
                }
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            }
        };
        Some((sent, (pieces, shears)))
    });
    Body::from_stream(sent)
}

impl Simulator {
    /// `http://host:port`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.served.world.base_url()
    }

    /// The address listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The apps and their credentials.
    pub fn apps(&self) -> &[AppCredential] {
        self.served.world.apps()
    }

    /// Makes tokens to be told under `app`, in the order of `lives`.
    pub fn create(&self, app: &str, lives: &[LifeSpec]) -> Vec<Made> {
        self.served.world.make(self.now_ms(), app, lives)
    }

    /// The provider's clock, unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.served.clock.now_ms()
    }

    /// Moves the provider's clock forward by `ms`.
    pub fn advance(&self, ms: i64) {
        self.served.clock.advance(ms);
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.served.world.set_faults(faults);
    }

    /// Lets every access_token minted so far expire.
    pub fn expire_access_tokens(&self) {
        self.served.world.expire_access_tokens();
    }

    /// Everything as it really is. Reads media through that nobody asked for yet, to know their
    /// digests: with large media this takes a while, so call it outside of what is measured.
    pub fn truth(&self) -> Truth {
        self.served.world.truth(self.now_ms())
    }

    /// Makes the digests that media are sent with, for every token so far. They are made when first
    /// needed anyway; a benchmark does it beforehand, so as not to measure it.
    pub fn warm_up(&self) {
        self.served.world.warm_up();
    }

    /// What was asked, answered and broken so far; cheap.
    pub fn counts(&self) -> Counts {
        self.served.world.counts()
    }

    /// Stops listening, gives open requests a moment, and ends.
    #[allow(
        clippy::disallowed_methods,
        reason = "the driver of the simulated provider keeps tokio"
    )]
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that it has ended by itself.
            let _ = stop.send(());
        }
        // Stalled answers would hold it up for as long as they stall.
        if tokio::time::timeout(GRACE, &mut self.serving)
            .await
            .is_err()
        {
            self.serving.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
