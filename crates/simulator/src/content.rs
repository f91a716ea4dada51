//! The bytes of media: thrown from the seed on demand, never stored, however large.
//!
//! A JPEG is a real picture, of blocks or drawn, with noise in comment segments before it; an MP4
//! is a `ftyp` box and an `mdat` box of noise, or a clip that plays with noise in a `free` box
//! behind it. The noise is cut from one shared block, so
//! that serving it costs no more than a slice.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::{BufMut, Bytes, BytesMut};
use md5::Md5;
use sha2::{Digest, Sha256};

use super::{
    dice::{Dice, word},
    drawing::Drawings,
    media::Medium,
    options::{MediaBytes, MediaStyle},
    picture,
};

const NOISE_BYTES: usize = 1 << 20;
const CHUNK_BYTES: usize = 1 << 16;
/// A comment segment holds at most 65,535 bytes, two of which are its length.
const COMMENT_BYTES: usize = (1 << 16) - 3;

/// What an honest object store says about the bytes of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digests {
    /// MD5 of the whole.
    pub md5: [u8; 16],
    /// CRC-32C of the whole.
    pub crc32c: u32,
}

/// Makes the bytes of any medium of one simulated provider and remembers their digests.
#[derive(Debug)]
pub(crate) struct Contents {
    seed: u64,
    sizes: MediaBytes,
    drawings: Option<Drawings>,
    noise: Bytes,
    digests: Mutex<HashMap<Medium, Digests>>,
    sha256: Mutex<HashMap<Medium, [u8; 32]>>,
}

impl Contents {
    /// The contents that follow from `seed`.
    pub(crate) fn new(seed: u64, sizes: MediaBytes, style: MediaStyle) -> Self {
        let mut dice = Dice::of(seed, &[word("noise")]);
        let mut noise = BytesMut::with_capacity(NOISE_BYTES + CHUNK_BYTES);
        while noise.len() < NOISE_BYTES + CHUNK_BYTES {
            noise.put_u64(dice.next());
        }
        Self {
            seed,
            sizes,
            drawings: (style == MediaStyle::Drawn).then(|| Drawings::new(seed)),
            noise: noise.freeze(),
            digests: Mutex::default(),
            sha256: Mutex::default(),
        }
    }

    /// The bytes of `medium`, not yet made.
    pub(crate) fn of(&self, medium: &Medium) -> Content {
        let wanted = medium.bytes_wanted(self.seed, &self.sizes);
        let mut dice = medium.dice(self.seed, "content");
        let noise = self.noise.clone();
        if medium.kind.is_video() {
            let clip = self.drawings.as_ref().map(|drawings| drawings.clip(medium));
            let (head, padding_bytes) = match clip {
                Some(clip) => padded_clip(clip, wanted, &mut dice),
                None => movie_of_noise(wanted, &mut dice),
            };
            return Content {
                head,
                tail: Bytes::new(),
                padding_bytes,
                comments: false,
                noise,
                dice,
            };
        }
        let (head, tail) = self.picture(medium, &mut dice);
        let around_bytes = (head.len() + tail.len()) as u64;
        let room_bytes = wanted.saturating_sub(around_bytes);
        let segments = room_bytes.div_ceil(COMMENT_BYTES as u64 + 4);
        let padding_bytes = room_bytes.saturating_sub(4 * segments);
        Content {
            head,
            tail,
            padding_bytes,
            comments: true,
            noise,
            dice,
        }
    }

    /// What stands before the comments of a picture, and what behind them.
    fn picture(&self, medium: &Medium, dice: &mut Dice) -> (Bytes, Bytes) {
        let drawn = self.drawings.as_ref().map(|drawings| drawings.of(medium));
        if let Some((start, tail)) = drawn.as_ref().and_then(picture::parted) {
            // The same picture appears in several media, which differ in this.
            let head = [
                &start,
                [0xff, 0xfe, 0, 10].as_slice(),
                &dice.next().to_be_bytes(),
            ];
            return (head.concat().into(), tail);
        }
        let tail = Bytes::from(picture::tail(dice));
        (Bytes::from_static(picture::HEAD), tail)
    }

    /// Whether the first reading of `medium` has to draw it.
    pub(crate) fn undrawn(&self, medium: &Medium) -> bool {
        let drawings = self.drawings.as_ref();
        drawings.is_some_and(|drawings| !medium.kind.is_video() && !drawings.known(medium))
    }

