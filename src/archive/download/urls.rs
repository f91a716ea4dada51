//! The URLs at hand, and how fresh ones are had.

use std::collections::BTreeMap;

use super::{DownloadDraft, MediaFetcher};
use crate::{
    archive::{
        App, StepError,
        asker::{Asked, ParsedAnswer},
    },
    domain::{
        answer::{Endpoint, ErrorKind},
        loss::Cause,
        media::{Listed, Slot, Source},
        secret::Secret,
    },
};

/// URLs in memory only, by the slot they belong to.
pub(super) struct Urls {
    by_slot: Vec<(Slot, Secret)>,
    /// Which sources this step has asked for fresh ones: each once. Where none came, why.
    asked: BTreeMap<Source, NoUrl>,
}

/// Why there is no URL of a source.
#[derive(Clone)]
pub(super) struct NoUrl {
    pub(super) cause: Cause,
    /// Without a URL or a person.
    pub(super) text: String,
}

impl Default for NoUrl {
    fn default() -> Self {
        Self {
            cause: Cause::NotListed,
            text: "the provider lists no URL for it at present".to_owned(),
        }
    }
}

impl Urls {
    /// Why there is none of that source.
    pub(super) fn why(&self, source: Source) -> NoUrl {
        self.asked.get(&source).cloned().unwrap_or_default()
    }

    pub(super) const fn new(fresh: Vec<(Slot, Secret)>) -> Self {
        Self {
            by_slot: fresh,
            asked: BTreeMap::new(),
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
        if urls.asked.contains_key(&source) {
            return Ok(false);
        }
        let endpoint = match source {
            Source::Getall => Endpoint::Getall,
            Source::Media => Endpoint::Media,
            Source::Simple => Endpoint::Simple,
            Source::Detail => Endpoint::Detail,
            Source::Submitted => return Ok(false),
        };
        let asked = self
            .asker
            .query(app, &draft.verification, endpoint, &mut draft.log)
            .await?;
        let (listed, why) = listed(asked, slot, app);
        urls.asked.insert(source, why);
        urls.by_slot.retain(|(known, _)| known.source != source);
        for (attempt_no, listed) in listed {
            let fresh = listed.into_iter();
            let fresh = fresh.map(|one| (one.slot(attempt_no, source), one.url));
            urls.by_slot.extend(fresh);
        }
        Ok(true)
    }
}

/// What an answer lists, by attempt, and why there is no URL where it lists none.
fn listed(asked: Asked, slot: &Slot, app: &App) -> (Vec<(i64, Vec<Listed>)>, NoUrl) {
    let none = |kind: ErrorKind, what: String| {
        let text = format!("no fresh URL could be had: {what}");
        let cause = kind.cause();
        (Vec::new(), NoUrl { cause, text })
    };
    let listed = match asked {
        Asked::Answered(ParsedAnswer::Getall(answer)) => answer
            .attempts
            .into_iter()
            .map(|attempt| (attempt.attempt_no, attempt.media))
            .collect(),
        Asked::Answered(ParsedAnswer::Media(answer)) => vec![(slot.attempt_no, answer.listed)],
        Asked::Answered(ParsedAnswer::Simple(listed)) => {
            vec![(slot.attempt_no, listed.into_iter().collect())]
        }
        Asked::Answered(_) => Vec::new(),
        Asked::Failed(problem) => return none(problem.kind, problem.to_string()),
        Asked::Paused(until, kind) => {
            let (app, kind_name) = (&app.name, kind.name());
            let what = format!("app {app} fails ({kind_name}) and is not asked before {until}");
            return none(kind, what);
        }
    };
    (listed, NoUrl::default())
}
