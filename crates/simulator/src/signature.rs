//! bce-auth-v1 as the provider checks it, written from its description and tried on its published
//! vectors. It shares nothing with the code that signs our own requests, so that neither can hide a
//! mistake of the other.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use sha2::Sha256;

/// The parts of `bce-auth-v1/{ak}/{date}/{seconds}/{signed headers}/{signature}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorization<'a> {
    /// Everything before the signed headers, without the slash: what the signing key is made from.
    pub prefix: &'a str,
    /// Access key id.
    pub access_key_id: &'a str,
    /// `2015-04-27T08:23:49Z`.
    pub signed_at: &'a str,
    /// How long it is valid.
    pub valid_s: i64,
    /// Lower-case names; empty stands for `host` alone.
    pub signed_headers: Vec<&'a str>,
    /// 64 hex digits.
    pub signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Takes `text` apart; `None` when it is of another kind or has not six parts.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let [
            "bce-auth-v1",
            access_key_id,
            signed_at,
            seconds,
            headers,
            signature,
        ] = parts.as_slice()
        else {
            return None;
        };
        let prefix = text.get(..text.len() - headers.len() - signature.len() - 2)?;
        let signed_headers = match *headers {
            "" => vec!["host"],
            names => names.split(';').collect(),
        };
        Some(Self {
            prefix,
            access_key_id,
            signed_at,
            valid_s: seconds.parse().ok()?,
            signed_headers,
            signature,
        })
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| {
            DIGITS
                .get(usize::from(nibble))
                .map(|digit| char::from(*digit))
        })
        .collect()
}

fn keyed(key: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return String::new(); // HMAC takes keys of any length
    };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// RFC 3986 encoding of `text`: `A-Za-z0-9-._~` stay, and slashes when they are to be kept.
pub(crate) fn encoded(text: &[u8], keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte))
            }
            b'/' if keep_slash => out.push('/'),
            _ => {
                out.push('%');
                out.push_str(&hex(&[*byte]).to_ascii_uppercase());
            }
        }
    }
    out
}

fn recoded(raw: &str, keep_slash: bool) -> String {
    encoded(&percent_decode_str(raw).collect::<Vec<u8>>(), keep_slash)
}

/// The canonical request: `path` and `query` as they stand in the request line, `headers` those
/// that are signed.
pub(crate) fn canonical(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recoded(name, false), recoded(value, false)))
        .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.sort_unstable();
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            format!(
                "{}:{}",
                encoded(name.as_bytes(), false),
                encoded(value.as_bytes(), false)
            )
        })
        .collect();
    lines.sort_unstable();
    format!(
        "{method}\n{}\n{}\n{}",
        recoded(path, true),
        pairs.join("&"),
        lines.join("\n")
    )
}

/// The key that `prefix` gives the owner of `secret_access_key`, as its 64 hex digits.
pub(crate) fn signing_key(secret_access_key: &str, prefix: &str) -> String {
    keyed(secret_access_key, prefix)
}

/// The signature of a canonical request.
pub(crate) fn signature(signing_key: &str, canonical: &str) -> String {
    keyed(signing_key, canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "bce-auth-v1/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/2015-04-27T08:23:49Z/1800";
    const DATE: (&str, &str) = ("x-bce-date", "2015-04-27T08:23:49Z");

    fn key() -> String {
        signing_key(&"b".repeat(32), PREFIX)
    }

    fn put(headers: &[(&str, &str)]) -> String {
        let query = "partNumber=9&uploadId=a44cc9bab11cbd156984767aad637851";
        signature(
            &key(),
            &canonical("PUT", "/v1/test/myfolder/readme.txt", query, headers),
        )
    }

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(
            key(),
            "1d5ce5f464064cbee060330d973218821825ac6952368a482a592e6615aef479"
        );
        let host = ("host", "bj.bcebos.com");
        let all = [
            host,
            ("Content-Type", "text/plain"),
            ("Content-Length", "8"),
            ("Content-Md5", "NFzcPqhviddjRNnSOGo4rw=="),
            DATE,
        ];
        assert_eq!(
            put(&all),
            "d74a04362e6a848f5b39b15421cb449427f419c95a480fd6b8cf9fc783e2999e"
        );
        assert_eq!(
            put(&[host, DATE]),
            "1b8de5a23a56eef657c69f94c621e7acd227d049a4ba577f537d5e5cebf0cf32"
        );
    }

    #[test]
    fn a_query_of_results_signs_as_computed() {
        let headers = [("host", "aip.baidubce.com"), DATE];
        let canonical = canonical(
            "POST",
            "/rpc/2.0/brain/solution/faceprint/result/getall",
            "",
            &headers,
        );
        let expected = "dac466040075d4a9f05cffdd1875b90f54c2a4b29b20f5594cc696f3163e4c91";
        assert_eq!(signature(&key(), &canonical), expected);
    }

    #[test]
    fn authorization_stays_out_of_the_signed_query_and_pairs_are_sorted_when_finished() {
        let query = "b=2&authorization=x%2Fy&a=%e4%bd%a0&a-=1&empty";
        assert_eq!(
            canonical("GET", "/a%20b/c", query, &[]),
            "GET\n/a%20b/c\na-=1&a=%E4%BD%A0&b=2&empty=\n"
        );
    }

    #[test]
    fn an_authorization_has_six_parts() {
        let text = format!("{PREFIX}/host;x-bce-date/00ff");
        let parsed = Authorization::parse(&text).unwrap();
        assert_eq!(
            (parsed.prefix, parsed.valid_s, parsed.signature),
            (PREFIX, 1800, "00ff")
        );
        assert_eq!(parsed.signed_headers, ["host", "x-bce-date"]);
        assert_eq!(
            Authorization::parse(&format!("{PREFIX}//00ff"))
                .unwrap()
                .signed_headers,
            ["host"]
        );
        assert_eq!(Authorization::parse("Bearer x"), None);
        assert_eq!(Authorization::parse(PREFIX), None);
    }
}
