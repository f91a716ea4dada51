//! Damage to answers, the same for the same seed, and all parsers at once.

use bytes::Bytes;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use verikeep::{
    domain::{answer::Endpoint, time::Time},
    provider::{Reply, envelope, parse},
};

/// Lets every parser read the bytes; what they make of them does not matter.
pub(crate) fn parse_all(bytes: &[u8]) {
    let reply = Reply::kept(
        Endpoint::Getall,
        200,
        Bytes::copy_from_slice(bytes),
        Time(0),
    );
    let _ = (envelope::read(&reply), envelope::summary(&reply));
    let _ = (
        parse::getall(bytes),
        parse::detail(bytes),
        parse::media(bytes),
    );
    let _ = (
        parse::simple(bytes),
        parse::stat(bytes),
        parse::prepare::verify_token(bytes),
    );
}

const MORSELS: [&[u8]; 20] = [
    b"null",
    b"\"\"",
    b"0",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"true",
    b"\"true\"",
    b"[]",
    b"{}",
    b"[null]",
    b"\"[1\"",
    b"\\ud800",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\"",
    b",",
    b"}",
    b"2023-6-20",
    b"\\u0000",
];

/// Flips, cuts, doubles and plants bytes in an answer, `times` over.
pub(crate) fn damage(answer: &[u8], seed: u64, times: usize) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut bytes = answer.to_vec();
    for _ in 0..times {
        let (one, other) = (
            rng.random_range(0..=bytes.len()),
            rng.random_range(0..=bytes.len()),
        );
        let (from, to) = (one.min(other), one.max(other).min(one.min(other) + 64));
        match rng.random_range(0..5) {
            0 => bytes
                .iter_mut()
                .skip(one)
                .take(1)
                .for_each(|byte| *byte ^= 1 << (seed % 8)),
            1 => bytes.truncate(one),
            2 => drop(bytes.drain(from..to)),
            3 => {
                let again: Vec<u8> = bytes.iter().skip(from).take(to - from).copied().collect();
                bytes.splice(one..one, again);
            }
            _ => {
                let morsel = MORSELS
                    .get(rng.random_range(0..MORSELS.len()))
                    .copied()
                    .unwrap_or_default();
                bytes.splice(from..to.min(from + morsel.len()), morsel.iter().copied());
            }
        }
    }
    bytes
}
