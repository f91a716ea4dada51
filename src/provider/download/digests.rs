//! What an answer says of its own body, and whether the body keeps to it.
//!
//! Looked at: `Content-Length`; and one sum over the whole body, the cheapest that was sent:
//! `x-bce-content-crc32c`, else `Content-MD5`, which must agree; else an `ETag` of 32 hex digits,
//! which is a hint and no verdict: where the store encrypts by a managed key it looks like an MD5
//! and is none. A digest of a form that is not known is no digest.
//!
//! One sum is enough: it is there to find what the way did to the bytes, and no fault of a line that
//! a CRC-32C lets through is made likelier to be found by an MD5 that costs ten times as much. Nor
//! does an MD5 prove who sent the bytes, as it comes with them; what they were when they came is
//! what the SHA-256 of the vault says ever after.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use reqwest::header::HeaderMap;

use super::header;
use crate::domain::media::Checked;

/// Reckons along while a body passes.
pub(super) struct Check {
    expected_bytes: Option<u64>,
    bytes: u64,
    sum: Sum,
}

/// What the body is held against beside its length, and the sum so far.
enum Sum {
    /// What the header may mean.
    Crc32c(Vec<u32>, u32),
    Md5([u8; 16], Md5),
    /// The `ETag`, which may be one.
    Hint([u8; 16], Md5),
    None,
}

impl Sum {
    fn of(headers: &HeaderMap) -> Self {
        let crc32c = header(headers, "x-bce-content-crc32c").map(crc32c_of);
        if let Some(readings) = crc32c.filter(|readings| !readings.is_empty()) {
            return Self::Crc32c(readings, 0);
        }
        if let Some(expected) = header(headers, "content-md5").and_then(md5_of) {
            return Self::Md5(expected, Md5::new());
        }
        header(headers, "etag")
            .and_then(etag_md5)
            .map_or(Self::None, |expected| Self::Hint(expected, Md5::new()))
    }

    fn take(&mut self, chunk: &[u8]) {
        match self {
            Self::Crc32c(_, crc32c) => *crc32c = crc32c::crc32c_append(*crc32c, chunk),
            Self::Md5(_, md5) | Self::Hint(_, md5) => md5.update(chunk),
            Self::None => {}
        }
    }
}

impl Check {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        Self {
            expected_bytes: header(headers, "content-length").and_then(|text| text.parse().ok()),
            bytes: 0,
            sum: Sum::of(headers),
        }
    }

    pub(super) const fn expected_bytes(&self) -> Option<u64> {
        self.expected_bytes
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn take(&mut self, chunk: &[u8]) {
        self.bytes = self.bytes.saturating_add(chunk.len() as u64);
        self.sum.take(chunk);
    }

    /// How far the body is vouched for: [`Checked::Full`] says that a sum or the length agreed and
    /// none that was looked at differed, so a CRC-32C alone is enough for it.
    ///
    /// # Errors
    /// What is off.
    pub(super) fn finish(self) -> Result<Checked, &'static str> {
        if self
            .expected_bytes
            .is_some_and(|expected| expected != self.bytes)
        {
            return Err("its length is not its Content-Length");
        }
        let is_md5 = |expected, md5: &Md5| expected == <[u8; 16]>::from(md5.clone().finalize());
        match self.sum {
            Sum::Crc32c(readings, crc32c) if !readings.contains(&crc32c) => {
                Err("its CRC32C is not the one that was announced")
            }
            Sum::Md5(expected, md5) if !is_md5(expected, &md5) => {
                Err("its MD5 is not the one that was announced")
            }
            Sum::Hint(expected, md5) if !is_md5(expected, &md5) => Ok(Checked::EtagDiffers),
            Sum::None if self.expected_bytes.is_none() => Ok(Checked::None),
            _ => Ok(Checked::Full),
        }
    }
}

/// Base64, as RFC 1864 has it, or hex.
fn md5_of(text: &str) -> Option<[u8; 16]> {
    STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .or_else(|| hex_md5(text))
}

/// A strong `ETag` of 32 hex digits is the MD5; that of an object stored in parts has another form.
fn etag_md5(text: &str) -> Option<[u8; 16]> {
    hex_md5(
        text.strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(text),
    )
}

fn hex_md5(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}

