//! What goes wrong, how often, and when it stops: faults are drawn for each request from the seed, by what is asked
//! and for which time, so that order and concurrency change nothing.
//!
//! Progress stays possible: nothing fails more than `repeat_max` times in a row, and an access_token that works is
//! never refused twice in a row.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::dice::{Dice, word};

/// One way a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// HTTP 500 with a text.
    Http500,
    /// HTTP 502 with HTML of a proxy.
    Http502,
    /// HTTP 503 with nothing.
    Http503,
    /// HTTP 429.
    Http429,
    /// The connection is closed before any answer; nothing was done.
    Closed,
    /// The connection is reset after the work was done: the answer is lost.
    AnswerLost,
    /// `Content-Length` promises more than comes.
    Truncated,
    /// HTTP 200 with an HTML page.
    Html,
    /// HTTP 200 with half of the JSON, under an honest length.
    TruncatedJson,
    /// The answer comes `stall_ms` late; of a medium, its second half.
    Stall,
    /// `error_code` 18 although nobody asks too fast.
    Code18,
    /// `error_code` 17 for the whole account, for `daily_quota_ms`.
    Code17,
    /// One of the transient codes 1, 2, 4, 13 and 282000.
    BackendCode,
    /// `error_code` 110 or 111 about an access_token that works.
    AccessTokenRefused,
    /// The right answer, compressed unasked.
    Gzip,
    /// Some keys twice, first with other values.
    DuplicateKeys,
    /// The right answer with its Chinese in GB 18030, still called JSON.
    WrongCharset,
    /// A compressed answer of some hundred kilobytes that unpacks to 64 MiB.
    GzipBomb,
    /// Bytes without end, or a length that would tell of one.
    Endless,
    /// A medium ends early under an honest-looking length; only its digests tell.
    MediaShort,
    /// A medium has one bit flipped; only its digests tell.
    MediaFlippedBit,
    /// A medium's URL is called expired.
    MediaExpired,
    /// HTTP 500 in place of a medium.
    MediaError,
    /// The connection is reset in the middle of a medium.
    MediaReset,
    /// A medium redirects to `redirect_to`.
    MediaRedirect,
    /// A medium has the wrong content type.
    MediaWrongType,
}

