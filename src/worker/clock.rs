//! The machine's clock.

use std::{future::Future, pin::Pin, sync::LazyLock, time::Instant};

use crate::domain::time::{Clock, Span, Time};

/// The real time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place")]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Span {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Span(i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    #[allow(clippy::disallowed_methods, reason = "the one place")]
    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(span.std()))
    }
}

/// What comes of `work` within `span` by this clock; none when it took longer, and was let go of.
pub(crate) async fn in_time<T>(
    clock: &dyn Clock,
    span: Span,
    work: impl Future<Output = T>,
) -> Option<T> {
    // What is done in time counts, even at the last moment.
    tokio::select! {
        biased;
        done = work => Some(done),
        () = clock.sleep(span) => None,
    }
}

/// What comes of `work` within `span` of real time, whatever the clock of the archive says: for the
/// machine's own network and file systems. None when it took longer.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub async fn within<T>(span: Span, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(span.std(), work).await.ok()
}
