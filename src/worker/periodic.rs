//! Loops that do one small thing again and again.

use std::{future::Future, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::spawn::caught;
use crate::domain::{
    random,
    time::{Clock, Span},
};

/// Runs `tick` about every `period` (with jitter) until `stop`. One that panics is told to
/// `panicked`, and the next comes at its time.
pub(crate) async fn every<F, T>(
    period: Span,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    mut tick: F,
    panicked: impl Fn(),
) where
    F: FnMut() -> T,
    T: Future<Output = ()>,
{
    loop {
        // A stop before another tick.
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = clock.sleep(random::jitter(period)) => {}
        }
        // The tick is made inside, so that a panic in making it is caught as well.
        if caught(async { tick().await }).await.is_err() {
            panicked();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::worker::clock::SystemClock;

    #[tokio::test]
    async fn a_tick_that_panics_is_told_and_the_next_one_comes() {
        let (ticks, panics, stop) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            CancellationToken::new(),
        );
        let tick = || {
            let number = ticks.fetch_add(1, Ordering::SeqCst);
            assert_ne!(number, 0, "the first one");
            stop.cancel();
            std::future::ready(())
        };
        every(Span(1), Arc::new(SystemClock), stop.clone(), tick, || {
            panics.fetch_add(1, Ordering::SeqCst);
        })
        .await;
        assert_eq!(
            (ticks.load(Ordering::SeqCst), panics.load(Ordering::SeqCst)),
            (2, 1)
        );
    }
}
