//! bce-auth-v1: the signature of older cloud accounts (provider.md §5). Pure.

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use crate::domain::{digest::hex, secret::Secret, time::Time};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// How long a signature of ours is good for, in seconds: what the provider's own SDKs use.
pub const VALID_SECONDS: u32 = 1800;

/// `A-Za-z0-9-._~` kept, the rest `%XX` in upper case.
#[must_use]
pub fn uri_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// As [`uri_encode`], slashes kept.
#[must_use]
pub fn uri_encode_path(path: &str) -> String {
    utf8_percent_encode(path, RESERVED_IN_PATH).to_string()
}

/// What is signed of a request. Everything is given as it is meant, before any encoding.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `POST`, …
    pub method: &'a str,
    /// From the first slash to the question mark.
    pub path: &'a str,
    /// Parameters, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// Exactly the headers to be signed; `host` must be among them.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The key pair of a cloud account.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// Access key: names the account.
    pub ak: Secret,
    /// Secret key.
    pub sk: Secret,
}

impl KeyPair {
    /// The value of the `Authorization` header, good for `valid_seconds` from `at`.
    #[must_use]
    pub fn authorization(&self, request: &Request<'_>, at: Time, valid_seconds: u32) -> Secret {
        let prefix = self.prefix(at, valid_seconds);
        let (canonical, signed) = canonical(request);
        let signature = hmac_hex(
            self.signing_key(&prefix).reveal().as_bytes(),
            canonical.as_bytes(),
        );
        Secret::new(format!("{prefix}/{signed}/{signature}"))
    }

    fn prefix(&self, at: Time, valid_seconds: u32) -> String {
        format!(
            "bce-auth-v1/{}/{}/{valid_seconds}",
            self.ak.reveal(),
            at.rfc3339()
        )
    }

    /// Used below as its 64 hex characters, not as the 32 bytes they stand for.
    fn signing_key(&self, prefix: &str) -> Secret {
        Secret::new(hmac_hex(self.sk.reveal().as_bytes(), prefix.as_bytes()))
    }
}

/// The canonical request, and the names of the signed headers.
fn canonical(request: &Request<'_>) -> (String, String) {
    let mut query: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| format!("{}={}", uri_encode(name), uri_encode(value)))
        .collect();
    query.sort_unstable();
    let filled = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .filter(|(_, value)| !value.is_empty());
    let (mut names, mut lines): (Vec<String>, Vec<String>) = filled
        .map(|(name, value)| {
            let line = format!("{}:{}", uri_encode(&name), uri_encode(value));
            (name, line)
        })
        .unzip();
    names.sort_unstable();
    lines.sort_unstable();
    let canonical = format!(
        "{}\n{}\n{}\n{}",
        request.method.to_ascii_uppercase(),
        uri_encode_path(request.path),
        query.join("&"),
        lines.join("\n")
    );
    (canonical, names.join(";"))
}

fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    // HMAC takes keys of every length, so there is no error to hand on.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(message);
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "bj.bcebos.com";
    const DATE: &str = "2015-04-27T08:23:49Z";

    fn pair() -> KeyPair {
        KeyPair {
            ak: "a".repeat(32).into(),
            sk: "b".repeat(32).into(),
        }
    }

    fn at() -> Time {
        Time::parse(DATE).unwrap()
    }

    fn prefix() -> String {
        format!("bce-auth-v1/{}/2015-04-27T08:23:49Z/1800", "a".repeat(32))
    }

    #[test]
    fn the_signing_key_is_the_published_one() {
        assert_eq!(pair().prefix(at(), VALID_SECONDS), prefix());
        assert_eq!(
            pair().signing_key(&prefix()).reveal(),
            "1d5ce5f464064cbee060330d973218821825ac6952368a482a592e6615aef479"
        );
    }

    fn put<'a>(headers: &'a [(&'a str, &'a str)]) -> Request<'a> {
        Request {
            method: "PUT",
            path: "/v1/test/myfolder/readme.txt",
            query: &[
                ("partNumber", "9"),
                ("uploadId", "a44cc9bab11cbd156984767aad637851"),
            ],
            headers,
        }
    }

    const FIVE: &[(&str, &str)] = &[
        ("Host", HOST),
        ("Content-Type", "text/plain"),
        ("Content-Length", "8"),
        ("Content-Md5", "NFzcPqhviddjRNnSOGo4rw=="),
        ("x-bce-date", DATE),
    ];

    #[test]
    fn the_canonical_request_has_its_documented_form() {
        let (canonical, signed) = canonical(&put(FIVE));
        assert_eq!(
            canonical,
            "PUT\n/v1/test/myfolder/readme.txt\npartNumber=9&uploadId=a44cc9bab11cbd156984767aad637851\n\
             content-length:8\ncontent-md5:NFzcPqhviddjRNnSOGo4rw%3D%3D\ncontent-type:text%2Fplain\nhost:bj.bcebos.com\nx-bce-date:2015-04-27T08%3A23%3A49Z"
        );
        assert_eq!(
            signed,
            "content-length;content-md5;content-type;host;x-bce-date"
        );
    }

    #[test]
    fn signatures_are_the_published_ones() {
        let getall = Request {
            method: "post",
            path: "/rpc/2.0/brain/solution/faceprint/result/getall",
            query: &[],
            headers: &[("x-bce-date", DATE), ("host", "aip.baidubce.com")],
        };
        for (request, signed, signature) in [
            (
                put(FIVE),
                "content-length;content-md5;content-type;host;x-bce-date",
                "d74a04362e6a848f5b39b15421cb449427f419c95a480fd6b8cf9fc783e2999e",
            ),
            (
                put(&[("host", HOST), ("x-bce-date", DATE)]),
                "host;x-bce-date",
                "1b8de5a23a56eef657c69f94c621e7acd227d049a4ba577f537d5e5cebf0cf32",
            ),
            (
                getall,
                "host;x-bce-date",
                "dac466040075d4a9f05cffdd1875b90f54c2a4b29b20f5594cc696f3163e4c91",
            ),
        ] {
            assert_eq!(
                pair().authorization(&request, at(), VALID_SECONDS).reveal(),
                format!("{}/{signed}/{signature}", prefix())
            );
        }
    }

    #[test]
    fn encoding_follows_rfc_3986() {
        assert_eq!(
            uri_encode("aZ09-._~ /:+%中"),
            "aZ09-._~%20%2F%3A%2B%25%E4%B8%AD"
        );
        assert_eq!(uri_encode_path("/v1/a b/中.jpg"), "/v1/a%20b/%E4%B8%AD.jpg");
    }

    #[test]
    fn the_query_is_sorted_once_encoded_and_leaves_the_authorization_out() {
        let request = Request {
            method: "GET",
            path: "/",
            query: &[
                ("text10", "test"),
                ("text1", "测试"),
                ("text", ""),
                ("Authorization", "x"),
            ],
            headers: &[("host", "h"), ("empty", "  ")],
        };
        let (canonical, signed) = canonical(&request);
        assert_eq!(
            canonical,
            "GET\n/\ntext10=test&text1=%E6%B5%8B%E8%AF%95&text=\nhost:h"
        );
        assert_eq!(signed, "host", "an empty header is not signed");
    }

    #[test]
    fn keys_show_nothing_of_themselves() {
        let shown = format!(
            "{:?} {:?}",
            pair(),
            pair().authorization(&put(FIVE), at(), 1800)
        );
        assert!(
            !shown.contains("aaaa") && !shown.contains("bbbb"),
            "{shown}"
        );
    }
}
