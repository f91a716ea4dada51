//! Which path leads where, and what every request goes through: latency, the gateway's refusals,
//! quota, faults.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{
    answers::{self, Endpoint, gateway},
    auth::{self, Caller, Refusal},
    control,
    dates::http_date,
    dice::word,
    fault_kind::{FaultKind, Place},
    objects,
    reply::Reply,
    world::World,
};

const FACEPRINT: &str = "/rpc/2.0/brain/solution/faceprint/";

const UNSUPPORTED_METHOD: Refusal = Refusal {
    code: 3,
    message: "Unsupported openapi method",
};
const QPS_OVERRUN: Refusal = Refusal {
    code: 18,
    message: "Open api qps request limit reached",
};
const DAILY_OVERRUN: Refusal = Refusal {
    code: 17,
    message: "Open api daily request limit reached",
};
const BACKEND: &[Refusal] = &[
    Refusal {
        code: 1,
        message: "Unknown error",
    },
    Refusal {
        code: 2,
        message: "Service temporarily unavailable",
    },
    Refusal {
        code: 4,
        message: "Open api request limit reached",
    },
    Refusal {
        code: 13,
        message: "Get service token failed",
    },
    Refusal {
        code: 282_000,
        message: "internal error",
    },
];

/// Answers one request that arrives at `now_ms`.
pub(crate) fn answer(world: &World, now_ms: i64, request: &Request<Bytes>) -> Reply {
    let path = request.uri().path();
    let reply = if path.starts_with("/sim/") {
        control::answer(world, now_ms, request)
    } else if path.starts_with("/v1/") {
        objects::object(world, now_ms, request).later(latency_ms(world))
    } else if path == objects::FINAL_FACE {
        objects::final_face(world, now_ms, request).later(latency_ms(world))
    } else {
        call(world, now_ms, request).later(latency_ms(world))
    };
    let sent_ms = now_ms.saturating_add_unsigned(reply.wait_ms);
    reply.with(header::DATE, &http_date(sent_ms))
}

fn latency_ms(world: &World) -> u64 {
    let (low_ms, high_ms) = world.options.latency_ms;
    if high_ms > 0 {
        world.fresh_dice("latency").within(low_ms, high_ms + 1)
    } else {
        0
    }
}

fn call(world: &World, now_ms: i64, request: &Request<Bytes>) -> Reply {
    let path = request.uri().path();
    if path == "/oauth/2.0/token" {
        return oauth(world, now_ms, request);
    }
    match path.strip_prefix(FACEPRINT).and_then(Endpoint::of_path) {
        Some(endpoint) => faceprint(world, now_ms, request, endpoint),
        None => {
            world.tallies.request("unknown", "not_found");
            Reply::unknown_path(request.method().as_str(), path)
        }
    }
}

fn oauth(world: &World, now_ms: i64, request: &Request<Bytes>) -> Reply {
    let form = std::str::from_utf8(request.body()).unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    let value = |name| auth::query_value(query, name).or_else(|| auth::query_value(form, name));
    let refused = |result, status, error: &str, description: &str| {
        world.tallies.request("oauth", result);
        Reply::json(
            status,
            &json!({"error": error, "error_description": description}),
        )
    };
    if value("grant_type").as_deref() != Some("client_credentials") {
        let description = "The authorization grant type is not supported";
        return refused(
            "bad_parameter",
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            description,
        );
    }
    let client_id = value("client_id").unwrap_or_default();
    let Some((nth, app)) = world
        .options
        .apps
        .iter()
        .enumerate()
        .find(|(_, app)| app.api_key == client_id)
    else {
        return refused(
            "unauthorized",
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "unknown client id",
        );
    };
    if value("client_secret").as_deref() != Some(app.secret_key.as_str()) {
        return refused(
            "unauthorized",
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "Client authentication failed",
        );
    }
    let fault = world.faults.draw(Place::OAuth, word(&app.name));
    if let Some(reply) = struck(world, "oauth", fault) {
        return reply;
    }
    if fault.is_none() {
        world.tallies.request("oauth", "success");
    }
    let answer = granted(world, now_ms, nth);
    mangled(world, fault, answer.to_string().into_bytes())
}

/// An access_token for the `nth` app, with what comes along.
fn granted(world: &World, now_ms: i64, nth: usize) -> Value {
    let mut dice = world.fresh_dice("session");
    json!({
        "access_token": world.mint_access_token(nth, now_ms),
        "expires_in": world.options.windows.access_token_ms / 1_000,
        "refresh_token": format!("25.{}", dice.text(b"0123456789abcdef", 32)),
        "session_key": dice.text(b"abcdefghijklmnopqrstuvwxyz0123456789=", 40),
        "session_secret": dice.text(b"0123456789abcdef", 32),
        "scope": "public brain_all_scope brain_solution_faceprint wise_adapt lebo_resource_base",
    })
}

