//! What is taken out of a request, so that what cannot be taken is a problem like every other.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::request::Parts,
};

use super::problem::Problem;

/// The body.
pub(super) struct Sent(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Bytes::from_request(request, state).await;
        body.map(Self).map_err(|_| {
            Problem::too_large("the body is longer than 16 MiB, or did not come to its end")
        })
    }
}

/// What the path names.
pub(super) struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<String>::from_request_parts(parts, state).await;
        let none = |_| Problem::not_found("the path names nothing");
        named.map(|Path(name)| Self(name)).map_err(none)
    }
}
