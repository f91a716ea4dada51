//! An app's way into the world, on which single endpoints can be answered otherwise for a while.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use simulator::{AppCredential, World};

use super::BEGIN;

use crate::{
    domain::{
        answer::{Endpoint, ErrorKind, ProviderError},
        secret::Secret,
        time::{Clock, HeldClock, Span, Time, TrustedClock},
    },
    provider::{Download, DownloadError, OverWorld, Probe, Provider, Reply, request::RequestBody},
};

/// What an endpoint answers instead.
#[derive(Clone, Copy)]
pub(super) enum Instead {
    /// This body under this status.
    Body(u16, &'static str),
    /// Nothing arrives.
    Nothing,
}

/// The way of one app.
pub(super) struct Way {
    pub(super) over: OverWorld,
    clock: Arc<dyn Clock>,
    /// Which endpoint answers what instead, and until when.
    troubles: Mutex<Vec<(Endpoint, Instead, Time)>>,
    asked: Mutex<Vec<Endpoint>>,
    opened: AtomicUsize,
    /// Which of the media never comes, by when it is begun; none where it is zero.
    hangs_at: AtomicUsize,
    /// How many media more come too slowly.
    slow: AtomicUsize,
    /// Films are large by their own word.
    has_large_films: AtomicBool,
}

impl Way {
    /// Into a world that goes by a clock of its own.
    pub(super) fn into(
        world: &Arc<World>,
        world_clock: &Arc<WorldClock>,
        clock: &Arc<TrustedClock>,
        app: AppCredential,
    ) -> Self {
        let over = OverWorld::new(Arc::clone(world), clock.clone(), app);
        Self {
            over: over.by_clock(world_clock.clone()),
            clock: clock.clone(),
            troubles: Mutex::default(),
            asked: Mutex::default(),
            opened: AtomicUsize::new(0),
            hangs_at: AtomicUsize::new(0),
            slow: AtomicUsize::new(0),
            has_large_films: AtomicBool::new(false),
        }
    }

    /// The next so many media come too slowly.
    pub(super) fn slow(&self, count: usize) {
        self.slow.store(count, Ordering::Relaxed);
    }

    /// Films are large from now on.
    pub(super) fn large_films(&self) {
        self.has_large_films.store(true, Ordering::Relaxed);
    }

    /// Until `end` the endpoint answers so.
    pub(super) fn trouble(&self, endpoint: Endpoint, instead: Instead, end: Time) {
        self.troubles.lock().unwrap().push((endpoint, instead, end));
    }

    /// How often the endpoint was asked, whoever answered.
    pub(super) fn asked(&self, endpoint: Endpoint) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|known| **known == endpoint).count()
    }

    /// The medium that is begun after so many others never comes.
    pub(super) fn hang_after(&self, count: usize) {
        let before = self.opened();
        self.hangs_at.store(before + count + 1, Ordering::Relaxed);
    }

    /// How many media were fetched, or begun to be.
    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

/// The world's time, whatever the host's clock is set to: what has elapsed since all began, and what
/// it was set to itself.
pub(super) struct WorldClock(Arc<HeldClock>, AtomicI64);

impl WorldClock {
    pub(super) fn beside(host: &Arc<HeldClock>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(host), AtomicI64::new(0)))
    }

    /// Sets it back.
    pub(super) fn set_back(&self, span: Span) {
        self.1.fetch_sub(span.0, Ordering::Relaxed);
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Time {
        let set = Span(self.1.load(Ordering::Relaxed));
        BEGIN.plus(self.0.elapsed()).plus(set)
    }

    fn elapsed(&self) -> Span {
        self.0.elapsed()
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.sleep(span)
    }
}

#[async_trait]
impl Provider for Way {
    async fn call(&self, endpoint: Endpoint, body: &RequestBody) -> Result<Reply, ProviderError> {
        self.asked.lock().unwrap().push(endpoint);
        let now = self.clock.now();
        let instead = {
            let troubles = self.troubles.lock().unwrap();
            let stands = |(at, _, end): &&(Endpoint, Instead, Time)| *at == endpoint && now < *end;
            troubles.iter().find(stands).map(|(_, instead, _)| *instead)
        };
        match instead {
            None => self.over.call(endpoint, body).await,
            Some(Instead::Body(status, body)) => {
                Ok(Reply::kept(endpoint, status, body.into(), now))
            }
            Some(Instead::Nothing) => Err(ProviderError::new(
                ErrorKind::Transient,
                "no whole answer within the time limit",
            )),
        }
    }

    fn heard(&self, reply: &Reply, error: Option<ErrorKind>) -> bool {
        self.over.heard(reply, error)
    }

    async fn open(&self, url: &Secret) -> Result<Download, DownloadError> {
        let opened = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        if opened == self.hangs_at.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let left = self.slow.load(Ordering::Relaxed);
        if left > 0 {
            self.slow.store(left - 1, Ordering::Relaxed);
            return Err(DownloadError::Slow);
        }
        let mut download = self.over.open(url).await?;
        let is_film = |content: &String| content.starts_with("video/");
        let is_film = download.content_type.as_ref().is_some_and(is_film);
        if is_film && self.has_large_films.load(Ordering::Relaxed) {
            download.expected_bytes = Some(8 << 20);
        }
        Ok(download)
    }

    async fn probe(&self) -> Result<Probe, ProviderError> {
        self.over.probe().await
    }
}
