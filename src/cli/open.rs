//! What commands open: the database, a desk over it, and the way that signals come in.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    place::Place,
    report::{Code, Failure},
};
use crate::{
    app,
    config::{self, Config, Source},
    desk::{Desk, Local},
    domain::time::TrustedClock,
    store::{self, Depth, MigrationReport, Store},
    worker::{clock::SystemClock, lifecycle},
};

/// The database; its schema must be up to date.
pub(super) async fn store(config: &Config) -> Result<Arc<dyn Store>, Failure> {
    Ok(store::open(
        &config.database.url,
        config.database.max_connections,
        Arc::new(SystemClock),
    )
    .await?)
}

/// The database, to be read alone: a full disk or a standby will do.
pub(super) async fn reader(config: &Config) -> Result<Arc<dyn Store>, Failure> {
    Ok(store::open_to_read(
        &config.database.url,
        config.database.max_connections,
        Arc::new(SystemClock),
    )
    .await?)
}

/// Refuses a database that is damaged, or lacks what its migrations made.
pub(super) async fn sound(config: &Config, depth: Depth) -> Result<(), Failure> {
    Ok(store::check_sound(&config.database.url, depth).await?)
}

/// Brings the schema up to date.
pub(super) async fn migrate(config: &Config) -> Result<MigrationReport, Failure> {
    sound(config, Depth::Quick).await?;
    app::installation::before_tables(config).await?;
    Ok(store::migrate(&config.database.url).await?)
}

/// What a command does with the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads: a full disk or a standby will do.
    Read,
    /// Changes what is there.
    Write,
    /// Takes tokens on: the stages and the vault are there as well.
    Archive,
}

/// Runs a command at a desk, and closes it afterwards however the command ended.
pub(super) async fn at_desk(
    place: &Place,
    source: &Source,
    access: Access,
    run: impl AsyncFnOnce(&dyn Desk) -> Result<Code, Failure>,
) -> Result<Code, Failure> {
    match place.remote(Arc::new(SystemClock))? {
        Some(remote) => run(&remote).await,
        None => at_home(&load(source)?, access, async |desk| run(desk).await).await,
    }
}

/// The configuration; warnings are for `check` and `run` to tell.
pub(super) fn load(source: &Source) -> Result<Config, Failure> {
    config::load(source)
        .map(|loaded| loaded.config)
        .map_err(Failure::Configuration)
}

/// The same over the rows, and what else `access` wants, that a configuration names.
pub(super) async fn at_home(
    config: &Config,
    access: Access,
    run: impl AsyncFnOnce(&Local) -> Result<Code, Failure>,
) -> Result<Code, Failure> {
    let clock = Arc::new(SystemClock);
    let (desk, store) = if access == Access::Archive {
        let archive = app::open(config, clock).await?.archive;
        (Local::new(&archive), Arc::clone(&archive.store))
    } else {
        let clock = TrustedClock::over(clock);
        let store = match access {
            Access::Read => reader(config).await?,
            Access::Write | Access::Archive => store(config).await?,
        };
        app::follow(&clock, &*store).await?;
        let apps = config.apps.iter().map(|app| app.name.clone()).collect();
        let index_key = config.identity.index_key.clone();
        (
            Local::over(Arc::clone(&store), apps, index_key, clock).with_purpose(config.purpose),
            store,
        )
    };
    let outcome = run(&desk).await;
    store.close().await;
    outcome
}

/// Cancelled at the first signal.
pub(super) fn stop_on_signals() -> Result<CancellationToken, Failure> {
    heed_signals(None)
}

/// Cancelled at the first signal; SIGHUP wakes `reload` instead, where there is one.
pub(super) fn heed_signals(reload: Option<Arc<Notify>>) -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    lifecycle::heed_signals(stop.clone(), reload).map_err(|error| {
        Failure::told(
            Code::Finding,
            "signals",
            error.to_string(),
            "look at the limits of the process",
        )
    })?;
    Ok(stop)
}
