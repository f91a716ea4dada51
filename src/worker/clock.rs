//! The machine's clock.

use std::{future::Future, pin::Pin};

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

    /// On Linux it goes on while the machine is suspended, unlike [`std::time::Instant`].
    #[cfg(target_os = "linux")]
    fn elapsed(&self) -> Span {
        use rustix::time::{ClockId, clock_gettime};
        let since_boot = clock_gettime(ClockId::Boottime);
        Span(since_boot.tv_sec * 1000 + since_boot.tv_nsec / 1_000_000)
    }

    #[cfg(not(target_os = "linux"))]
    fn elapsed(&self) -> Span {
        use std::{sync::LazyLock, time::Instant};
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Span(i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    #[allow(clippy::disallowed_methods, reason = "the one place")]
    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(span.std()))
    }
}

/// What comes of `work` within `span` of real time, whatever the clock of the archive says: for the
/// machine's own network and file systems. None when it took longer.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub async fn within<T>(span: Span, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(span.std(), work).await.ok()
}
