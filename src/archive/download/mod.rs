//! The download stage: every wanted medium of one verification, checked and put into the vault.

mod at_once;
mod medium;
mod record;
mod slow;
mod urls;

use std::sync::{Arc, atomic::Ordering};

pub(super) use self::{
    at_once::AtOnce,
    medium::{Here, Request},
    slow::SlowLane,
};
use self::{
    medium::Fetched,
    urls::{NoUrl, Urls},
};
use super::{
    Alarms, App, Apps, Asker, Headway, Keeper, LessonBook, StepError, Watcher, call_log::CallLog,
};
use crate::{
    domain::{
        alarm::{self, Alarm},
        loss::Cause,
        media::{MediaRow, MediaState, Slot, StoredMedia},
        progress::Progress,
        secret::Secret,
        time::{Clock, Span, Time},
        token::Verification,
    },
    provider::DownloadError,
    store::{
        Queue,
        records::{DownloadRecord, DownloadWork, FailedMedia},
    },
};

/// From the third failed check of a medium on an alarm says so: it is no accident.
const CHECKS_FAILED_ALARM: i64 = 3;

/// Downloads.
pub struct MediaFetcher {
    pub(super) queue: Arc<dyn Queue>,
    pub(super) asker: Arc<Asker>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) apps: Arc<Apps>,
    pub(super) lessons: Arc<LessonBook>,
    pub(super) alarms: Arc<Alarms>,
    pub(super) watcher: Arc<dyn Watcher>,
    pub(super) slow: SlowLane,
}

/// All that a download has gathered so far.
struct DownloadDraft {
    verification: Verification,
    /// Polls recorded of it, and what is known with them.
    known: (i64, Progress),
    /// What will be written.
    record: DownloadRecord,
    /// The verification's media, the urgent ones first, with those fetched in this step.
    media: Vec<MediaRow>,
    /// Those that wait for a place among the slow ones.
    put_off: Vec<MediaRow>,
    log: CallLog,
    headway: Headway,
}

impl DownloadDraft {
    fn begin(work: DownloadWork, at: Time, headway: Headway) -> Self {
        let mut media = work.media;
        media.sort_by_key(|row| (!row.slot.kind.has_short_life(), row.slot.clone()));
        Self {
            verification: work.verification,
            known: (work.polls, work.progress),
            record: DownloadRecord::begin(work.lease, at),
            media,
            put_off: Vec::new(),
            log: CallLog::beside(work.answers, headway.put.clone()),
            headway,
        }
    }

    /// Notes a try that failed; the cause that stands is that of the tries so far.
    fn failed(&mut self, row: &MediaRow, why: NoUrl) {
        self.record.failed.push(FailedMedia {
            media_id: row.media_id,
            why: why.text,
            cause: why.cause.after(row.fails.map(|fails| fails.cause)),
            refused_sha256: None,
        });
    }
}

impl MediaFetcher {
    /// Works on a claimed download; `urls` are the fresh ones of the poll that told of the media,
    /// if this process made it.
    ///
    /// # Errors
    /// [`StepError`]; nothing was recorded then.
    pub async fn download(
        &self,
        work: DownloadWork,
        urls: Vec<(Slot, Secret)>,
        headway: Headway,
    ) -> Result<(), StepError> {
        let now = self.clock.now();
        let Some(app) = self.apps.get(&work.verification.app).cloned() else {
            let later = now.plus(Span::minutes(5));
            let record = DownloadRecord {
                again: Some((later, later)),
                ..DownloadRecord::begin(work.lease, now)
            };
            headway.write(self.queue.record_download(record)).await?;
            return Ok(());
        };
        let mut draft = DownloadDraft::begin(work, now, headway);
        let mut urls = Urls::new(urls);
        let wanted: Vec<MediaRow> = draft
            .media
            .iter()
            .filter(|row| row.state == MediaState::Wanted)
            .cloned()
            .collect();
        for row in &wanted {
            let is_slow = slow::is_slow(row);
            let place = is_slow.then(|| self.slow.enter(&app.name));
            if matches!(place, Some(None)) {
                draft.put_off.push(row.clone());
                continue;
            }
            match self.fetch_listed(&app, row, &mut urls, &mut draft).await {
                Ok(Some(fetched)) => self.note(&app, row, fetched, &mut draft).await,
                Ok(None) => draft.failed(row, urls.why(row.slot.source)),
                Err(StepError::Vault(error)) if draft.record.brings() => {
                    self.broken_off(&app, &wanted, draft).await?;
                    return Err(error.into());
                }
                Err(error) => return Err(error),
            }
            draft.headway.arrived.fetch_add(1, Ordering::Relaxed);
        }
        self.finish(&app, &wanted, draft).await
    }

    /// Fetches one medium by the URL at hand; where there is none, or it has run out, the provider
    /// is asked once for fresh ones. None when it lists none.
    async fn fetch_listed(
        &self,
        app: &App,
        row: &MediaRow,
        urls: &mut Urls,
        draft: &mut DownloadDraft,
    ) -> Result<Option<Fetched>, StepError> {
        if !urls.has(&row.slot) {
            self.refresh(app, &row.slot, urls, draft).await?;
        }
        let Some(url) = urls.take(&row.slot) else {
            return Ok(None);
        };
        let fetched = self.fetch_medium(app, row, &url, draft).await?;
        let is_stale = matches!(
            fetched,
            Fetched::Failed(DownloadError::Expired(_) | DownloadError::Gone)
        );
        if is_stale
            && self.refresh(app, &row.slot, urls, draft).await?
            && let Some(url) = urls.take(&row.slot)
        {
            return Ok(Some(self.fetch_medium(app, row, &url, draft).await?));
        }
        Ok(Some(fetched))
    }

