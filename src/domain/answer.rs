//! Answers: which endpoints there are, and what an answer that brings no data means.

use serde::{Deserialize, Serialize};

use super::{
    attempt::{Attempt, Counts},
    digest::Sha256,
    id::AnswerId,
    loss::Cause,
    media::{Listed, ObjectFacts},
    packed::Packed,
    time::{Span, Time},
};

/// The provider's endpoints (provider.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `verifyToken/generate`.
    Generate,
    /// `idcard/submit`.
    Submit,
    /// `uploadMatchImage`.
    UploadMatchImage,
    /// `result/simple`.
    Simple,
    /// `result/detail`.
    Detail,
    /// `result/stat`.
    Stat,
    /// `result/media/query`.
    Media,
    /// `result/getall`: the source of truth.
    Getall,
    /// A media URL, where what came is no medium. Not an interface of the provider's.
    Download,
}

impl Endpoint {
    /// The queries, whose answers are kept.
    pub const QUERIES: [Self; 5] = [
        Self::Getall,
        Self::Detail,
        Self::Media,
        Self::Simple,
        Self::Stat,
    ];

    /// The interfaces of the provider's: all but [`Endpoint::Download`].
    pub const CALLED: [Self; 8] = [
        Self::Generate,
        Self::Submit,
        Self::UploadMatchImage,
        Self::Simple,
        Self::Detail,
        Self::Stat,
        Self::Media,
        Self::Getall,
    ];

    /// The name in `report_answers.endpoint`, in `fetch` of the config and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Submit => "submit",
            Self::UploadMatchImage => "upload_match_image",
            Self::Simple => "simple",
            Self::Detail => "detail",
            Self::Stat => "stat",
            Self::Media => "media",
            Self::Getall => "getall",
            Self::Download => "download",
        }
    }

    /// The endpoint of that name whose answers are kept: a query, or `download`.
    #[must_use]
    pub fn kept_named(name: &str) -> Option<Self> {
        Self::query_named(name)
            .or_else(|| (name == Self::Download.name()).then_some(Self::Download))
    }

    /// The query of that name.
    #[must_use]
    pub fn query_named(name: &str) -> Option<Self> {
        Self::QUERIES
            .into_iter()
            .find(|endpoint| endpoint.name() == name)
    }

    /// Path below `/rpc/2.0/brain/solution/faceprint/`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Generate => "verifyToken/generate",
            Self::Submit => "idcard/submit",
            Self::UploadMatchImage => "uploadMatchImage",
            Self::Simple => "result/simple",
            Self::Detail => "result/detail",
            Self::Stat => "result/stat",
            Self::Media => "result/media/query",
            Self::Getall => "result/getall",
            Self::Download => "",
        }
    }
}

/// What an answer, or its absence, that brings no data asks of us (provider.md §3). Named by what
/// the caller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The far end was not reached or did not finish: connection, time limit, 5xx, a transient
    /// code. Back off, try again.
    Transient,
    /// An answer that is none: HTML, broken JSON, over the cap. Kept, counted, tried again.
    Garbled,
    /// The access_token is bad or expired (100, 110, 111). Fetch a new one once, repeat at once; a
    /// second time: alarm.
    Unauthorised,
    /// Too fast, or nothing paid for behind the interface (18). Slow the account down; if it lasts:
    /// quota and billing.
    TooFast,
    /// The daily quota is spent (17). Pause the app until midnight in Beijing.
    DailyQuota,
    /// The total quota is spent (19). Pause the app; a person must act.
    TotalQuota,
    /// Permission not granted (6), signature wrong or clock skewed (14), credentials refused by
    /// OAuth. A person must act; retry slowly.
    Forbidden,
    /// The request or the configuration is wrong (3, 15, 2161xx, 283435, …). A person must act;
    /// nothing is dropped.
    Misconfigured,
    /// `Token无效或者已过期`: wrong app, unused too long, already used, or past the retention. The plan
    /// decides which.
    Refused,
    /// A `success:false` that is none of the above: before anybody verified it means "not yet".
    NotYet,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Transient,
        Self::Garbled,
        Self::Unauthorised,
        Self::TooFast,
        Self::DailyQuota,
        Self::TotalQuota,
        Self::Forbidden,
        Self::Misconfigured,
        Self::Refused,
        Self::NotYet,
    ];

    /// What is missing because of such answers is missing for this cause.
    #[must_use]
    pub const fn cause(self) -> Cause {
        match self {
            Self::Transient => Cause::ProviderUnreachable,
            Self::Garbled => Cause::Unreadable,
            Self::Unauthorised | Self::Forbidden => Cause::Credentials,
            Self::TooFast | Self::DailyQuota | Self::TotalQuota => Cause::Quota,
            Self::Misconfigured => Cause::Unknown,
            Self::Refused => Cause::GoneAtProvider,
            Self::NotYet => Cause::NotListed,
        }
    }

    /// The label in metrics and `last_error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Garbled => "garbled",
            Self::Unauthorised => "unauthorised",
            Self::TooFast => "too_fast",
            Self::DailyQuota => "daily_quota",
            Self::TotalQuota => "total_quota",
            Self::Forbidden => "forbidden",
            Self::Misconfigured => "misconfigured",
            Self::Refused => "refused",
            Self::NotYet => "not_yet",
        }
    }

    /// Whether the provider answered *about this token*, so that the answer can prove something of
    /// it.
    #[must_use]
    pub const fn is_about_the_token(self) -> bool {
        matches!(self, Self::Refused | Self::NotYet)
    }
}

