//! `POST /v1/verifications`: tokens to be tracked, committed before the answer.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{
    Api, Caller, lists,
    problem::Problem,
    sent::Sent,
    told::{Parsed, Told},
};
use crate::{
    desk::{
        Tracked,
        wire::{Fate, Outcome},
    },
    domain::key::Scope,
    store::records::TrackVerdict,
};

/// Tracks one token, an array of them or NDJSON.
///
/// Scope: `track`. Telling one again is safe.
#[utoipa::path(
    post, path = "/verifications", operation_id = "track", tag = "verifications", security(("key" = ["track"])),
    request_body(content((lists::OneOrMany = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 201, description = "It is new, and committed.", body = lists::Outcome),
        (status = 200, description = "It was known, or a list was told.", body = lists::Told),
        (
            status = 409, description = "It is known with another fact, which stays.", body = Problem,
            content_type = "application/problem+json"
        ),
    )
)]
pub(super) async fn track(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Sent(body): Sent,
) -> Result<Response, Problem> {
    caller.may(Scope::Track)?;
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map(|kind| kind.as_bytes());
    let by_line = kind.is_some_and(|kind| kind.starts_with(b"application/x-ndjson"));
    match Told::read(&body, by_line, &caller.by())? {
        Told::One(one) => {
            let outcome = outcomes(&api, &caller, vec![one]).await?.pop();
            Ok(alone(outcome.unwrap_or_default()))
        }
        Told::Many(many) => {
            let items = outcomes(&api, &caller, many).await?;
            Ok(Json(json!({ "items": items })).into_response())
        }
    }
}

/// One outcome each, in order.
async fn outcomes(api: &Api, caller: &Caller, told: Vec<Parsed>) -> Result<Vec<Outcome>, Problem> {
    let mut outcomes = Vec::with_capacity(told.len());
    let mut rows = Vec::new();
    for one in told {
        let refused = match one {
            Ok(row) if caller.knows(&row.app) => {
                rows.push(row);
                None
            }
            Ok(_) => Some(Outcome {
                status: StatusCode::FORBIDDEN.as_u16(),
                result: Fate::Wrong,
                detail: Some("the key is not for that app".to_owned()),
                ..Outcome::default()
            }),
            Err(why) => Some(wrong(why)),
        };
        outcomes.push(refused);
    }
    let spent = caller.spend_on(api, &rows).await?;
    let tracked = api.desk.track(rows).await?;
    let is_new = |one: &&Tracked| matches!(one, Tracked::Verdict(TrackVerdict::New { .. }));
    spent.keep(tracked.iter().filter(is_new).count());
    let mut tracked = tracked.into_iter().map(outcome);
    Ok(outcomes
        .into_iter()
        .filter_map(|refused| refused.or_else(|| tracked.next()))
        .collect())
}

fn wrong(why: String) -> Outcome {
    Outcome {
        status: StatusCode::UNPROCESSABLE_ENTITY.as_u16(),
        result: Fate::Wrong,
        detail: Some(why),
        ..Outcome::default()
    }
}

fn outcome(tracked: Tracked) -> Outcome {
    match tracked {
        Tracked::Verdict(TrackVerdict::New {
            verification_id,
            late,
        }) => Outcome {
            status: StatusCode::CREATED.as_u16(),
            result: Fate::New,
            verification_id: Some(verification_id),
            late,
            detail: late.map(|late| late.tell().to_owned()),
            ..Outcome::default()
        },
        Tracked::Verdict(TrackVerdict::Known {
            verification_id,
            state,
        }) => Outcome {
            status: StatusCode::OK.as_u16(),
            result: Fate::Known,
            verification_id: Some(verification_id),
            state: Some(state),
            ..Outcome::default()
        },
        Tracked::Verdict(TrackVerdict::Conflict {
            verification_id,
            field,
        }) => Outcome {
            status: StatusCode::CONFLICT.as_u16(),
            result: Fate::Conflict,
            // Of another app's row not even the name is told.
            verification_id: verification_id.filter(|_| field != "app"),
            field: Some(Cow::Borrowed(field)),
            detail: Some("it is tracked with another value of this field, which stays".to_owned()),
            ..Outcome::default()
        },
        Tracked::Wrong(why) => wrong(why),
    }
}

/// The answer to a request that told of one token.
fn alone(outcome: Outcome) -> Response {
    let detail = || outcome.detail.clone().unwrap_or_default();
    match (outcome.status, &outcome.field) {
        (403, _) => Problem::forbidden(detail()).into_response(),
        (409, Some(Cow::Borrowed(field))) => Problem::conflict(field, detail()).into_response(),
        (200 | 201, _) => {
            let status = StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::OK);
            (status, Json(outcome)).into_response()
        }
        _ => Problem::wrong(None, detail()).into_response(),
    }
}
