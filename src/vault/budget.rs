//! The memory that concurrent ingests may hold together.
//!
//! Nobody knows beforehand how long a stream is, so an ingest begins with a small permit and moves
//! to the next larger one when it is full, waiting where none is free. Each size has its own
//! supply, permits are only ever asked for in ascending size, and a second one of the largest is
//! never waited for: so ingests cannot block one another in a circle.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::blocks::BLOCK_BYTES;

/// How an object is put that is not small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// Into a file: little by little as it comes, for every part is with the system at once. Each
    /// costs two hops between threads, which half a MiB is worth.
    Small,
    /// To a bucket: stores want 5 MiB at least, and some want all parts alike; one travels while
    /// the next one fills.
    Large,
}

impl Parts {
    /// Sizes of permits in bytes, ascending, and what each gets of the whole, in eighths: images,
    /// short clips, one part of a video. The last is the length of every part but the last one,
    /// and the largest object that is put in one request.
    const fn sizes(self) -> &'static [(usize, usize)] {
        match self {
            Self::Small => &[(BLOCK_BYTES, 1), (512 << 10, 7)],
            Self::Large => &[(BLOCK_BYTES, 1), (2 << 20, 3), (8 << 20, 4)],
        }
    }
}

/// The supply of permits.
pub(super) struct Budget {
    parts: Parts,
    supplies: Vec<Supply>,
}

/// The permits of one size.
struct Supply {
    bytes: usize,
    free: Arc<Semaphore>,
}

/// The right to hold so many bytes, until dropped.
pub(super) struct BytePermit {
    size: usize,
    bytes: usize,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// One of `bytes_max` in all, but of one permit of each size at least.
    pub(super) fn new(parts: Parts, bytes_max: usize) -> Self {
        let supply = |&(bytes, share): &(usize, usize)| Supply {
            bytes,
            free: Arc::new(Semaphore::new((bytes_max / 8 * share / bytes).max(1))),
        };
        Self {
            parts,
            supplies: parts.sizes().iter().map(supply).collect(),
        }
    }

    /// How objects are put.
    pub(super) const fn parts(&self) -> Parts {
        self.parts
    }

    /// The smallest permit, as soon as there is one.
    pub(super) async fn enter(&self) -> BytePermit {
        self.take(0).await
    }

    /// Moves to the next larger permit as soon as there is one; false when this is the largest.
    pub(super) async fn widen(&self, permit: &mut BytePermit) -> bool {
        if permit.size + 1 == self.supplies.len() {
            return false;
        }
        // The old permit is given back only now: what is in it stays in memory until then.
        *permit = self.take(permit.size + 1).await;
        true
    }

    /// Another of the largest permits where a part takes its time, if one is free at this moment.
    pub(super) fn spare(&self) -> Option<BytePermit> {
        let largest = self
            .supplies
            .last()
            .filter(|_| self.parts == Parts::Large)?;
        let permit = Arc::clone(&largest.free).try_acquire_owned().ok()?;
        Some(BytePermit {
            size: self.supplies.len() - 1,
            bytes: largest.bytes,
            _permit: Some(permit),
        })
    }

    async fn take(&self, size: usize) -> BytePermit {
        let (bytes, permit) = match self.supplies.get(size) {
            // The semaphore is never closed, so there is always a permit.
            Some(supply) => {
                let permit = Arc::clone(&supply.free).acquire_owned().await;
                (supply.bytes, permit.ok())
            }
            None => (BLOCK_BYTES, None),
        };
        BytePermit {
            size,
            bytes,
            _permit: permit,
        }
    }
}

impl BytePermit {
    /// How many bytes may be held.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn rooms_together_stay_within_the_budget() {
        for parts in [Parts::Small, Parts::Large] {
            let budget = Budget::new(parts, 64 << 20);
            let (mut permits, mut bytes) = (Vec::new(), 0);
            for size in 0..parts.sizes().len() {
                while let Some(permit) = budget.take(size).now_or_never() {
                    bytes += permit.bytes();
                    permits.push(permit);
                }
            }
            assert_eq!(bytes, 64 << 20, "{parts:?}");
            assert!(budget.enter().now_or_never().is_none(), "{parts:?}");
            permits.clear();
            assert!(budget.enter().now_or_never().is_some(), "{parts:?}");
        }
    }

    #[tokio::test]
    async fn a_room_that_grew_gives_its_former_size_back() {
        for parts in [Parts::Small, Parts::Large] {
            let budget = Budget::new(parts, 1);
            let mut permit = budget.enter().await;
            assert!(budget.enter().now_or_never().is_none(), "{parts:?}");
            for (bytes, _) in parts.sizes().iter().skip(1) {
                assert!(budget.widen(&mut permit).await, "{parts:?}");
                assert!(budget.enter().now_or_never().is_some(), "{parts:?}");
                assert_eq!(permit.bytes(), *bytes, "{parts:?}");
            }
            assert!(!budget.widen(&mut permit).await, "{parts:?}");
            assert!(budget.spare().is_none(), "{parts:?}");
        }
    }

    #[tokio::test]
    async fn a_second_permit_is_only_for_parts_that_travel() {
        for (parts, is_spare) in [(Parts::Small, false), (Parts::Large, true)] {
            let budget = Budget::new(parts, 64 << 20);
            assert_eq!(budget.spare().is_some(), is_spare, "{parts:?}");
        }
    }
}
