//! What went wrong, as RFC 9457 says it: `application/problem+json`, and never a value that was sent.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    desk::{self, IssueError},
    domain::{
        access::SEARCHES_MAX,
        answer::{ErrorKind, ProviderError},
        time::Span,
    },
};

/// A problem. Its `type` is `urn:verikeep:problem:` and the slug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    #[schema(
        pattern = "^urn:verikeep:problem:[a-z-]+$",
        example = "urn:verikeep:problem:wrong"
    )]
    kind: String,
    title: &'static str,
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    detail: String,
    /// Which field is wrong, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// Seconds after which what is away is worth another try.
const RETRY_AFTER: u32 = 5;

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

    /// 408.
    pub(super) fn too_slow() -> Self {
        let detail = "the body did not come to its end in time: nothing of it was taken";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "Too slow", detail)
    }

    /// 421: asked by another name.
    pub(super) fn misdirected() -> Self {
        let detail = "this name is not answered here: ask by one of http.hosts";
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "misdirected",
            "Misdirected",
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
            retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-often",
                "Too many requests",
                detail,
            )
        }
    }

    /// 409: the same request is being done.
    fn running() -> Self {
        let detail = "the first request with this Idempotency-Key is under way: repeat it then";
        Self {
            retry_after: Some(RETRY_AFTER),
            ..Self::new(StatusCode::CONFLICT, "running", "Under way", detail)
        }
    }

    /// 502: the provider will not, and no repeat changes that.
    fn refused(detail: String) -> Self {
        let title = "The provider refuses";
        Self::new(StatusCode::BAD_GATEWAY, "refused", title, detail)
    }

    /// 503: something this depends on is away.
    pub(super) fn away() -> Self {
        Self::away_for(
            "the database does not answer: nothing was changed as far as is known, and repeating it is safe",
            None,
        )
    }

    /// 503: it was begun, and how it ended was not waited for.
    pub(super) fn cut_off() -> Self {
        Self::away_for(
            "the database does not answer in time: what was asked may have been done, and repeating it is safe",
            None,
        )
    }

    fn away_for(detail: impl Into<String>, left: Option<Span>) -> Self {
        let seconds = left.and_then(|left| u32::try_from(left.0.div_euclid(1000) + 1).ok());
        Self {
            retry_after: Some(seconds.unwrap_or(RETRY_AFTER)),
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
        match error {
            desk::Error::Wrong(wrong) => Self::wrong(Some(wrong.field), wrong.why),
            desk::Error::Field { field, why } => Self::wrong(Some(field), why),
            desk::Error::Foreign(foreign) => Self::wrong(
                Some(foreign.what),
                "ID numbers cannot be looked up: the service has no index key, or another than its database was indexed with",
            ),
            desk::Error::TooOften(left) => Self::too_often(
                format!(
                    "a key looks for persons {SEARCHES_MAX} times from midnight to midnight (UTC)"
                ),
                left,
            ),
            desk::Error::Running => Self::running(),
            desk::Error::Other => Self::wrong(
                Some("Idempotency-Key"),
                "another body was sent with this Idempotency-Key within a day: take a new one",
            ),
            other => {
                // Its words are for the log and the alarm: they may name rows.
                tracing::warn!(error = %other, "a request could not be answered");
                Self::unanswered(other)
            }
        }
    }
}

impl Problem {
    fn unanswered(error: desk::Error) -> Self {
        match error {
            desk::Error::Issue(IssueError::Provider(problem)) => Self::from_provider(&problem),
            desk::Error::Issue(IssueError::Wrong(_)) => Self::refused(
                "the provider gave out what cannot be tracked, and nothing is given out".to_owned(),
            ),
            desk::Error::Issue(IssueError::Store(_)) => Self::away_for(
                "a token was generated but not tracked, as the database does not answer: nobody gets it, repeat the request",
                None,
            ),
            _ => Self::away(),
        }
    }

    /// The code alone: the provider's words may be of a person.
    fn from_provider(problem: &ProviderError) -> Self {
        let kind = problem.kind.name();
        let code = problem.code.as_deref();
        let code = code.map_or_else(|| "no code".to_owned(), |code| format!("code {code}"));
        match problem.kind {
            ErrorKind::Transient
            | ErrorKind::Garbled
            | ErrorKind::TooFast
            | ErrorKind::DailyQuota => Self::away_for(
                format!(
                    "the provider does not generate tokens now ({kind}, {code}): repeat it later"
                ),
                problem.retry_after,
            ),
            _ => Self::refused(format!(
                "the provider refuses ({kind}, {code}): see its console, and `verikeep status`"
            )),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn what_a_token_is_not_given_out_for_is_told_by_its_kind_and_code_alone() {
        let provider = |kind, retry_after| {
            desk::Error::Issue(IssueError::Provider(ProviderError {
                code: Some("283435".to_owned()),
                retry_after,
                ..ProviderError::new(kind, "canary")
            }))
        };
        let away = || StoreError::Unavailable("canary".to_owned());
        for (label, error, status, retry_after) in [
            (
                "away",
                provider(ErrorKind::Transient, None),
                503,
                Some(RETRY_AFTER),
            ),
            (
                "too fast",
                provider(ErrorKind::TooFast, Some(Span::seconds(9))),
                503,
                Some(10),
            ),
            (
                "the day's quota",
                provider(ErrorKind::DailyQuota, None),
                503,
                Some(RETRY_AFTER),
            ),
            (
                "all of the quota",
                provider(ErrorKind::TotalQuota, None),
                502,
                None,
            ),
            (
                "no such plan",
                provider(ErrorKind::Misconfigured, None),
                502,
                None,
            ),
            ("forbidden", provider(ErrorKind::Forbidden, None), 502, None),
            (
                "no token",
                desk::Error::Issue(IssueError::Wrong("canary".to_owned())),
                502,
                None,
            ),
            (
                "not tracked",
                desk::Error::Issue(IssueError::Store(away())),
                503,
                Some(RETRY_AFTER),
            ),
            (
                "the database",
                desk::Error::Store(away()),
                503,
                Some(RETRY_AFTER),
            ),
            ("under way", desk::Error::Running, 409, Some(RETRY_AFTER)),
            ("another body", desk::Error::Other, 422, None),
            (
                "cut off",
                desk::Error::Lost("canary".to_owned()),
                503,
                Some(RETRY_AFTER),
            ),
        ] {
            let problem = Problem::from(error);
            assert_eq!(
                (problem.status, problem.retry_after),
                (status, retry_after),
                "{label}"
            );
            assert!(!problem.detail.contains("canary"), "{label}: {problem:?}");
        }
    }
}
