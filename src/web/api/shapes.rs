//! What answers look like, for the description alone: the rows of the store without what is private.
//! `tests/it/api/described.rs` compares them with answers.

#![allow(dead_code, reason = "shapes are described and never made")]

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use crate::domain::{loss::Cause as OfLoss, token::State as OfToken};

/// RFC 3339, in UTC with milliseconds.
#[derive(ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-26T08:15:00.000Z")]
pub(super) struct Instant(String);

/// A UUID.
#[derive(ToSchema)]
#[schema(value_type = String, format = "uuid", example = "01a2b3c4-d5e6-7f80-9123-456789abcdef")]
pub(super) struct Id(String);

/// A name of the business's own: no control characters, and none that turns the direction of writing.
#[derive(ToSchema)]
#[schema(
    value_type = String, max_length = 255, example = "order-4711",
    pattern = r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$"
)]
pub(super) struct Name(String);

/// What is to be remembered: no control characters, and something that can be seen.
#[derive(ToSchema)]
#[schema(
    value_type = String, min_length = 1, max_length = 1000, example = "quota raised",
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
)]
pub(super) struct Remark(String);

/// SHA-256 in lower-case hex digits.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
pub(super) struct Digest(String);

fn one_of(about: &str, names: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let names = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names));
    names.description(Some(about)).build().into()
}

/// The states of a verification.
pub(super) struct State;

impl PartialSchema for State {
    fn schema() -> RefOr<Schema> {
        let names = OfToken::ALL.into_iter().map(OfToken::name);
        one_of("Where a verification stands.", names)
    }
}

impl ToSchema for State {
    fn name() -> Cow<'static, str> {
        "State".into()
    }
}

/// The causes of losses.
pub(super) struct Cause;

impl PartialSchema for Cause {
    fn schema() -> RefOr<Schema> {
        let names = OfLoss::ALL.iter().map(|cause| cause.name());
        one_of("Why something could not be had.", names)
    }
}

impl ToSchema for Cause {
    fn name() -> Cow<'static, str> {
        "Cause".into()
    }
}

/// A verification, as lists show it.
#[derive(ToSchema)]
pub(super) struct Verification {
    verification_id: Id,
    #[schema(example = "h5")]
    app: String,
    plan_id: Option<String>,
    #[schema(example = "order-4711")]
    reference: Option<String>,
    issued_at: Instant,
    tracked_at: Instant,
    tracked_by: String,
    state: State,
    /// Whether the person passed; null while nobody knows.
    passed: Option<bool>,
    #[schema(minimum = 0)]
    attempts: i64,
    first_attempt_at: Option<Instant>,
    settled_at: Option<Instant>,
    missing: Vec<Missing>,
    /// When the provider forgets videos and liveness images, by the earliest reading.
    media_deadline: Instant,
    /// When it forgets everything, by the earliest reading.
    record_deadline: Instant,
    next_poll_at: Option<Instant>,
    #[schema(minimum = 0)]
    polls: i64,
    last_error: Option<String>,
}

/// A thing that is missing, and why.
#[derive(ToSchema)]
pub(super) struct Missing {
    what: String,
    attempt_no: Option<i64>,
    cause: Cause,
    from: Option<Instant>,
    to: Option<Instant>,
    why: String,
}

/// A page, the newest first.
#[derive(ToSchema)]
pub(super) struct Page {
    verifications: Vec<Verification>,
    /// Where there is more: the `cursor` of the next page.
    next: Option<Id>,
}

/// What a search for a person found.
#[derive(ToSchema)]
pub(super) struct PageOfPerson {
    verifications: Vec<Verification>,
    next: Option<Id>,
    /// False where attempts were not looked through: they are indexed with another key or none.
    complete: bool,
}

/// What is known of each token, in the order asked.
#[derive(ToSchema)]
pub(super) struct KnownTokens {
    items: Vec<Option<KnownToken>>,
}