/// A call that brought no data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {detail}", kind.name(), code.as_deref().map(|code| format!(" (code {code})")).unwrap_or_default())]
pub struct ProviderError {
    /// What it asks of us.
    pub kind: ErrorKind,
    /// The provider's code as text, where it gave one.
    pub code: Option<String>,
    /// What happened and what to do, in our own words: never the provider's text about a person,
    /// never a URL or token.
    pub detail: String,
    /// How long the far end asked us to wait (`Retry-After`).
    pub retry_after: Option<Span>,
}

impl ProviderError {
    /// One without a code or a wish to wait.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// What tells this kind of answer from others of the same app, to learn what unused tokens
    /// answer (provider.md §3, "Not verified yet").
    #[must_use]
    pub fn signature(&self) -> String {
        match (self.kind, &self.code) {
            // The code of a refusal is not published and may change: its message alone decides.
            (ErrorKind::Refused, _) | (_, None) => self.kind.name().to_owned(),
            (_, Some(code)) => format!("{}:{code}", self.kind.name()),
        }
    }
}

/// `getall`, parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Getall {
    /// The sums.
    pub counts: Counts,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
}

/// `detail`, parsed as far as media need it: the rest of it is in the verbatim answer and, better,
/// in getall.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// Bytes of `front_base64`.
    pub id_front: Option<Vec<u8>>,
    /// Bytes of `back_base64`.
    pub id_back: Option<Vec<u8>>,
    /// `is_demote`, wherever it stands.
    pub demoted: Option<bool>,
    /// Names of the inline images that are not base64 (`front_base64`, `back_base64`), so that the
    /// loss is not silent.
    pub unreadable: Vec<&'static str>,
}

/// `media/query`, parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MediaList {
    /// `processVideo`, `video` and `images`, each counted from 0.
    pub listed: Vec<Listed>,
    /// `extInfo`: the provider's trouble with the video, if any.
    pub ext_info: Option<String>,
}

impl MediaList {
    /// Whether liveness images are listed.
    #[must_use]
    pub fn has_images(&self) -> bool {
        self.listed.iter().any(|listed| !listed.kind.is_video())
    }

    /// Whether a video of either kind is listed.
    #[must_use]
    pub fn has_video(&self) -> bool {
        self.listed.iter().any(|listed| listed.kind.is_video())
    }
}

/// `stat`, parsed: back-end name → (error code, count).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// In the order of the answer.
    pub backends: Vec<(String, Vec<(String, i64)>)>,
}

/// The row of an answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    /// Its identifier.
    pub answer_id: AnswerId,
    /// Who answered.
    pub endpoint: Endpoint,
    /// When the last byte was here.
    pub fetched_at: Time,
    /// HTTP status.
    pub http_status: i64,
    /// `success` of the envelope, where there is one.
    pub success: Option<bool>,
    /// `code` or `error_code`, as text.
    pub code: Option<String>,
    /// `log_id`, as text: it has 19 digits.
    pub log_id: Option<String>,
    /// Its body.
    pub body: Body,
}

/// Where the body of an answer lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// In its row.
    Row(Packed),
    /// In the vault.
    Object(ObjectFacts),
}

impl Body {
    /// Length of the plain body.
    #[must_use]
    pub const fn bytes(&self) -> i64 {
        match self {
            Self::Row(packed) => packed.bytes,
            Self::Object(object) => object.bytes,
        }
    }

    /// SHA-256 of the plain body.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        match self {
            Self::Row(packed) => packed.sha256,
            Self::Object(object) => object.sha256,
        }
    }

    /// What it is as it lies in its row; none of an object.
    #[must_use]
    pub const fn packed(&self) -> Option<&Packed> {
        match self {
            Self::Row(packed) => Some(packed),
            Self::Object(_) => None,
        }
    }

    /// Its object; none of one in its row.
    #[must_use]
    pub const fn object(&self) -> Option<&ObjectFacts> {
        match self {
            Self::Row(_) => None,
            Self::Object(object) => Some(object),
        }
    }
}
