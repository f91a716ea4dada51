//! The body of an answer as it lies in its row: compressed, and small.
//!
//! Bodies beyond [`STORED_BYTES_MAX`] are objects (docs/contract.md, "What is kept").

use std::{cell::RefCell, fmt};

use bytes::Bytes;
use zstd::bulk::Compressor;

use super::digest::Sha256;

/// What a row holds at most, compressed.
pub const STORED_BYTES_MAX: usize = 32 << 10;
/// No answer is longer: what a row says of a longer one was not captured.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Answers are small and repeat the same names: more than this gains little and costs much.
const LEVEL: i32 = 1;

thread_local! {
    /// Its working memory is made once a thread: making it costs more than packing an answer.
    static PACKER: RefCell<Option<Compressor<'static>>> =
        RefCell::new(Compressor::new(LEVEL).ok());
}

/// A body with its facts.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed {
    /// Length of the plain body.
    pub bytes: i64,
    /// Of the plain body.
    pub sha256: Sha256,
    /// The body as one frame of Zstandard (RFC 8878).
    pub stored: Bytes,
}

/// What lies in the row is not what was put there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its bytes are not those that were captured")]
pub struct Damaged;

impl Packed {
    /// Packs a body whose SHA-256 is known; none when it is too large for a row.
    #[must_use]
    pub fn of(body: &[u8], sha256: Sha256) -> Option<Self> {
        let mut stored =
            Vec::with_capacity(STORED_BYTES_MAX.min(zstd::zstd_safe::compress_bound(body.len())));
        // It ends as soon as there is no more room, however long the body is.
        PACKER.with_borrow_mut(|packer| {
            let packed = packer.as_mut()?.compress_to_buffer(body, &mut stored);
            packed.ok()
        })?;
        Some(Self {
            bytes: i64::try_from(body.len()).ok()?,
            sha256,
            stored: stored.into(),
        })
    }

    /// The plain body.
    ///
    /// # Errors
    /// [`Damaged`] when it is not the one that was packed.
    pub fn open(&self) -> Result<Vec<u8>, Damaged> {
        let bytes = usize::try_from(self.bytes).ok();
        // So much memory is taken at once.
        let bytes = bytes.filter(|bytes| *bytes <= BODY_BYTES_MAX);
        let bytes = bytes.ok_or(Damaged)?;
        let body = zstd::bulk::decompress(&self.stored, bytes).map_err(|_| Damaged)?;
        if Sha256::of(&body) == self.sha256 {
            Ok(body)
        } else {
            Err(Damaged)
        }
    }
}

/// Without what it holds: it tells of persons.
impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed")
            .field("bytes", &self.bytes)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(body: &[u8]) -> Option<Packed> {
        Packed::of(body, Sha256::of(body))
    }

    #[test]
    fn what_was_packed_comes_back_and_what_is_too_large_is_not_packed() {
        let noise: Vec<u8> = (0..40_000_u32)
            .flat_map(|nth| Sha256::of(&nth.to_be_bytes()).to_string().into_bytes())
            .take(70_000)
            .collect();
        for (label, body, fits) in [
            ("empty", &b""[..], true),
            ("an answer", br#"{"success":true,"log_id":"1"}"#, true),
            ("long and even", &[b' '; 4 << 20], true),
            ("noise that fits", &noise[..50_000], true),
            ("noise that does not", &noise, false),
        ] {
            let packed = packed(body);
            assert_eq!(packed.is_some(), fits, "{label}");
            if let Some(packed) = packed {
                assert!(packed.stored.len() <= STORED_BYTES_MAX, "{label}");
                assert_eq!(packed.open().as_deref(), Ok(body), "{label}");
            }
        }
    }

    #[test]
    fn what_was_altered_does_not_open() {
        let whole = packed(br#"{"success":true}"#).unwrap();
        let other = packed(br#"{"success":flse}"#).unwrap();
        for (label, altered) in [
            (
                "another body",
                Packed {
                    stored: other.stored,
                    ..whole.clone()
                },
            ),
            (
                "cut",
                Packed {
                    stored: whole.stored.slice(..8),
                    ..whole.clone()
                },
            ),
            (
                "a length too small",
                Packed {
                    bytes: 3,
                    ..whole.clone()
                },
            ),
            (
                "a length that is none",
                Packed {
                    bytes: -1,
                    ..whole.clone()
                },
            ),
            (
                "a length that no memory has",
                Packed {
                    bytes: i64::MAX,
                    ..whole
                },
            ),
        ] {
            assert_eq!(altered.open(), Err(Damaged), "{label}");
        }
    }

    #[test]
    fn nothing_of_a_body_is_shown() {
        let shown = format!("{:?}", packed(b"Zhang San").unwrap());
        assert!(
            !shown.contains("stored") && !shown.contains("90, 104"),
            "{shown}"
        );
    }
}
