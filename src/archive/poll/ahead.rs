//! What a poll finds is fetched before it is recorded, as far as that is quick: answers and pictures of an
//! ordinary verification are one record then.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Semaphore;

use super::{Poller, draft::PollDraft};
use crate::{
    archive::{
        App, Headway, StepError,
        download::{AtOnce, Request},
    },
    domain::{
        media::Kind,
        time::{Span, in_time},
    },
    store::records::Next,
};

/// How long the record of a poll waits for its media, all of them together. Asking again costs nothing
/// should it never be written.
const AHEAD: Span = Span::seconds(2);
/// How long a kind of medium is left to downloads after one that was large.
const LARGE_FOR: Span = Span::minutes(10);

/// How the polls of one app go on with the media they find.
#[derive(Debug)]
pub struct Onward {
    /// For so long a download is granted to this process.
    pub(super) lease: Span,
    /// Places for those that fetch at once.
    places: Semaphore,
    /// When one of a kind was large, milliseconds of [`crate::domain::time::Clock::elapsed`].
    large: Mutex<BTreeMap<Kind, Span>>,
}

impl Onward {
    /// With downloads granted for so long, and so many polls that fetch at once; without any, all media are
    /// left to downloads.
    #[must_use]
    pub fn new(lease: Span, places: usize) -> Self {
        let semaphore = Semaphore::new(places);
        if places == 0 {
            semaphore.close();
        }
        Self {
            lease,
            places: semaphore,
            large: Mutex::default(),
        }
    }

    fn is_large(&self, kind: Kind, now: Span) -> bool {
        let large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        large
            .get(&kind)
            .is_some_and(|seen| now.0 - seen.0 < LARGE_FOR.0)
    }

    fn was_large(&self, kind: Kind, now: Span) {
        let mut large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        large.insert(kind, now);
    }
}

impl Poller {
    /// Asks what the plan wants asked, and fetches what is listed.
    pub(super) async fn gather(
        &self,
        app: &App,
        draft: &mut PollDraft,
        onward: Option<&Onward>,
        headway: &Headway,
    ) -> Result<Next, StepError> {
        // Where some are wanted already, a download may be busy with them: all are left to it.
        let is_alone = draft.wanted().is_empty();
        let next = self.run_plan(app, draft).await?;
        match onward {
            Some(onward) if is_alone && matches!(next, Next::Due { .. }) => {
                if self.fetch_ahead(app, draft, onward, headway).await {
                    self.run_plan(app, draft).await
                } else {
                    Ok(next)
                }
            }
            _ => Ok(next),
        }
    }

    /// Fetches what is wanted as long as it comes, and says whether anything came. Whatever is amiss, also in
    /// the vault, the download meets as well, and says so.
    async fn fetch_ahead(
        &self,
        app: &App,
        draft: &mut PollDraft,
        onward: &Onward,
        headway: &Headway,
    ) -> bool {
        let ends = self.clock.elapsed().0 + AHEAD.0;
        let left = || Span(ends - self.clock.elapsed().0);
        let wanted = draft.wanted();
        if wanted.is_empty() {
            return false;
        }
        let place = in_time(&*self.clock, left(), onward.places.acquire()).await;
        let Some(Ok(_place)) = place else {
            return false;
        };
        let mut has_come = false;
        for row in wanted {
            let kind = row.slot.kind;
            let (left, now) = (left(), self.clock.elapsed());
            if left <= Span(0) {
                break;
            }
            if onward.is_large(kind, now) {
                continue;
            }
            let Some(url) = draft.url(&row.slot) else {
                continue;
            };
            let request = Request {
                app,
                verification_id: draft.verification.verification_id,
                url: &url,
                must_be_quick: true,
                headway,
            };
            let beside = (&draft.media[..], draft.verification.issued_at);
            match self
                .fetcher
                .fetch_at_once(request, &row, beside, left)
                .await
            {
                Ok(AtOnce::Here(here)) => draft.have(&row, here),
                Ok(AtOnce::Large) => {
                    onward.was_large(kind, now);
                    continue;
                }
                Ok(AtOnce::No) | Err(_) => break,
            }
            has_come = true;
        }
        has_come
    }
}