/// The provider's SDKs write the sum in decimal; its documents do not say. Every reading is tried:
/// decimal, hex, base64 of four bytes.
fn crc32c_of(text: &str) -> Vec<u32> {
    let hex = text.strip_prefix("0x").unwrap_or(text);
    let decimal = text.parse().ok();
    let hex = (hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| u32::from_str_radix(hex, 16).ok())
        .flatten();
    let base64 = STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
        .map(u32::from_be_bytes);
    [decimal, hex, base64].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"123456789";
    /// Of `123456789`, as published for CRC-32C.
    const CRC: u32 = 0xe306_9283;

    fn verdict(headers: &[(&'static str, &str)], body: &[u8]) -> Result<Checked, &'static str> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let mut check = Check::new(&headers);
        for chunk in body.chunks(4) {
            check.take(chunk);
        }
        check.finish()
    }

    #[test]
    fn whole_bodies_pass_whatever_the_form_of_their_digest() {
        let crc = CRC.to_string();
        assert_eq!(verdict(&[], BODY), Ok(Checked::None));
        assert_eq!(verdict(&[("etag", "\"abc\"")], BODY), Ok(Checked::None));
        for headers in [
            &[("content-length", "9")][..],
            &[("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==")],
            &[("content-md5", "25F9E794323B453885F5181F1B624D0B")],
            &[("etag", "\"25f9e794323b453885f5181f1b624d0b\"")],
            &[("etag", "25f9e794323b453885f5181f1b624d0b")],
            &[
                ("content-length", "9"),
                ("etag", "\"-25f9e794323b453885f5181f1b624d0b\""),
            ],
            &[
                ("content-length", "9"),
                ("etag", "W/\"00000000000000000000000000000000\""),
            ],
            &[
                ("content-length", "9"),
                ("content-md5", "nonsense"),
                ("x-bce-content-crc32c", "nonsense"),
            ],
            &[
                ("x-bce-content-crc32c", "e3069283"),
                ("etag", "00000000000000000000000000000000"),
            ],
            &[
                ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw=="),
                ("etag", "00000000000000000000000000000000"),
            ],
            &[("x-bce-content-crc32c", crc.as_str())],
            &[("x-bce-content-crc32c", "e3069283")],
            &[("x-bce-content-crc32c", "0xE3069283")],
            &[("x-bce-content-crc32c", "4waSgw==")],
        ] {
            assert_eq!(verdict(headers, BODY), Ok(Checked::Full), "{headers:?}");
        }
    }

    #[test]
    fn an_md5_is_reckoned_only_where_nothing_cheaper_was_sent() {
        let (crc, length) = (
            ("x-bce-content-crc32c", "3808858755"),
            ("content-length", "9"),
        );
        let md5 = ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==");
        let etag = ("etag", "\"25f9e794323b453885f5181f1b624d0b\"");
        for (headers, is_reckoned) in [
            (&[crc, md5, etag, length][..], false),
            (&[crc, md5], false),
            (&[crc, etag], false),
            (&[crc], false),
            (&[length], false),
            (&[], false),
            (&[("etag", "\"25f9e794323b453885f5181f1b624d0b-2\"")], false),
            (&[md5, etag], true),
            (&[md5, length], true),
            (&[etag, length], true),
            (&[("x-bce-content-crc32c", "nonsense"), etag], true),
        ] {
            let map = headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            let sum = Sum::of(&map);
            assert_eq!(
                matches!(sum, Sum::Md5(..) | Sum::Hint(..)),
                is_reckoned,
                "{headers:?}"
            );
            let vouched = if headers.is_empty()
                || headers == [("etag", "\"25f9e794323b453885f5181f1b624d0b-2\"")]
            {
                Checked::None
            } else {
                Checked::Full
            };
            assert_eq!(verdict(headers, BODY), Ok(vouched), "{headers:?}");
        }
    }

    #[test]
    fn one_flipped_bit_or_one_missing_byte_is_seen_by_each() {
        let crc = CRC.to_string();
        for header in [
            ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw=="),
            ("x-bce-content-crc32c", crc.as_str()),
            ("x-bce-content-crc32c", "4waSgw=="),
        ] {
            assert!(verdict(&[header], b"123456788").is_err(), "{header:?}");
            assert!(verdict(&[header], b"12345678").is_err(), "{header:?}");
        }
        assert!(verdict(&[("content-length", "9")], b"12345678").is_err());
        assert!(verdict(&[("content-length", "9")], b"1234567890").is_err());
    }

    #[test]
    fn an_etag_alone_is_a_hint_and_a_length_beside_it_still_counts() {
        let etag = ("etag", "\"00000000000000000000000000000000\"");
        assert_eq!(verdict(&[etag], BODY), Ok(Checked::EtagDiffers));
        assert_eq!(
            verdict(&[etag, ("content-length", "9")], BODY),
            Ok(Checked::EtagDiffers)
        );
        assert!(verdict(&[etag, ("content-length", "10")], BODY).is_err());
    }
}