/// Counts a fault, and gives what it has in place of an answer, if it has anything.
fn struck(world: &World, endpoint: &'static str, fault: Option<FaultKind>) -> Option<Reply> {
    let kind = fault?;
    world.tallies.fault(kind);
    world.tallies.request(endpoint, "fault");
    Reply::instead(kind)
}

fn mangled(world: &World, fault: Option<FaultKind>, body: Vec<u8>) -> Reply {
    Reply::mangled(fault, world.faults.setting(|faults| faults.stall_ms), body)
}

fn faceprint(world: &World, now_ms: i64, request: &Request<Bytes>, endpoint: Endpoint) -> Reply {
    let refuse = |refusal, result| {
        world.tallies.request(endpoint.name(), result);
        Reply::json(StatusCode::OK, &gateway(world, refusal))
    };
    if request.method() != Method::POST {
        return refuse(UNSUPPORTED_METHOD, "bad_method");
    }
    let caller = match auth::caller(world, now_ms, request) {
        Ok(caller) => caller,
        Err(refusal) => return refuse(refusal, "unauthorized"),
    };
    let account = account(world, caller);
    world.tallies.call(account, endpoint.name(), now_ms);
    if let Some((refusal, result)) = over_quota(world, now_ms, account, endpoint) {
        return refuse(refusal, result);
    }
    let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let verify_token = asked
        .get("verify_token")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let fault = drawn(world, caller, endpoint, verify_token);
    if let Some(reply) = struck(world, endpoint.name(), fault)
        .or_else(|| spoken(world, now_ms, caller, endpoint, fault?))
    {
        return reply;
    }
    let answer = answers::answer(world, now_ms, endpoint, caller, &asked);
    if fault.is_none() {
        world.tallies.request(endpoint.name(), answer.result);
    }
    mangled(
        world,
        fault,
        serde_json::to_vec(&answer.body).unwrap_or_default(),
    )
}

/// What goes wrong with this question, where it can with its endpoint.
fn drawn(
    world: &World,
    caller: Caller,
    endpoint: Endpoint,
    verify_token: &str,
) -> Option<FaultKind> {
    let subject = word(verify_token) ^ word(endpoint.name()).rotate_left(1);
    let place = Place::Rpc {
        by_access_token: caller.by_access_token,
    };
    world.faults.draw(place, subject).filter(|kind| match kind {
        FaultKind::MediaProcessing => endpoint == Endpoint::MediaQuery,
        FaultKind::ManyUrls => matches!(endpoint, Endpoint::GetAll | Endpoint::MediaQuery),
        _ => true,
    })
}

/// What a fault says in the provider's own words, if it does.
fn spoken(
    world: &World,
    now_ms: i64,
    caller: Caller,
    endpoint: Endpoint,
    fault: FaultKind,
) -> Option<Reply> {
    let refusal = match fault {
        FaultKind::UnknownCode => {
            let body = answers::odd::unknown_code(world);
            return Some(Reply::json(StatusCode::OK, &body));
        }
        FaultKind::MediaProcessing => {
            let body = answers::odd::processing(world);
            return Some(Reply::json(StatusCode::OK, &body));
        }
        FaultKind::ManyUrls => {
            let body = answers::odd::many_urls(endpoint);
            return Some(Reply::of(StatusCode::OK, "application/json", body));
        }
        FaultKind::Code18 => QPS_OVERRUN,
        FaultKind::Code17 => {
            let pause_ms = world.faults.setting(|faults| faults.daily_quota_ms);
            world.quota.spend(account(world, caller), now_ms + pause_ms);
            DAILY_OVERRUN
        }
        FaultKind::BackendCode => {
            let refusal = world.fresh_dice("backend code").one_of(BACKEND).copied();
            refusal.unwrap_or(QPS_OVERRUN)
        }
        FaultKind::AccessTokenRefused if world.fresh_dice("token refused").happens(50) => {
            auth::TOKEN_EXPIRED
        }
        FaultKind::AccessTokenRefused => auth::TOKEN_INVALID,
        _ => return None,
    };
    Some(Reply::json(StatusCode::OK, &gateway(world, refusal)))
}

fn account(world: &World, caller: Caller) -> &str {
    world
        .options
        .apps
        .get(caller.app)
        .map_or("", |app| app.account.as_str())
}

fn over_quota(
    world: &World,
    now_ms: i64,
    account: &str,
    endpoint: Endpoint,
) -> Option<(Refusal, &'static str)> {
    if world.quota.is_spent(account, now_ms) {
        return Some((DAILY_OVERRUN, "daily_quota"));
    }
    let qps = world.options.qps?;
    (!world.quota.admits(account, endpoint.name(), qps, now_ms)).then_some((QPS_OVERRUN, "qps"))
}
