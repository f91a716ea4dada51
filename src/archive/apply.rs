//! Applying an answer: attempts, wanted media and inline images out of what was read.

use super::{
    App, Archive,
    fetch::{Answered, Brought},
    learn,
    poll::StepError,
};
use crate::{
    domain::{
        answer::{Detail, Endpoint},
        chance,
        identity::IdentityRow,
        lessons::{Film, Origin},
        media::{
            Checked, Kind, Listed, MediaRow, MediaState, Slot, Source, StoredMedia,
            content_type_of, sha256_hex,
        },
        plan::Ends,
        secret::Secret,
        time::Time,
        token::Verification,
    },
    store::records::{InlineMedia, PollRecord, PollWork, WantedMedia},
    vault::ObjectKey,
};

/// All that a poll has gathered so far.
#[derive(Debug)]
pub(super) struct PollDraft {
    /// What will be written.
    pub(super) record: PollRecord,
    /// The verification's media, those that this step wants included.
    pub(super) media: Vec<MediaRow>,
    pub(super) brought: Brought,
    /// Fresh URLs, in memory only.
    pub(super) urls: Vec<(Slot, Secret)>,
}

impl PollDraft {
    /// Begins with what is known.
    pub(super) fn begin(work: PollWork, at: Time) -> Self {
        let PollWork {
            lease,
            progress,
            media,
            answers,
            ..
        } = work;
        Self {
            record: PollRecord::begin(lease, progress, at),
            media,
            brought: Brought::beside(answers),
            urls: Vec::new(),
        }
    }

    /// Wants the listed media of one attempt that are not known yet.
    fn want(&mut self, attempt_no: i64, source: Source, listed: &[Listed], now: Time) {
        for one in listed {
            let slot = Slot {
                attempt_no,
                kind: one.kind,
                position: one.position,
                source,
            };
            if self.media.iter().any(|row| row.slot == slot) {
                continue;
            }
            let media_id = chance::fresh_id(now);
            self.media
                .push(MediaRow::wanted(media_id.clone(), slot.clone()));
            self.record.wanted.push(WantedMedia { media_id, slot });
        }
    }
}

impl Archive {
    /// Takes an answer that brought data.
    pub(super) async fn apply(
        &self,
        app: &App,
        verification: &Verification,
        draft: &mut PollDraft,
        answered: Answered,
        ends: &Ends,
    ) -> Result<(), StepError> {
        let now = self.now();
        match answered {
            Answered::Getall(mut answer) => {
                answer
                    .attempts
                    .iter_mut()
                    .for_each(|attempt| attempt.forget_unbelievable_times(now));
                if let Some(refusal) = learn::getall(&mut draft.record.progress, &answer, ends, now)
                {
                    self.learn_unused(
                        app,
                        verification,
                        &refusal,
                        Origin::VerifiedLater,
                        &mut draft.record.lessons,
                    );
                }
                self.learn_data(app, verification, now, &mut draft.record.lessons);
                if !answer.attempts.is_empty() {
                    draft.record.last_error = None;
                    draft.record.counts = Some(answer.counts);
                }
                let mut fresh = Vec::new();
                for attempt in answer.attempts {
                    draft.want(attempt.attempt_no, Source::Getall, &attempt.media, now);
                    fresh.push((attempt.attempt_no, attempt.media.clone()));
                    let row = IdentityRow::of(&attempt, self.columns, self.index_key.as_ref());
                    draft.record.attempts.push((attempt, row));
                }
                draft.fresh(Source::Getall, fresh);
            }
            Answered::Media(answer) => {
                learn::media(&mut draft.record.progress, &answer, now);
                for (film, is_listed) in [
                    (Film::Images, answer.has_images()),
                    (Film::Video, answer.has_video()),
                ] {
                    if is_listed {
                        self.learn_film(app, verification, film, now, &mut draft.record.lessons);
                    }
                }
                let attempt_no = draft.record.progress.decisive_attempt();
                draft.want(attempt_no, Source::Media, &answer.listed, now);
                draft.fresh(Source::Media, vec![(attempt_no, answer.listed)]);
            }
            Answered::Simple(listed) => {
                learn::captured(&mut draft.record.progress, Endpoint::Simple);
                let attempt_no = draft.record.progress.decisive_attempt();
                let listed: Vec<Listed> = listed.into_iter().collect();
                draft.want(attempt_no, Source::Simple, &listed, now);
                draft.fresh(Source::Simple, vec![(attempt_no, listed)]);
            }
            Answered::Detail(answer, _held) => {
                self.apply_inline(verification, draft, answer).await?;
                learn::captured(&mut draft.record.progress, Endpoint::Detail);
            }
            Answered::Stat(_) => learn::captured(&mut draft.record.progress, Endpoint::Stat),
        }
        Ok(())
    }

    /// The images inside `detail` become media of the attempt that passed, unless the same bytes
    /// are there by URL already.
    async fn apply_inline(
        &self,
        verification: &Verification,
        draft: &mut PollDraft,
        answer: Detail,
    ) -> Result<(), StepError> {
        let attempt_no = draft.record.progress.decisive_attempt();
        draft.record.progress.unreadable.extend(
            answer
                .unreadable
                .iter()
                .map(|what| format!("detail.{what}")),
        );
        for (kind, bytes) in [
            (Kind::IdFront, answer.id_front),
            (Kind::IdBack, answer.id_back),
        ] {
            let Some(bytes) = bytes else { continue };
            let sha256 = sha256_hex(&bytes);
            let of_kind = || {
                draft
                    .media
                    .iter()
                    .filter(|row| row.slot.kind == kind && row.slot.attempt_no == attempt_no)
            };
            if of_kind().any(|row| row.sha256.as_ref() == Some(&sha256)) {
                continue;
            }
            let position = of_kind()
                .map(|row| row.slot.position + 1)
                .max()
                .unwrap_or(0);
            let now = self.now();
            let media_id = chance::fresh_id(now);
            let key = ObjectKey::media(&verification.verification_id, &chance::fresh_id(now))?;
            let content_type = content_type_of(&bytes).map(str::to_owned);
            let object = self.wrote(self.vault.put(&key, bytes.into()).await).await?;
            self.watcher.media_stored(object.bytes);
            let slot = Slot {
                attempt_no,
                kind,
                position,
                source: Source::Detail,
            };
            draft.media.push(MediaRow {
                state: MediaState::Stored,
                sha256: Some(sha256),
                object_key: Some(object.object_key.clone()),
                ..MediaRow::wanted(media_id.clone(), slot.clone())
            });
            draft.record.inline.push(InlineMedia {
                slot,
                stored: StoredMedia {
                    media_id,
                    object,
                    content_type,
                    checked: Checked::None,
                    captured_at: now,
                },
            });
        }
        Ok(())
    }
}

impl PollDraft {
    /// Keeps the fresh URLs of one source, in memory only.
    fn fresh(&mut self, source: Source, listed: Vec<(i64, Vec<Listed>)>) {
        self.urls.retain(|(slot, _)| slot.source != source);
        for (attempt_no, listed) in listed {
            self.urls.extend(listed.into_iter().map(|one| {
                (
                    Slot {
                        attempt_no,
                        kind: one.kind,
                        position: one.position,
                        source,
                    },
                    one.url,
                )
            }));
        }
    }
}
