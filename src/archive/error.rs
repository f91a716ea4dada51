//! Why a step could not be finished.

use crate::{store::StoreError, vault::VaultError};

/// Why a step could not be finished. The lease runs out or is given back, and the work is done
/// again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Objects cannot be written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Rows cannot be written, or the lease was lost.
    #[error(transparent)]
    Store(#[from] StoreError),
}
