//! Media that drip: what comes slowly must not hold what the others need.
//!
//! The first time a medium is fetched it must come with 16 KiB a second at least; where it does not
//! it is cut off after a minute. From then on it may take all the time it wants, but only two such
//! of an app at once: the others wait, and those that come quickly go by.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures::Stream;

use crate::{
    domain::{
        media::MediaRow,
        time::{Clock, Span},
    },
    provider::{Download, DownloadError},
};

/// How long is waited for [`BYTES_MIN`]; time in which nobody waits for the far end is not counted.
const PATIENCE: Span = Span::minutes(1);
/// 16 KiB a second.
const BYTES_MIN: u64 = 60 * (16 << 10);
/// Slow media of an app that are fetched at once.
const AT_ONCE: usize = 2;

/// Whether it came too slowly when it was fetched the last time.
pub(super) fn is_slow(row: &MediaRow) -> bool {
    let slow = DownloadError::Slow.to_string();
    row.last_error.as_ref().is_some_and(|error| *error == slow)
}

/// What arrives, held to the least speed or not.
pub(super) struct Arriving {
    pub(super) download: Download,
    clock: Arc<dyn Clock>,
    must_be_quick: bool,
    /// Since the last time it was quick enough.
    waited: Span,
    bytes: u64,
    /// Counts every byte, for whoever watches.
    arrived: Arc<AtomicU64>,
}

impl Arriving {
    pub(super) fn new(
        download: Download,
        clock: &Arc<dyn Clock>,
        must_be_quick: bool,
        arrived: &Arc<AtomicU64>,
    ) -> Self {
        Self {
            download,
            clock: Arc::clone(clock),
            must_be_quick,
            waited: Span(0),
            bytes: 0,
            arrived: Arc::clone(arrived),
        }
    }

    /// The next of the bytes; none when it is over.
    pub(super) async fn chunk(&mut self) -> Option<Result<Bytes, DownloadError>> {
        let before = self.clock.elapsed();
        let chunk = self.download.chunk().await?;
        self.waited.0 += self.clock.elapsed().0 - before.0;
        let bytes = chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
        self.bytes += bytes;
        self.arrived.fetch_add(bytes, Ordering::Relaxed);
        if self.bytes >= BYTES_MIN {
            (self.waited, self.bytes) = (Span(0), 0);
        }
        if self.must_be_quick && self.waited >= PATIENCE {
            return Some(Err(DownloadError::Slow));
        }
        Some(chunk)
    }

    /// All that is still to come.
    pub(super) fn stream(&mut self) -> impl Stream<Item = Result<Bytes, DownloadError>> + Send {
        futures::stream::unfold(self, |arriving| async move {
            let chunk = arriving.chunk().await?;
            Some((chunk, arriving))
        })
    }
}

/// How many slow media of each app are being fetched.
#[derive(Debug, Default)]
pub(in crate::archive) struct SlowLane(Mutex<BTreeMap<String, usize>>);

impl SlowLane {
    /// A place for one of this app, for as long as it is held; none when all are taken.
    pub(in crate::archive) fn enter<'a>(&'a self, app: &'a str) -> Option<Place<'a>> {
        let is_free = self.with(app, |taken| {
            let is_free = *taken < AT_ONCE;
            *taken += usize::from(is_free);
            is_free
        });
        is_free.then(|| Place { lane: self, app })
    }

    fn with<T>(&self, app: &str, change: impl FnOnce(&mut usize) -> T) -> T {
        let mut apps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(apps.entry(app.to_owned()).or_default())
    }
}

/// See [`SlowLane::enter`].
pub(in crate::archive) struct Place<'a> {
    lane: &'a SlowLane,
    app: &'a str,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.lane.with(self.app, |taken| *taken -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};
    use http::HeaderMap;

    use super::*;
    use crate::domain::time::{HeldClock, Time};

    /// What comes of so many chunks of so many bytes, one every so many seconds.
    fn come(chunks: usize, bytes: usize, every_s: i64, must_be_quick: bool) -> Vec<bool> {
        let clock = HeldClock::at(Time(0));
        let passing = Arc::clone(&clock);
        let body = futures::stream::repeat_with(move || {
            passing.pass(Span::seconds(every_s));
            Ok(Bytes::from(vec![1; bytes]))
        });
        let body = body.take(chunks).boxed();
        let download = Download::new(200, &HeaderMap::new(), body, u64::MAX).unwrap();
        let clock: Arc<dyn Clock> = clock;
        let mut arriving = Arriving::new(download, &clock, must_be_quick, &Arc::default());
        let came = arriving.stream().map(|chunk| chunk.is_ok());
        came.collect().now_or_never().unwrap()
    }

    #[test]
    fn what_drips_is_cut_off_after_a_minute_unless_it_may_take_its_time() {
        for (label, bytes, every_s, cut_at) in [
            ("a drip", 100, 7, Some(8)),
            ("just too slow", (16 << 10) * 10 - 1, 10, Some(5)),
            ("just quick enough", (16 << 10) * 10, 10, None),
            ("quick", 1 << 20, 1, None),
            ("it pauses", 1 << 20, 59, None),
        ] {
            let came = come(30, bytes, every_s, true);
            assert_eq!(came.iter().position(|is_ok| !is_ok), cut_at, "{label}");
            let came = come(30, bytes, every_s, false);
            assert!(came.iter().all(|is_ok| *is_ok), "{label}");
            assert_eq!(came.len(), 30, "{label}");
        }
    }

    #[test]
    fn two_slow_ones_of_an_app_are_fetched_at_once() {
        let lane = SlowLane::default();
        let first = lane.enter("a");
        let second = lane.enter("a");
        assert!(first.is_some() && second.is_some());
        assert!(lane.enter("a").is_none());
        assert!(lane.enter("b").is_some(), "each app has its own");
        drop(first);
        assert!(lane.enter("a").is_some());
    }
}