/// A token that is tracked.
#[derive(ToSchema)]
pub(super) struct KnownToken {
    verification_id: Id,
    state: State,
    app: String,
}

/// Of a person, or of tokens.
#[derive(ToSchema)]
#[serde(untagged)]
pub(super) enum Found {
    Person(PageOfPerson),
    Tokens(KnownTokens),
}

/// One verification whole.
#[derive(ToSchema)]
pub(super) struct Whole {
    #[serde(flatten)]
    summary: Verification,
    /// What its abandonment or rejection rests on.
    proof: Option<String>,
    never_seen: bool,
    submitted: Option<Submitted>,
    attempt_rows: Vec<Attempt>,
    media: Vec<Medium>,
    answers: Vec<Answer>,
    call_sums: Vec<CallSum>,
    events: Vec<Event>,
    accesses: Vec<Access>,
}

/// That somebody looked at it, or for a person of it.
#[derive(ToSchema)]
pub(super) struct Access {
    at: Instant,
    who: String,
    via: String,
    what: String,
    purpose: Option<String>,
}

/// What was handed in of the person when it was issued here, masked.
#[derive(ToSchema)]
pub(super) struct Submitted {
    at: Instant,
    /// From 0 to 5; null where nobody said.
    certificate_type: Option<i64>,
    name_masked: String,
    id_number_masked: String,
    /// Whether the provider took it; null while that is not known.
    taken: Option<bool>,
    /// Why it did not.
    refused: Option<String>,
}

/// A try of the person, masked.
#[derive(ToSchema)]
pub(super) struct Attempt {
    attempt_no: i64,
    passed: Option<bool>,
    code: Option<String>,
    message: Option<String>,
    verified_at: Option<Instant>,
    charged: Option<bool>,
    charge_type: Option<String>,
    charged_at: Option<Instant>,
    ocr_charged: Option<bool>,
    ocr_count: Option<i64>,
    ocr_charged_at: Option<Instant>,
    score: Option<f64>,
    threshold: Option<f64>,
    liveness_score: Option<f64>,
    spoofing_score: Option<f64>,
    risk_level: Option<String>,
    risk_tag: Option<String>,
    demoted: Option<bool>,
    verify_log_id: Option<String>,
    id_type: Option<String>,
    name_masked: Option<String>,
    id_number_masked: Option<String>,
    ocr_name_masked: Option<String>,
    ocr_id_number_masked: Option<String>,
}

/// An image or a video.
#[derive(ToSchema)]
pub(super) struct Medium {
    media_id: Id,
    /// 0 where it belongs to no attempt: it was handed in.
    attempt_no: i64,
    /// `match_image` is the one that was handed in; the others are of the provider.
    kind: String,
    position: i64,
    state: String,
    content_type: Option<String>,
    bytes: Option<i64>,
    sha256: Option<Digest>,
    object_key: Option<String>,
    stored_bytes: Option<i64>,
    stored_sha256: Option<Digest>,
    captured_at: Option<Instant>,
    lost_reason: Option<String>,
    check: Option<String>,
}

/// An answer of the provider that is kept.
#[derive(ToSchema)]
pub(super) struct Answer {
    answer_id: Id,
    endpoint: String,
    fetched_at: Instant,
    http_status: i64,
    success: Option<bool>,
    code: Option<String>,
    log_id: Option<String>,
    bytes: i64,
    sha256: Digest,
    object_key: Option<String>,
}

/// Calls of one endpoint that came to the same.
#[derive(ToSchema)]
pub(super) struct CallSum {
    endpoint: String,
    result: String,
    /// The provider's code, where it gave one.
    code: Option<String>,
    calls: i64,
    first_at: Instant,
    last_at: Instant,
}

/// What was done to it.
#[derive(ToSchema)]
pub(super) struct Event {
    at: Instant,
    actor: String,
    what: String,
    detail: String,
}
