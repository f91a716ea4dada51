//! What is only read.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Query, State},
    http::Uri,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::{
    Api, Caller, figures,
    problem::Problem,
    sent::Named,
    shapes::{Cause as CauseName, Id, Instant, Page, State as StateName, Whole as WholeShape},
};
use crate::{
    desk::Handle,
    domain::{
        id::VerificationId,
        key::{Apps, Scope},
        loss::Cause,
        time::Time,
        token::State as TokenState,
    },
    store::reports::{Filter, LossFilter, Whole},
};

/// How many rows a page may have, and has when nobody says.
const LIMIT_MAX: i64 = 1_000;
const LIMIT: i64 = 100;

/// What no answer holds: what opens something at the provider, and what tells of a person.
const PRIVATE: [&str; 5] = [
    "verify_token",
    "id_number_index",
    "id_number",
    "ocr_name",
    "ocr_id_number",
];

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    #[param(value_type = Option<StateName>)]
    state: Option<String>,
    /// Needed by a key of several apps.
    app: Option<String>,
    plan_id: Option<String>,
    reference: Option<String>,
    /// The provider's number of an answer or an attempt.
    log_id: Option<String>,
    /// Issued then or later.
    #[param(value_type = Option<Instant>)]
    since: Option<String>,
    /// Issued then or earlier.
    #[param(value_type = Option<Instant>)]
    until: Option<String>,
    /// How many; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(value_type = Option<Id>)]
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhichLosses {
    /// Needed by a key of several apps.
    app: Option<String>,
    #[param(value_type = Option<CauseName>)]
    cause: Option<String>,
    /// How many; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// Those acknowledged as well.
    #[serde(default)]
    all: bool,
}

/// Lists verifications, the newest first, page by page.
///
/// Scope: `read`.
#[utoipa::path(
    get, path = "/verifications", operation_id = "list", tag = "verifications", security(("key" = ["read"])),
    params(Which), responses((status = 200, description = "A page.", body = Page))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Read)?;
    let which: Which = query(&uri)?;
    let limit = limit(which.limit)?;
    let state = which
        .state
        .map(|name| TokenState::named(&name).ok_or_else(|| unknown("state")));
    let cursor = which
        .cursor
        .map(|text| text.parse().map_err(|_| unknown("cursor")));
    let filter = Filter {
        state: state.transpose()?,
        app: caller.app(which.app)?,
        since: instant("since", which.since)?,
        until: instant("until", which.until)?,
        plan_id: which.plan_id,
        reference: which.reference,
        log_id: which.log_id,
        id_number_index: None,
        // One more than wanted, so that it is known whether there are more.
        limit: limit + 1,
        after: cursor.transpose()?,
    };
    let mut rows = api.desk.list(&filter).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|row| row.verification_id);
    Ok(Json(
        json!({ "verifications": public(&rows), "next": next }),
    ))
}

/// Shows one verification whole.
///
/// Scope: `read`.
#[utoipa::path(
    get, path = "/verifications/{id}", operation_id = "show", tag = "verifications", security(("key" = ["read"])),
    params(("id" = Id, Path, description = "Its verification_id.")),
    responses((status = 200, description = "All that is known of it, the persons masked.", body = WholeShape))
)]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Read)?;
    Ok(Json(public(&found(&api, &caller, &id).await?)))
}

/// The verification of that name, as far as the key may know of it.
pub(super) async fn found(api: &Api, caller: &Caller, id: &str) -> Result<Whole, Problem> {
    let none = || Problem::not_found("no such verification");
    let id: VerificationId = id.parse().map_err(|_| none())?;
    let whole = api.desk.show(&Handle::Id(id)).await?;
    whole
        .filter(|whole| caller.knows(&whole.summary.app))
        .ok_or_else(none)
}

/// The figures of the service.
///
/// Scope: `read`, for keys of all apps.
#[utoipa::path(
    get, path = "/status", operation_id = "status", tag = "service", security(("key" = ["read"])),
    responses((status = 200, description = "The figures.", body = figures::Status))
)]
pub(super) async fn status(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Read)?;
    of_the_whole(&caller)?;
    Ok(Json(public(&api.desk.status().await?)))
}

/// What is wrong at present.
///
/// Scope: `read`, for keys of all apps.
#[utoipa::path(
    get, path = "/alarms", operation_id = "alarms", tag = "service", security(("key" = ["read"])),
    responses((status = 200, description = "Open alarms.", body = figures::Alarms))
)]
pub(super) async fn alarms(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Read)?;
    of_the_whole(&caller)?;
    Ok(Json(json!({ "alarms": public(&api.desk.alarms().await?) })))
}

/// What tells of all apps is for keys of all apps.
pub(super) fn of_the_whole(caller: &Caller) -> Result<(), Problem> {
    if caller.0.apps == Apps::All {
        return Ok(());
    }
    Err(Problem::forbidden(
        "it tells of all apps, and the key is for some alone",
    ))
}

/// What was lost, the newest first.
///
/// Scope: `read`.
#[utoipa::path(
    get, path = "/losses", operation_id = "losses", tag = "service", security(("key" = ["read"])),
    params(WhichLosses), responses((status = 200, description = "Losses.", body = figures::Losses))
)]
pub(super) async fn losses(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Read)?;
    let which: WhichLosses = query(&uri)?;
    let filter = LossFilter {
        app: caller.app(which.app)?,
        cause: which.cause.map(|name| cause(&name)).transpose()?,
        until: None,
        open: !which.all,
    };
    let losses = api.desk.losses(&filter, limit(which.limit)?).await?;
    Ok(Json(json!({ "losses": public(&losses) })))
}

pub(super) fn cause(name: &str) -> Result<Cause, Problem> {
    Cause::named(name).ok_or_else(|| unknown("cause"))
}

pub(super) fn instant(field: &'static str, text: Option<String>) -> Result<Option<Time>, Problem> {
    let wrong = |_| Problem::wrong(Some(field), format!("{field} is no instant in RFC 3339"));
    text.map(|text| Time::parse(&text).map_err(wrong))
        .transpose()
}

pub(super) fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::wrong(
        Some("limit"),
        format!("limit is from 1 to {LIMIT_MAX}"),
    ))
}

pub(super) fn unknown(field: &'static str) -> Problem {
    Problem::wrong(Some(field), format!("{field} is none of those there are"))
}

fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let read = Query::try_from_uri(uri).map(|Query(which)| which);
    read.map_err(|_| {
        Problem::wrong(
            None,
            "the query has a parameter that is unknown, twice there, or of another type",
        )
    })
}

/// As JSON, without what is private.
pub(super) fn public(rows: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(rows).unwrap_or_default();
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // The name of a person stands beside their number; lists and keys have names of their
            // own.
            let is_person = fields.contains_key("id_number");
            fields.retain(|field, _| match field.as_str() {
                "name" => !is_person,
                field => !PRIVATE.contains(&field),
            });
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
