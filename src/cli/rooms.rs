//! Where the commands meet the other rooms: a few lines each, and nothing that a command could do without them.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{
    check::Row,
    demo::Demo,
    get::{Pieces, Unreadable},
    issue::{Issued, Request},
    migrate::Migrated,
    report::{Code, Failure},
    run::Run,
    screen::Screen,
    simulate::Simulate,
};
use crate::{
    config::Config,
    domain::token::Told,
    store::{Store, StoreError, records::TrackVerdict},
};

fn not_yet<T>(what: &str) -> Result<T, Failure> {
    Err(Failure::told(Code::Finding, what, "is not part of this build", ""))
}

/// The database, its schema up to date.
pub(super) async fn store(_config: &Config) -> Result<Arc<dyn Store>, Failure> {
    not_yet("the database")
}

/// Brings the schema up to date.
pub(super) async fn migrate(_config: &Config) -> Result<Migrated, Failure> {
    not_yet("the database")
}

/// What opens an object of the vault by its key.
pub(super) async fn objects(_config: &Config) -> Result<impl Fn(String) -> BoxFuture<'static, Result<Pieces, Unreadable>> + Send + Sync + use<>, Failure> {
    not_yet::<()>("the object store")?;
    Ok(|_key: String| -> BoxFuture<'static, Result<Pieces, Unreadable>> { Box::pin(async { Err(Unreadable::Missing) }) })
}

/// Tracks tokens.
pub(super) async fn track(_config: &Config, _store: Arc<dyn Store>, _told: Vec<Told>) -> Result<Vec<Result<TrackVerdict, String>>, StoreError> {
    Err(StoreError::Unavailable("tracking is not part of this build".to_owned()))
}

/// Looks at database, object store, credentials and clock; without the network only at what needs none.
pub(super) async fn checks(_config: &Config, _offline: bool) -> Vec<Row> {
    Vec::new()
}

/// The daemon, until a signal.
pub(super) async fn run(_config: Config, _args: &Run) -> Result<Code, Failure> {
    not_yet("run")
}

/// Generates, submits, tracks.
pub(super) async fn issue(_config: &Config, _store: Arc<dyn Store>, _request: Request) -> Result<Issued, Failure> {
    not_yet("issue")
}

/// The simulated provider, until a signal; `simulate::tell` prints what it is known by.
pub(super) async fn simulate(_args: &Simulate, _screen: &mut Screen<'_>) -> Result<Code, Failure> {
    not_yet("simulate")
}

/// Simulator, daemon and a batch of tokens.
pub(super) async fn demo(_args: &Demo, _screen: &mut Screen<'_>) -> Result<Code, Failure> {
    not_yet("demo")
}
