//! The edge to objects: a folder or a bucket that keeps every medium and every large answer verbatim.
//!
//! Promised: what [`Vault::put`] or [`Vault::ingest`] has acknowledged is durable (on local files:
//! synced, the folder entry too) and reads back byte for byte; an object appears under its key
//! whole or not at all; memory stays bounded however large a medium is; keys come from identifiers
//! alone; no error text shows a credential, a URL or a person.
//!
//! Not promised: that an existing object is never replaced. Single puts are create-only where the
//! store can (see [`CreateOnly`]), multipart uploads are not anywhere. Keys are therefore never
//! used twice.

mod blocks;
mod budget;
mod digest;
mod error;
mod ingest;
mod key;
mod lying;
mod open;
mod probe;
mod put;
mod read;
mod seal;
mod sentinel;
#[cfg(test)]
mod switched;
mod upload;

use std::{fmt, path::PathBuf, sync::Arc};

use object_store::{DynObjectStore, memory::InMemory};
use tokio::sync::OnceCell;

#[cfg(test)]
pub(crate) use self::switched::Switch;
use self::{
    blocks::Shelf,
    budget::{Budget, Parts},
    seal::Seal,
};
pub use self::{
    digest::Digested,
    error::{IngestError, VaultError},
    ingest::Ingested,
    key::ObjectKey,
    lying::Lying,
    probe::{CreateOnlyFound, ProbeReport},
    read::Opened,
};

/// Shorthand of this module.
pub type Result<T> = std::result::Result<T, VaultError>;

/// How many bytes all concurrent ingests may hold in memory, unless told otherwise.
pub const INGEST_BYTES_IN_FLIGHT_MAX: usize = 64 << 20;

/// Whether a put may rely on the store refusing a key that exists (`vault.create_only` of the
/// config).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CreateOnly {
    /// Try it out once, at [`Vault::probe`] or at the first put.
    #[default]
    Probe,
    /// Always; a store that cannot do it fails every put.
    On,
    /// Never; a second put to a key replaces the first.
    Off,
}

/// A folder or a bucket of objects.
pub struct Vault {
    store: Arc<DynObjectStore>,
    /// What people may see of where it is: scheme and place, without user, options or query.
    place: String,
    /// The folder, when objects are local files.
    root: Option<PathBuf>,
    wish: CreateOnly,
    create_only: OnceCell<bool>,
    budget: Budget,
    shelf: Arc<Shelf>,
    seal: Seal,
}

impl Vault {
    /// A vault in memory, for tests and simulations: everything is gone with it.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::over(
            Arc::new(InMemory::new()),
            "memory".to_owned(),
            None,
            CreateOnly::On,
        )
    }

    /// Bounds what all concurrent ingests may hold in memory; [`INGEST_BYTES_IN_FLIGHT_MAX`] unless
    /// set. Below 16 MiB ingests of large media into a bucket wait for one another.
    #[must_use]
    pub fn with_ingest_bytes_in_flight_max(mut self, bytes_max: usize) -> Self {
        self.budget = Budget::new(self.budget.parts(), bytes_max);
        self
    }

    fn over(
        store: Arc<DynObjectStore>,
        place: String,
        root: Option<PathBuf>,
        wish: CreateOnly,
    ) -> Self {
        let create_only = match wish {
            CreateOnly::Probe => OnceCell::new(),
            CreateOnly::On => OnceCell::new_with(Some(true)),
            CreateOnly::Off => OnceCell::new_with(Some(false)),
        };
        let parts = if root.is_some() {
            Parts::Small
        } else {
            Parts::Large
        };
        Self {
            store,
            place,
            root,
            wish,
            create_only,
            budget: Budget::new(parts, INGEST_BYTES_IN_FLIGHT_MAX),
            shelf: Arc::default(),
            seal: Seal::Off,
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("place", &self.place)
            .field("create_only", &self.wish)
            .finish_non_exhaustive()
    }
}

/// Where it is, as far as people may see it: `file:///var/lib/verikeep/objects`,
/// `s3://bucket/prefix`.
impl fmt::Display for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}
