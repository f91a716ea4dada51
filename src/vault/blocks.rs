//! Where bytes gather on their way into the store: blocks that are used again and again.
//!
//! A fresh buffer costs a page fault for every 4 KiB of it, which for a medium is more than its
//! digest. Blocks are alike, so that an image takes one and a part of a video takes several, and no
//! byte is copied on when a buffer turns out too small.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use object_store::PutPayload;

/// The length of a block.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// How many are kept for the next who needs one: 16 MiB, which is a part of each download that may
/// be under way to a folder, or two parts on their way to a bucket.
const KEPT: usize = 64;

/// The blocks that nobody needs at present.
#[derive(Default)]
pub(super) struct Shelf(Mutex<Vec<Vec<u8>>>);

impl Shelf {
    fn take(self: &Arc<Self>) -> Block {
        let kept = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(BLOCK_BYTES));
        Block {
            bytes: kept,
            shelf: Arc::clone(self),
        }
    }

    fn put_back(&self, mut block: Vec<u8>) {
        block.clear();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(block);
        }
    }
}

/// A block in use; when it is dropped, it goes back to its shelf.
struct Block {
    bytes: Vec<u8>,
    shelf: Arc<Shelf>,
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.shelf.put_back(std::mem::take(&mut self.bytes));
    }
}

/// Bytes that have gathered.
pub(super) struct Gathered {
    shelf: Arc<Shelf>,
    blocks: Vec<Block>,
    bytes: usize,
}

impl Gathered {
    /// Nothing yet.
    pub(super) fn on(shelf: &Arc<Shelf>) -> Self {
        Self {
            shelf: Arc::clone(shelf),
            blocks: Vec::new(),
            bytes: 0,
        }
    }

    /// How many they are.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Copies these behind the others: a chunk kept as it came may hold a much larger read buffer in
    /// memory, and the reader could not use that one again.
    pub(super) fn extend(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len();
        while !bytes.is_empty() {
            if self
                .blocks
                .last()
                .is_none_or(|block| block.bytes.len() == BLOCK_BYTES)
            {
                self.blocks.push(self.shelf.take());
            }
            let Some(block) = self.blocks.last_mut() else {
                return;
            };
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - block.bytes.len()));
            block.bytes.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Hands them over; nothing is left. The blocks are back on the shelf when the store is through
    /// with them.
    pub(super) fn take(&mut self) -> PutPayload {
        self.bytes = 0;
        self.blocks.drain(..).map(Bytes::from_owner).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(shelf: &Shelf) -> usize {
        shelf.0.lock().unwrap().len()
    }

    #[test]
    fn what_gathers_in_chunks_of_any_length_is_handed_over_whole_and_in_order() {
        let bytes: Vec<u8> = (0..3 * BLOCK_BYTES).map(|at| (at % 251) as u8).collect();
        for chunk in [1000, BLOCK_BYTES, BLOCK_BYTES + 1, bytes.len()] {
            let mut gathered = Gathered::on(&Arc::default());
            bytes.chunks(chunk).for_each(|chunk| gathered.extend(chunk));
            assert_eq!(gathered.bytes(), bytes.len());
            let payload = gathered.take();
            assert_eq!(gathered.bytes(), 0);
            let lengths: Vec<usize> = payload.iter().map(Bytes::len).collect();
            assert_eq!(lengths, [BLOCK_BYTES; 3], "chunks of {chunk}");
            assert!(Bytes::from(payload) == bytes, "chunks of {chunk}");
        }
        assert_eq!(Gathered::on(&Arc::default()).take().content_length(), 0);
    }

    #[test]
    fn a_block_is_used_again_when_the_store_is_through_with_it_or_the_stream_has_failed() {
        let shelf = Arc::default();
        let mut gathered = Gathered::on(&shelf);
        gathered.extend(&[7; 10]);
        let payload = gathered.take();
        let lies_at = payload.as_ref()[0].as_ptr();
        let again = payload.clone();
        drop(payload);
        assert_eq!(kept(&shelf), 0, "the store still has it");
        drop(again);
        assert_eq!(kept(&shelf), 1);
        gathered.extend(&[8]);
        assert_eq!(kept(&shelf), 0);
        assert_eq!(gathered.blocks[0].bytes.as_ptr(), lies_at);
        assert_eq!(gathered.blocks[0].bytes, [8], "without what was in it");
        drop(gathered);
        assert_eq!(kept(&shelf), 1);
        let mut many = Gathered::on(&shelf);
        many.extend(&vec![0; 2 * KEPT * BLOCK_BYTES]);
        drop(many);
        assert_eq!(kept(&shelf), KEPT, "and no more than so many wait");
    }
}
