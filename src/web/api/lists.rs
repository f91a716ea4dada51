//! What tokens that are told and lists that are compared look like, for the description alone.

#![allow(dead_code, reason = "shapes are described and never made")]

use utoipa::ToSchema;

use super::{
    figures::Reconciliation,
    shapes::{Id, Instant, Missing, Name, State},
};

/// A token.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    #[schema(pattern = r"\S", example = "h5")]
    app: String,
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = "^[A-Za-z0-9_.~+/=-]+$",
        example = "example0token0of0nobody0"
    )]
    verify_token: String,
    issued_at: Option<Instant>,
    plan_id: Option<Name>,
    reference: Option<Name>,
}

/// One token, or up to 10,000.
#[derive(ToSchema)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(Token),
    Many(Vec<Token>),
}

/// What became of one token.
#[derive(ToSchema)]
pub(super) struct Outcome {
    /// As if it had been told alone: 201, 200, 403, 409 or 422.
    #[schema(minimum = 200, maximum = 499)]
    status: u16,
    result: Fate,
    verification_id: Option<Id>,
    /// Where it stands, when it was known.
    state: Option<State>,
    /// What may be forgotten of it already.
    late: Option<Late>,
    /// Which fact differs.
    field: Option<String>,
    detail: Option<String>,
}

/// In a word.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum Fate {
    New,
    Known,
    Conflict,
    Wrong,
}

/// What the provider may have forgotten when a token was told.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum Late {
    Media,
    Everything,
}

/// What became of each, in order.
#[derive(ToSchema)]
pub(super) struct Outcomes {
    items: Vec<Outcome>,
}

/// What became of one token, or of each of a list.
#[derive(ToSchema)]
#[serde(untagged)]
pub(super) enum Told {
    Many(Outcomes),
    One(Outcome),
}

/// A list beside what is tracked.
#[derive(ToSchema)]
pub(super) struct ComparedList {
    /// One for each token, in order.
    items: Vec<Compared>,
    sums: Reconciliation,
    /// Whether the sums are kept: no others follow.
    recorded: bool,
}

/// How a token stands.
#[derive(ToSchema)]
pub(super) struct Compared {
    verdict: Verdict,
    verification_id: Option<Id>,
    state: Option<State>,
    /// Which facts differ from those known.
    #[schema(required = false)]
    conflicts: Vec<String>,
    #[schema(required = false)]
    missing: Vec<Missing>,
    late: Option<Late>,
    /// Why it is wrong.
    reason: Option<String>,
}

/// In a word.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum Verdict {
    Untracked,
    Tracked,
    Open,
    Whole,
    Lost,
    Rejected,
    Wrong,
}

/// What a key may do.
#[derive(ToSchema)]
pub(super) struct Own {
    name: String,
    scopes: Vec<String>,
    /// Whether it is for every app, also of one that is configured later.
    all_apps: bool,
    apps: Vec<String>,
    expires_at: Instant,
}
