//! An image that is handed in to compare with.

use crate::domain::{id::MediaId, loss::Reason, media::StoredMedia};

/// What became of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchImage {
    /// It is in the vault.
    Stored(StoredMedia),
    /// It could not be stored, and is nowhere else.
    Lost {
        /// Its row.
        media_id: MediaId,
        /// What stood in the way, and when.
        reason: Reason,
        /// In words.
        why: String,
    },
}
