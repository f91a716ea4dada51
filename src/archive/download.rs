//! The download stage: every wanted medium of one verification, checked and put into the vault.

use std::collections::BTreeSet;

use futures::StreamExt as _;

use super::{
    App, Archive,
    fetch::{Answered, Brought},
    poll::StepError,
};
use crate::{
    domain::{
        alarm::{self, Alarm},
        answer::Endpoint,
        chance,
        lease::Lease,
        media::{Listed, MediaRow, MediaState, Slot, Source, StoredMedia},
        plan,
        secret::Secret,
        time::{Span, Time},
        token::Verification,
    },
    provider::DownloadError,
    store::records::{DownloadRecord, DownloadWork},
    vault::{IngestError, ObjectKey, Taken},
};

/// After this many 404s from fresh URLs an object counts as gone.
const GONE_TRIES: i64 = 3;

/// A page of text that nothing vouches for is taken for an error page this many times; then it is stored as it is, since nothing that
/// the provider holds may be lost to our taste.
const TEXT_TRIES: i64 = 5;

/// What one medium came to.
enum Fetched {
    Stored(StoredMedia),
    /// The bytes are there already as this other medium.
    Same,
    Failed(DownloadError),
}

impl Archive {
    /// Works on a claimed download; `urls` are the fresh ones of the poll that told of the media, if this process made it.
    ///
    /// # Errors
    /// [`StepError`]; nothing was recorded then.
    pub async fn download(&self, work: DownloadWork, mut urls: Vec<(Slot, Secret)>) -> Result<(), StepError> {
        let Some(app) = self.app(&work.verification.app).cloned() else {
            let now = self.now();
            return Ok(self.store.record_download(nothing(work.lease, now, Some((now.plus(Span::minutes(5)), now.plus(Span::minutes(5)))))).await?);
        };
        let mut brought = Brought::beside(work.answers);
        let mut media = work.media;
        media.sort_by_key(|row| (!row.slot.kind.has_short_life(), row.slot.clone()));
        let mut record = nothing(work.lease, self.now(), None);
        let mut asked = BTreeSet::new();
        let wanted: Vec<MediaRow> = media.iter().filter(|row| row.state == MediaState::Wanted).cloned().collect();
        for row in &wanted {
            if !urls.iter().any(|(slot, _)| *slot == row.slot) && asked.insert(row.slot.source) {
                urls.extend(self.fresh_urls(&app, &work.verification, row.slot.source, row.slot.attempt_no, &mut brought).await?);
            }
            let url = urls.iter().position(|(slot, _)| *slot == row.slot).map(|at| urls.swap_remove(at).1);
            let Some(url) = url else {
                record.failed.push((row.media_id.clone(), "no fresh URL for it could be had".to_owned()));
                continue;
            };
            let mut fetched = self.fetch_medium(&app, &work.verification, row, &media, &url).await?;
            if matches!(fetched, Fetched::Failed(DownloadError::Expired(_) | DownloadError::Gone)) && asked.insert(row.slot.source) {
                urls.retain(|(slot, _)| slot.source != row.slot.source);
                urls.extend(self.fresh_urls(&app, &work.verification, row.slot.source, row.slot.attempt_no, &mut brought).await?);
                if let Some(at) = urls.iter().position(|(slot, _)| *slot == row.slot) {
                    let url = urls.swap_remove(at).1;
                    fetched = self.fetch_medium(&app, &work.verification, row, &media, &url).await?;
                }
            }
            self.note(&app, &work.verification, row, fetched, &mut media, &mut record);
        }
        self.finish(&app, &work.verification, &wanted, brought, record).await
    }

    /// Writes down what one medium came to.
    fn note(&self, app: &App, verification: &Verification, row: &MediaRow, fetched: Fetched, media: &mut [MediaRow], record: &mut DownloadRecord) {
        match fetched {
            Fetched::Stored(stored) => {
                let deadline = if row.slot.kind.has_short_life() {
                    app.policy.media_deadline(verification.issued_at)
                } else {
                    app.policy.record_deadline(verification.issued_at)
                };
                self.watcher.media_stored(stored.object.bytes);
                self.watcher.time_left(deadline.since(stored.captured_at));
                if let Some(known) = media.iter_mut().find(|known| known.media_id == row.media_id) {
                    known.state = MediaState::Stored;
                    known.sha256 = Some(stored.object.sha256.clone());
                    known.object_key = Some(stored.object.object_key.clone());
                }
                record.stored.push(stored);
            }
            Fetched::Same => record.same.push(row.media_id.clone()),
            Fetched::Failed(error) => {
                self.watcher.download_failed(name(&error));
                if let DownloadError::ForbiddenUrl(_) = error {
                    record.alarms.push(Alarm {
                        kind: alarm::Kind::ForbiddenHost,
                        subject: app.name.clone(),
                        text: format!("a medium of verification {} is not fetched: {error}; check apps.media_hosts", verification.verification_id),
                    });
                }
                if matches!(error, DownloadError::Gone) && row.tries + 1 >= GONE_TRIES {
                    record.lost.push((row.media_id.clone(), "the provider answers fresh URLs with 404: the object is gone".to_owned()));
                } else {
                    record.failed.push((row.media_id.clone(), error.to_string()));
                }
            }
        }
    }

