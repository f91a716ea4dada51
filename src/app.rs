//! Composition root: the only module that knows every part.
//!
//! [`open`] puts store, vault, provider clients and stages together for a command; [`run`] turns
//! them into the daemon: drivers, housekeeping, the HTTP server, systemd's watchdog, and an orderly
//! end.

mod build;
mod capacity;
mod daemon;
pub(crate) mod demo;
mod drivers;
pub(crate) mod guard;
mod housekeeping;
pub mod installation;
pub(crate) mod notices;
pub mod orphans;
mod quota;
mod ready;
pub mod reindex;
mod servers;
mod supervise;
mod turns;
pub mod verify;
mod watch;

#[cfg(test)]
mod alarms_tests;

pub use build::{Services, open};
pub(crate) use build::{client, follow, vault};
pub use daemon::{RunOptions, run};

use crate::{
    domain::{answer::ProviderError, installation::Foreign, message::NotSent},
    store::StoreError,
    vault::VaultError,
};

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
    /// A channel by which people are told cannot be made ready.
    #[error(transparent)]
    Channel(#[from] NotSent),
    /// The way to the provider cannot be built.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}
