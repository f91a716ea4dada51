//! The simulated provider: a real HTTP server with its own shapes.
//!
//! It behaves as the documents of the H5 face verification say, with the quirks that real answers have, and with
//! faults on demand; and it knows the truth about every token, so that an archive can be compared with it. `demo`,
//! `simulate`, the end-to-end tests and the benchmarks talk to it over loopback.
//!
//! It shares no type and no parser with the code that talks to the real provider: one mistake must not be able to
//! hide the other. Everything random follows from one seed. Tokens are small records and media bytes are made as
//! they are read, so memory stays flat.
//!
//! What it does not do: verify anybody, keep anything over a restart, or speak TLS.
//!
//! ```no_run
//! use simulator::{Life, LifeSpec, Options};
//! # async fn example() -> std::io::Result<()> {
//! let simulator = simulator::start(Options::default()).await?;
//! let tokens = simulator.create("demo", &[LifeSpec::of(Life::Passed, 10)]);
//! println!("{} tokens at {}", tokens.len(), simulator.base_url());
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod answers;
mod auth;
mod clock;
mod connection;
mod content;
mod control;
mod dice;
mod facts;
mod fault_kind;
mod faults;
mod gzip;
mod life;
mod media;
mod objects;
mod options;
mod person;
mod picture;
mod quota;
mod reply;
mod server;
mod signature;
mod tallies;
mod token;
mod truth;
mod verdict;
mod world;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub use control::Made;
pub use facts::Facts;
pub use fault_kind::FaultKind;
pub use faults::Faults;
pub use life::{Life, LifeSpec, Video};
pub use media::Kind;
pub use options::{AppCredential, CountedFrom, MediaBytes, Options, Pace, UnusedAnswer, Windows};
pub use tallies::Counts;
pub use truth::{AttemptTruth, MediumTruth, TokenTruth, Truth};

use connection::{CuttableListener, Shears};
use world::World;

/// How long open requests may take to end at a shutdown before they are dropped.
const GRACE: Duration = Duration::from_millis(200);

/// A running simulated provider. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Simulator {
    world: Arc<World>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// Listens and serves in the background.
///
/// # Errors
///
/// When the address cannot be listened on.
pub async fn start(options: Options) -> io::Result<Simulator> {
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let base_url = options.public_base.clone().unwrap_or_else(|| format!("http://{address}"));
    let world = Arc::new(World::new(options, base_url.trim_end_matches('/').to_owned()));
    let app = Router::new().fallback(server::serve).with_state(Arc::clone(&world));
    let service = app.into_make_service_with_connect_info::<Shears>();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stopped = async {
            // A dropped sender means stop as well.
            let _ = stopped.await;
        };
        let served = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(stopped).await;
        if let Err(error) = served {
            tracing::error!(%error, "the simulated provider ended");
        }
    });
    Ok(Simulator { world, address, stop: Some(stop), serving })
}

impl Simulator {
    /// `http://host:port`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.world.base_url
    }

    /// The address listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The apps and their credentials.
    pub fn apps(&self) -> &[AppCredential] {
        &self.world.options.apps
    }

    /// Makes tokens to be told under `app`, in the order of `lives`.
    pub fn create(&self, app: &str, lives: &[LifeSpec]) -> Vec<Made> {
        control::make(&self.world, app, lives)
    }

    /// The provider's clock, unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.world.clock.now_ms()
    }

    /// Moves the provider's clock forward by `ms`.
    pub fn advance(&self, ms: i64) {
        self.world.clock.advance(ms);
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.world.faults.set(faults);
    }

    /// Lets every access_token minted so far expire.
    pub fn expire_access_tokens(&self) {
        self.world.expire_access_tokens();
    }

    /// Everything as it really is. Reads media through that nobody asked for yet, to know their digests: with large
    /// media this takes a while, so call it outside of what is measured.
    pub fn truth(&self) -> Truth {
        Truth::of(&self.world)
    }

    /// Makes the digests that media are sent with, for every token so far. They are made when first needed anyway; a
    /// benchmark does it beforehand, so as not to measure it.
    pub fn warm_up(&self) {
        let windows = &self.world.options.windows;
        for life in self.world.tokens().iter().flat_map(|token| media::of_token(token, windows)) {
            self.world.contents.digests(&life.medium);
        }
    }

    /// What was asked, answered and broken so far; cheap.
    pub fn counts(&self) -> Counts {
        self.world.tallies.counts()
    }

    /// Stops listening, gives open requests a moment, and ends.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that it has ended by itself.
            let _ = stop.send(());
        }
        // Stalled answers would hold it up for as long as they stall.
        if tokio::time::timeout(GRACE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
