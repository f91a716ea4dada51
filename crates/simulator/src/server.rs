//! Which path leads where, and what every request goes through: latency, the gateway's refusals, quota, faults.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{Method, StatusCode, header, request::Parts},
    response::Response,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    answers::{self, Endpoint, gateway},
    auth::{self, Caller, Refusal},
    clock,
    connection::Shears,
    control,
    dice::word,
    fault_kind::{FaultKind, Place},
    objects, reply,
    world::World,
};

/// Ten megabytes of image are thirteen of base64.
const BODY_BYTES_MAX: usize = 16 << 20;
const FACEPRINT: &str = "/rpc/2.0/brain/solution/faceprint/";

const UNSUPPORTED_METHOD: Refusal = Refusal { code: 3, message: "Unsupported openapi method" };
const QPS_OVERRUN: Refusal = Refusal { code: 18, message: "Open api qps request limit reached" };
const DAILY_OVERRUN: Refusal = Refusal { code: 17, message: "Open api daily request limit reached" };
const BACKEND: &[Refusal] = &[
    Refusal { code: 1, message: "Unknown error" },
    Refusal { code: 2, message: "Service temporarily unavailable" },
    Refusal { code: 4, message: "Open api request limit reached" },
    Refusal { code: 13, message: "Get service token failed" },
    Refusal { code: 282_000, message: "internal error" },
];

