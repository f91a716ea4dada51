//! `GET /v1/key`: what the key that is shown may do.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};

use super::{Api, Caller, lists, problem::Problem};
use crate::{desk::wire::Own, domain::key::Apps};

/// What the key that is shown may do.
///
/// Scope: `any` does.
#[utoipa::path(
    get, path = "/key", operation_id = "own_key", tag = "service", security(("key" = [])),
    responses((status = 200, description = "What it may do.", body = lists::Own))
)]
pub(super) async fn own(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Own>, Problem> {
    let key = &caller.0;
    let mut apps = api.desk.apps().await?;
    apps.retain(|app| caller.knows(app));
    Ok(Json(Own {
        name: key.name.clone(),
        scopes: key
            .scopes
            .iter()
            .map(|scope| scope.name().to_owned())
            .collect(),
        all_apps: key.apps == Apps::All,
        apps,
        expires_at: key.expires_at,
    }))
}
