//! Small pictures that any viewer opens: baseline grey JPEGs (ITU T.81) in which every 8×8 block
//! has one tone.
//!
//! Only the DC coefficient of a block is written, and after it "end of block", so the encoder needs
//! two tiny Huffman tables of its own and no transform.

use bytes::Bytes;

use super::dice::Dice;

/// Blocks across and down.
const BLOCKS: (usize, usize) = (12, 15);
/// Every quantiser is this; a DC step of one then is two tones, since DC is eight times the mean.
const QUANTISER: u8 = 16;

/// What stands before the padding: start of image and JFIF header.
pub(crate) const HEAD: &[u8] = &[
    0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
];

/// The picture itself, from its tables to the end of image: a face of blocks, mirrored left to
/// right.
pub(crate) fn tail(dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(&[0xff, 0xdb, 0, 67, 0]);
    out.extend_from_slice(&[QUANTISER; 64]);
    let (width, height) = ((BLOCKS.0 * 8) as u8, (BLOCKS.1 * 8) as u8);
    out.extend_from_slice(&[0xff, 0xc0, 0, 11, 8, 0, height, 0, width, 1, 1, 0x11, 0]);
    // DC: eight categories of four bits each (category n has the code n); AC: "end of block" alone,
    // the code 0.
    out.extend_from_slice(&[
        0xff, 0xc4, 0, 27, 0x00, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    out.extend_from_slice(&[0, 1, 2, 3, 4, 5, 6, 7]);
    out.extend_from_slice(&[
        0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    out.extend_from_slice(&[0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0]);
    let mut bits = Bits::default();
    let mut before = 0i32;
    for row in tones(dice) {
        for tone in row {
            bits.dc(tone - before);
            bits.push(0, 1);
            before = tone;
        }
    }
    bits.finish(&mut out);
    out.extend_from_slice(&[0xff, 0xd9]);
    out
}

/// A JPEG parted behind its JFIF header, where comments may stand; `None` for what is none.
pub(crate) fn parted(jpeg: &Bytes) -> Option<(Bytes, Bytes)> {
    let starts = jpeg.starts_with(&[0xff, 0xd8, 0xff, 0xe0, 0, 16]);
    (starts && jpeg.len() > HEAD.len())
        .then(|| (jpeg.slice(..HEAD.len()), jpeg.slice(HEAD.len()..)))
}

fn tones(dice: &mut Dice) -> Vec<Vec<i32>> {
    (0..BLOCKS.1)
        .map(|_| {
            let half: Vec<i32> = (0..BLOCKS.0 / 2)
                .map(|_| dice.within(0, 120) as i32 - 60)
                .collect();
            half.iter().chain(half.iter().rev()).copied().collect()
        })
        .collect()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, length: u32) {
        self.held = (self.held << length) | value;
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = ((self.held >> self.count) & 0xff) as u8;
            self.bytes.push(byte);
            // A 0xff within the scan would read as a marker.
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
        self.held &= (1 << self.count) - 1;
    }

    fn dc(&mut self, difference: i32) {
        let category = 32 - difference.unsigned_abs().leading_zeros();
        self.push(category, 4);
        // Negative differences are written as their ones' complement (T.81, F.1.2.1).
        let written = if difference < 0 {
            difference + (1 << category) - 1
        } else {
            difference
        };
        self.push(written as u32, category);
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        let open = (8 - self.count) % 8;
        self.push((1 << open) - 1, open);
        out.extend_from_slice(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks the segments of a JPEG up to its scan and returns their markers.
    fn markers(mut rest: &[u8]) -> Vec<u8> {
        let mut found = Vec::new();
        while let [0xff, marker, after @ ..] = rest {
            found.push(*marker);
            if *marker == 0xd8 {
                rest = after;
                continue;
            }
            let length = usize::from(u16::from_be_bytes([after[0], after[1]]));
            rest = &after[length..];
            if *marker == 0xda {
                break;
            }
        }
        found
    }

    #[test]
    fn the_segments_add_up() {
        for seed in 0..50 {
            let whole = [HEAD, &tail(&mut Dice::of(seed, &[]))].concat();
            assert_eq!(markers(&whole), [0xd8, 0xe0, 0xdb, 0xc0, 0xc4, 0xc4, 0xda]);
            assert!(whole.ends_with(&[0xff, 0xd9]));
        }
    }

    #[test]
    fn differences_are_written_as_the_standard_says() {
        let mut bits = Bits::default();
        bits.dc(-3);
        bits.dc(5);
        let mut out = Vec::new();
        bits.finish(&mut out);
        // 0010 00, then 0011 101, then ones up to the byte.
        assert_eq!(out, [0b0010_0000, 0b1110_1111]);
    }
}