/// Where a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The OAuth endpoint.
    OAuth,
    /// The faceprint endpoints; `by_access_token` when the request came with one.
    Rpc {
        /// Whether refusing the access_token makes sense.
        by_access_token: bool,
    },
    /// Object URLs and the image of `simple`.
    Media,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Http500,
        Self::Http502,
        Self::Http503,
        Self::Http429,
        Self::Closed,
        Self::AnswerLost,
        Self::Truncated,
        Self::Html,
        Self::TruncatedJson,
        Self::Stall,
        Self::Code18,
        Self::Code17,
        Self::BackendCode,
        Self::AccessTokenRefused,
        Self::Gzip,
        Self::DuplicateKeys,
        Self::WrongCharset,
        Self::GzipBomb,
        Self::Endless,
        Self::MediaShort,
        Self::MediaFlippedBit,
        Self::MediaExpired,
        Self::MediaError,
        Self::MediaReset,
        Self::MediaRedirect,
        Self::MediaWrongType,
    ];

    /// The kinds that are sent only when named: those that stop a whole account, and those that an attacker sends.
    pub const UNUSUAL: &'static [Self] = &[
        Self::Code17,
        Self::DuplicateKeys,
        Self::WrongCharset,
        Self::GzipBomb,
        Self::Endless,
        Self::MediaRedirect,
    ];

    /// Its name as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http500 => "http500",
            Self::Http502 => "http502",
            Self::Http503 => "http503",
            Self::Http429 => "http429",
            Self::Closed => "closed",
            Self::AnswerLost => "answer-lost",
            Self::Truncated => "truncated",
            Self::Html => "html",
            Self::TruncatedJson => "truncated-json",
            Self::Stall => "stall",
            Self::Code18 => "code18",
            Self::Code17 => "code17",
            Self::BackendCode => "backend-code",
            Self::AccessTokenRefused => "access-token-refused",
            Self::Gzip => "gzip",
            Self::DuplicateKeys => "duplicate-keys",
            Self::WrongCharset => "wrong-charset",
            Self::GzipBomb => "gzip-bomb",
            Self::Endless => "endless",
            Self::MediaShort => "media-short",
            Self::MediaFlippedBit => "media-flipped-bit",
            Self::MediaExpired => "media-expired",
            Self::MediaError => "media-error",
            Self::MediaReset => "media-reset",
            Self::MediaRedirect => "media-redirect",
            Self::MediaWrongType => "media-wrong-type",
        }
    }

    fn strikes(self, place: Place) -> bool {
        match self {
            Self::Http500
            | Self::Http502
            | Self::Http503
            | Self::Http429
            | Self::Closed
            | Self::Html => true,
            Self::Stall | Self::Endless => true,
            Self::AnswerLost
            | Self::Truncated
            | Self::TruncatedJson
            | Self::Gzip
            | Self::GzipBomb => place != Place::Media,
            Self::DuplicateKeys | Self::WrongCharset => matches!(place, Place::Rpc { .. }),
            Self::Code18 | Self::Code17 | Self::BackendCode => matches!(place, Place::Rpc { .. }),
            Self::AccessTokenRefused => {
                place
                    == Place::Rpc {
                        by_access_token: true,
                    }
            }
            Self::MediaShort
            | Self::MediaFlippedBit
            | Self::MediaExpired
            | Self::MediaError
            | Self::MediaReset
            | Self::MediaRedirect
            | Self::MediaWrongType => place == Place::Media,
        }
    }
}

/// What goes wrong, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The share of requests that go wrong, 0 to 1.
    pub rate: f64,
    /// The kinds that may be drawn.
    pub kinds: Vec<FaultKind>,
    /// How often in a row the same thing may go wrong; 0 sets no bound, which is an outage.
    pub repeat_max: u32,
    /// How long a stall lasts, milliseconds.
    pub stall_ms: u64,
    /// How long an account stays without quota after code 17, milliseconds.
    pub daily_quota_ms: i64,
    /// Where a redirected medium is said to be.
    pub redirect_to: String,
}

impl Default for Faults {
    /// No faults; when only a rate is set, every kind but [`FaultKind::UNUSUAL`].
    fn default() -> Self {
        let usual = |kind: &FaultKind| !FaultKind::UNUSUAL.contains(kind);
        Self {
            rate: 0.0,
            kinds: FaultKind::ALL.iter().copied().filter(usual).collect(),
            repeat_max: 3,
            stall_ms: 1_500,
            daily_quota_ms: 60_000,
            redirect_to: "http://169.254.169.254/latest/meta-data/".to_owned(),
        }
    }
}

