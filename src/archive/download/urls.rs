//! The URLs at hand, and how fresh ones are had.

use std::collections::BTreeSet;

use super::{DownloadDraft, MediaFetcher};
use crate::{
    archive::{
        App, StepError,
        asker::{Asked, ParsedAnswer},
    },
    domain::{
        answer::Endpoint,
        media::{Listed, Slot, Source},
        secret::Secret,
    },
};

/// URLs in memory only, by the slot they belong to.
pub(super) struct Urls {
    by_slot: Vec<(Slot, Secret)>,
    /// Which sources this step has asked for fresh ones: each once.
    asked: BTreeSet<Source>,
}

impl Urls {
    pub(super) const fn new(fresh: Vec<(Slot, Secret)>) -> Self {
        Self {
            by_slot: fresh,
            asked: BTreeSet::new(),
        }
    }

    pub(super) fn has(&self, slot: &Slot) -> bool {
        self.by_slot.iter().any(|(known, _)| known == slot)
    }

    pub(super) fn take(&mut self, slot: &Slot) -> Option<Secret> {
        let at = self.by_slot.iter().position(|(known, _)| known == slot)?;
        Some(self.by_slot.swap_remove(at).1)
    }
}

impl MediaFetcher {
    /// Asks the provider once a step for the URLs of a slot's source. False when it was asked
    /// already.
    pub(super) async fn refresh(
        &self,
        app: &App,
        slot: &Slot,
        urls: &mut Urls,
        draft: &mut DownloadDraft,
    ) -> Result<bool, StepError> {
        let source = slot.source;
        if !urls.asked.insert(source) {
            return Ok(false);
        }
        let endpoint = match source {
            Source::Getall => Endpoint::Getall,
            Source::Media => Endpoint::Media,
            Source::Simple => Endpoint::Simple,
            Source::Detail => Endpoint::Detail,
        };
        let asked = self
            .asker
            .query(app, &draft.verification, endpoint, &mut draft.log)
            .await?;
        let listed: Vec<(i64, Vec<Listed>)> = match asked {
            Asked::Answered(ParsedAnswer::Getall(answer)) => answer
                .attempts
                .into_iter()
                .map(|attempt| (attempt.attempt_no, attempt.media))
                .collect(),
            Asked::Answered(ParsedAnswer::Media(answer)) => vec![(slot.attempt_no, answer.listed)],
            Asked::Answered(ParsedAnswer::Simple(listed)) => {
                vec![(slot.attempt_no, listed.into_iter().collect())]
            }
            Asked::Answered(_) | Asked::Failed(_) | Asked::Paused(_) => Vec::new(),
        };
        urls.by_slot.retain(|(known, _)| known.source != source);
        for (attempt_no, listed) in listed {
            let fresh = listed.into_iter();
            let fresh = fresh.map(|one| (one.slot(attempt_no, source), one.url));
            urls.by_slot.extend(fresh);
        }
        Ok(true)
    }
}
