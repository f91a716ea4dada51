//! What a poll finds is fetched before it is recorded, as far as that is quick: answers and pictures of an
//! ordinary verification are one record then.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{StreamExt as _, stream};
use tokio::sync::Semaphore;

use super::{Poller, draft::PollDraft};
use crate::{
    archive::{
        App, Headway, StepError,
        download::{AtOnce, Here, Request},
    },
    domain::{
        media::{Kind, MediaRow},
        time::{Span, in_time},
    },
    store::records::Next,
};

/// How long the record of a poll waits for its media, all of them together. Asking again costs nothing
/// should it never be written.
const AHEAD: Span = Span::seconds(2);
/// So many media of one verification are fetched at once: those of an ordinary one, which has eight of them,
/// come in time from a far end that is not next door.
const TOGETHER: usize = 4;
/// How long a kind of medium is left to downloads after one that was large.
const LARGE_FOR: Span = Span::minutes(10);

/// How the polls of one app go on with the media they find.
#[derive(Debug)]
pub struct Onward {
    /// For so long a download is granted to this process.
    pub(super) lease: Span,
    /// One for each medium that is fetched at once.
    places: Semaphore,
    /// When one of a kind was large, milliseconds of [`crate::domain::time::Clock::elapsed`].
    large: Mutex<BTreeMap<Kind, Span>>,
}

impl Onward {
    /// With downloads granted for so long, and so many media that are fetched at once; without any, all are left
    /// to downloads.
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
        let ahead = Ahead {
            poller: self,
            app,
            draft,
            onward,
            headway,
            ends: Span(self.clock.elapsed().0 + AHEAD.0),
            goes_on: AtomicBool::new(true),
        };
        let fetches = ahead.draft.wanted().into_iter().map(|row| ahead.fetch(row));
        let fetched: Vec<_> = stream::iter(fetches).buffered(TOGETHER).collect().await;
        let mut has_come = false;
        for (row, here) in fetched.into_iter().flatten() {
            draft.have(&row, here);
            has_come = true;
        }
        has_come
    }
}

/// What the fetches of one poll have in common.
struct Ahead<'a> {
    poller: &'a Poller,
    app: &'a App,
    draft: &'a PollDraft,
    onward: &'a Onward,
    headway: &'a Headway,
    /// What has not come by then is let go of, by [`crate::domain::time::Clock::elapsed`].
    ends: Span,
    /// Until one did not come as it should.
    goes_on: AtomicBool,
}

impl Ahead<'_> {
    /// One medium, where it comes in time and as it should.
    async fn fetch(&self, row: MediaRow) -> Option<(MediaRow, Here)> {
        let (clock, kind) = (&*self.poller.clock, row.slot.kind);
        let left = || Some(Span(self.ends.0 - clock.elapsed().0)).filter(|left| *left > Span(0));
        if self.onward.is_large(kind, clock.elapsed()) {
            return None;
        }
        let url = self.draft.url(&row.slot)?;
        let place = in_time(clock, left()?, self.onward.places.acquire()).await;
        let _place = place?.ok()?;
        if !self.goes_on.load(Ordering::Relaxed) {
            return None;
        }
        let request = Request {
            app: self.app,
            verification_id: self.draft.verification.verification_id,
            url: &url,
            must_be_quick: true,
            headway: self.headway,
        };
        let beside = (&self.draft.media[..], self.draft.verification.issued_at);
        let fetcher = &self.poller.fetcher;
        // In a box, so that those that still wait for a place take no memory for it.
        let fetched = Box::pin(fetcher.fetch_at_once(request, &row, beside, left()?));
        match fetched.await {
            Ok(AtOnce::Here(here)) => return Some((row, here)),
            Ok(AtOnce::Large) => self.onward.was_large(kind, clock.elapsed()),
            Ok(AtOnce::No) | Err(_) => self.goes_on.store(false, Ordering::Relaxed),
        }
        None
    }
}
