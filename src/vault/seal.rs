//! The one seam between plain and stored: every byte on its way into or out of the store passes
//! here, and is digested here.
//!
//! Sealing is off so far, so that both sides are the same bytes.

use bytes::Bytes;
use sha2::Digest as _;

use super::key::ObjectKey;
use crate::domain::{digest::Sha256, media::ObjectFacts};

/// How plain bytes become stored ones.
pub(super) enum Seal {
    /// They stay as they are.
    Off,
}

/// One object on its way in.
pub(super) struct Sealing {
    plain: sha2::Sha256,
    plain_bytes: u64,
}

/// Length and digest of an object on both sides.
pub(super) struct Digests {
    plain_bytes: u64,
    plain_sha256: Sha256,
    stored_bytes: u64,
    stored_sha256: Sha256,
}

impl Seal {
    /// Begins an object.
    pub(super) fn begin(&self) -> Sealing {
        match self {
            Self::Off => Sealing {
                plain: sha2::Sha256::new(),
                plain_bytes: 0,
            },
        }
    }

    /// Seals an object that is there as a whole.
    pub(super) fn whole(&self, plain: Bytes) -> (Bytes, Digests) {
        let mut sealing = self.begin();
        let stored = sealing.update(plain);
        match self {
            // Nothing follows the last byte, and the one chunk is the object.
            Self::Off => (stored, sealing.finish().1),
        }
    }

    /// Takes what a store holds and gives what is handed to the caller.
    pub(super) fn opened<S>(&self, stored: S) -> S {
        match self {
            Self::Off => stored,
        }
    }
}

impl Sealing {
    /// Takes plain bytes and gives the stored ones they bring about so far.
    pub(super) fn update(&mut self, plain: Bytes) -> Bytes {
        self.plain.update(&plain);
        self.plain_bytes += plain.len() as u64;
        plain
    }

    /// How many plain bytes went in.
    pub(super) const fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }

    /// Ends the object: the stored bytes that are still due, and the digests.
    pub(super) fn finish(self) -> (Bytes, Digests) {
        let plain_sha256 = Sha256::from(self.plain);
        let digests = Digests {
            plain_bytes: self.plain_bytes,
            stored_bytes: self.plain_bytes,
            stored_sha256: plain_sha256,
            plain_sha256,
        };
        (Bytes::new(), digests)
    }
}

impl Digests {
    /// Of the plain bytes.
    pub(super) const fn plain_sha256(&self) -> Sha256 {
        self.plain_sha256
    }

    /// What is to be known of the object under this key.
    pub(super) fn facts(self, key: &ObjectKey) -> ObjectFacts {
        ObjectFacts {
            object_key: key.as_str().to_owned(),
            bytes: i64::try_from(self.plain_bytes).unwrap_or(i64::MAX),
            sha256: self.plain_sha256,
            stored_bytes: i64::try_from(self.stored_bytes).unwrap_or(i64::MAX),
            stored_sha256: self.stored_sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_and_the_whole_have_the_same_digest() {
        let (stored, whole) = Seal::Off.whole(Bytes::from_static(b"abc"));
        assert_eq!(stored, "abc");
        assert_eq!(
            whole.plain_sha256().to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "FIPS 180-2, appendix B.1"
        );
        let mut sealing = Seal::Off.begin();
        let stored: Vec<Bytes> = ["a", "", "bc"]
            .into_iter()
            .map(|chunk| sealing.update(chunk.into()))
            .collect();
        let (tail, chunks) = sealing.finish();
        assert_eq!([stored.concat(), tail.to_vec()].concat(), b"abc");
        assert_eq!(
            (chunks.plain_sha256, chunks.stored_sha256),
            (whole.plain_sha256, whole.stored_sha256)
        );
        assert_eq!((chunks.plain_bytes, chunks.stored_bytes), (3, 3));
    }
}
