//! The memory that concurrent ingests may hold together.
//!
//! Nobody knows beforehand how long a stream is, so an ingest begins with a small permit and moves
//! to the next larger one when it is full, waiting where none is free. Each size has its own
//! supply, permits are only ever asked for in ascending size, and a second one of the largest is
//! never waited for: so ingests cannot block one another in a circle.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Sizes of permits in bytes: images, short clips, one part of a video. The last is the largest
/// object that is put in one request.
pub(super) const PERMIT_BYTES: [usize; 3] = [256 << 10, 2 << 20, PART_BYTES];

/// Length of every part of a multipart upload but the last, and the most that is put in one
/// request. Stores want 5 MiB at least, and some want all parts alike.
pub(super) const PART_BYTES: usize = 8 << 20;

/// What each size gets of the whole, in eighths.
const SHARES: [usize; 3] = [1, 3, 4];

/// The supply of permits.
pub(super) struct Budget([Arc<Semaphore>; 3]);

/// The right to hold so many bytes, until dropped.
pub(super) struct BytePermit {
    size: usize,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// One of `bytes_max` in all, but of one permit of each size at least.
    pub(super) fn new(bytes_max: usize) -> Self {
        let supply = |size: usize| {
            let (bytes, share) = (
                PERMIT_BYTES.get(size).copied().unwrap_or(PART_BYTES),
                SHARES.get(size).copied().unwrap_or(1),
            );
            Arc::new(Semaphore::new((bytes_max / 8 * share / bytes).max(1)))
        };
        Self([supply(0), supply(1), supply(2)])
    }

    /// The smallest permit, as soon as there is one.
    pub(super) async fn enter(&self) -> BytePermit {
        self.take(0).await
    }

    /// Moves to the next larger permit as soon as there is one; false when this is the largest.
    pub(super) async fn widen(&self, permit: &mut BytePermit) -> bool {
        if permit.size + 1 == PERMIT_BYTES.len() {
            return false;
        }
        // The old permit is given back only now: what is in it stays in memory until then.
        *permit = self.take(permit.size + 1).await;
        true
    }

    /// One of the largest permits, if one is free at this moment.
    pub(super) fn spare(&self) -> Option<BytePermit> {
        let permit = Arc::clone(&self.0[2]).try_acquire_owned().ok()?;
        Some(BytePermit {
            size: 2,
            _permit: Some(permit),
        })
    }

    async fn take(&self, size: usize) -> BytePermit {
        let permit = match self.0.get(size) {
            // The semaphore is never closed, so there is always a permit.
            Some(supply) => Arc::clone(supply).acquire_owned().await.ok(),
            None => None,
        };
        BytePermit {
            size,
            _permit: permit,
        }
    }
}

impl BytePermit {
    /// How many bytes may be held.
    pub(super) fn bytes(&self) -> usize {
        PERMIT_BYTES.get(self.size).copied().unwrap_or(PART_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn rooms_together_stay_within_the_budget() {
        let budget = Budget::new(64 << 20);
        let (mut permits, mut bytes) = (Vec::new(), 0);
        for size in 0..3 {
            while let Some(permit) = budget.take(size).now_or_never() {
                bytes += permit.bytes();
                permits.push(permit);
            }
        }
        assert_eq!(bytes, 64 << 20);
        assert!(budget.enter().now_or_never().is_none());
        permits.clear();
        assert!(budget.enter().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_room_that_grew_gives_its_former_size_back() {
        let budget = Budget::new(1);
        let mut permit = budget.enter().await;
        assert!(budget.enter().now_or_never().is_none());
        assert!(budget.widen(&mut permit).await);
        assert!(budget.enter().now_or_never().is_some());
        assert!(budget.widen(&mut permit).await);
        assert!(!budget.widen(&mut permit).await);
        assert_eq!(permit.bytes(), PART_BYTES);
        assert!(budget.spare().is_none());
    }
}