impl Faults {
    /// Every usual kind, at `rate`.
    pub fn at_rate(rate: f64) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }

    /// Only `kind`, every time it may.
    pub fn only(kind: FaultKind) -> Self {
        Self {
            rate: 1.0,
            kinds: vec![kind],
            ..Self::default()
        }
    }

    /// The provider is down: every request is answered 503 until the faults are set otherwise.
    pub fn outage() -> Self {
        Self {
            repeat_max: 0,
            ..Self::only(FaultKind::Http503)
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    times: u32,
    failed_in_a_row: u32,
    token_refused: bool,
}

/// Draws faults.
#[derive(Debug)]
pub struct FaultGate {
    seed: u64,
    faults: Mutex<Faults>,
    asked: Mutex<HashMap<u64, Asked>>,
}

impl FaultGate {
    /// Draws from `faults` by `seed`.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self {
            seed,
            faults: Mutex::new(faults),
            asked: Mutex::default(),
        }
    }

    /// What is drawn from now on.
    pub fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// One of the settings that faults have beside their kind.
    pub fn setting<T>(&self, of: impl FnOnce(&Faults) -> T) -> T {
        of(&self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The fault of this request, if any. `subject` names what is asked for (endpoint and token, or object), so that
    /// the same thing asked again is the next throw of the same dice.
    pub fn draw(&self, place: Place, subject: u64) -> Option<FaultKind> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.rate <= 0.0 {
            return None;
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.entry(subject).or_default();
        asked.times += 1;
        let mut dice = Dice::of(self.seed, &[word("fault"), subject, u64::from(asked.times)]);
        let bounded = faults.repeat_max > 0 && asked.failed_in_a_row >= faults.repeat_max;
        let strikes = dice.fraction() < faults.rate && !bounded;
        let fits = |kind: &FaultKind| {
            kind.strikes(place) && !(asked.token_refused && *kind == FaultKind::AccessTokenRefused)
        };
        let fitting: Vec<FaultKind> = faults.kinds.iter().copied().filter(fits).collect();
        let drawn = if strikes {
            dice.one_of(&fitting).copied()
        } else {
            None
        };
        asked.failed_in_a_row = if drawn.is_some() {
            asked.failed_in_a_row + 1
        } else {
            0
        };
        asked.token_refused = drawn == Some(FaultKind::AccessTokenRefused);
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RPC: Place = Place::Rpc {
        by_access_token: true,
    };

    #[test]
    fn a_fault_stops_after_its_bound_even_when_everything_fails() {
        let gate = FaultGate::new(
            1,
            Faults {
                repeat_max: 2,
                ..Faults::at_rate(1.0)
            },
        );
        let drawn: Vec<bool> = (0..6).map(|_| gate.draw(RPC, 7).is_some()).collect();
        assert_eq!(drawn, [true, true, false, true, true, false]);
    }

    #[test]
    fn a_working_access_token_is_never_refused_twice_in_a_row() {
        let gate = FaultGate::new(
            1,
            Faults {
                repeat_max: 9,
                ..Faults::only(FaultKind::AccessTokenRefused)
            },
        );
        let drawn: Vec<bool> = (0..4).map(|_| gate.draw(RPC, 7).is_some()).collect();
        assert_eq!(drawn, [true, false, true, false]);
        assert_eq!(
            gate.draw(
                Place::Rpc {
                    by_access_token: false
                },
                8
            ),
            None
        );
    }

    #[test]
    fn the_rate_is_the_share_of_requests_and_the_seed_repeats_it() {
        let draw = |seed| {
            let gate = FaultGate::new(seed, Faults::at_rate(0.15));
            (0..4_000)
                .map(|subject| gate.draw(RPC, subject))
                .collect::<Vec<_>>()
        };
        let drawn = draw(1);
        let count = drawn.iter().flatten().count();
        assert!((500..700).contains(&count), "{count}");
        assert_eq!(drawn, draw(1));
        assert_ne!(drawn, draw(2));
    }

    #[test]
    fn an_outage_lasts_until_it_is_ended() {
        let gate = FaultGate::new(1, Faults::outage());
        assert!((0..50).all(|_| gate.draw(Place::Media, 3) == Some(FaultKind::Http503)));
        gate.set(Faults::default());
        assert_eq!(gate.draw(Place::Media, 3), None);
    }

    #[test]
    fn every_kind_is_spelt_in_json_as_in_the_counts() {
        for kind in FaultKind::ALL {
            assert_eq!(
                serde_json::to_value(kind).unwrap(),
                serde_json::json!(kind.name())
            );
        }
    }

    #[test]
    fn media_faults_strike_media_alone() {
        let gate = FaultGate::new(1, Faults::only(FaultKind::MediaFlippedBit));
        assert_eq!(gate.draw(RPC, 1), None);
        assert_eq!(gate.draw(Place::Media, 1), Some(FaultKind::MediaFlippedBit));
    }
}
