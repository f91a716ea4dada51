//! What can be set about the simulated provider: where it listens, how long its windows are, which
//! apps exist.
//!
//! Everything has a default that behaves like the documented provider with one app, no faults and
//! no quota.

use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};

use super::{dice::Dice, faults::Faults};

/// Everything about one simulated provider.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// `http://host:port` that media URLs are to carry; by default the address listened on.
    pub public_base: Option<String>,
    /// Everything random follows from it.
    pub seed: u64,
    /// How long things live.
    pub windows: Windows,
    /// When, within its window, a person acts.
    pub pace: Pace,
    /// What goes wrong, and how often.
    pub faults: Faults,
    /// Each answer waits between these two, milliseconds.
    pub latency_ms: (u64, u64),
    /// Requests a second for each account and endpoint, refused with code 18 above it (a bucket
    /// that holds one second's worth); `None` refuses nobody.
    pub qps: Option<u32>,
    /// How large media are.
    pub media_bytes: MediaBytes,
    /// What is to be seen in them.
    pub media_style: MediaStyle,
    /// Send `Content-MD5`, `ETag` and `x-bce-content-crc32c`; without, the first download costs no
    /// digest.
    pub media_digests: bool,
    /// The apps that exist, in the accounts they belong to.
    pub apps: Vec<AppCredential>,
    /// What is answered about a token nobody has used.
    pub unused_answer: UnusedAnswer,
    /// Whether answers vary in the ways that break naive parsers (nulls, missing fields, strings
    /// for numbers, …).
    pub quirks: bool,
    /// How far the provider's clock stands ahead of the machine's, milliseconds.
    pub clock_ahead_ms: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_base: None,
            seed: 1,
            windows: Windows::default(),
            pace: Pace::Seeded,
            faults: Faults::default(),
            latency_ms: (0, 0),
            qps: None,
            media_bytes: MediaBytes::default(),
            media_style: MediaStyle::default(),
            media_digests: true,
            apps: vec![AppCredential::synthetic("demo", "default")],
            unused_answer: UnusedAnswer::default(),
            quirks: true,
            clock_ahead_ms: 0,
        }
    }
}

/// How long things live, milliseconds. The default is what the provider documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Windows {
    /// How long a person may use a token, from issue: 2 h.
    pub verify_ms: i64,
    /// How long results and images can be queried: 3 days.
    pub record_ms: i64,
    /// How long video and liveness images can be queried and fetched: 1 day.
    pub media_ms: i64,
    /// How long a media URL is signed for, from the query that minted it: 24 h; at least this,
    /// and up to a second more, since signatures count in seconds.
    pub url_ms: i64,
    /// What `expires_in` promises of an access_token: 30 days.
    pub access_token_ms: i64,
    /// How long an access_token really works; `None` keeps the promise.
    pub access_token_works_ms: Option<i64>,
    /// Where `record_ms` and `media_ms` count from.
    pub counted_from: CountedFrom,
}

const HOUR_MS: i64 = 3_600_000;

impl Default for Windows {
    fn default() -> Self {
        Self {
            verify_ms: 2 * HOUR_MS,
            record_ms: 72 * HOUR_MS,
            media_ms: 24 * HOUR_MS,
            url_ms: 24 * HOUR_MS,
            access_token_ms: 720 * HOUR_MS,
            access_token_works_ms: None,
            counted_from: CountedFrom::Verification,
        }
    }
}

/// Where retention counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedFrom {
    /// Results: from the last attempt (unused tokens: from the end of the window). Media: from
    /// their own attempt.
    #[default]
    Verification,
    /// Everything from the moment the token was generated: the harshest reading of the document.
    Issue,
}

/// When, within the verification window, a person acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// At fractions of the window thrown from the seed.
    #[default]
    Seeded,
    /// At the moment of issue, all attempts within a few milliseconds: for benchmarks.
    AtOnce,
}

/// What the result endpoints answer about a token that was never used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnusedAnswer {
    /// `Token无效或者已过期` from the first moment on, the very answer a wrong app gets.
    #[default]
    Refused,
    /// A code of its own until retention ends, then refused.
    NotYet,
    /// A code of its own while the window is open, refused afterwards (the document's FAQ 1 (2)).
    NotYetThenRefused,
    /// Success with `verify_count` 0 on `getall`, a code of its own elsewhere, until retention
    /// ends.
    EmptySuccess,
}

/// What is to be seen in media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaStyle {
    /// Grey blocks, and videos that no player plays: made in microseconds, for tests and
    /// benchmarks.
    #[default]
    Blocks,
    /// Drawn persons and identity cards, marked as specimens: some 20 ms for each picture.
    Drawn,
}

/// About how large media are, bytes; single files vary by a quarter around it, and none is smaller
/// than what is to be seen in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaBytes {
    /// The best face of an attempt, the liveness images, the final face.
    pub face: u64,
    /// Each side of the ID card.
    pub id_card: u64,
    /// Each video. Never held in memory, so a gigabyte is fine.
    pub video: u64,
}

impl Default for MediaBytes {
    fn default() -> Self {
        Self {
            face: 40 << 10,
            id_card: 96 << 10,
            video: 300 << 10,
        }
    }
}

impl MediaBytes {
    /// Small enough for hundreds of tokens in a test.
    pub fn small() -> Self {
        Self {
            face: 2 << 10,
            id_card: 3 << 10,
            video: 8 << 10,
        }
    }
}

/// An app at the provider and all its ways in.
#[derive(Clone, PartialEq, Eq)]
pub struct AppCredential {
    /// What the truth calls it.
    pub name: String,
    /// Apps of one account share its quota.
    pub account: String,
    /// `client_id` of the OAuth endpoint.
    pub api_key: String,
    /// `client_secret` of the OAuth endpoint.
    pub secret_key: String,
    /// AK of bce-auth-v1.
    pub access_key_id: String,
    /// SK of bce-auth-v1.
    pub secret_access_key: String,
    /// What follows `Bearer `: `bce-v3/ALTAK-…`.
    pub bearer: String,
    /// Whether the account has video recording switched on; without, `media/query` never has
    /// anything.
    pub records_video: bool,
}

impl AppCredential {
    /// Credentials that look like the provider's and follow from the name alone.
    pub fn synthetic(name: &str, account: &str) -> Self {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        const HEX: &[u8] = b"0123456789abcdef";
        let mut dice = Dice::of(super::dice::word(name), &[super::dice::word("credentials")]);
        Self {
            name: name.to_owned(),
            account: account.to_owned(),
            api_key: dice.text(ALPHABET, 24),
            secret_key: dice.text(ALPHABET, 32),
            access_key_id: dice.text(HEX, 32),
            secret_access_key: dice.text(HEX, 32),
            bearer: format!(
                "bce-v3/ALTAK-{}/{}",
                dice.text(ALPHABET, 21),
                dice.text(HEX, 40)
            ),
            records_video: true,
        }
    }
}

impl fmt::Debug for AppCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppCredential")
            .field("name", &self.name)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_print() {
        let app = AppCredential::synthetic("one", "a");
        let printed = format!("{app:?}");
        for secret in [
            &app.api_key,
            &app.secret_key,
            &app.access_key_id,
            &app.secret_access_key,
            &app.bearer,
        ] {
            assert!(!printed.contains(secret.as_str()));
        }
    }

    #[test]
    fn credentials_follow_from_the_name() {
        assert_eq!(
            AppCredential::synthetic("one", "a"),
            AppCredential::synthetic("one", "a")
        );
        assert_ne!(
            AppCredential::synthetic("one", "a").api_key,
            AppCredential::synthetic("two", "a").api_key
        );
    }
}
