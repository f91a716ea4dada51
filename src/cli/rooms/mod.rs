//! Where the commands meet the other rooms: a few lines each, and nothing that a command could do
//! without them.

pub(super) mod checks;
mod daemon;
mod failures;
mod play;

pub(super) use daemon::run;
pub(super) use play::{demo, simulate};

use std::sync::Arc;

use futures::{StreamExt as _, future::BoxFuture};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    get::{Pieces, Unreadable},
    migrate::Migrated,
    report::{Code, Failure},
    status::beside::{Beside, ask},
};
use crate::{
    app,
    archive::{
        Archive,
        issue::{Issued, Wish},
        track::Tracked,
    },
    config::Config,
    domain::token::TrackRequest,
    store::{self, Depth, Store, StoreError, records::TrackVerdict},
    vault::ObjectKey,
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

/// What `status` tells beside the database's figures.
pub(super) async fn beside(config: &Config) -> Beside {
    let free_bytes_min = config.limits.free_bytes_min;
    let short = |place: app::guard::Place| {
        let room = place
            .look()
            .ok()
            .filter(|room| room.is_short(free_bytes_min, false))?;
        let text = room.tell(&place.what, free_bytes_min);
        Some((place.what, text))
    };
    Beside {
        daemon: ask(config.http.pages().1).await,
        insecure: config
            .database
            .insecure
            .iter()
            .chain(&config.vault.insecure)
            .cloned()
            .collect(),
        short_of_room: app::guard::places(config)
            .into_iter()
            .filter_map(short)
            .collect(),
    }
}

/// Refuses a database that is damaged, or lacks what its migrations made.
pub(super) async fn sound(config: &Config, depth: Depth) -> Result<(), Failure> {
    Ok(store::check_sound(&config.database.url, depth).await?)
}

/// Brings the schema up to date.
pub(super) async fn migrate(config: &Config) -> Result<Migrated, Failure> {
    sound(config, Depth::Quick).await?;
    app::installation::before_tables(config).await?;
    let report = store::migrate(&config.database.url).await?;
    Ok(Migrated {
        from: report.from,
        to: report.to,
    })
}

/// What opens an object of the vault by its key.
pub(super) fn objects(
    config: &Config,
) -> Result<
    impl Fn(String) -> BoxFuture<'static, Result<Pieces, Unreadable>> + Send + Sync + use<>,
    Failure,
> {
    let vault = Arc::new(app::vault(config)?);
    Ok(
        move |key: String| -> BoxFuture<'static, Result<Pieces, Unreadable>> {
            let vault = Arc::clone(&vault);
            Box::pin(async move {
                let opened = vault.open_object(&ObjectKey::parse(&key)?).await?;
                Ok(opened
                    .stream
                    .map(|piece| piece.map_err(Unreadable::from))
                    .boxed())
            })
        },
    )
}

/// The stages, for the commands that need one.
pub(super) async fn archive(config: &Config) -> Result<Arc<Archive>, Failure> {
    Ok(app::open(config, Arc::new(SystemClock)).await?.archive)
}

/// Tracks tokens.
pub(super) async fn track(
    archive: Arc<Archive>,
    told: Vec<TrackRequest>,
) -> Result<Vec<Result<TrackVerdict, String>>, StoreError> {
    let tracked = archive.tracker.track(told).await?;
    Ok(tracked
        .into_iter()
        .map(|one| match one {
            Tracked::Verdict(verdict) => Ok(verdict),
            Tracked::Wrong(why) => Err(why),
        })
        .collect())
}

/// Generates, tracks, submits.
pub(super) async fn issue(archive: &Archive, wish: Wish) -> Result<Issued, Failure> {
    Ok(archive.issuer.issue(wish).await?)
}

/// Cancelled at the first signal.
fn stop_on_signals() -> Result<CancellationToken, Failure> {
    heed_signals(None)
}

/// Cancelled at the first signal; SIGHUP wakes `reload` instead, where there is one.
fn heed_signals(reload: Option<Arc<Notify>>) -> Result<CancellationToken, Failure> {
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
