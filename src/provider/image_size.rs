//! Width and height of an image, where its first bytes tell: JPEG, PNG, GIF, BMP.

/// Width and height in pixels; `None` when the format is another or the bytes break off.
pub(super) fn image_size(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes {
        [0xff, 0xd8, rest @ ..] => jpeg(rest),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', rest @ ..] => {
            Some((big_endian(rest.get(8..12)?), big_endian(rest.get(12..16)?)))
        }
        [b'G', b'I', b'F', b'8', _, b'a', rest @ ..] => Some((
            little_endian(rest.get(..2)?),
            little_endian(rest.get(2..4)?),
        )),
        [b'B', b'M', rest @ ..] => Some((
            little_endian(rest.get(16..20)?),
            little_endian(rest.get(20..24)?),
        )),
        _ => None,
    }
}

/// Walks the segments to the start of frame, which has the size.
fn jpeg(mut rest: &[u8]) -> Option<(u32, u32)> {
    loop {
        let (marker, after) = match rest {
            [0xff, 0xff, ..] => {
                rest = rest.get(1..)?;
                continue;
            }
            [0xff, marker, after @ ..] => (*marker, after),
            _ => return None,
        };
        match marker {
            0x01 | 0xd0..=0xd7 => rest = after,
            0xd9 | 0xda => return None,
            // Every start of frame but the tables for Huffman and arithmetic coding, which lie
            // between them.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some((big_endian(after.get(5..7)?), big_endian(after.get(3..5)?)));
            }
            _ => rest = after.get(usize::try_from(big_endian(after.get(..2)?)).ok()?.max(2)..)?,
        }
    }
}

fn big_endian(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn little_endian(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_off_the_first_bytes() {
        let jpeg = [
            &[
                0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc2, 0, 17, 8,
            ][..],
            &[0x02, 0xd0, 0x05, 0x00, 3],
        ]
        .concat();
        let png = [
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(),
            &[0, 0, 5, 0, 0, 0, 2, 0xd0, 8],
        ]
        .concat();
        let gif = b"GIF89a\x00\x05\xd0\x02".to_vec();
        let bmp = [b"BM".as_slice(), &[0; 16], &[0, 5, 0, 0, 0xd0, 2, 0, 0]].concat();
        for bytes in [jpeg, png, gif, bmp] {
            assert_eq!(image_size(&bytes), Some((1280, 720)), "{bytes:?}");
        }
        assert_eq!(image_size(b"RIFF....WEBP"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_stumble(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), is_jpeg in any::<bool>()) {
            if is_jpeg {
                bytes.splice(0..0, [0xff, 0xd8, 0xff]);
            }
            let _ = image_size(&bytes);
        }
    }
}