    /// Plans the rest and writes everything.
    async fn finish(&self, app: &App, verification: &Verification, wanted: &[MediaRow], brought: Brought, mut record: DownloadRecord) -> Result<(), StepError> {
        let now = self.now();
        record.at = now;
        record.answers = brought.answers;
        record.calls = brought.calls;
        record.again = record
            .failed
            .iter()
            .filter_map(|(media_id, _)| wanted.iter().find(|row| row.media_id == *media_id))
            .map(|row| {
                let short = row.slot.kind.has_short_life();
                let deadline = if short { app.policy.media_deadline(verification.issued_at) } else { app.policy.record_deadline(verification.issued_at) };
                let left = if deadline > now { deadline.since(now) } else { app.policy.verify_window };
                let fails = u32::try_from(row.tries).unwrap_or(u32::MAX);
                (now.plus(chance::jitter(plan::backoff(&app.policy, fails, left))), deadline)
            })
            .reduce(|one, other| (one.0.min(other.0), one.1.min(other.1)));
        Ok(self.store.record_download(record).await?)
    }

    /// Asks the provider for URLs of one source again.
    async fn fresh_urls(
        &self,
        app: &App,
        verification: &Verification,
        source: Source,
        attempt_no: i64,
        brought: &mut Brought,
    ) -> Result<Vec<(Slot, Secret)>, StepError> {
        let endpoint = match source {
            Source::Getall => Endpoint::Getall,
            Source::Media => Endpoint::Media,
            Source::Simple => Endpoint::Simple,
            Source::Detail => Endpoint::Detail,
        };
        if self.pauses.until(&app.name, self.now()).is_some() {
            return Ok(Vec::new());
        }
        let slots = |attempt_no: i64, listed: Vec<Listed>| {
            listed.into_iter().map(move |one| (Slot { attempt_no, kind: one.kind, position: one.position, source }, one.url))
        };
        Ok(match self.ask(app, verification, endpoint, brought).await? {
            Ok(Answered::Getall(answer)) => answer.attempts.into_iter().flat_map(|attempt| slots(attempt.attempt_no, attempt.media)).collect(),
            Ok(Answered::Media(answer)) => slots(attempt_no, answer.listed).collect(),
            Ok(Answered::Simple(listed)) => slots(attempt_no, listed.into_iter().collect()).collect(),
            Ok(_) => Vec::new(),
            Err(problem) => {
                self.heed(app, &problem).await;
                Vec::new()
            }
        })
    }

    async fn fetch_medium(&self, app: &App, verification: &Verification, row: &MediaRow, media: &[MediaRow], url: &Secret) -> Result<Fetched, StepError> {
        let mut download = match self.downloader.open(url, &app.media).await {
            Ok(download) => download,
            Err(error) => return Ok(Fetched::Failed(error)),
        };
        let content_type = download.content_type.clone();
        let first = download.chunk().await;
        if let Some(Ok(bytes)) = &first
            && !download.is_vouched_for
            && row.tries < TEXT_TRIES
            && is_text(bytes)
        {
            return Ok(Fetched::Failed(DownloadError::Corrupt("a page of text came in its place")));
        }
        let download = futures::stream::iter(first).chain(download);
        // media/query tells of the verification, not of an attempt: what it lists after a second attempt may still be the first one's.
        let known: Vec<String> = media
            .iter()
            .filter(|other| row.slot.source == Source::Media && other.slot.source == Source::Media)
            .filter(|other| other.slot.kind == row.slot.kind && other.slot.position == row.slot.position)
            .filter_map(|other| other.sha256.clone())
            .collect();
        let key = ObjectKey::media(&verification.verification_id, &chance::fresh_id(self.now()))?;
        match self.vault.ingest(&key, download, app.media.media_bytes_max, &known).await {
            Ok(Taken::Stored(object)) => Ok(Fetched::Stored(StoredMedia { media_id: row.media_id.clone(), object, content_type, captured_at: self.now() })),
            Ok(Taken::Same { .. }) => Ok(Fetched::Same),
            Err(IngestError::Stream(error)) => Ok(Fetched::Failed(error)),
            Err(IngestError::TooLarge { .. }) => Ok(Fetched::Failed(DownloadError::TooLarge)),
            Err(IngestError::Vault(error)) => Err(error.into()),
        }
    }
}

/// Whether a body begins as HTML, XML or JSON does: no image or video, but what a proxy says with status 200.
fn is_text(bytes: &[u8]) -> bool {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    matches!(start.first(), Some(b'<' | b'{'))
}

/// The label in metrics.
const fn name(error: &DownloadError) -> &'static str {
    match error {
        DownloadError::Expired(_) => "expired",
        DownloadError::Gone => "gone",
        DownloadError::ForbiddenUrl(_) => "forbidden_url",
        DownloadError::Transient(_) => "transient",
        DownloadError::Corrupt(_) => "corrupt",
        DownloadError::TooLarge => "too_large",
    }
}

/// A record that brings nothing yet.
fn nothing(lease: Lease, now: Time, again: Option<(Time, Time)>) -> DownloadRecord {
    DownloadRecord {
        lease,
        at: now,
        stored: Vec::new(),
        same: Vec::new(),
        failed: Vec::new(),
        lost: Vec::new(),
        answers: Vec::new(),
        calls: Vec::new(),
        again,
        alarms: Vec::new(),
    }
}
