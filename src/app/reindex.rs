//! The exchange of the index key: every row gets the index of its ID number anew, from the verbatim
//! answers, so that the key of before is not needed.
//!
//! The database knows the new key first. From then on a look-up with the key of before is refused,
//! and one with the new key says how much it passed over, until all rows are done. Each
//! verification is a transaction of its own, so that whoever is cut off goes on where it ended.

use std::collections::BTreeMap;

use super::AppError;
use crate::{
    domain::{
        answer::Endpoint,
        id::VerificationId,
        identity::{Columns, IdentityRow, IndexKey, Reindexed},
        time::Time,
    },
    provider::parse,
    store::{
        Store,
        reports::{AnswerReport, Whole},
    },
    vault::{ObjectKey, Vault, VaultError},
};

/// Verifications that are asked for at once.
const BATCH: i64 = 200;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Verifications looked at.
    pub verifications: u64,
    /// Attempts and submissions whose index is still of another key: no answer that is kept has
    /// their number, or a daemon wrote them meanwhile with the key of before.
    pub left: i64,
}

/// Has the database know the key, and indexes with it whatever another key indexed, or none.
///
/// # Errors
/// Why database or vault could not be asked; what was done stays done.
pub async fn reindex(
    store: &dyn Store,
    vault: &Vault,
    key: &IndexKey,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Done, AppError> {
    let key_id = key.id();
    store.exchange_index_key(&key_id).await?;
    let (mut verifications, mut after) = (0, VerificationId::least(Time(0)));
    loop {
        let batch = store.indexed_otherwise_after(&key_id, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = *last;
        for verification_id in batch {
            if let Some(whole) = store.show(&verification_id.to_string()).await? {
                let rows = rows(&whole, vault, key).await?;
                store.reindex(verification_id, &key_id, rows).await?;
            }
            verifications += 1;
            progress(verifications);
        }
    }
    let left = store.indexed_otherwise(&key_id).await?;
    Ok(Done {
        verifications,
        left,
    })
}

/// The new indexes of a verification, as far as its numbers are known.
async fn rows(whole: &Whole, vault: &Vault, key: &IndexKey) -> Result<Vec<Reindexed>, AppError> {
    let mut indexes = BTreeMap::new();
    for row in &whole.answers {
        if row.endpoint != Endpoint::Getall.name() {
            continue;
        }
        let Some(found) = body(row, vault)
            .await?
            .and_then(|body| parse::getall(&body).ok())
        else {
            continue;
        };
        // The answers come by time: what a later one says of an attempt stands.
        for attempt in found.attempts {
            let row = IdentityRow::of(&attempt, Columns::Masked, Some(key));
            if let Some(index) = row.id_number_index {
                indexes.insert(attempt.attempt_no, index);
            }
        }
    }
    let of_attempts = whole.attempt_rows.iter().filter_map(|row| {
        let plain = row.id_number.as_deref().map(|number| key.id_number(number));
        Some(Reindexed {
            attempt_no: Some(row.attempt_no),
            before: row.id_number_index.clone(),
            index: indexes.remove(&row.attempt_no).or(plain)?,
        })
    });
    let mut rows: Vec<Reindexed> = of_attempts.collect();
    if let Some(submitted) = &whole.submitted
        && let Some(number) = &submitted.id_number
    {
        rows.push(Reindexed {
            attempt_no: None,
            before: submitted.id_number_index.clone(),
            index: key.id_number(number),
        });
    }
    Ok(rows)
}

/// None where it is gone or damaged: another answer may have the number.
async fn body(row: &AnswerReport, vault: &Vault) -> Result<Option<Vec<u8>>, AppError> {
    if let Some(packed) = &row.packed {
        return Ok(packed.open().ok());
    }
    let Some(key) = &row.object_key else {
        return Ok(None);
    };
    match vault.get(&ObjectKey::parse(key)?).await {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(VaultError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
