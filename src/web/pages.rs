//! The pages.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Api, Check, Parts, Source, held::Held};
use crate::{
    domain::time::{Clock, Span},
    store::reports::Status,
    telemetry::{Format, metrics::Metrics},
};

/// Answers for this long are as good as fresh ones; nobody who asks often costs more than one who
/// asks at this pace.
const DEPENDENCIES_AGE_MAX: Span = Span::seconds(5);
const STATUS_AGE_MAX: Span = Span::seconds(10);
/// Below the time limits of those who ask (Prometheus: 10 s).
const WAIT_MAX: Span = Span::seconds(8);

struct Pages {
    source: Arc<dyn Source>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
    dependencies: Held<Vec<Check>>,
    status: Held<Option<Status>>,
}

/// The pages, and what is to stand beside them.
pub(super) fn router(parts: Parts) -> (Router, Option<Api>) {
    let api = parts.api;
    let pages = Pages {
        dependencies: Held::new(Arc::clone(&parts.clock), DEPENDENCIES_AGE_MAX, WAIT_MAX),
        status: Held::new(Arc::clone(&parts.clock), STATUS_AGE_MAX, WAIT_MAX),
        source: parts.source,
        metrics: parts.metrics,
        clock: parts.clock,
        stopping: parts.stopping,
    };
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/dependencies", get(dependencies))
        .route("/metrics", get(metrics))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "no such page") })
        .method_not_allowed_fallback(|| async {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "this page can only be read")
        })
        .with_state(Arc::new(pages));
    (routes, api)
}

async fn healthz(State(pages): State<Arc<Pages>>) -> Response {
    let silent = pages.source.silent();
    let alive = silent.is_empty();
    json_page(alive, json!({ "alive": alive, "silent": silent }))
}

async fn readyz(State(pages): State<Arc<Pages>>) -> Response {
    let ready = !pages.stopping.is_cancelled();
    json_page(ready, json!({ "ready": ready }))
}

async fn dependencies(State(pages): State<Arc<Pages>>) -> Response {
    let source = Arc::clone(&pages.source);
    let found = pages
        .dependencies
        .get(async move { source.dependencies().await })
        .await;
    let checks = found.unwrap_or_else(|| {
        vec![Check {
            name: "process".to_owned(),
            ok: Some(false),
            text: "no answer in time".to_owned(),
            calls: None,
        }]
    });
    // What was not called is neither good nor bad.
    let usable = checks.iter().all(|check| check.ok != Some(false));
    json_page(
        usable,
        json!({ "usable": usable, "checks": checks, "alarms": pages.source.alarms() }),
    )
}

async fn metrics(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    let source = Arc::clone(&pages.source);
    let status = pages
        .status
        .get(async move { source.status().await })
        .await
        .flatten();
    let format = Format::accepted(
        headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .unwrap_or_default(),
    );
    let page = pages
        .metrics
        .page(status.as_ref(), pages.clock.now(), format);
    (
        [(header::CONTENT_TYPE, format.content_type()), NO_STORE],
        page,
    )
        .into_response()
}

const NO_STORE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

fn json_page(good: bool, body: serde_json::Value) -> Response {
    let status = if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [NO_STORE], Json(body)).into_response()
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, [NO_STORE], Json(json!({ "error": why }))).into_response()
}