/// Answers one request.
pub async fn serve(State(world): State<Arc<World>>, ConnectInfo(shears): ConnectInfo<Shears>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let mut response = if path.starts_with("/sim/") {
        match to_bytes(body, BODY_BYTES_MAX).await {
            Ok(body) => control::answer(&world, &parts, &body).await,
            Err(_) => reply::of(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", ""),
        }
    } else {
        latency(&world).await;
        if path.starts_with("/v1/") {
            objects::object(&world, &shears, &parts).await
        } else if path == "/solution/faceprint/image/query" {
            objects::final_face(&world, &shears, &parts).await
        } else {
            match to_bytes(body, BODY_BYTES_MAX).await {
                Ok(body) => call(&world, &shears, &parts, &body).await,
                Err(_) => reply::of(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", ""),
            }
        }
    };
    if world.clock.offset_ms() != 0 {
        reply::set(&mut response, header::DATE, &clock::http_date(world.clock.now_ms()));
    }
    response
}

async fn latency(world: &World) {
    let (low_ms, high_ms) = world.options.latency_ms;
    if high_ms > 0 {
        let wait_ms = world.fresh_dice("latency").within(low_ms, high_ms + 1);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}

async fn call(world: &World, shears: &Shears, parts: &Parts, body: &Bytes) -> Response {
    let path = parts.uri.path();
    if path == "/oauth/2.0/token" {
        return oauth(world, shears, parts, body).await;
    }
    match path.strip_prefix(FACEPRINT).and_then(Endpoint::of_path) {
        Some(endpoint) => faceprint(world, shears, parts, body, endpoint).await,
        None => {
            world.tallies.request("unknown", "not_found");
            reply::unknown_path(parts.method.as_str(), path)
        }
    }
}

async fn oauth(world: &World, shears: &Shears, parts: &Parts, body: &Bytes) -> Response {
    let form = std::str::from_utf8(body).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let value = |name| auth::query_value(query, name).or_else(|| auth::query_value(form, name));
    let refused = |result, status, error: &str, description: &str| {
        world.tallies.request("oauth", result);
        reply::json(status, &json!({"error": error, "error_description": description}))
    };
    if value("grant_type").as_deref() != Some("client_credentials") {
        let description = "The authorization grant type is not supported";
        return refused("bad_parameter", StatusCode::BAD_REQUEST, "unsupported_grant_type", description);
    }
    let client_id = value("client_id").unwrap_or_default();
    let Some((nth, app)) = world.options.apps.iter().enumerate().find(|(_, app)| app.api_key == client_id) else {
        return refused("unauthorized", StatusCode::UNAUTHORIZED, "invalid_client", "unknown client id");
    };
    if value("client_secret").as_deref() != Some(app.secret_key.as_str()) {
        return refused("unauthorized", StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
    }
    let fault = world.faults.draw(Place::OAuth, word(&app.name));
    if let Some(response) = struck(world, shears, "oauth", fault) {
        return response;
    }
    if fault.is_none() {
        world.tallies.request("oauth", "success");
    }
    let mut dice = world.fresh_dice("session");
    let answer = json!({
        "access_token": world.mint_access_token(nth),
        "expires_in": world.options.windows.access_token_ms / 1_000,
        "refresh_token": format!("25.{}", dice.text(b"0123456789abcdef", 32)),
        "session_key": dice.text(b"abcdefghijklmnopqrstuvwxyz0123456789=", 40),
        "session_secret": dice.text(b"0123456789abcdef", 32),
        "scope": "public brain_all_scope brain_solution_faceprint wise_adapt lebo_resource_base",
    });
    reply::mangled(world, shears, fault, answer.to_string().into_bytes()).await
}

/// Counts a fault, and gives the response it has in place of an answer, if it has one.
fn struck(world: &World, shears: &Shears, endpoint: &'static str, fault: Option<FaultKind>) -> Option<Response> {
    let kind = fault?;
    world.tallies.fault(kind);
    world.tallies.request(endpoint, "fault");
    reply::instead(kind, shears)
}

async fn faceprint(world: &World, shears: &Shears, parts: &Parts, body: &Bytes, endpoint: Endpoint) -> Response {
    let refuse = |refusal, result: Option<&'static str>| {
        if let Some(result) = result {
            world.tallies.request(endpoint.name(), result);
        }
        reply::json(StatusCode::OK, &gateway(world, refusal))
    };
    if parts.method != Method::POST {
        return refuse(UNSUPPORTED_METHOD, Some("bad_method"));
    }
    let caller = match auth::caller(world, parts.method.as_str(), &parts.uri, &parts.headers) {
        Ok(caller) => caller,
        Err(refusal) => return refuse(refusal, Some("unauthorized")),
    };
    if let Some((refusal, result)) = over_quota(world, caller, endpoint) {
        return refuse(refusal, Some(result));
    }
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let verify_token = asked.get("verify_token").and_then(Value::as_str).unwrap_or_default();
    let subject = word(verify_token) ^ word(endpoint.name()).rotate_left(1);
    let fault = world.faults.draw(Place::Rpc { by_access_token: caller.by_access_token }, subject);
    let fault = fault.filter(|kind| match kind {
        FaultKind::MediaProcessing => endpoint == Endpoint::MediaQuery,
        FaultKind::ManyUrls => matches!(endpoint, Endpoint::GetAll | Endpoint::MediaQuery),
        _ => true,
    });
    if let Some(response) = struck(world, shears, endpoint.name(), fault) {
        return response;
    }
    match fault {
        Some(FaultKind::UnknownCode) => return reply::json(StatusCode::OK, &answers::odd::unknown_code(world)),
        Some(FaultKind::MediaProcessing) => return reply::json(StatusCode::OK, &answers::odd::processing(world)),
        Some(FaultKind::ManyUrls) => return reply::of(StatusCode::OK, "application/json", answers::odd::many_urls(endpoint)),
        Some(FaultKind::Code18) => return refuse(QPS_OVERRUN, None),
        Some(FaultKind::Code17) => {
            let pause_ms = world.faults.setting(|faults| faults.daily_quota_ms);
            world.quota.spend(account(world, caller), world.clock.now_ms() + pause_ms);
            return refuse(DAILY_OVERRUN, None);
        }
        Some(FaultKind::BackendCode) => {
            let refusal = world.fresh_dice("backend code").one_of(BACKEND).copied();
            return refuse(refusal.unwrap_or(QPS_OVERRUN), None);
        }
        Some(FaultKind::AccessTokenRefused) => {
            let expired = world.fresh_dice("token refused").happens(50);
            return refuse(if expired { auth::TOKEN_EXPIRED } else { auth::TOKEN_INVALID }, None);
        }
        _ => {}
    }
    let answer = answers::answer(world, endpoint, caller, &asked);
    if fault.is_none() {
        world.tallies.request(endpoint.name(), answer.result);
    }
    let body = serde_json::to_vec(&answer.body).unwrap_or_default();
    reply::mangled(world, shears, fault, body).await
}

fn account(world: &World, caller: Caller) -> &str {
    world.options.apps.get(caller.app).map_or("", |app| app.account.as_str())
}

fn over_quota(world: &World, caller: Caller, endpoint: Endpoint) -> Option<(Refusal, &'static str)> {
    let (account, now_ms) = (account(world, caller), world.clock.now_ms());
    if world.quota.is_spent(account, now_ms) {
        return Some((DAILY_OVERRUN, "daily_quota"));
    }
    let qps = world.options.qps?;
    (!world.quota.admits(account, endpoint.name(), qps, now_ms)).then_some((QPS_OVERRUN, "qps"))
}
