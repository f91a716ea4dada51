//! Whether objects can be written: the alarm `vault_down` begins when they cannot, whichever they
//! are, and ends with the first that can.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Archive;
use crate::{
    domain::alarm::{Alarm, Kind},
    vault::VaultError,
};

/// Puts that fail in a row before a store that cannot be reached is worth an alarm; one that is
/// full or refuses access is at once.
const PATIENCE: u32 = 3;
/// The subject of the alarm.
const VAULT: &str = "objects";

/// Failed puts since the last one that went well.
#[derive(Debug)]
pub(super) struct Writes(AtomicU32);

impl Default for Writes {
    /// As if puts had failed: the first that goes well ends what an earlier process may have
    /// raised.
    fn default() -> Self {
        Self(AtomicU32::new(PATIENCE))
    }
}

/// Whether an object could not be written whichever it was.
#[must_use]
pub const fn is_of_the_store(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::Unavailable(_) | VaultError::Full(_) | VaultError::Denied(_)
    )
}

impl Archive {
    /// Takes note of how a put went, and hands its outcome on.
    pub(super) async fn wrote<T>(&self, put: Result<T, VaultError>) -> Result<T, VaultError> {
        match &put {
            Ok(_) => {
                if self.writes.0.swap(0, Ordering::Relaxed) >= PATIENCE {
                    self.alarms
                        .clear(&*self.store, Kind::VaultDown, VAULT, self.now())
                        .await;
                }
            }
            Err(error) if is_of_the_store(error) => {
                let is_lasting = !matches!(error, VaultError::Unavailable(_));
                let before = self
                    .writes
                    .0
                    .fetch_add(if is_lasting { PATIENCE } else { 1 }, Ordering::Relaxed);
                if (is_lasting || before.saturating_add(1) >= PATIENCE)
                    && !self.alarms.stands(Kind::VaultDown, VAULT)
                {
                    // Whatever the count was, the next put that goes well ends it.
                    self.writes.0.fetch_max(PATIENCE, Ordering::Relaxed);
                    let alarm = Alarm {
                        kind: Kind::VaultDown,
                        subject: VAULT.to_owned(),
                        text: error.to_string(),
                    };
                    self.alarms.raise(&*self.store, &alarm, self.now()).await;
                }
            }
            Err(_) => {}
        }
        put
    }
}
