//! The memory that answers may hold together, whoever asks and however many at once.
//!
//! Nobody knows beforehand how long an answer is, so each begins with a small room that needs no
//! permit, and moves to a larger one before it reads further, waiting where none is free. Rooms are
//! only ever asked for in ascending size, so answers cannot block one another in a circle. The room
//! is given back when the last copy of the bytes is dropped.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What every answer may hold: all but those with images inside.
const SMALL: usize = 256 << 10;
/// An answer with both sides of an ID card inside.
const MEDIUM: usize = 4 << 20;
/// How many of the medium, and of the largest rooms there are.
const ROOMS: [usize; 2] = [12, 2];

/// The supply of rooms.
#[derive(Clone, Debug)]
pub(super) struct BodyBudget {
    sizes: [usize; 2],
    rooms: [Arc<Semaphore>; 2],
}

impl BodyBudget {
    /// One for answers of at most `body_bytes_max`.
    pub(super) fn new(body_bytes_max: usize) -> Self {
        Self {
            sizes: [MEDIUM.min(body_bytes_max), body_bytes_max],
            rooms: ROOMS.map(|rooms| Arc::new(Semaphore::new(rooms))),
        }
    }

    /// A body to be read, of which `expected` bytes are announced.
    pub(super) async fn body(&self, expected: usize) -> Body<'_> {
        let mut body = Body {
            budget: self,
            bytes: BytesMut::new(),
            bytes_max: SMALL,
            permit: None,
        };
        body.widen(expected).await;
        body
    }
}

/// Bytes on their way, within a room.
pub(super) struct Body<'b> {
    budget: &'b BodyBudget,
    bytes: BytesMut,
    bytes_max: usize,
    permit: Option<OwnedSemaphorePermit>,
}

/// Bytes together with the right to hold them.
struct Held(
    BytesMut,
    #[allow(dead_code, reason = "given back when it is dropped")] Option<OwnedSemaphorePermit>,
);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Body<'_> {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds bytes, as soon as there is room for them.
    pub(super) async fn push(&mut self, bytes: &[u8]) {
        self.widen(self.bytes.len() + bytes.len()).await;
        self.bytes.extend_from_slice(bytes);
    }

    /// The whole of it. The room stays taken until nobody holds the bytes any more.
    pub(super) fn finish(self) -> Bytes {
        Bytes::from_owner(Held(self.bytes, self.permit))
    }

    /// Moves to the smallest room that `wanted` bytes fit into, or to the largest.
    async fn widen(&mut self, wanted: usize) {
        if wanted <= self.bytes_max {
            return;
        }
        let size = usize::from(
            self.budget
                .sizes
                .first()
                .is_some_and(|medium| wanted > *medium),
        );
        let (Some(bytes_max), Some(rooms)) =
            (self.budget.sizes.get(size), self.budget.rooms.get(size))
        else {
            return;
        };
        if *bytes_max <= self.bytes_max {
            return;
        }
        // The smaller room is given back only now: what is in it stays in memory until then. The
        // semaphore is never closed.
        self.permit = Arc::clone(rooms).acquire_owned().await.ok();
        self.bytes_max = *bytes_max;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn answers_together_stay_within_the_budget() {
        let budget = BodyBudget::new(32 << 20);
        let small: Vec<_> = (0..1000)
            .map(|_| budget.body(1000).now_or_never().unwrap())
            .collect();
        let mut held: Vec<Bytes> = (0..12)
            .map(|_| budget.body(1 << 20).now_or_never().unwrap().finish())
            .collect();
        assert!(
            budget.body(1 << 20).now_or_never().is_none(),
            "the next waits"
        );
        let copy = held[0].clone();
        held.clear();
        let eleven: Vec<_> = (0..11)
            .map(|_| budget.body(1 << 20).now_or_never().unwrap())
            .collect();
        assert!(
            budget.body(1 << 20).now_or_never().is_none(),
            "a copy holds its room"
        );
        drop((copy, eleven, small));
        let large: Vec<_> = (0..2)
            .map(|_| budget.body(5 << 20).now_or_never().unwrap())
            .collect();
        assert!(
            budget.body(5 << 20).now_or_never().is_none()
                && budget.body(1 << 20).now_or_never().is_some()
        );
        drop(large);
    }

    #[tokio::test]
    async fn a_body_that_grows_waits_for_room_before_it_is_read_further() {
        let budget = BodyBudget::new(32 << 20);
        let taken: Vec<_> = (0..12)
            .map(|_| budget.body(MEDIUM).now_or_never().unwrap())
            .collect();
        let mut body = budget.body(0).now_or_never().unwrap();
        assert!(body.push(&[1; SMALL]).now_or_never().is_some());
        assert!(body.push(&[2]).now_or_never().is_none());
        assert_eq!(body.len(), SMALL);
        drop(taken);
        assert!(body.push(&[2]).now_or_never().is_some());
        let whole = body.finish();
        assert_eq!((whole.len(), whole[0], whole[SMALL]), (SMALL + 1, 1, 2));
    }
}
