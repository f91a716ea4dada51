//! Composition root: the only file that knows every part.
//!
//! [`open`] puts store, vault, provider clients and stages together for a command; [`run`] turns
//! them into the daemon: drivers, housekeeping, the HTTP server, systemd's watchdog, and an orderly
//! end.

mod capacity;
pub mod demo;
mod drivers;
pub mod guard;
mod housekeeping;
pub mod installation;
mod ready;
mod supervise;
mod watch;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize},
    },
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{
    archive::{App, Archive, ArchiveDeps},
    config::{self as shape, Config},
    domain::{
        answer::ProviderError,
        installation::Foreign,
        time::{Clock, Span},
    },
    provider::{
        AppAccess, Client, Credentials, Downloader, MediaRules, OverHttp, RateLimiters,
        http::{Api, Limits},
        sign::KeyPair,
    },
    store::{self, StoreError},
    telemetry::metrics::Metrics,
    vault::{CreateOnly, Vault, VaultError},
    web,
    worker::{
        driver, lifecycle, periodic,
        spawn::{Runtime, Spawn, Tasks},
    },
};
use drivers::{Downloads, Polls, Queue, Shared};

/// Why the program cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object store.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Database, vault and index key do not belong together.
    #[error(transparent)]
    Foreign(Foreign),
    /// The HTTP server, signals.
    #[error("{what}: {source}")]
    Io {
        /// What could not be done.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// Housekeeping's schedule.
    #[error("the schedule cannot be kept: {0}")]
    Schedule(String),
    /// A task that is to run until the end is gone.
    #[error("the daemon's task `{task}` is gone: {why}")]
    Task {
        /// Its name.
        task: String,
        /// How it ended.
        why: String,
    },
    /// The way to the provider cannot be built.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// Everything a command may need, put together.
pub struct Opened {
    /// The stages, with store, vault and apps.
    pub archive: Arc<Archive>,
    /// The figures of this process.
    pub metrics: Arc<Metrics>,
    /// The pace of every account.
    pub quotas: Arc<RateLimiters>,
    /// Whether database and vault were seen to belong together; else the vault could not be asked.
    pub joined: bool,
}

/// Opens the database (which must be migrated) and the vault, sees that they and the index key
/// belong together, and makes the ways to the provider ready; calls it not yet.
///
/// # Errors
/// [`AppError`], naming the part.
pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Opened, AppError> {
    let metrics = Arc::new(Metrics::new());
    let store = store::open(
        &config.database.url,
        config.database.max_connections,
        Arc::clone(&clock),
    )
    .await?;
    let vault = Arc::new(vault(config)?);
    let joined = installation::join(
        store.as_ref(),
        &vault,
        config.identity.index_key.as_ref(),
        clock.now(),
    )
    .await?;
    let quotas = Arc::new(RateLimiters::new(Arc::clone(&clock)));
    let api = Api::new(&Limits::default())?;
    let downloader = Downloader::new(&Downloader::limits())?
        .through(config.apps.iter().filter_map(|app| app.proxy.clone()))?;
    let downloader = Arc::new(downloader);
    let way = |app: &shape::App| Ok(edge(app, client(app, &api, &quotas, &clock)?, &downloader));
    let apps = config
        .apps
        .iter()
        .map(way)
        .collect::<Result<Vec<App>, ProviderError>>()?;
    let archive = Archive::new(ArchiveDeps {
        store,
        vault,
        clock,
        apps,
        columns: config.identity.columns,
        index_key: config.identity.index_key.clone(),
        watcher: Arc::new(watch::Meter(Arc::clone(&metrics))),
    });
    Ok(Opened {
        archive: Arc::new(archive),
        metrics,
        quotas,
        joined,
    })
}

/// Opens the object store; touches no network.
///
/// # Errors
/// When its URL or options cannot be right, or its folder cannot be made.
pub fn vault(config: &Config) -> Result<Vault, VaultError> {
    let options = config
        .vault
        .options
        .iter()
        .map(|(name, value)| (name.as_str(), value.reveal().to_owned()));
    Vault::open(
        &config.vault.url,
        options,
        create_only(config.vault.create_only),
    )
}

fn create_only(setting: shape::CreateOnly) -> CreateOnly {
    match setting {
        shape::CreateOnly::Probe => CreateOnly::Probe,
        shape::CreateOnly::On => CreateOnly::On,
        shape::CreateOnly::Off => CreateOnly::Off,
    }
}

/// Makes the calls of one configured app.
///
/// # Errors
/// When credentials may not be sent to its `base_url`, or its proxy is none.
pub fn client(
    app: &shape::App,
    api: &Api,
    quotas: &Arc<RateLimiters>,
    clock: &Arc<dyn Clock>,
) -> Result<Client, ProviderError> {
    let credentials = match &app.auth {
        shape::Auth::AccessToken {
            api_key,
            secret_key,
        } => Credentials::AccessToken {
            api_key: api_key.clone(),
            secret_key: secret_key.clone(),
        },
        shape::Auth::BceAuthV1 {
            api_key,
            secret_key,
        } => Credentials::BceV1(KeyPair {
            ak: api_key.clone(),
            sk: secret_key.clone(),
        }),
        shape::Auth::ApiKey { api_key } => Credentials::ApiKey(api_key.clone()),
    };
    let access = AppAccess {
        name: app.name.clone(),
        base_url: app.base_url.clone(),
        credentials,
        account: app.account.clone(),
        qps: app.qps,
    };
    let api = app
        .proxy
        .as_ref()
        .map_or_else(|| Ok(api.clone()), |proxy| api.through(proxy))?;
    Client::new(access, api, Arc::clone(clock), Arc::clone(quotas))
}

/// An app as the stages see it.
fn edge(app: &shape::App, client: Client, downloader: &Arc<Downloader>) -> App {
    let media = MediaRules {
        hosts: media_hosts(app),
        allow_private: app.allow_private_media_hosts,
        proxy: app.proxy.clone(),
        ..MediaRules::default()
    };
    App {
        name: app.name.clone(),
        account: app.account.clone(),
        origin: origin(&app.base_url),
        policy: app.policy.clone(),
        media_bytes_max: media.media_bytes_max,
        provider: Arc::new(OverHttp::new(client, Arc::clone(downloader), media)),
    }
}

/// Scheme, host and port; the whole text where it is no URL, which the configuration refuses.
fn origin(base_url: &str) -> String {
    url::Url::parse(base_url).map_or_else(
        |_| base_url.to_owned(),
        |url| url.origin().ascii_serialization(),
    )
}

/// The hosts that media come from; where they may be private, the one that answers come from is one
/// of them.
fn media_hosts(app: &shape::App) -> Vec<String> {
    let base = url::Url::parse(&app.base_url)
        .ok()
        .filter(|_| app.allow_private_media_hosts);
    let origin = base.and_then(|url| {
        Some(format!(
            "{}:{}",
            url.host_str()?,
            url.port_or_known_default()?
        ))
    });
    app.media_hosts.iter().cloned().chain(origin).collect()
}

/// How the daemon runs, beyond the configuration.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where to serve health, readiness and metrics; none serves nothing.
    pub listen: Option<SocketAddr>,
    /// How long a stop may take before work under way is given back.
    pub grace: Span,
}

