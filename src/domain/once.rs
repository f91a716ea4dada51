//! What makes a request of the API the same request again: its `Idempotency-Key`.

use hmac::{Hmac, KeyInit as _, Mac as _};

use super::{digest::Sha256, id::KeyId, secret::Secret, time::Span};

/// How long a request is known again.
pub const KEPT: Span = Span::hours(24);

/// How long whoever does what it asks may take; afterwards another may do it.
pub const LEASE: Span = Span::minutes(2);

/// How many characters an `Idempotency-Key` has at most.
const TOLD_MAX: usize = 255;

/// A request that is to be done once, as it is kept: nothing of what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Whose.
    pub key_id: KeyId,
    /// Of its `Idempotency-Key`.
    pub told: Sha256,
    /// Of its body.
    pub body: Sha256,
}

impl Once {
    /// Of a request whose key of the API has the text `key`. The digests are keyed with that text,
    /// of which the database has only another digest: a person's number in a body could be guessed
    /// from a plain one.
    ///
    /// # Errors
    /// When it is no `Idempotency-Key`.
    pub fn new(key_id: KeyId, key: &Secret, told: &[u8], body: &[u8]) -> Result<Self, String> {
        if told.is_empty() || told.len() > TOLD_MAX || !told.iter().all(u8::is_ascii_graphic) {
            return Err(format!(
                "it is 1 to {TOLD_MAX} visible characters of ASCII without a space"
            ));
        }
        Ok(Self {
            key_id,
            told: sealed(key, b"told", told),
            body: sealed(key, b"body", body),
        })
    }
}

/// The digest of `text`, whatever it is, keyed with `key`.
fn sealed(key: &Secret, what: &[u8], text: &[u8]) -> Sha256 {
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mac = Hmac::<sha2::Sha256>::new_from_slice(key.reveal().as_bytes())
        .expect("HMAC takes a key of any length");
    let digest = mac.chain_update(what).chain_update(text).finalize();
    Sha256::kept(digest.into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    #[test]
    fn a_request_is_known_again_by_all_that_makes_it() {
        let id = KeyId::fresh(Time(1_795_421_701_000));
        let (key, other) = (Secret::new("vk_1"), Secret::new("vk_2"));
        let once = |key, told: &str, body: &str| {
            Once::new(id, key, told.as_bytes(), body.as_bytes()).unwrap()
        };
        let first = once(&key, "order-1", "{}");
        assert_eq!(first, once(&key, "order-1", "{}"));
        assert_ne!(first.told, once(&key, "order-2", "{}").told);
        assert_ne!(first.body, once(&key, "order-1", "{ }").body);
        assert_ne!(first.body, once(&other, "order-1", "{}").body, "keyed");
        assert_ne!(first.body, Sha256::of(b"{}"));
        for (label, told) in [
            ("nothing", String::new()),
            ("a long one", "x".repeat(256)),
            ("a space", "a b".to_owned()),
            ("another script", "订单".to_owned()),
        ] {
            let wrong = Once::new(id, &key, told.as_bytes(), b"");
            assert!(wrong.is_err_and(|why| !why.contains("订")), "{label}");
        }
    }
}
