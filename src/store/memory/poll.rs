//! What a poll brought.

use std::collections::BTreeSet;

use super::{
    data::{Data, Kept, Scheduled},
    medium::{Medium, key},
};
use crate::{
    domain::{
        alarm::Kind,
        answer::AnswerRow,
        attempt::Attempt,
        digest::Sha256,
        id::MediaId,
        identity::IdentityRow,
        lease::{Lane, Stage},
        media::MediaState,
        plan::{Missing, Outcome},
        time::Time,
    },
    store::{
        Result,
        moves::DAEMON,
        records::{DownloadStart, FilledSlot, Moved, Next, PollRecord, Recorded, WantedMedia},
        reports::EventReport,
    },
};

impl Data {
    /// Writes all that a poll brought, and reschedules or settles its verification.
    pub(super) fn record_poll(&mut self, mut record: PollRecord) -> Result<Recorded> {
        let at = record.at;
        let mut kept = self.held(&record.lease)?;
        let woken = kept.complete(Stage::Poll, at, due(&record.next));
        let mut objects = brought(&record, woken);
        // One that was woken meanwhile does not end: what is new may change how, and is looked at at
        // once. What it wants is fetched first.
        let is_put_off = woken && matches!(record.next, Next::Settled { .. });
        let start = start(&mut record, woken, is_put_off);
        kept.add_attempts(record.attempts, at);
        kept.want(record.wanted);
        for filled in record.filled {
            kept.add_stored(filled);
        }
        if !is_put_off {
            kept.forget(&record.same);
        }
        kept.keep(record.answers);
        kept.sum_up(&record.calls);
        kept.progress = record.progress;
        kept.report.polls += 1;
        kept.report.last_error = record.last_error;
        kept.report.settled_at = None;
        kept.proof = None;
        let (mut is_settled, mut is_download_granted) = (false, false);
        match record.next {
            Next::Settled { outcome, missing } if !is_put_off => {
                kept.proof = record.proof;
                kept.settle(outcome, missing, at);
                is_settled = true;
            }
            Next::Settled { .. } => is_download_granted = kept.start(start, at),
            Next::Due { state, .. } => {
                kept.state = state;
                is_download_granted = kept.start(start, at);
            }
        }
        let is_moved = kept.give(record.moved, at);

        objects.extend(self.put(kept)?);
        self.use_quota(&record.calls);
        self.lessons.remember(record.lessons);
        let subject = record.lease.verification_id.to_string();
        if record.lease.claims > 1 {
            self.alarms.clear(Kind::Poison, &subject, at);
        }
        if is_moved {
            self.alarms.clear(Kind::WrongApp, &subject, at);
        }
        for alarm in &record.alarms {
            self.alarms.raise(alarm, at);
        }
        Ok(Recorded {
            is_settled,
            is_download_granted,
            unnamed: self.unnamed(objects),
        })
    }
}

/// The objects that came with it, of which a row may not know: of one that was not woken, the answers
/// are those that were not there.
fn brought(record: &PollRecord, woken: bool) -> BTreeSet<String> {
    let filled = record.filled.iter().map(|filled| &filled.stored.object);
    let answers = record.answers.iter().filter(|_| woken);
    let answers = answers.filter_map(|answer| answer.body.object());
    let objects = filled.chain(answers);
    objects.map(|object| object.object_key.clone()).collect()
}

/// The download that it starts. Where its end is put off, what it wants is fetched first. One that was
/// woken knows less of the media than there is to know, and is granted none.
fn start(record: &mut PollRecord, woken: bool, is_put_off: bool) -> Option<DownloadStart> {
    let put_off = DownloadStart {
        due_at: record.at,
        deadline: record.at,
        lease: None,
    };
    let start = record.download.take();
    let wants = is_put_off && !record.wanted.is_empty();
    let start = start.or_else(|| wants.then_some(put_off))?;
    Some(DownloadStart {
        lease: start.lease.filter(|_| !woken),
        ..start
    })
}

/// When it is due, what orders it, and in which lane, where it stays open.
fn due(next: &Next) -> Option<(Time, Time, Lane)> {
    match *next {
        Next::Due {
            due_at,
            deadline,
            lane,
            ..
        } => Some((due_at, deadline, lane)),
        Next::Settled { .. } => None,
    }
}

impl Kept {
    /// Attempts replace what was known of their number.
    fn add_attempts(&mut self, attempts: Vec<(Attempt, IdentityRow)>, at: Time) {
        let known = self.attempts.len();
        for (attempt, _) in &attempts {
            self.captured.entry(attempt.attempt_no).or_insert(at);
        }
        let numbered = attempts
            .into_iter()
            .map(|(attempt, identity)| (attempt.attempt_no, (attempt, identity)));
        self.attempts.extend(numbered);
        if self.attempts.len() > known {
            self.time_left(self.told.record_deadline, at);
        }
    }

