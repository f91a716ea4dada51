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

use super::{Api, Caller, operate::read, problem::Problem, sent::Sent};
use crate::{
    desk::Wish,
    domain::{id::VerificationId, key::Scope, once::Once, secret::Secret},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    app: String,
    plan_id: String,
    reference: Option<String>,
    identity: Option<Person>,
    match_image: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    name: String,
    number: String,
    certificate_type: Option<u8>,
}

/// The one answer that holds a verify_token.
#[derive(Serialize)]
struct Token<'a> {
    verification_id: VerificationId,
    verify_token: &'a str,
    app: &'a str,
    /// Whether the provider took what was handed in for the person.
    prepared: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

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
    let given = api.desk.issue(wish, once).await?;
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
