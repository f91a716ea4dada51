//! Addresses that the configuration names, each read once: whoever holds one of these types need
//! not read its text again.

mod base;
mod database;
mod vault;

use std::{error::Error, fmt};

pub(crate) use self::vault::Bucket;
pub use self::{base::BaseUrl, database::DatabaseUrl, vault::VaultUrl};
pub use url::Origin;

/// What is wrong with something that was written, and the way out; never what was written, which
/// may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong, as `is no URL`.
    pub reason: &'static str,
    /// The way out.
    pub todo: &'static str,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason, self.todo)
    }
}

impl Error for Wrong {}