    /// Adds media that are to be fetched; those known already stay as they are.
    fn want(&mut self, media: Vec<WantedMedia>) {
        for wanted in media {
            self.media
                .entry(key(&wanted.slot))
                .or_insert_with(|| Medium::wanted(wanted.media_id, wanted.slot));
        }
    }

    /// Adds a medium that is in the vault already; a slot that is filled stays as it is.
    fn add_stored(&mut self, filled: FilledSlot) {
        let FilledSlot { slot, stored } = filled;
        let (deadline, at) = (self.deadline_of(&slot), stored.captured_at);
        let medium = self
            .media
            .entry(key(&slot))
            .or_insert_with(|| Medium::wanted(stored.media_id, slot));
        if medium.fill(stored) {
            self.time_left(deadline, at);
        }
    }

    /// Deletes media whose bytes are there as another; of stored ones the last stays.
    pub(super) fn forget(&mut self, same: &[MediaId]) {
        let others = self.media.values().filter(|medium| {
            medium.row.state == MediaState::Stored && !same.contains(&medium.row.media_id)
        });
        let others: Vec<Sha256> = others.filter_map(|medium| medium.row.sha256()).collect();
        self.media.retain(|_, medium| {
            let is_there = |sha256: Sha256| others.contains(&sha256);
            let may_go =
                medium.row.state != MediaState::Stored || medium.row.sha256().is_some_and(is_there);
            !(same.contains(&medium.row.media_id) && may_go)
        });
    }

    /// Gives it to the app that it was seen to belong to, unless a person gave it to one meanwhile;
    /// false where it was not seen to.
    fn give(&mut self, moved: Option<Moved>, at: Time) -> bool {
        let Some(moved) = moved else { return false };
        let owner = &mut self.told.verification.app;
        if *owner != moved.from {
            return true;
        }
        self.events.push(EventReport {
            at,
            actor: DAEMON.to_owned(),
            what: "reassigned".to_owned(),
            detail: moved.detail(),
        });
        *owner = moved.to;
        self.told.media_deadline = moved.media_deadline;
        self.told.record_deadline = moved.record_deadline;
        true
    }

    /// Takes it out of the schedule; what is still wanted of it is lost.
    pub(super) fn settle(&mut self, outcome: Outcome, missing: Vec<Missing>, at: Time) {
        self.state = outcome.state();
        self.report.settled_at = Some(at);
        self.missing = missing;
        self.lose(at);
        self.schedule.clear();
        for medium in self.media.values_mut() {
            if medium.row.state != MediaState::Wanted {
                continue;
            }
            let last_error = medium.row.last_error.as_deref();
            medium.row.state = MediaState::Lost;
            medium.lost_reason = Some(format!(
                "the verification was settled as {} before it could be fetched{}",
                outcome.state().name(),
                last_error.map_or_else(String::new, |error| format!(": {error}"))
            ));
        }
    }

    /// Schedules the download. A lease that runs is kept, and its holder's row is due at once when
    /// it is done; otherwise the given one is granted. True when it was.
    fn start(&mut self, start: Option<DownloadStart>, at: Time) -> bool {
        let Some(start) = start else { return false };
        let granted_until = start.lease.as_ref().map(|(_, until)| *until);
        let is_given = start.lease.is_some();
        let Some(scheduled) = self.schedule.get_mut(&Stage::Download) else {
            let scheduled = Scheduled {
                claims: i64::from(start.lease.is_some()),
                due_at: granted_until.unwrap_or(start.due_at),
                deadline: start.deadline,
                lane: Lane::Living,
                lease: start.lease,
                woken: false,
            };
            self.schedule.insert(Stage::Download, scheduled);
            return is_given;
        };
        let runs = scheduled.is_leased_at(at);
        if !runs {
            scheduled.due_at = granted_until.unwrap_or(scheduled.due_at.min(start.due_at));
        }
        scheduled.deadline = scheduled.deadline.min(start.deadline);
        scheduled.woken = scheduled.lease.is_some() && (runs || start.lease.is_none());
        if !runs && start.lease.is_some() {
            scheduled.claims += 1;
            scheduled.lease = start.lease;
        }
        !runs && is_given
    }
}

impl Kept {
    /// Keeps answers, identical ones of an endpoint once.
    pub(super) fn keep(&mut self, answers: Vec<AnswerRow>) {
        for answer in answers {
            let same = |kept: &AnswerRow| {
                (kept.endpoint, kept.body.sha256()) == (answer.endpoint, answer.body.sha256())
            };
            if !self.answers.iter().any(same) {
                self.answers.push(answer);
            }
        }
        self.answers.sort_by(|one, other| {
            (one.fetched_at, &one.answer_id).cmp(&(other.fetched_at, &other.answer_id))
        });
    }
}
