//! `POST /v1/tokens`: a token of the provider, tracked before anybody sees it.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    operate::read,
    problem::Problem,
    sent::Sent,
    shapes::{Id, Name},
};
use crate::{
    desk::Wish,
    domain::{
        id::VerificationId,
        key::{Scope, Spends},
        once::Once,
        secret::Secret,
    },
};

/// What a token is to be for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Wish)]
struct Asked {
    #[schema(example = "h5")]
    app: String,
    #[schema(value_type = Name)]
    plan_id: String,
    #[schema(value_type = Option<Name>)]
    reference: Option<String>,
    /// Who is to verify, for plans that want it submitted.
    identity: Option<Person>,
    /// The image to compare with, in base64, for plans that want one uploaded. It is kept among the
    /// media of the verification, as `match_image`.
    match_image: Option<String>,
}

/// A person who is to verify.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Person {
    #[schema(min_length = 1)]
    name: String,
    #[schema(min_length = 1)]
    number: String,
    /// The provider's kind of certificate; 0, an identity card, where nothing is said.
    #[schema(maximum = 5)]
    certificate_type: Option<u8>,
}

/// The one answer that holds a verify_token.
#[derive(Serialize, ToSchema)]
#[schema(as = GivenToken)]
struct Token<'a> {
    #[schema(value_type = Id)]
    verification_id: VerificationId,
    verify_token: &'a str,
    app: &'a str,
    /// Whether the provider took what was handed in for the person.
    prepared: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Has the provider generate a token, and gives it out once it is tracked.
///
/// Scope: `issue`.
#[utoipa::path(
    post, path = "/tokens", operation_id = "issue", tag = "tokens", security(("key" = ["issue"])),
    params((
        "Idempotency-Key" = Option<String>, Header, max_length = 255, pattern = "^[!-~]+$",
        description = "The same request with it gets the same token for a day."
    )),
    request_body = Asked,
    responses(
        (status = 201, description = "The token, tracked.", body = Token),
        (
            status = 409, description = "The first request with this Idempotency-Key is under way.", body = Problem,
            content_type = "application/problem+json", headers(("Retry-After" = i32))
        ),
        (status = 502, description = "The provider refuses.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn issue(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Sent(body): Sent,
) -> Result<Response, Problem> {
    caller.may(Scope::Issue)?;
    let once = once(&caller, &headers, &body)?;
    let wish = wish(read(&body)?, caller.by())?;
    if !caller.knows(&wish.app) {
        return Err(Problem::forbidden("the key is not for that app"));
    }
    let spent = caller.spend(&api, Spends::Issues, 1)?;
    let given = api.desk.issue(wish, once).await?;
    spent.keep(1);
    let token = Token {
        verification_id: given.verification_id,
        verify_token: given.verify_token.reveal(),
        app: &given.app,
        prepared: given.unprepared.is_none(),
        detail: given.unprepared.as_deref(),
    };
    Ok((StatusCode::CREATED, Json(token)).into_response())
}

fn once(caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Result<Option<Once>, Problem> {
    let wrong = |why: &str| Problem::wrong(Some(IDEMPOTENCY_KEY), why);
    let mut told = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(first) = told.next() else {
        return Ok(None);
    };
    if told.next().is_some() {
        return Err(wrong("there are several"));
    }
    let Caller(key, text) = caller;
    let once = Once::new(key.key_id, text, first.as_bytes(), body);
    once.map(Some).map_err(|why| wrong(&why))
}

fn wish(asked: Asked, actor: String) -> Result<Wish, Problem> {
    let decode = |text: String| {
        STANDARD
            .decode(text)
            .map_err(|_| Problem::wrong(Some("match_image"), "match_image is not base64"))
    };
    let identity = asked.identity.map(|person| {
        let (name, number) = (Secret::new(person.name), Secret::new(person.number));
        (name, number, person.certificate_type)
    });
    Ok(Wish {
        app: asked.app,
        plan_id: asked.plan_id,
        reference: asked.reference,
        identity,
        match_image: asked.match_image.map(decode).transpose()?,
        actor,
    })
}