    /// Writes down what one medium came to.
    async fn note(&self, app: &App, row: &MediaRow, fetched: Fetched, draft: &mut DownloadDraft) {
        let (error, refused_sha256) = match fetched {
            Fetched::Here(Here::Stored(stored)) => {
                return self.note_stored(app, row, stored, draft).await;
            }
            Fetched::Here(Here::Taken(stored, of)) => {
                draft.record.same.push(of);
                draft.media.retain(|other| other.media_id != of);
                return self.note_stored(app, row, stored, draft).await;
            }
            Fetched::Here(Here::Same) => return draft.record.same.push(row.media_id),
            Fetched::Refused(error, sha256) => (error, Some(sha256)),
            Fetched::Failed(error) => (error, None),
        };
        let (label, cause) = met(&error);
        self.watcher.download_failed(label);
        self.tell(app, row, &error, draft).await;
        let text = error.to_string();
        draft.failed(row, NoUrl { cause, text });
        if let Some(failed) = draft.record.failed.last_mut() {
            failed.refused_sha256 = refused_sha256;
        }
    }

    async fn note_stored(
        &self,
        app: &App,
        row: &MediaRow,
        stored: StoredMedia,
        draft: &mut DownloadDraft,
    ) {
        self.tell_stored(app, row, &stored, draft.verification.issued_at)
            .await;
        let known = draft.media.iter_mut();
        for known in known.filter(|known| known.media_id == row.media_id) {
            known.state = MediaState::Stored;
            known.object = Some(stored.object.clone());
        }
        draft.record.stored.push(stored);
    }

    /// Tells of a medium that is here.
    pub(super) async fn tell_stored(
        &self,
        app: &App,
        row: &MediaRow,
        stored: &StoredMedia,
        issued_at: Time,
    ) {
        let corrupt = alarm::Kind::CorruptDownloads;
        if row.tries >= CHECKS_FAILED_ALARM || self.alarms.stands(corrupt, &app.name) {
            let now = self.clock.now();
            self.alarms.clear(corrupt, &app.name, now).await;
        }
        let deadline = app.policy.deadline_of(row.slot.kind, issued_at);
        self.watcher.media_stored(stored.object.bytes);
        self.watcher.time_left(deadline.since(stored.captured_at));
    }

    /// Raises the alarm that a failure is worth. Whatever it is, the medium is tried again, thinning
    /// out, until the provider has forgotten it for certain.
    async fn tell(
        &self,
        app: &App,
        row: &MediaRow,
        error: &DownloadError,
        draft: &mut DownloadDraft,
    ) {
        let verification_id = draft.verification.verification_id;
        let alarm = |kind, text| Alarm {
            kind,
            subject: app.name.clone(),
            text,
        };
        let times = row.tries + 1;
        match error {
            DownloadError::ForbiddenUrl(_) => {
                let text = format!(
                    "a medium of verification {verification_id} is not fetched: {error}; check apps.media_hosts"
                );
                let alarm = alarm(alarm::Kind::ForbiddenHost, text);
                draft.record.alarms.push(alarm);
            }
            DownloadError::Corrupt(_) | DownloadError::NotMedia(_)
                if times >= CHECKS_FAILED_ALARM =>
            {
                let text = format!(
                    "media of app {} fail their checks, one of verification {verification_id} {times} times: {error}",
                    app.name
                );
                let alarm = alarm(alarm::Kind::CorruptDownloads, text);
                self.alarms.raise(&alarm, self.clock.now()).await;
            }
            _ => {}
        }
    }
}

/// The labels in metrics.
pub(crate) const FAILURES: [&str; 8] = [
    "expired",
    "gone",
    "forbidden_url",
    "transient",
    "slow",
    "corrupt",
    "not_media",
    "too_large",
];

/// The label in metrics, one of [`FAILURES`], and what is missing because of it is missing for.
const fn met(error: &DownloadError) -> (&'static str, Cause) {
    match error {
        DownloadError::Expired(_) => ("expired", Cause::UrlExpired),
        DownloadError::Gone => ("gone", Cause::GoneAtProvider),
        DownloadError::ForbiddenUrl(_) => ("forbidden_url", Cause::ForbiddenHost),
        DownloadError::Transient(_) => ("transient", Cause::ProviderUnreachable),
        DownloadError::Slow => ("slow", Cause::ProviderUnreachable),
        DownloadError::Corrupt(_) => ("corrupt", Cause::Corrupt),
        DownloadError::NotMedia(_) => ("not_media", Cause::NotMedia),
        DownloadError::TooLarge => ("too_large", Cause::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_label_among_those_that_begin_at_zero() {
        let errors = [
            DownloadError::Expired(403),
            DownloadError::Gone,
            DownloadError::ForbiddenUrl("x"),
            DownloadError::Transient(String::new()),
            DownloadError::Slow,
            DownloadError::Corrupt("x"),
            DownloadError::NotMedia("x"),
            DownloadError::TooLarge,
        ];
        assert_eq!(errors.each_ref().map(|error| met(error).0), FAILURES);
    }
}
