//! The download stage: every wanted medium of one verification, checked and put into the vault.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;

use super::{
    App, Archive,
    fetch::{Answered, Brought, Kept},
    poll::StepError,
};
use crate::{
    domain::{
        alarm::{self, Alarm},
        answer::Endpoint,
        chance,
        media::{
            Checked, HEAD_BYTES, Listed, MediaRow, MediaState, ObjectFacts, Slot, Source,
            StoredMedia, is_no_medium, sha256_hex,
        },
        plan,
        secret::Secret,
        time::Span,
        token::Verification,
    },
    provider::{Download, DownloadError},
    store::records::{DownloadRecord, DownloadWork, FailedMedia},
    vault::{IngestError, Ingested, ObjectKey},
};

/// From the third failed check of a medium on an alarm says so: it is no accident.
const CHECKS_FAILED_ALARM: i64 = 3;

/// What comes in place of a medium is kept up to here: an error page is shorter.
const REFUSED_BYTES_MAX: usize = 256 << 10;

/// What one medium came to.
enum Fetched {
    Stored(StoredMedia),
    /// The bytes are there already as this other medium.
    Same,
    /// What came is empty or text, and kept as the answer with this digest.
    Refused(DownloadError, String),
    Failed(DownloadError),
}

/// What the body of one answer came to.
enum Body {
    Stored(ObjectFacts, Checked),
    Same,
    NoMedium(DownloadError, Bytes),
    Failed(DownloadError),
}

impl Archive {
    /// Works on a claimed download; `urls` are the fresh ones of the poll that told of the media,
    /// if this process made it.
    ///
    /// # Errors
    /// [`StepError`]; nothing was recorded then.
    pub async fn download(
        &self,
        work: DownloadWork,
        mut urls: Vec<(Slot, Secret)>,
    ) -> Result<(), StepError> {
        let Some(app) = self.app(&work.verification.app).cloned() else {
            let now = self.now();
            let later = now.plus(Span::minutes(5));
            return Ok(self
                .store
                .record_download(DownloadRecord {
                    again: Some((later, later)),
                    ..DownloadRecord::begin(work.lease, now)
                })
                .await?);
        };
        let mut brought = Brought::beside(work.answers);
        let mut media = work.media;
        media.sort_by_key(|row| (!row.slot.kind.has_short_life(), row.slot.clone()));
        let mut record = DownloadRecord::begin(work.lease, self.now());
        let mut asked = BTreeSet::new();
        let wanted: Vec<MediaRow> = media
            .iter()
            .filter(|row| row.state == MediaState::Wanted)
            .cloned()
            .collect();
        for row in &wanted {
            if !urls.iter().any(|(slot, _)| *slot == row.slot) && asked.insert(row.slot.source) {
                urls.extend(
                    self.fresh_urls(
                        &app,
                        &work.verification,
                        row.slot.source,
                        row.slot.attempt_no,
                        &mut brought,
                    )
                    .await?,
                );
            }
            let url = urls
                .iter()
                .position(|(slot, _)| *slot == row.slot)
                .map(|at| urls.swap_remove(at).1);
            let Some(url) = url else {
                let why = "the provider lists no URL for it at present".to_owned();
                record.failed.push(FailedMedia {
                    media_id: row.media_id.clone(),
                    why,
                    refused_sha256: None,
                });
                continue;
            };
            let mut fetched = self
                .fetch_medium(&app, &work.verification, row, &media, &url, &mut brought)
                .await?;
            if matches!(
                fetched,
                Fetched::Failed(DownloadError::Expired(_) | DownloadError::Gone)
            ) && asked.insert(row.slot.source)
            {
                urls.retain(|(slot, _)| slot.source != row.slot.source);
                urls.extend(
                    self.fresh_urls(
                        &app,
                        &work.verification,
                        row.slot.source,
                        row.slot.attempt_no,
                        &mut brought,
                    )
                    .await?,
                );
                if let Some(at) = urls.iter().position(|(slot, _)| *slot == row.slot) {
                    let url = urls.swap_remove(at).1;
                    fetched = self
                        .fetch_medium(&app, &work.verification, row, &media, &url, &mut brought)
                        .await?;
                }
            }
            self.note(
                &app,
                &work.verification,
                row,
                fetched,
                &mut media,
                &mut record,
            )
            .await;
        }
        self.finish(&app, &work.verification, &wanted, brought, record)
            .await
    }

