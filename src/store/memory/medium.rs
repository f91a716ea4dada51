//! A medium as the model holds it.

use crate::domain::{
    id::MediaId,
    media::{MediaRow, MediaState, Slot, StoredMedia},
};

/// A slot in the order of its names.
pub(super) type SlotKey = (i64, &'static str, i64, &'static str);

/// A medium.
#[derive(Clone)]
pub(super) struct Medium {
    pub row: MediaRow,
    pub stored: Option<StoredMedia>,
    pub lost_reason: Option<String>,
}

impl Medium {
    pub(super) fn wanted(media_id: MediaId, slot: Slot) -> Self {
        Self {
            row: MediaRow::wanted(media_id, slot),
            stored: None,
            lost_reason: None,
        }
    }

    /// Fills it with what is in the vault now; false when it was there before, and stays.
    pub(super) fn fill(&mut self, stored: StoredMedia) -> bool {
        if self.row.state == MediaState::Stored {
            return false;
        }
        self.row.media_id.clone_from(&stored.media_id);
        self.row.state = MediaState::Stored;
        self.row.object = Some(stored.object.clone());
        self.row.last_error = None;
        self.lost_reason = None;
        self.stored = Some(stored);
        true
    }
}

/// The key under which a slot's medium is kept.
pub(super) const fn key(slot: &Slot) -> SlotKey {
    (
        slot.attempt_no,
        slot.kind.name(),
        slot.position,
        slot.source.name(),
    )
}