    /// MD5 and CRC-32C of `medium`; reads it through the first time.
    pub(crate) fn digests(&self, medium: &Medium) -> Digests {
        remembered(&self.digests, medium, || {
            let (mut md5, mut crc32c) = (Md5::new(), 0);
            for piece in self.of(medium).pieces() {
                md5.update(&piece);
                crc32c = crc32c::crc32c_append(crc32c, &piece);
            }
            Digests {
                md5: md5.finalize().into(),
                crc32c,
            }
        })
    }

    /// Whether [`Contents::digests`] is remembered, and so costs nothing.
    pub(crate) fn digests_known(&self, medium: &Medium) -> bool {
        self.digests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(medium)
    }

    /// SHA-256 of `medium`; reads it through the first time.
    pub(crate) fn sha256(&self, medium: &Medium) -> [u8; 32] {
        remembered(&self.sha256, medium, || {
            let mut sha256 = Sha256::new();
            self.of(medium)
                .pieces()
                .for_each(|piece| sha256.update(&piece));
            sha256.finalize().into()
        })
    }
}

fn remembered<T: Copy>(
    memory: &Mutex<HashMap<Medium, T>>,
    medium: &Medium,
    make: impl FnOnce() -> T,
) -> T {
    if let Some(known) = memory
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(medium)
    {
        return *known;
    }
    // Made outside the lock: two at once make the same.
    let made = make();
    memory
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(*medium, made);
    made
}

/// The head of a movie that no player plays, and how much noise follows.
fn movie_of_noise(wanted: u64, dice: &mut Dice) -> (Bytes, u64) {
    let padding_bytes = wanted.saturating_sub(48);
    let mut head = BytesMut::with_capacity(48);
    head.put_u32(24);
    head.put_slice(b"ftypisom");
    head.put_u32(512);
    head.put_slice(b"isommp41");
    // A size of 1 says that the real one follows in 64 bits.
    head.put_u32(1);
    head.put_slice(b"mdat");
    head.put_u64(16 + 8 + padding_bytes);
    head.put_u64(dice.next());
    (head.freeze(), padding_bytes)
}

/// `clip` and the head of a `free` box, which players skip, and how much noise follows in it.
fn padded_clip(clip: &[u8], wanted: u64, dice: &mut Dice) -> (Bytes, u64) {
    let room_bytes = wanted.saturating_sub(clip.len() as u64);
    let mut head = BytesMut::with_capacity(clip.len() + 24);
    head.put_slice(clip);
    let padding_bytes = match u32::try_from(room_bytes.max(16)) {
        Ok(box_bytes) => {
            head.put_u32(box_bytes);
            head.put_slice(b"free");
            u64::from(box_bytes) - 16
        }
        Err(_) => {
            head.put_u32(1);
            head.put_slice(b"free");
            head.put_u64(room_bytes);
            room_bytes - 24
        }
    };
    head.put_u64(dice.next());
    (head.freeze(), padding_bytes)
}

/// The bytes of one medium, made as they are read.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    head: Bytes,
    tail: Bytes,
    padding_bytes: u64,
    comments: bool,
    noise: Bytes,
    dice: Dice,
}

impl Content {
    /// How many bytes in all.
    pub(crate) fn len(&self) -> u64 {
        let segments = if self.comments {
            self.padding_bytes.div_ceil(COMMENT_BYTES as u64)
        } else {
            0
        };
        (self.head.len() + self.tail.len()) as u64 + self.padding_bytes + 4 * segments
    }