impl RunOptions {
    /// As the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            listen: Some(config.http.listen),
            grace: Span::seconds(25),
        }
    }
}

/// Downloads at once; the vault's byte budget bounds their memory.
const DOWNLOAD_SLOTS: usize = 16;
/// Downloads waiting in memory with fresh URLs.
const QUEUE_MOST: usize = 256;

/// Runs until `stop`, then finishes what is under way within the grace and gives the rest back.
/// `ready` is told the address served on.
///
/// # Errors
/// [`AppError`] when it cannot start, and [`AppError::Task`] when one of its tasks is gone; other
/// faults are waited out.
pub async fn run(
    opened: Opened,
    config: &Config,
    options: RunOptions,
    stop: CancellationToken,
    ready: Option<oneshot::Sender<Option<SocketAddr>>>,
) -> Result<(), AppError> {
    let Opened {
        archive,
        metrics,
        quotas,
        joined,
    } = opened;
    let clock = Arc::clone(&archive.clock);
    archive.lessons.relearn().await?;
    let hard_stop = CancellationToken::new();
    let lease = capacity::lease_of(config);
    let poll_slots = capacity::poll_slots(config);
    let steps_wished = DOWNLOAD_SLOTS + poll_slots.iter().map(|(_, slots)| slots).sum::<usize>();
    let guard = Arc::new(guard::Guard::new(
        config,
        Arc::clone(&archive),
        Arc::clone(&metrics),
        lease,
        steps_wished,
    ));
    guard.look().await;
    let shared = Arc::new(Shared {
        archive: Arc::clone(&archive),
        metrics: Arc::clone(&metrics),
        lease,
        hard_stop: hard_stop.clone(),
        queue: Queue::new(QUEUE_MOST),
        guard: Arc::clone(&guard),
    });

    let scheduler = housekeeping::start(&archive, &metrics, &guard, &config.schedule).await?;
    let serve_stop = CancellationToken::new();
    let pulse = Arc::new(ready::Pulse::new(
        Arc::clone(&archive),
        Arc::clone(&metrics),
        quotas,
        Arc::clone(&guard),
    ));
    let mut served = match options.listen {
        Some(listen) => {
            let source = Arc::clone(&pulse) as Arc<dyn web::Source>;
            let parts = web::Parts {
                source,
                metrics,
                clock: Arc::clone(&clock),
                stopping: stop.clone(),
                stop: serve_stop.clone(),
            };
            Some(
                web::serve(listen, parts)
                    .await
                    .map_err(|source| AppError::Io {
                        what: format!("cannot listen on {listen} (http.listen)"),
                        source,
                    })?,
            )
        }
        None => None,
    };

    let spawn: Arc<dyn Spawn> = Arc::new(Runtime);
    let world = driver::World {
        clock: Arc::clone(&clock),
        spawn: Arc::clone(&spawn),
        stop: stop.clone(),
    };
    let mut drivers = Tasks::new(Arc::clone(&spawn));
    let idle = Span(lease.0.min(1000));
    let is_only_one = poll_slots.len() == 1;
    for (app, slots) in poll_slots {
        let name = if is_only_one {
            "poll".to_owned()
        } else {
            format!("poll-{app}")
        };
        let slots = guard.steps(slots);
        let polls = Arc::new(Polls {
            shared: Arc::clone(&shared),
            name: name.clone(),
            apps: vec![app],
            trickle: (slots / 8).max(1),
            running: AtomicUsize::new(0),
        });
        let pace = driver::Pace {
            slots,
            idle,
            backoff: Span(250),
        };
        let wake = Arc::new(tokio::sync::Notify::new());
        drivers.spawn(name, driver::drive(polls, pace, world.clone(), wake));
    }
    let downloads = Arc::new(Downloads {
        shared: Arc::clone(&shared),
        look_at: AtomicI64::new(0),
        look_every: idle,
    });
    let pace = driver::Pace {
        slots: guard.steps(DOWNLOAD_SLOTS),
        idle,
        backoff: Span(250),
    };
    let wake = Arc::clone(&shared.queue.wake);
    drivers.spawn("download", driver::drive(downloads, pace, world, wake));
    let mut loops = Tasks::new(spawn);
    let period = lifecycle::watchdog_period().map_or(ready::BEAT, |half| {
        Span(
            ready::BEAT
                .0
                .min(i64::try_from(half.as_millis()).unwrap_or(i64::MAX)),
        )
    });
    let broken = |part: &'static str| {
        let guard = Arc::clone(&guard);
        move || {
            tracing::error!(part, "a periodic job panicked; it runs again at its time");
            guard.panicked(part);
        }
    };
    let beat = move || {
        pulse.beat();
        lifecycle::notify_watchdog();
        std::future::ready(())
    };
    let beats = periodic::every(
        period,
        Arc::clone(&clock),
        serve_stop.clone(),
        beat,
        broken("heartbeat"),
    );
    loops.spawn("heartbeat", beats);

    let (looking, broken) = (serve_stop.clone(), broken("guard"));
    let look = move || {
        let (guard, stop) = (Arc::clone(&guard), looking.clone());
        async move {
            // An alarm on its way to a database that is away must not hold up the end.
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = guard.look() => {}
            }
        }
    };
    let looks = periodic::every(
        guard::PERIOD,
        Arc::clone(&clock),
        serve_stop.clone(),
        look,
        broken,
    );
    loops.spawn("guard", looks);

    lifecycle::notify_ready();
    let address = served.as_ref().map(|server| server.address);
    tracing::info!(apps = config.apps.len(), address = address.map(|address| address.to_string()), lease = %lease, "running");
    if let Some(ready) = ready {
        let _ = ready.send(address);
    }
    let foreign = async {
        if joined {
            std::future::pending().await
        } else {
            installation::compare_later(&archive).await
        }
    };
    let page_server = async {
        match &mut served {
            Some(server) => server.gone().await,
            None => std::future::pending().await,
        }
        supervise::lost(("http".into(), Ok(())))
    };
    let failure = async {
        // Both are rare, and either is enough.
        tokio::select! {
            biased;
            foreign = foreign => foreign,
            lost = page_server => lost,
        }
    };
    let failure = supervise::until_end(&stop, (&mut drivers, &mut loops), failure).await;
    stop.cancel();
    lifecycle::notify_stopping();
    let finish = async { while drivers.next().await.is_some() {} };
    // What has finished in time is not given back.
    let in_time = tokio::select! {
        biased;
        () = finish => true,
        () = clock.sleep(options.grace) => false,
    };
    if !in_time {
        tracing::warn!(grace = %options.grace, "work under way is given back");
        hard_stop.cancel();
        while drivers.next().await.is_some() {}
    }
    housekeeping::stop(scheduler).await;
    serve_stop.cancel();
    while loops.next().await.is_some() {}
    if let Some(server) = served {
        server.ended().await;
    }
    archive.store.close().await;
    tracing::info!("stopped");
    failure.map_or(Ok(()), Err)
}
