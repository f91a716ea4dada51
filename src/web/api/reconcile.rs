//! `POST /v1/reconciliations`: the business's own list beside what is tracked.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;

use super::{Api, Caller, lists, operate::read, problem::Problem, sent::Sent, shapes::Name, told};
use crate::{
    desk::{
        Compared,
        compare::{Verdict, add, nothing},
    },
    domain::{
        key::{Apps, Scope},
        token::{TrackRequest, check_name},
    },
    store::reports::Reconciliation,
};

/// The business's own list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = List)]
struct Asked {
    /// Which list it is: its counts are kept beside those of others.
    #[serde(default)]
    #[schema(value_type = Name, required = false)]
    name: String,
    /// Track those that never were; the key needs the scope `track` as well.
    #[serde(default)]
    #[schema(required = false)]
    track: bool,
    #[schema(value_type = Vec<lists::Token>, max_items = 10000)]
    items: Vec<Box<RawValue>>,
    /// The sums that the request before brought, of a list that takes several.
    so_far: Option<SoFar>,
    /// Others follow: nothing is kept of it yet.
    #[serde(default)]
    #[schema(required = false)]
    more: bool,
}

/// Sums, as an answer has them.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct SoFar {
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    lines: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    untracked: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    tracked: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    late: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    open: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    whole: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    lost: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    rejected: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    conflict: u32,
    #[schema(minimum = 0, maximum = 4294967295i64, value_type = i64)]
    wrong: u32,
}

/// Compares the business's own list with what is tracked, and tracks what never was if it is to.
///
/// Scope: `operate`, and `track` with `"track": true`.
#[utoipa::path(
    post, path = "/reconciliations", operation_id = "reconcile", tag = "verifications",
    security(("key" = ["operate"]), ("key" = ["operate", "track"])), request_body = Asked,
    responses((status = 200, description = "How each token stands, and the sums.", body = lists::ComparedList))
)]
pub(super) async fn reconcile(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Sent(body): Sent,
) -> Result<Json<Value>, Problem> {
    caller.may(Scope::Operate)?;
    let asked: Asked = read(&body)?;
    if asked.track {
        caller.may(Scope::Track)?;
    }
    if !asked.name.is_empty() {
        check_name("name", &asked.name).map_err(|why| Problem::wrong(Some("name"), why))?;
    }
    if asked.items.len() > told::ITEMS_MAX {
        let (many, most) = (asked.items.len(), told::ITEMS_MAX);
        let detail = format!("{many} tokens, {most} at most in one request: say more");
        return Err(Problem::too_large(detail));
    }
    let by = format!("{} (reconcile)", caller.by());
    let found = compared(&api, &caller, &asked, &by).await?;
    let mut sums = begun(
        &asked,
        nothing(api.desk.now(), caller.by(), asked.name.clone()),
    );
    for one in &found {
        add(&mut sums, one);
    }
    if !asked.more {
        api.desk.record(&sums).await?;
    }
    Ok(Json(
        json!({ "items": found, "sums": sums, "recorded": !asked.more }),
    ))
}

/// One answer each, in order.
async fn compared(
    api: &Api,
    caller: &Caller,
    asked: &Asked,
    by: &str,
) -> Result<Vec<Compared>, Problem> {
    let mut rows: Vec<TrackRequest> = Vec::with_capacity(asked.items.len());
    let mut refused = Vec::with_capacity(asked.items.len());
    for item in &asked.items {
        let why = match told::item(item.get(), by) {
            Ok(row) if caller.knows(&row.app) => {
                rows.push(row);
                None
            }
            Ok(_) => Some("the key is not for that app".to_owned()),
            Err(why) => Some(why),
        };
        refused.push(why.map(Compared::wrong));
    }
    let told = if asked.track { &rows[..] } else { &[] };
    let spent = caller.spend_on(api, told).await?;
    let found = api.desk.compare(&rows, asked.track).await?;
    let is_new = |one: &&Compared| one.verdict == Verdict::Tracked;
    spent.keep(found.iter().filter(is_new).count());
    let mut found = found.into_iter().map(|one| told_to(caller, one));
    Ok(refused
        .into_iter()
        .filter_map(|refused| refused.or_else(|| found.next()))
        .collect())
}

/// As far as the key may know of it: what belongs to another app is not there for it.
fn told_to(caller: &Caller, one: Compared) -> Compared {
    let is_anothers = one.conflicts.iter().any(|field| field == "app");
    if is_anothers && caller.0.apps != Apps::All {
        return Compared::wrong("it is tracked with another app, which stays".to_owned());
    }
    one
}

fn begun(asked: &Asked, empty: Reconciliation) -> Reconciliation {
    let Some(sums) = &asked.so_far else {
        return empty;
    };
    Reconciliation {
        lines: sums.lines.into(),
        untracked: sums.untracked.into(),
        tracked: sums.tracked.into(),
        late: sums.late.into(),
        open: sums.open.into(),
        whole: sums.whole.into(),
        lost: sums.lost.into(),
        rejected: sums.rejected.into(),
        conflict: sums.conflict.into(),
        wrong: sums.wrong.into(),
        ..empty
    }
}
