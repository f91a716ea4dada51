//! Taking an answer in: attempts, wanted media and inline images out of what was read.

use super::{
    App, Archive,
    fetch::{Answered, Brought},
    learn,
    poll::StepError,
};
use crate::{
    domain::{
        alarm::Alarm,
        answer::{Detail, Endpoint},
        attempt::{Attempt, Counts},
        chance,
        identity::IdentityRow,
        lessons::{Film, Lessons, Origin},
        media::{Checked, Kind, Listed, MediaRow, MediaState, Slot, Source, StoredMedia, content_type_of, sha256_hex},
        plan::Ends,
        progress::Progress,
        secret::Secret,
        token::Verification,
    },
    store::records::{InlineMedia, WantedMedia},
    vault::ObjectKey,
};

/// All that a poll step has gathered so far.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) progress: Progress,
    pub(super) media: Vec<MediaRow>,
    pub(super) brought: Brought,
    pub(super) attempts: Vec<(Attempt, IdentityRow)>,
    pub(super) counts: Option<Counts>,
    pub(super) wanted: Vec<WantedMedia>,
    pub(super) inline: Vec<InlineMedia>,
    pub(super) urls: Vec<(Slot, Secret)>,
    pub(super) lessons: Lessons,
    pub(super) last_error: Option<String>,
    pub(super) alarms: Vec<Alarm>,
}

impl Taken {
    pub(super) fn new(progress: Progress, media: Vec<MediaRow>, brought: Brought) -> Self {
        Self { progress, media, brought, ..Self::default() }
    }

    /// Wants the listed media of one attempt that are not known yet.
    fn want(&mut self, attempt_no: i64, source: Source, listed: &[Listed], now: crate::domain::time::Time) {
        for one in listed {
            let slot = Slot { attempt_no, kind: one.kind, position: one.position, source };
            if self.media.iter().any(|row| row.slot == slot) {
                continue;
            }
            let media_id = chance::fresh_id(now);
            self.media.push(MediaRow::wanted(media_id.clone(), slot.clone()));
            self.wanted.push(WantedMedia { media_id, slot });
        }
    }
}

impl Archive {
    /// Takes an answer that brought data.
    pub(super) async fn take(&self, app: &App, verification: &Verification, taken: &mut Taken, answered: Answered, ends: &Ends) -> Result<(), StepError> {
        let now = self.now();
        match answered {
            Answered::Getall(mut answer) => {
                answer.attempts.iter_mut().for_each(|attempt| attempt.forget_unbelievable_times(now));
                if let Some(refusal) = learn::getall(&mut taken.progress, &answer, ends, now) {
                    self.learn_unused(app, verification, &refusal, Origin::VerifiedLater, &mut taken.lessons);
                }
                self.learn_data(app, verification, now, &mut taken.lessons);
                if !answer.attempts.is_empty() {
                    taken.last_error = None;
                    taken.counts = Some(answer.counts);
                }
                let mut fresh = Vec::new();
                for attempt in answer.attempts {
                    taken.want(attempt.attempt_no, Source::Getall, &attempt.media, now);
                    fresh.push((attempt.attempt_no, attempt.media.clone()));
                    let row = IdentityRow::of(&attempt, self.columns, self.index_key.as_ref());
                    taken.attempts.push((attempt, row));
                }
                taken.fresh(Source::Getall, fresh);
            }
            Answered::Media(answer) => {
                learn::media(&mut taken.progress, &answer, now);
                for (film, is_listed) in [(Film::Images, answer.has_images()), (Film::Video, answer.has_video())] {
                    if is_listed {
                        self.learn_film(app, verification, film, now, &mut taken.lessons);
                    }
                }
                let attempt_no = taken.progress.decisive_attempt();
                taken.want(attempt_no, Source::Media, &answer.listed, now);
                taken.fresh(Source::Media, vec![(attempt_no, answer.listed)]);
            }
            Answered::Simple(listed) => {
                learn::captured(&mut taken.progress, Endpoint::Simple);
                let attempt_no = taken.progress.decisive_attempt();
                let listed: Vec<Listed> = listed.into_iter().collect();
                taken.want(attempt_no, Source::Simple, &listed, now);
                taken.fresh(Source::Simple, vec![(attempt_no, listed)]);
            }
            Answered::Detail(answer, _held) => {
                self.take_inline(verification, taken, answer).await?;
                learn::captured(&mut taken.progress, Endpoint::Detail);
            }
            Answered::Stat(_) => learn::captured(&mut taken.progress, Endpoint::Stat),
        }
        Ok(())
    }

    /// The images inside `detail` become media of the attempt that passed, unless the same bytes are there by URL already.
    async fn take_inline(&self, verification: &Verification, taken: &mut Taken, answer: Detail) -> Result<(), StepError> {
        let attempt_no = taken.progress.decisive_attempt();
        taken.progress.unreadable.extend(answer.unreadable.iter().map(|what| format!("detail.{what}")));
        for (kind, bytes) in [(Kind::IdFront, answer.id_front), (Kind::IdBack, answer.id_back)] {
            let Some(bytes) = bytes else { continue };
            let sha256 = sha256_hex(&bytes);
            let of_kind = || taken.media.iter().filter(|row| row.slot.kind == kind && row.slot.attempt_no == attempt_no);
            if of_kind().any(|row| row.sha256.as_ref() == Some(&sha256)) {
                continue;
            }
            let position = of_kind().map(|row| row.slot.position + 1).max().unwrap_or(0);
            let now = self.now();
            let media_id = chance::fresh_id(now);
            let key = ObjectKey::media(&verification.verification_id, &chance::fresh_id(now))?;
            let content_type = content_type_of(&bytes).map(str::to_owned);
            let object = self.wrote(self.vault.put(&key, bytes.into()).await).await?;
            self.watcher.media_stored(object.bytes);
            let slot = Slot { attempt_no, kind, position, source: Source::Detail };
            taken.media.push(MediaRow {
                state: MediaState::Stored,
                sha256: Some(sha256),
                object_key: Some(object.object_key.clone()),
                ..MediaRow::wanted(media_id.clone(), slot.clone())
            });
            taken.inline.push(InlineMedia { slot, stored: StoredMedia { media_id, object, content_type, checked: Checked::None, captured_at: now } });
        }
        Ok(())
    }
}

impl Taken {
    /// Keeps the fresh URLs of one source, in memory only.
    fn fresh(&mut self, source: Source, listed: Vec<(i64, Vec<Listed>)>) {
        self.urls.retain(|(slot, _)| slot.source != source);
        for (attempt_no, listed) in listed {
            self.urls.extend(listed.into_iter().map(|one| (Slot { attempt_no, kind: one.kind, position: one.position, source }, one.url)));
        }
    }
}