    /// All of it, in pieces of at most 64 KiB.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Bytes> + Send + 'static {
        let Self {
            head,
            tail,
            padding_bytes,
            comments,
            noise,
            mut dice,
        } = self;
        let chunk_bytes = if comments { COMMENT_BYTES } else { CHUNK_BYTES } as u64;
        let chunks = padding_bytes.div_ceil(chunk_bytes);
        let padding = (0..chunks).flat_map(move |chunk| {
            let length = (padding_bytes - chunk * chunk_bytes).min(chunk_bytes) as usize;
            let start = dice.within(0, NOISE_BYTES as u64) as usize;
            let [high, low] = ((length + 2) as u16).to_be_bytes();
            let marker = comments.then(|| Bytes::copy_from_slice(&[0xff, 0xfe, high, low]));
            marker
                .into_iter()
                .chain([noise.slice(start..start + length)])
        });
        std::iter::once(head)
            .chain(padding)
            .chain([tail])
            .filter(|piece| !piece.is_empty())
    }

    /// The bytes `from..to`, in pieces.
    pub(crate) fn range(self, from: u64, to: u64) -> impl Iterator<Item = Bytes> + Send + 'static {
        let mut at = 0;
        self.pieces()
            .map(move |piece| {
                let start = at;
                at += piece.len() as u64;
                (start, at, piece)
            })
            .skip_while(move |(_, end, _)| *end <= from)
            .take_while(move |(start, _, _)| *start < to)
            .map(move |(start, end, piece)| {
                piece.slice((from.max(start) - start) as usize..(to.min(end) - start) as usize)
            })
    }

    /// All of it at once; for what is small.
    pub(crate) fn whole(self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.len() as usize);
        self.pieces().for_each(|piece| whole.put(piece));
        whole.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Kind;

    fn medium(kind: Kind, position: u32) -> Medium {
        Medium {
            token: 1,
            attempt: 1,
            kind,
            position,
        }
    }

    #[test]
    fn the_length_is_known_before_the_bytes_are() {
        for bytes in [0, 100, 700, 2_000, 65_000, 65_537, 66_500, 200_000] {
            let contents = Contents::new(
                1,
                MediaBytes {
                    face: bytes,
                    id_card: bytes,
                    video: bytes,
                },
                MediaStyle::Blocks,
            );
            for kind in [Kind::Face, Kind::Video] {
                let content = contents.of(&medium(kind, 0));
                assert_eq!(
                    content.len(),
                    content.whole().len() as u64,
                    "{kind:?} of about {bytes}"
                );
            }
        }
    }

    #[test]
    fn a_range_is_a_cut_of_the_whole() {
        let contents = Contents::new(
            1,
            MediaBytes {
                face: 150_000,
                ..MediaBytes::small()
            },
            MediaStyle::Blocks,
        );
        let content = contents.of(&medium(Kind::Face, 0));
        let whole = content.clone().whole();
        for (from, to) in [
            (0, 1),
            (10, 70_000),
            (65_560, 65_570),
            (100_000, whole.len()),
            (0, whole.len()),
        ] {
            let cut: Vec<u8> = content
                .clone()
                .range(from as u64, to as u64)
                .flatten()
                .collect();
            assert_eq!(cut, whole.slice(from..to), "{from}..{to}");
        }
    }

    #[test]
    fn no_two_media_are_alike_and_the_same_medium_always_is() {
        let contents = Contents::new(1, MediaBytes::small(), MediaStyle::Blocks);
        let of = |position| contents.sha256(&medium(Kind::LivenessImage, position));
        assert_ne!(of(0), of(1));
        let again = Contents::new(1, MediaBytes::small(), MediaStyle::Blocks);
        assert_eq!(of(2), again.sha256(&medium(Kind::LivenessImage, 2)));
        let other = Contents::new(2, MediaBytes::small(), MediaStyle::Blocks);
        assert_ne!(of(2), other.sha256(&medium(Kind::LivenessImage, 2)));
    }

    #[test]
    fn digests_are_those_of_the_bytes() {
        let contents = Contents::new(1, MediaBytes::default(), MediaStyle::Blocks);
        let medium = medium(Kind::ProcessVideo, 0);
        let whole = contents.of(&medium).whole();
        assert_eq!(
            contents.sha256(&medium),
            <[u8; 32]>::from(Sha256::digest(&whole))
        );
        assert_eq!(
            contents.digests(&medium).md5,
            <[u8; 16]>::from(Md5::digest(&whole))
        );
        assert_eq!(contents.digests(&medium).crc32c, crc32c::crc32c(&whole));
    }

    #[test]
    fn a_movie_is_two_boxes() {
        let whole = Contents::new(1, MediaBytes::small(), MediaStyle::Blocks)
            .of(&medium(Kind::Video, 0))
            .whole();
        assert_eq!(&whole[4..12], b"ftypisom");
        assert_eq!(&whole[28..32], b"mdat");
        assert_eq!(
            u64::from_be_bytes(whole[32..40].try_into().unwrap()),
            whole.len() as u64 - 24
        );
    }
}