    /// Writes down what one medium came to.
    async fn note(
        &self,
        app: &App,
        verification: &Verification,
        row: &MediaRow,
        fetched: Fetched,
        media: &mut [MediaRow],
        record: &mut DownloadRecord,
    ) {
        match fetched {
            Fetched::Stored(stored) => {
                let deadline = if row.slot.kind.has_short_life() {
                    app.policy.media_deadline(verification.issued_at)
                } else {
                    app.policy.record_deadline(verification.issued_at)
                };
                if row.tries >= CHECKS_FAILED_ALARM
                    || self.alarms.stands(alarm::Kind::CorruptDownloads, &app.name)
                {
                    self.alarms
                        .clear(
                            &*self.store,
                            alarm::Kind::CorruptDownloads,
                            &app.name,
                            self.now(),
                        )
                        .await;
                }
                self.watcher.media_stored(stored.object.bytes);
                self.watcher.time_left(deadline.since(stored.captured_at));
                if let Some(known) = media
                    .iter_mut()
                    .find(|known| known.media_id == row.media_id)
                {
                    known.state = MediaState::Stored;
                    known.sha256 = Some(stored.object.sha256.clone());
                    known.object_key = Some(stored.object.object_key.clone());
                }
                record.stored.push(stored);
            }
            Fetched::Same => record.same.push(row.media_id.clone()),
            Fetched::Refused(error, sha256) => {
                self.fail(app, verification, row, &error, Some(sha256), record)
                    .await
            }
            Fetched::Failed(error) => {
                self.fail(app, verification, row, &error, None, record)
                    .await
            }
        }
    }

    /// Notes a failure. Whatever it is, the medium is tried again, thinning out, until the provider
    /// has forgotten it for certain.
    async fn fail(
        &self,
        app: &App,
        verification: &Verification,
        row: &MediaRow,
        error: &DownloadError,
        refused: Option<String>,
        record: &mut DownloadRecord,
    ) {
        self.watcher.download_failed(name(error));
        let alarm = |kind, text| Alarm {
            kind,
            subject: app.name.clone(),
            text,
        };
        match error {
            DownloadError::ForbiddenUrl(_) => {
                let text = format!(
                    "a medium of verification {} is not fetched: {error}; check apps.media_hosts",
                    verification.verification_id
                );
                record.alarms.push(alarm(alarm::Kind::ForbiddenHost, text));
            }
            DownloadError::Corrupt(_) | DownloadError::NotMedia(_)
                if row.tries + 1 >= CHECKS_FAILED_ALARM =>
            {
                let times = row.tries + 1;
                let text = format!(
                    "media of app {} fail their checks, one of verification {} {times} times: {error}",
                    app.name, verification.verification_id
                );
                self.alarms
                    .raise(
                        &*self.store,
                        &alarm(alarm::Kind::CorruptDownloads, text),
                        self.now(),
                    )
                    .await;
            }
            _ => {}
        }
        record.failed.push(FailedMedia {
            media_id: row.media_id.clone(),
            why: error.to_string(),
            refused_sha256: refused,
        });
    }

