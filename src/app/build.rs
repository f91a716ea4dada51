//! Puts the parts together, for a command or for the daemon; calls nothing yet.

use std::sync::Arc;

use super::{AppError, capacity::Capacity, installation, quota::StoredQuota, watch};
use crate::{
    archive::{App, Archive, ArchiveDeps},
    config::{self as shape, Config},
    domain::{
        answer::ProviderError,
        random,
        time::{Clock, Span, Time, TrustedClock},
    },
    provider::{
        self, AppAccess, Client, Credentials, Downloader, MediaRules, OverHttp, RateLimiters,
        http::{Api, Limits},
        sign::KeyPair,
    },
    store::{self, Store, StoreError},
    telemetry::metrics::Metrics,
    vault::{CreateOnly, Vault, VaultError},
};

/// Everything a command may need, put together.
pub struct Services {
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
/// belong together, and makes the ways to the provider ready; calls it not yet. The time of all is
/// that of a [`TrustedClock`] over the host's `clock`, begun by the database's where it has one.
///
/// # Errors
/// [`AppError`], naming the part.
pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Services, AppError> {
    let trusted = TrustedClock::over(clock);
    let clock: Arc<dyn Clock> = Arc::clone(&trusted) as _;
    let metrics = Arc::new(Metrics::new());
    let store = store::open(
        &config.database.url,
        config.database.max_connections,
        Arc::clone(&clock),
    )
    .await?;
    follow(&trusted, &*store).await?;
    let vault = Arc::new(vault(config)?);
    let joined = installation::join(
        store.as_ref(),
        &vault,
        config.identity.index_key.as_ref(),
        clock.now(),
    )
    .await?;
    let quotas = Arc::new(limiters(config, &store, &clock));
    let capacity = Capacity::of(config);
    let of_calls = Limits::default().for_calls_at_once(capacity.calls_at_once());
    let of_media = Downloader::limits().for_calls_at_once(capacity.downloads_at_once());
    let api = Api::new(&of_calls)?;
    let downloader = Downloader::new(&of_media)?
        .through(config.apps.iter().filter_map(|app| app.proxy.clone()))?;
    let downloader = Arc::new(downloader);
    let timed: Arc<provider::Timed> = {
        let metrics = Arc::clone(&metrics);
        Arc::new(move |endpoint, took| metrics.call_took(endpoint, took))
    };
    let way = |app: &shape::App| {
        let client = client(app, &api, &quotas, &clock)?.timed(Arc::clone(&timed));
        Ok(edge(app, client, &downloader))
    };
    let apps = config
        .apps
        .iter()
        .map(way)
        .collect::<Result<Vec<App>, ProviderError>>()?;
    metrics.begin_apps(apps.iter().map(|app| app.name.as_str()));
    let watcher = watch::Meter::new(&metrics, &clock);
    let archive = Archive::new(ArchiveDeps {
        instance: instance(clock.now()),
        store,
        vault,
        clock,
        apps,
        columns: config.identity.columns,
        index_key: config.identity.index_key.clone(),
        watcher,
    });
    Ok(Services {
        archive: Arc::new(archive),
        metrics,
        quotas,
        joined,
    })
}

/// The pace of every account: that of all processes on a server's database, and its own where the
/// database is a file.
fn limiters(config: &Config, store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) -> RateLimiters {
    let clock = Arc::clone(clock);
    if config.database.url.file().is_some() {
        RateLimiters::new(clock)
    } else {
        RateLimiters::shared(clock, Arc::new(StoredQuota(Arc::clone(store) as _)))
    }
}

/// Has a clock begin by the database's, which all its processes share.
///
/// # Errors
/// When the database cannot be asked.
pub(crate) async fn follow(clock: &TrustedClock, store: &dyn Store) -> Result<(), StoreError> {
    let asked = clock.elapsed();
    let told = store.ping().await?;
    let way = Span((clock.elapsed().0 - asked.0) / 2);
    clock.begin_at(told.plus(way));
    Ok(())
}

/// What this process is called among those that work on the database: the host's name (the pod's,
/// in a container), and a random end, as names of hosts come again.
fn instance(now: Time) -> String {
    let system = rustix::system::uname();
    let end = random::fresh_id(now).to_string();
    let end = end.get(end.len().saturating_sub(6)..).unwrap_or(&end);
    format!("{}-{end}", system.nodename().to_string_lossy())
}

/// Opens the object store; touches no network.
///
/// # Errors
/// When its URL or options cannot be right, or its folder cannot be made.
pub(crate) fn vault(config: &Config) -> Result<Vault, VaultError> {
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
/// When its proxy is none.
pub(crate) fn client(
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
        qps: app.pace(),
    };
    let api = app
        .proxy
        .as_ref()
        .map_or_else(|| Ok(api.clone()), |proxy| api.through(proxy))?;
    Ok(Client::new(
        access,
        api,
        Arc::clone(clock),
        Arc::clone(quotas),
    ))
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
        origin: app.base_url.origin(),
        policy: app.policy.clone(),
        rules: app.rules.clone(),
        media_bytes_max: media.media_bytes_max,
        provider: Arc::new(OverHttp::new(client, Arc::clone(downloader), media)),
    }
}

/// The hosts that media come from; where they may be private, the one that answers come from is one
/// of them.
fn media_hosts(app: &shape::App) -> Vec<String> {
    let own = app
        .allow_private_media_hosts
        .then(|| app.base_url.host_and_port());
    app.media_hosts.iter().cloned().chain(own).collect()
}
