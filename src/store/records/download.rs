//! What a download brought.

use super::CallRow;
use crate::domain::{
    alarm::Alarm, answer::AnswerRow, digest::Sha256, id::MediaId, lease::Lease, loss::Cause,
    media::StoredMedia, time::Time,
};

/// A medium that could not be fetched this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedMedia {
    /// The row.
    pub media_id: MediaId,
    /// Why, without URL or person.
    pub why: String,
    /// The cause that stands after this try.
    pub cause: Cause,
    /// Of what came in its place, when that is kept as an answer of `download`.
    pub refused_sha256: Option<Sha256>,
}

/// All that a download brought.
#[derive(Clone, Debug)]
pub struct DownloadRecord {
    /// The right to write it.
    pub lease: Lease,
    /// When.
    pub at: Time,
    /// Media that are in the vault now.
    pub stored: Vec<StoredMedia>,
    /// Rows to delete, since the same bytes are there as another medium of the verification; the last
    /// that is stored of them stays.
    pub same: Vec<MediaId>,
    /// Media that failed this time, and are tried again until their end.
    pub failed: Vec<FailedMedia>,
    /// Answers of re-queries, to keep.
    pub answers: Vec<AnswerRow>,
    /// Calls made.
    pub calls: Vec<CallRow>,
    /// When to go on with what is still wanted, and what orders it; none removes the row and makes
    /// the verification's poll due now.
    pub again: Option<(Time, Time)>,
    /// That the verification is whole with it, as far as so many recorded polls know. It is settled
    /// as archived, unless another poll was recorded or runs, something happened to it meanwhile, or
    /// a medium is still wanted; else its poll is due.
    pub archives: Option<i64>,
    /// Raised in the same transaction.
    pub alarms: Vec<Alarm>,
}

impl DownloadRecord {
    /// A record that brings nothing yet and ends the download.
    #[must_use]
    pub fn begin(lease: Lease, at: Time) -> Self {
        Self {
            lease,
            at,
            stored: Vec::new(),
            same: Vec::new(),
            failed: Vec::new(),
            answers: Vec::new(),
            calls: Vec::new(),
            again: None,
            archives: None,
            alarms: Vec::new(),
        }
    }

    /// Whether it changes anything that a step decides by, but when it goes on.
    #[must_use]
    pub(crate) fn brings(&self) -> bool {
        !(self.stored.is_empty() && self.same.is_empty() && self.answers.is_empty())
    }
}
