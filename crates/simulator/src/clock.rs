//! The clock that a served provider goes by, apart from the one of whoever talks to it.
//!
//! It can be moved forward, so that three days of retention pass in a test without waiting, and it
//! may stand wrong against the machine's, as a far server's clock does.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Unix milliseconds by the machine plus an offset.
#[derive(Debug, Default)]
pub(crate) struct SimClock {
    offset_ms: AtomicI64,
}

impl SimClock {
    /// A clock that stands `offset_ms` ahead of the machine's.
    pub(crate) fn ahead_by(offset_ms: i64) -> Self {
        Self {
            offset_ms: AtomicI64::new(offset_ms),
        }
    }

    /// Now, unix milliseconds.
    // The other side of the wire has a clock of its own: sharing ours would hide what a skew
    // between the two does.
    #[allow(clippy::disallowed_methods)]
    pub(crate) fn now_ms(&self) -> i64 {
        Timestamp::now()
            .as_millisecond()
            .saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock forward (or back, when negative) by `by_ms`.
    pub(crate) fn advance(&self, by_ms: i64) {
        self.offset_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_moves_now() {
        let clock = SimClock::default();
        let before_ms = clock.now_ms();
        clock.advance(86_400_000);
        assert!(clock.now_ms() >= before_ms + 86_400_000);
    }
}
