//! What goes over the wire between a desk and the API that serves it: one type for both ends.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::VerificationId,
    time::{Time, rfc3339},
    token::{Late, State},
};

/// What became of one told token: `POST /v1/verifications`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// As if it had been told alone: 201, 200, 403, 409 or 422.
    pub status: u16,
    /// In a word.
    pub result: Fate,
    /// Ours for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_id: Option<VerificationId>,
    /// Where it stands, when it was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What may be forgotten of it already, and what is done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// Which fact differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// In words, without what was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What became of a token, in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is tracked now.
    New,
    /// It was tracked already.
    Known,
    /// It is tracked with another fact, which stays.
    Conflict,
    /// It cannot be tracked.
    #[default]
    Wrong,
}

/// A token that is tracked: `POST /v1/verifications/search`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Ours for it.
    pub verification_id: VerificationId,
    /// Where it stands.
    pub state: State,
    /// Whose it is.
    pub app: String,
}

/// What a key may do: `GET /v1/key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<String>,
    /// Whether it is for every app, also of one that is configured later.
    pub all_apps: bool,
    /// The configured apps that it is for.
    pub apps: Vec<String>,
    /// From when on it is refused.
    #[serde(with = "rfc3339")]
    pub expires_at: Time,
}
