//! Configuration: its shape, loading it, and checking it whole.
//!
//! [`load()`] gives either a [`Config`] in which everything is typed, filled in and absolute, or
//! everything that is wrong at once, each with its path, its line or environment variable, the
//! reason and the way out. No finding ever holds a secret. Nothing here reaches a network or writes
//! a file.
//!
//! The walk: [`load()`] finds the file → `tree` parses it with places → `env` lays the environment
//! over it → `read` and `apps` turn sections into the `shape`, through the accessors of `section`,
//! against the one table of `keys`.

mod addresses;
mod alarms;
mod apps;
mod auth;
mod chinese;
mod database;
mod env;
mod finding;
mod http;
mod keys;
mod load;
mod mail;
mod notify;
mod options;
mod paths;
mod proxy;
mod read;
mod secrets;
mod section;
mod shape;
mod tree;

use crate::domain::language::Words;
pub use finding::{Finding, Level};
pub(crate) use keys::suggestion;
pub(crate) use load::data_dir_in;
pub use load::{Loaded, Look, Source, load, look};
pub(crate) use read::index_key_in;
pub(crate) use secrets::secret_file;
pub use shape::{
    App, Auth, Config, CreateOnly, Database, Http, Identity, Limits, Schedule, Sealing, Vault,
};

/// The commented configuration that `init` writes, in either language; what it says and what the
/// code takes for granted are the same.
pub const COMMENTED: Words = Words::new(
    include_str!("../../config/verikeep.toml"),
    include_str!("../../config/verikeep.zh-CN.toml"),
);

/// The name of the key file of the identity index, beside the configuration; in the data directory
/// where an earlier version put it.
pub(crate) const INDEX_KEY_FILE: &str = shape::defaults::INDEX_KEY_FILE;
