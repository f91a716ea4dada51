//! What a download leaves behind: what came, and when it goes on.

use super::{DownloadDraft, MediaFetcher};
use crate::{
    archive::{App, StepError, duplicates::duplicates},
    domain::{
        id::MediaId,
        media::MediaRow,
        plan::{self, Outcome, PlanInput, Step},
        random,
        time::Time,
        token::State,
    },
    store::records::DownloadRecord,
};

impl MediaFetcher {
    /// An object cannot be written: what came so far stands, and the rest is due at once, for whoever
    /// finds the store usable first.
    pub(super) async fn broken_off(
        &self,
        app: &App,
        wanted: &[MediaRow],
        draft: DownloadDraft,
    ) -> Result<(), StepError> {
        let (now, issued_at) = (self.clock.now(), draft.verification.issued_at);
        let is_here = |row: &&MediaRow| {
            let mut stored = draft.record.stored.iter();
            stored.any(|stored| stored.media_id == row.media_id)
                || draft.record.same.contains(&row.media_id)
        };
        let rest = wanted.iter().filter(|row| !is_here(row));
        let rest = rest.map(|row| app.policy.deadline_of(row.slot.kind, issued_at));
        let again = Some((now, rest.min().unwrap_or(now)));
        self.record(draft, again, None).await
    }

    /// Plans the rest and writes everything.
    pub(super) async fn finish(
        &self,
        app: &App,
        wanted: &[MediaRow],
        mut draft: DownloadDraft,
    ) -> Result<(), StepError> {
        let now = self.clock.now();
        let issued_at = draft.verification.issued_at;
        let put_off = draft.put_off.iter().map(|row| {
            let soon = random::jitter(app.policy.first_poll().part(6));
            let deadline = app.policy.deadline_of(row.slot.kind, issued_at);
            (now.plus(soon), deadline)
        });
        let failed = draft.record.failed.iter();
        let again = failed
            .filter_map(|failed| wanted.iter().find(|row| row.media_id == failed.media_id))
            .map(|row| again(app, row, issued_at, now))
            .chain(put_off)
            .reduce(|one, other| (one.0.min(other.0), one.1.min(other.1)));
        let archives = (again.is_none())
            .then(|| self.archives(app, &draft, now))
            .flatten();
        let (archives, twice) = archives.unzip();
        draft.record.same.extend(twice.unwrap_or_default());
        self.record(draft, again, archives).await
    }

    /// Writes what was gathered.
    async fn record(
        &self,
        draft: DownloadDraft,
        again: Option<(Time, Time)>,
        archives: Option<i64>,
    ) -> Result<(), StepError> {
        let record = DownloadRecord {
            at: self.clock.now(),
            answers: draft.log.answers,
            calls: draft.log.calls,
            again,
            archives,
            ..draft.record
        };
        let written = self.queue.record_download(record);
        let recorded = draft.headway.write(written).await?;
        if recorded.is_settled {
            self.watcher.settled(State::Archived.name());
        }
        self.keeper.drop_objects(&recorded.unnamed).await;
        Ok(())
    }

    /// Whether the verification is whole with what this download brought, as far as so many polls
    /// know, and what is there twice then. Anything else than a whole archive is a poll's to decide.
    fn archives(&self, app: &App, draft: &DownloadDraft, now: Time) -> Option<(i64, Vec<MediaId>)> {
        let (polls, progress) = &draft.known;
        let is_same = |row: &&MediaRow| draft.record.same.contains(&row.media_id);
        let media: Vec<MediaRow> = draft
            .media
            .iter()
            .filter(|row| !is_same(row))
            .cloned()
            .collect();
        let learned = self.lessons.learned(app, &draft.verification);
        let known = PlanInput {
            verification: &draft.verification,
            progress,
            media: &media,
            learned: &learned,
            has_siblings: self.apps.siblings(app).next().is_some(),
            policy: &app.policy,
        };
        let step = plan::plan(known, now.minus(draft.log.behind));
        let is_whole = matches!(
            step,
            Step::Settle(Outcome::Archived, missing) if missing.is_empty()
        );
        is_whole.then(|| (*polls, duplicates(&media)))
    }
}

/// When a medium that could not be fetched is tried again, and by when it should be here.
fn again(app: &App, row: &MediaRow, issued_at: Time, now: Time) -> (Time, Time) {
    let deadline = app.policy.deadline_of(row.slot.kind, issued_at);
    let left = if deadline > now {
        deadline.since(now)
    } else {
        // The longer it is past, the less a try is worth.
        now.since(deadline).max(app.policy.verify_window)
    };
    let fails = u32::try_from(row.tries).unwrap_or(u32::MAX);
    let wait = random::jitter(plan::backoff(&app.policy, fails, left));
    (now.plus(wait), deadline)
}
