//! What went wrong, as RFC 9457 says it: `application/problem+json`, and never a value that was sent.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{desk, domain::time::Span};

/// A problem. Its `type` is `urn:verikeep:problem:` and the slug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// Which field is wrong, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip)]
    retry_after: Option<u16>,
}

/// Seconds after which what is away is worth another try.
const RETRY_AFTER: u16 = 5;

impl Problem {
    fn new(status: StatusCode, slug: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:verikeep:problem:{slug}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            retry_after: None,
        }
    }

    /// 401: no key, or none that is known.
    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "A key is needed",
            "send `Authorization: Bearer vk_…` with a key that is known, not expired and not revoked (`verikeep key list`)",
        )
    }

    /// 403: the key may not.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "The key does not permit it",
            detail,
        )
    }

    /// 404: there is nothing, as far as this key may know.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// 405.
    pub(super) fn method() -> Self {
        let detail = "this path does not take that method: docs/api.md tells which";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "Method not allowed",
            detail,
        )
    }

    /// 409: it is there with another fact.
    pub(super) fn conflict(field: &'static str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            ..Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "Known with another fact",
                detail,
            )
        }
    }

    /// 413.
    pub(super) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "Too large",
            detail,
        )
    }

    /// 422: what was sent is wrong.
    pub(super) fn wrong(field: Option<&'static str>, detail: impl Into<String>) -> Self {
        let title = "What was sent is wrong";
        Self {
            field,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong", title, detail)
        }
    }

    /// 429: asked too often, for as long as `left`.
    pub(super) fn too_often(detail: impl Into<String>, left: Span) -> Self {
        let seconds = left.0.div_euclid(1000).saturating_add(1);
        Self {
            retry_after: Some(u16::try_from(seconds).unwrap_or(u16::MAX)),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-often",
                "Too many requests",
                detail,
            )
        }
    }

    /// 503: something this depends on is away.
    pub(super) fn away() -> Self {
        let detail = "the database does not answer: nothing was changed as far as is known, and repeating it is safe";
        Self {
            retry_after: Some(RETRY_AFTER),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "away",
                "Not available now",
                detail,
            )
        }
    }
}

impl From<desk::Error> for Problem {
    fn from(error: desk::Error) -> Self {
        // Whatever it is, its words are for the log and the alarm: they may name rows.
        tracing::warn!(%error, "a request could not be answered");
        Self::away()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
