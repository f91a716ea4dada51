//! Just enough gzip (RFC 1952) to send a body that calls itself compressed: stored blocks, which
//! any reader accepts.

/// `body` as a gzip member of stored blocks.
pub(crate) fn stored(body: &[u8]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 65_535;
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks = body.len().div_ceil(BLOCK_BYTES).max(1);
    for nth in 0..blocks {
        let block = body.get(nth * BLOCK_BYTES..).unwrap_or_default();
        let block = block.get(..BLOCK_BYTES).unwrap_or(block);
        let length = block.len() as u16;
        out.push(u8::from(nth + 1 == blocks));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&crc32(body).to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out
}

/// About `bytes` spaces, packed as tightly as the fixed codes of RFC 1951 allow (158 to 1). The
/// checksum at the end is wrong: whoever reads that far has already unpacked it all.
pub(crate) fn bomb(bytes: usize) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut held, mut count) = (0u32, 0);
    // Codes go in most significant bit first, everything else least significant first.
    let mut push = |value: u32, bits: u32, code: bool| {
        held |= (if code {
            value.reverse_bits() >> (32 - bits)
        } else {
            value
        }) << count;
        count += bits;
        while count >= 8 {
            out.push((held & 0xff) as u8);
            held >>= 8;
            count -= 8;
        }
    };
    push(0b011, 3, false); // last block, fixed codes
    push(0x30 + u32::from(b' '), 8, true);
    for _ in 0..bytes / 258 {
        push(0b1100_0101, 8, true); // 258 bytes …
        push(0, 5, true); // … from one byte ago
    }
    push(0, 7, true); // end of block
    push(0, 7, false);
    out.extend_from_slice(&[0; 8]);
    out
}

/// CRC-32 of RFC 1952, section 8, bit by bit: bodies are small and the fault is rare.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_bomb_is_small() {
        let bomb = bomb(64 << 20);
        assert!(bomb.len() < 430_000, "{}", bomb.len());
    }

    #[test]
    fn long_bodies_take_several_blocks() {
        let body = vec![7u8; 100_000];
        assert_eq!(stored(&body).len(), 10 + 2 * 5 + 100_000 + 8);
    }
}