    /// Plans the rest and writes everything.
    async fn finish(
        &self,
        app: &App,
        verification: &Verification,
        wanted: &[MediaRow],
        brought: Brought,
        mut record: DownloadRecord,
    ) -> Result<(), StepError> {
        let now = self.now();
        record.at = now;
        record.answers = brought.answers;
        record.calls = brought.calls;
        record.again = record
            .failed
            .iter()
            .filter_map(|failed| wanted.iter().find(|row| row.media_id == failed.media_id))
            .map(|row| {
                let short = row.slot.kind.has_short_life();
                let deadline = if short {
                    app.policy.media_deadline(verification.issued_at)
                } else {
                    app.policy.record_deadline(verification.issued_at)
                };
                let left = if deadline > now {
                    deadline.since(now)
                } else {
                    app.policy.verify_window
                };
                let fails = u32::try_from(row.tries).unwrap_or(u32::MAX);
                (
                    now.plus(chance::jitter(plan::backoff(&app.policy, fails, left))),
                    deadline,
                )
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
        if self.breaker.until(&app.name, self.now()).is_some() {
            return Ok(Vec::new());
        }
        let slots = |attempt_no: i64, listed: Vec<Listed>| {
            listed.into_iter().map(move |one| {
                (
                    Slot {
                        attempt_no,
                        kind: one.kind,
                        position: one.position,
                        source,
                    },
                    one.url,
                )
            })
        };
        Ok(
            match self.ask(app, verification, endpoint, brought).await? {
                Ok(Answered::Getall(answer)) => answer
                    .attempts
                    .into_iter()
                    .flat_map(|attempt| slots(attempt.attempt_no, attempt.media))
                    .collect(),
                Ok(Answered::Media(answer)) => slots(attempt_no, answer.listed).collect(),
                Ok(Answered::Simple(listed)) => {
                    slots(attempt_no, listed.into_iter().collect()).collect()
                }
                Ok(_) => Vec::new(),
                Err(problem) => {
                    self.on_failure(app, &problem).await;
                    Vec::new()
                }
            },
        )
    }

    async fn fetch_medium(
        &self,
        app: &App,
        verification: &Verification,
        row: &MediaRow,
        media: &[MediaRow],
        url: &Secret,
        brought: &mut Brought,
    ) -> Result<Fetched, StepError> {
        // media/query tells of the verification, not of an attempt: what it lists after a second
        // attempt may still be the first one's.
        let known: Vec<String> = media
            .iter()
            .filter(|other| row.slot.source == Source::Media && other.slot.source == Source::Media)
            .filter(|other| {
                other.slot.kind == row.slot.kind && other.slot.position == row.slot.position
            })
            .filter_map(|other| other.sha256.clone())
            .collect();
        let mut content_type = None;
        let body = match self
            .fetch_body(app, verification, url, &known, &mut content_type)
            .await?
        {
            Body::Stored(object, Checked::EtagDiffers) => {
                self.fetch_again(app, verification, url, object).await?
            }
            other => other,
        };
        Ok(match body {
            Body::Stored(object, checked) => Fetched::Stored(StoredMedia {
                media_id: row.media_id.clone(),
                object,
                content_type,
                checked,
                captured_at: self.now(),
            }),
            Body::Same => Fetched::Same,
            Body::NoMedium(error, _) if row.refused_sha256.is_some() => Fetched::Failed(error),
            Body::NoMedium(error, body) => {
                let (fetched_at, sha256) = (self.now(), sha256_hex(&body));
                let kept = Kept {
                    endpoint: Endpoint::Download,
                    fetched_at,
                    http_status: 200,
                    body,
                    sha256,
                    summary: (None, None, None),
                };
                Fetched::Refused(error, self.keep(verification, kept, brought).await?)
            }
            Body::Failed(error) => Fetched::Failed(error),
        })
    }

    /// An `ETag` that is not the MD5 is a hint: what comes a second time with the same bytes is
    /// what the provider holds (provider.md §6).
    async fn fetch_again(
        &self,
        app: &App,
        verification: &Verification,
        url: &Secret,
        first: ObjectFacts,
    ) -> Result<Body, StepError> {
        let second = self
            .fetch_body(
                app,
                verification,
                url,
                std::slice::from_ref(&first.sha256),
                &mut None,
            )
            .await;
        if let Ok(Body::Same) = second {
            return Ok(Body::Stored(first, Checked::EtagDiffers));
        }
        self.drop_object(&first).await;
        match second? {
            Body::Stored(other, Checked::EtagDiffers) => {
                self.drop_object(&other).await;
                Ok(Body::Failed(DownloadError::Corrupt(
                    "its ETag is not its MD5, and a second fetch brought other bytes",
                )))
            }
            other => Ok(other),
        }
    }

    /// An object that is left over by a failure here is an orphan, which harms nothing.
    async fn drop_object(&self, object: &ObjectFacts) {
        if let Ok(key) = ObjectKey::parse(&object.object_key) {
            let _ = self.vault.delete(&key).await;
        }
    }

    async fn fetch_body(
        &self,
        app: &App,
        verification: &Verification,
        url: &Secret,
        known: &[String],
        content_type: &mut Option<String>,
    ) -> Result<Body, StepError> {
        let mut download = match app.provider.open(url).await {
            Ok(download) => download,
            Err(error) => return Ok(Body::Failed(error)),
        };
        content_type.clone_from(&download.content_type);
        let head = match read_up_to(&mut download, BytesMut::new(), HEAD_BYTES).await {
            Ok(head) => head,
            Err(error) => return Ok(Body::Failed(error)),
        };
        if is_no_medium(&head) {
            let what = if head.is_empty() {
                "the body is empty"
            } else {
                "text came in its place"
            };
            // What of it can be had is evidence enough.
            let body = read_up_to(&mut download, head.clone(), REFUSED_BYTES_MAX)
                .await
                .unwrap_or(head);
            return Ok(Body::NoMedium(DownloadError::NotMedia(what), body.freeze()));
        }
        let key = ObjectKey::media(&verification.verification_id, &chance::fresh_id(self.now()))?;
        let stream = futures::stream::iter([Ok(head.freeze())]).chain(&mut download);
        let ingested = self
            .vault
            .ingest(&key, stream, app.media_bytes_max, known)
            .await;
        let ingested = match ingested {
            Err(IngestError::Stream(error)) => return Ok(Body::Failed(error)),
            Err(IngestError::TooLarge { .. }) => return Ok(Body::Failed(DownloadError::TooLarge)),
            Err(IngestError::Vault(error)) => Err(error),
            Ok(ingested) => Ok(ingested),
        };
        Ok(match self.wrote(ingested).await? {
            Ingested::Stored(object) => {
                Body::Stored(object, download.checked().unwrap_or(Checked::None))
            }
            Ingested::Same { .. } => Body::Same,
        })
    }
}

/// Reads on until there are `enough` bytes or no more.
async fn read_up_to(
    download: &mut Download,
    mut read: BytesMut,
    enough: usize,
) -> Result<BytesMut, DownloadError> {
    while read.len() < enough {
        let Some(chunk) = download.chunk().await else {
            break;
        };
        read.extend_from_slice(&chunk?);
    }
    Ok(read)
}

/// The label in metrics.
const fn name(error: &DownloadError) -> &'static str {
    match error {
        DownloadError::Expired(_) => "expired",
        DownloadError::Gone => "gone",
        DownloadError::ForbiddenUrl(_) => "forbidden_url",
        DownloadError::Transient(_) => "transient",
        DownloadError::Corrupt(_) => "corrupt",
        DownloadError::NotMedia(_) => "not_media",
        DownloadError::TooLarge => "too_large",
    }
}
