//! `POST /v1/verifications/search`: what must not stand in a URL, a person's number or
//! verify_tokens.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    operate::read,
    problem::Problem,
    read::{limit, public, unknown},
    sent::Sent,
    shapes::{Found, Id},
};
use crate::{
    desk::{Search, wire},
    domain::{access::Who, key::Scope, secret::Secret},
    store::reports::Filter,
};

/// How many tokens one request may ask for.
const TOKENS_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id_number: Option<String>,
    purpose: Option<String>,
    app: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
    verify_tokens: Option<Vec<String>>,
}

/// A search, for the description: one of both.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "shapes are described and never made")]
enum Searches {
    Person(PersonSearch),
    Tokens(TokenSearch),
}

/// For a person.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "shapes are described and never made")]
struct PersonSearch {
    #[schema(min_length = 1, max_length = 64)]
    id_number: String,
    /// What for; it must not repeat the number.
    #[schema(min_length = 1, max_length = 200, example = "case 17")]
    purpose: String,
    app: Option<String>,
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    cursor: Option<Id>,
}

/// For tokens.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "shapes are described and never made")]
struct TokenSearch {
    #[schema(max_items = 1000, example = json!(["example0token0of0nobody0"]))]
    verify_tokens: Vec<String>,
}

/// Finds the verifications of a person, or those of verify_tokens.
///
/// Scope: `reveal` for a person, `read` for tokens.
#[utoipa::path(
    post, path = "/verifications/search", operation_id = "search", tag = "verifications",
    security(("key" = ["reveal"]), ("key" = ["read"])), request_body = Searches,
    responses((status = 200, description = "A page of a person, or an item for each token.", body = Found))
)]
pub(super) async fn search(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Sent(body): Sent,
) -> Result<Json<Value>, Problem> {
    let mut asked: Asked = read(&body)?;
    match (asked.id_number.take(), asked.verify_tokens.take()) {
        (Some(number), None) => person(&api, &caller, Secret::new(number), asked).await,
        (None, Some(tokens)) => by_token(&api, &caller, tokens, asked).await,
        _ => Err(Problem::wrong(
            None,
            "the body has either id_number or verify_tokens",
        )),
    }
}

async fn person(
    api: &Api,
    caller: &Caller,
    id_number: Secret,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Reveal)?;
    let cursor = asked.cursor.map(|text| text.parse());
    let search = Search {
        id_number,
        filter: Filter {
            app: caller.app(asked.app)?,
            limit: limit(asked.limit)?,
            after: cursor.transpose().map_err(|_| unknown("cursor"))?,
            ..Filter::default()
        },
        purpose: asked.purpose,
        who: Who::Key {
            key_id: caller.0.key_id,
            name: caller.by(),
        },
    };
    let found = api.desk.search(search).await?;
    let last = found.verifications.last().filter(|_| found.more);
    let next = last.map(|row| row.verification_id);
    Ok(Json(json!({
        "verifications": public(&found.verifications),
        "next": next,
        "complete": found.passed_over == Some(0),
    })))
}

/// Unmasks nothing: whoever asks has the tokens.
async fn by_token(
    api: &Api,
    caller: &Caller,
    tokens: Vec<String>,
    asked: Asked,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Read)?;
    let others = [
        ("purpose", asked.purpose.is_some()),
        ("app", asked.app.is_some()),
        ("limit", asked.limit.is_some()),
        ("cursor", asked.cursor.is_some()),
    ];
    if let Some((field, _)) = others.into_iter().find(|(_, is_there)| *is_there) {
        let detail = format!("{field} goes with id_number alone");
        return Err(Problem::wrong(Some(field), detail));
    }
    if tokens.len() > TOKENS_MAX {
        let detail = format!(
            "{} tokens, {TOKENS_MAX} at most in one request",
            tokens.len()
        );
        return Err(Problem::too_large(detail));
    }
    let tokens: Vec<Secret> = tokens.into_iter().map(Secret::new).collect();
    let found = api.desk.find(&tokens).await?.into_iter();
    let items: Vec<Option<wire::Token>> = found
        .map(|token| token.filter(|token| caller.knows(&token.app)))
        .collect();
    Ok(Json(json!({ "items": items })))
}
