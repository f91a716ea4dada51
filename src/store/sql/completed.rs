//! Polls and downloads whose lease held, as they are written.

use crate::{
    domain::{
        alarm::Alarm,
        id::VerificationId,
        plan::{Missing, Outcome},
        time::Time,
    },
    store::records::{DownloadRecord, DownloadStart, Moved, Next, PollRecord},
};

/// A record whose lease held.
pub(super) struct Completed<'r> {
    /// It.
    pub record: &'r PollRecord,
    /// Whether something was recorded of the verification that this poll did not know of.
    pub woken: bool,
    /// Whether the download that it starts was granted to it.
    pub granted: bool,
}

impl<'r> Completed<'r> {
    /// How the verification ends with it. One that was woken meanwhile does not end: what is new
    /// may change how, and is looked at at once.
    pub(super) fn settlement(&self) -> Option<(Outcome, &'r [Missing])> {
        match &self.record.next {
            Next::Settled { outcome, missing } if !self.woken => Some((*outcome, missing)),
            _ => None,
        }
    }

    /// What it raises.
    pub(super) fn alarms(&self) -> impl Iterator<Item = (&'r Alarm, Time)> + use<'r> {
        let at = self.record.at;
        self.record.alarms.iter().map(move |alarm| (alarm, at))
    }

    /// The app it goes to, and when.
    pub(super) fn moved(&self) -> Option<(&'r Moved, Time)> {
        let moved = self.record.moved.as_ref()?;
        Some((moved, self.record.at))
    }

    /// The download it schedules. Where its end is put off, what it wants is fetched first. One that
    /// was woken knows less of the media than there is to know, and is granted none.
    pub(super) fn start(&self) -> Option<DownloadStart> {
        let put_off = || DownloadStart {
            due_at: self.record.at,
            deadline: self.record.at,
            lease: None,
        };
        let start = self.record.download.clone();
        let start = start
            .or_else(|| (self.is_put_off() && !self.record.wanted.is_empty()).then(put_off))?;
        Some(DownloadStart {
            lease: start.lease.filter(|_| !self.woken),
            ..start
        })
    }

    /// Whether it would settle, had it not been woken.
    pub(super) fn is_put_off(&self) -> bool {
        self.woken && matches!(self.record.next, Next::Settled { .. })
    }

    /// Whether the verification ends with it.
    pub(super) fn is_settled(&self) -> bool {
        self.settlement().is_some()
    }

    /// Whose.
    pub(super) fn id(&self) -> VerificationId {
        self.record.lease.verification_id
    }
}

/// A download whose lease held.
pub(super) struct Downloaded<'r> {
    /// It.
    pub record: &'r DownloadRecord,
    /// Whether the verification is settled with it.
    pub is_settled: bool,
}
