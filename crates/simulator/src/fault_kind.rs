//! The ways a request can go wrong, their names, and where each can strike.

use serde::{Deserialize, Serialize};

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
    /// HTTP 200 with nothing in place of a medium, under an honest length and digest.
    MediaEmpty,
    /// HTTP 200 with an HTML page in place of a medium.
    MediaPage,
    /// HTTP 404 although the medium is there.
    MediaGone,
    /// The only digest of a medium is an `ETag` that looks like an MD5 and is none, as of a store
    /// that encrypts by a managed key.
    MediaWrongEtag,
    /// A code that no document explains (`系统繁忙`) in the solution's envelope.
    UnknownCode,
    /// `media/query` lists nothing yet and says so in `extInfo`.
    MediaProcessing,
    /// `getall` and `media/query` list a hundred thousand media.
    ManyUrls,
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
        Self::MediaEmpty,
        Self::MediaPage,
        Self::MediaGone,
        Self::MediaWrongEtag,
        Self::UnknownCode,
        Self::MediaProcessing,
        Self::ManyUrls,
    ];

    /// The kinds that are sent only when named: those that stop a whole account, and those that an
    /// attacker sends.
    pub const UNUSUAL: &'static [Self] = &[
        Self::Code17,
        Self::DuplicateKeys,
        Self::WrongCharset,
        Self::GzipBomb,
        Self::Endless,
        Self::MediaRedirect,
        Self::ManyUrls,
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
            Self::MediaEmpty => "media-empty",
            Self::MediaPage => "media-page",
            Self::MediaGone => "media-gone",
            Self::MediaWrongEtag => "media-wrong-etag",
            Self::UnknownCode => "unknown-code",
            Self::MediaProcessing => "media-processing",
            Self::ManyUrls => "many-urls",
        }
    }

    /// Whether it can strike at `place`.
    pub fn strikes(self, place: Place) -> bool {
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
            Self::Code18
            | Self::Code17
            | Self::BackendCode
            | Self::UnknownCode
            | Self::MediaProcessing
            | Self::ManyUrls => matches!(place, Place::Rpc { .. }),
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
            | Self::MediaWrongType
            | Self::MediaEmpty
            | Self::MediaPage
            | Self::MediaGone
            | Self::MediaWrongEtag => place == Place::Media,
        }
    }
}
