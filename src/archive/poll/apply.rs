//! Applying an answer: attempts, wanted media and inline images out of what was read.

use super::{Poller, draft::PollDraft, learn};
use crate::{
    archive::{App, StepError, asker::ParsedAnswer, headway::Put},
    domain::{
        answer::{Detail, Endpoint, Getall, MediaList},
        digest::Sha256,
        id::{MediaId, ObjectId, VerificationId},
        identity::IdentityRow,
        lessons::{Film, Origin},
        media::{Checked, Kind, MediaRow, MediaState, Slot, Source, StoredMedia, content_type_of},
        plan::Ends,
        time::Time,
    },
    store::records::FilledSlot,
    vault::ObjectKey,
};

impl Poller {
    /// Applies an answer that brought data.
    pub(super) async fn apply(
        &self,
        app: &App,
        draft: &mut PollDraft,
        answer: ParsedAnswer,
        ends: &Ends,
    ) -> Result<(), StepError> {
        let at = self.given_at(draft);
        match answer {
            ParsedAnswer::Getall(answer) => self.apply_getall(app, draft, answer, ends, at),
            ParsedAnswer::Media(answer) => self.apply_media(app, draft, answer, at),
            ParsedAnswer::Simple(listed) => {
                learn::captured(&mut draft.record.progress, Endpoint::Simple);
                let attempt_no = draft.record.progress.decisive_attempt();
                let listed = listed.into_iter().collect();
                draft.listed(Source::Simple, vec![(attempt_no, listed)], at);
            }
            ParsedAnswer::Detail(answer, _held) => {
                self.apply_inline(draft, answer).await?;
                learn::captured(&mut draft.record.progress, Endpoint::Detail);
            }
            ParsedAnswer::Whole(endpoint) => learn::captured(&mut draft.record.progress, endpoint),
        }
        Ok(())
    }

    fn apply_getall(
        &self,
        app: &App,
        draft: &mut PollDraft,
        mut answer: Getall,
        ends: &Ends,
        at: Time,
    ) {
        let (record, verification) = (&mut draft.record, &draft.verification);
        for attempt in &mut answer.attempts {
            attempt.forget_unbelievable_times(at);
        }
        if let Some(refusal) = learn::getall(&mut record.progress, &answer, ends, at) {
            let origin = Origin::VerifiedLater;
            self.lessons
                .unused(app, verification, &refusal, origin, &mut record.lessons);
        }
        self.lessons
            .data(app, verification, at, &mut record.lessons);
        if !answer.attempts.is_empty() {
            record.last_error = None;
            record.counts = Some(answer.counts);
        }
        let mut listed = Vec::new();
        for attempt in answer.attempts {
            listed.push((attempt.attempt_no, attempt.media.clone()));
            let row = IdentityRow::of(&attempt, self.columns, self.index_key.as_ref());
            record.attempts.push((attempt, row));
        }
        draft.listed(Source::Getall, listed, at);
    }

    fn apply_media(&self, app: &App, draft: &mut PollDraft, answer: MediaList, at: Time) {
        let (record, verification) = (&mut draft.record, &draft.verification);
        learn::media(&mut record.progress, &answer, at);
        for (film, is_listed) in [
            (Film::Images, answer.has_images()),
            (Film::Video, answer.has_video()),
        ] {
            if is_listed {
                self.lessons
                    .film(app, verification, film, at, &mut record.lessons);
            }
        }
        let attempt_no = record.progress.decisive_attempt();
        draft.listed(Source::Media, vec![(attempt_no, answer.listed)], at);
    }

    /// The images inside `detail` become media of the attempt that passed, unless the same bytes
    /// are there by URL already.
    async fn apply_inline(&self, draft: &mut PollDraft, answer: Detail) -> Result<(), StepError> {
        let attempt_no = draft.record.progress.decisive_attempt();
        let unreadable = answer.unreadable.iter();
        let unreadable = unreadable.map(|what| format!("detail.{what}"));
        draft.record.progress.unreadable.extend(unreadable);
        for (kind, bytes) in [
            (Kind::IdFront, answer.id_front),
            (Kind::IdBack, answer.id_back),
        ] {
            let Some(bytes) = bytes else { continue };
            let sha256 = Sha256::of(&bytes);
            let of_kind = || {
                let rows = draft.media.iter();
                rows.filter(|row| row.slot.kind == kind && row.slot.attempt_no == attempt_no)
            };
            if of_kind().any(|row| row.sha256() == Some(sha256)) {
                continue;
            }
            let slot = Slot {
                attempt_no,
                kind,
                position: of_kind()
                    .map(|row| row.slot.position + 1)
                    .max()
                    .unwrap_or(0),
                source: Source::Detail,
            };
            let verification_id = draft.verification.verification_id;
            let stored = self.keep_inline(verification_id, bytes, &draft.log.put);
            let stored = stored.await?;
            draft.media.push(MediaRow {
                state: MediaState::Stored,
                object: Some(stored.object.clone()),
                ..MediaRow::wanted(stored.media_id, slot.clone())
            });
            draft.record.filled.push(FilledSlot { slot, stored });
        }
        Ok(())
    }

    /// Puts an image that came inside an answer.
    async fn keep_inline(
        &self,
        verification_id: VerificationId,
        bytes: Vec<u8>,
        of: &Put,
    ) -> Result<StoredMedia, StepError> {
        let now = self.clock.now();
        let media_id = MediaId::fresh(now);
        let key = ObjectKey::media(verification_id, ObjectId::fresh(now));
        let content_type = content_type_of(&bytes).map(str::to_owned);
        let object = self.keeper.put(&key, bytes.into(), of).await?;
        self.watcher.media_stored(object.bytes);
        Ok(StoredMedia {
            media_id,
            object,
            content_type,
            checked: Checked::None,
            captured_at: now,
        })
    }
}
