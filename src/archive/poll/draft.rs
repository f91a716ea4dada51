//! What a poll gathers until it is written.

use super::Handover;
use crate::{
    archive::{App, call_log::CallLog, download::Here, headway::Put},
    domain::{
        id::MediaId,
        lease::{Lease, Stage},
        lessons::Learned,
        media::{Listed, MediaRow, MediaState, Slot, Source},
        plan::{self, PlanInput},
        policy::Policy,
        random,
        secret::Secret,
        time::{Span, Time},
        token::{State, Verification},
    },
    store::records::{
        DownloadStart, DownloadWork, FilledSlot, Next, PollRecord, PollWork, WantedMedia,
    },
};

/// All that a poll has gathered so far.
#[derive(Debug)]
pub(super) struct PollDraft {
    pub(super) verification: Verification,
    /// Polls recorded of it before.
    polls: i64,
    /// What will be written.
    pub(super) record: PollRecord,
    /// The verification's media, those that this step wants included.
    pub(super) media: Vec<MediaRow>,
    pub(super) log: CallLog,
    /// Fresh URLs, in memory only.
    urls: Vec<(Slot, Secret)>,
}

impl PollDraft {
    /// Begins with what is known.
    pub(super) fn begin(work: PollWork, at: Time, put: Put) -> Self {
        let PollWork {
            lease,
            verification,
            polls,
            progress,
            media,
            answers,
        } = work;
        Self {
            verification,
            polls,
            record: PollRecord {
                is_first: polls == 0,
                ..PollRecord::begin(lease, progress, at)
            },
            media,
            log: CallLog::beside(answers, put),
            urls: Vec::new(),
        }
    }

    /// All that the plan decides from.
    pub(super) fn known<'a>(
        &'a self,
        app: &'a App,
        learned: &'a Learned,
        has_siblings: bool,
    ) -> PlanInput<'a> {
        PlanInput {
            verification: &self.verification,
            progress: &self.record.progress,
            media: &self.media,
            learned,
            has_siblings,
            policy: &app.policy,
        }
    }

    /// Names the answer that closed the token's window, which came just now, and the code it came
    /// with: a verdict may rest on it.
    pub(super) fn name_closing(&mut self) {
        if let (Some(closing), Some(call)) =
            (&mut self.record.progress.closing, self.log.calls.last())
            && closing.answer.is_none()
        {
            closing.answer = call.sha256;
            closing.code.clone_from(&call.code);
        }
    }

    /// That it goes on at `due_at` of the provider's time.
    pub(super) fn due(&self, policy: &Policy, due_at: Time, deadline: Time) -> Next {
        let is_seen = !self.record.progress.attempts.is_empty();
        Next::Due {
            due_at: due_at.plus(self.log.behind),
            deadline,
            state: self.open_state(),
            lane: plan::lane(is_seen, self.verification.issued_at, policy, due_at),
        }
    }

    /// The state while it is open.
    pub(super) fn open_state(&self) -> State {
        if self.record.progress.attempts.is_empty() {
            State::Waiting
        } else {
            State::Collecting
        }
    }

    /// Wants the media that an answer listed, by attempt, that are not known yet, and keeps the
    /// fresh URLs.
    pub(super) fn listed(
        &mut self,
        source: Source,
        of_attempts: Vec<(i64, Vec<Listed>)>,
        now: Time,
    ) {
        self.urls.retain(|(slot, _)| slot.source != source);
        for (attempt_no, listed) in of_attempts {
            for one in listed {
                let slot = one.slot(attempt_no, source);
                if !self.media.iter().any(|row| row.slot == slot) {
                    let media_id = MediaId::fresh(now);
                    let row = MediaRow::wanted(media_id, slot.clone());
                    self.media.push(row);
                    let slot = slot.clone();
                    self.record.wanted.push(WantedMedia { media_id, slot });
                }
                self.urls.push((slot, one.url));
            }
        }
    }

    /// Media that are still to be fetched, the urgent ones first.
    pub(super) fn wanted(&self) -> Vec<MediaRow> {
        let wanted = self.media.iter();
        let wanted = wanted.filter(|row| row.state == MediaState::Wanted);
        let mut wanted: Vec<MediaRow> = wanted.cloned().collect();
        wanted.sort_by_key(|row| !row.slot.kind.has_short_life());
        wanted
    }

    /// The fresh URL of one of them.
    pub(super) fn url(&self, slot: &Slot) -> Option<Secret> {
        let mut urls = self.urls.iter();
        let (_, url) = urls.find(|(known, _)| known == slot)?;
        Some(url.clone())
    }

    /// Notes what one of them came to.
    pub(super) fn have(&mut self, row: &MediaRow, here: Here) {
        let stored = match here {
            Here::Stored(stored) => stored,
            Here::Taken(stored, of) => {
                // One that a row knows is forgotten at the end, as what is there twice.
                self.forget(of);
                stored
            }
            Here::Same => return self.forget(row.media_id),
        };
        self.record
            .wanted
            .retain(|wanted| wanted.media_id != row.media_id);
        let known = self.media.iter_mut();
        for known in known.filter(|known| known.media_id == row.media_id) {
            known.state = MediaState::Stored;
            known.object = Some(stored.object.clone());
        }
        let slot = row.slot.clone();
        self.record.filled.push(FilledSlot { slot, stored });
    }

    /// One that only this poll knows gets no row.
    fn forget(&mut self, media_id: MediaId) {
        let (wanted, filled) = (&mut self.record.wanted, &mut self.record.filled);
        let before = wanted.len() + filled.len();
        wanted.retain(|wanted| wanted.media_id != media_id);
        filled.retain(|filled| filled.stored.media_id != media_id);
        if wanted.len() + filled.len() < before {
            self.media.retain(|known| known.media_id != media_id);
        }
    }

    /// Schedules the download of media that were not known before; with `lease` it is granted to
    /// this process for so long.
    pub(super) fn schedule_download(&mut self, app: &App, now: Time, lease: Option<Span>) {
        if self.record.wanted.is_empty() {
            return;
        }
        let wanted = self
            .media
            .iter()
            .filter(|row| row.state == MediaState::Wanted);
        let deadline = wanted
            .map(|row| {
                app.policy
                    .deadline_of(row.slot.kind, self.verification.issued_at)
            })
            .min()
            .unwrap_or(now);
        self.record.download = Some(DownloadStart {
            due_at: now,
            deadline,
            lease: lease.map(|span| (random::fresh_id(now).to_string(), now.plus(span))),
        });
    }

    /// The download that is granted to this process, with the URLs while they are fresh.
    pub(super) fn hand_over(&mut self) -> Option<Handover> {
        let (token, until) = self.record.download.as_ref()?.lease.clone()?;
        let lease = Lease {
            verification_id: self.verification.verification_id,
            stage: Stage::Download,
            token,
            until,
            claims: 1,
        };
        Some(Handover {
            work: DownloadWork {
                lease,
                verification: self.verification.clone(),
                polls: self.polls + 1,
                progress: self.record.progress.clone(),
                media: self.media.clone(),
                answers: self.log.kept().to_vec(),
            },
            urls: std::mem::take(&mut self.urls),
        })
    }

    /// The record with all that the calls brought.
    pub(super) fn finish(self, at: Time) -> PollRecord {
        PollRecord {
            at,
            answers: self.log.answers,
            calls: self.log.calls,
            ..self.record
        }
    }
}
