//! What a person does: waking, and taking note.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api, Caller, figures,
    problem::Problem,
    read::{cause, found, instant, of_the_whole},
    sent::{Named, Sent},
    shapes::{Cause, Id, Instant, Remark},
};
use crate::{
    desk::Handle,
    domain::key::Scope,
    store::{records::RetryVerdict, reports::LossFilter},
};

/// Whose it is to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retry {
    /// The app it is assigned to first.
    app: Option<String>,
}

/// A note of what was seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    #[schema(value_type = Remark)]
    note: String,
}

/// A note of losses that were seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteOfLosses {
    app: Option<String>,
    #[schema(value_type = Option<Cause>)]
    cause: Option<String>,
    /// Those lost until then, so that what was lost since somebody looked stays open.
    #[schema(value_type = Instant)]
    until: String,
    #[schema(value_type = Remark)]
    note: String,
}

/// The longest note, in characters.
const NOTE_CHARS_MAX: usize = 1_000;

/// Wakes a verification that waits for a person, as another app's where one is named.
///
/// Scope: `operate`.
#[utoipa::path(
    post, path = "/verifications/{id}/retry", operation_id = "retry", tag = "verifications",
    security(("key" = ["operate"])), params(("id" = Id, Path, description = "Its verification_id.")),
    request_body = Option<Retry>,
    responses(
        (status = 200, description = "It is asked for again.", body = figures::Woken),
        (
            status = 409, description = "It is whole, or forgotten by the provider.", body = Problem,
            content_type = "application/problem+json"
        ),
    )
)]
pub(super) async fn retry(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named,
    Sent(body): Sent,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Operate)?;
    let Retry { app } = if body.is_empty() {
        Retry::default()
    } else {
        read::<Option<Retry>>(&body)?.unwrap_or_default()
    };
    let app = match app {
        Some(app) => caller.app(Some(app))?,
        None => None,
    };
    let id = found(&api, &caller, &id).await?.summary.verification_id;
    let one = [Handle::Id(id)];
    let verdicts = api.desk.retry(&one, app.as_deref(), &caller.by()).await?;
    match verdicts.into_iter().next().unwrap_or(RetryVerdict::Unknown) {
        RetryVerdict::Woken { was, .. } => Ok(Json(
            json!({ "result": "woken", "verification_id": id, "was": was.name() }),
        )),
        RetryVerdict::Unknown => Err(Problem::not_found("no such verification")),
        RetryVerdict::Whole { .. } => Err(Problem::conflict(
            "state",
            "it is whole: there is nothing to try again",
        )),
        RetryVerdict::Forgotten { since, .. } => {
            let detail =
                format!("the provider has forgotten it since {since}: nothing was changed");
            Err(Problem::conflict("record_deadline", detail))
        }
    }
}

/// Notes that somebody has seen an alarm.
///
/// Scope: `operate`, for keys of all apps.
#[utoipa::path(
    post, path = "/alarms/{id}/acknowledge", operation_id = "acknowledge_alarm", tag = "service",
    security(("key" = ["operate"])), params(("id" = i64, Path, description = "Its alarm_id.")),
    request_body = Note,
    responses((status = 200, description = "It is noted.", body = figures::SeenAlarm))
)]
pub(super) async fn acknowledge_alarm(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named,
    Sent(body): Sent,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Operate)?;
    of_the_whole(&caller)?;
    let Note { note } = read(&body)?;
    check(&note)?;
    let none = || Problem::not_found("no alarm of that number is open");
    let id: i64 = id.parse().map_err(|_| none())?;
    if !api.desk.acknowledge_alarm(id, &caller.by(), &note).await? {
        return Err(none());
    }
    Ok(Json(
        json!({ "alarm_id": id, "acknowledged_by": caller.by() }),
    ))
}

/// Notes that somebody has seen what was lost until an instant.
///
/// Scope: `operate`.
#[utoipa::path(
    post, path = "/losses/acknowledge", operation_id = "acknowledge_losses", tag = "service",
    security(("key" = ["operate"])), request_body = NoteOfLosses,
    responses((status = 200, description = "They are noted.", body = figures::SeenLosses))
)]
pub(super) async fn acknowledge_losses(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Sent(body): Sent,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Operate)?;
    let which: NoteOfLosses = read(&body)?;
    check(&which.note)?;
    let filter = LossFilter {
        app: caller.app(which.app)?,
        cause: which.cause.map(|name| cause(&name)).transpose()?,
        until: instant("until", Some(which.until))?,
        open: true,
    };
    let desk = &api.desk;
    let noted = desk
        .acknowledge_losses(&filter, &caller.by(), &which.note)
        .await?;
    Ok(Json(
        json!({ "acknowledged": noted, "acknowledged_by": caller.by() }),
    ))
}

fn check(note: &str) -> Result<(), Problem> {
    let wrong = |why: &str| Err(Problem::wrong(Some("note"), why));
    if note.trim().is_empty() {
        return wrong("note is empty: say what is to be remembered");
    }
    if note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
        return wrong("note is too long, or has control characters");
    }
    Ok(())
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|_| {
        Problem::wrong(
            None,
            "the body is no JSON object of the fields that docs/api.md shows",
        )
    })
}
