//! Objects that no row names, as crashes leave them.

use futures::StreamExt as _;

use super::AppError;
use crate::{
    domain::{id::VerificationId, time::Time},
    store::Store,
    vault::{Lying, Vault},
};

/// So many keys are looked up at once.
const CHUNK: usize = 1000;

/// The key of an object, and whose it is.
#[must_use]
pub fn of(lying: &Lying) -> (VerificationId, String) {
    (lying.of, lying.key.to_string())
}

/// Calls for each object that was written before an instant, by the store's clock, and that no row
/// names. Rows are asked for after the listing: what was named meanwhile is none.
///
/// # Errors
/// Why database or vault could not be asked, or what the call returns.
pub async fn each<E: From<AppError>>(
    store: &dyn Store,
    vault: &Vault,
    before: Time,
    mut call: impl AsyncFnMut(Lying) -> Result<(), E>,
) -> Result<(), E> {
    let mut chunks = vault.written_before(before).chunks(CHUNK);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.into_iter().collect::<Result<Vec<Lying>, _>>();
        let chunk = chunk.map_err(AppError::from)?;
        let keys: Vec<_> = chunk.iter().map(of).collect();
        let named = store.named(&keys).await.map_err(AppError::from)?;
        for lying in chunk {
            if !named.contains(lying.key.as_str()) {
                call(lying).await?;
            }
        }
    }
    Ok(())
}
