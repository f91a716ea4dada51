//! Media over HTTP: signed object URLs as of a BOS bucket, and the image that `simple` points to.
//!
//! An object answers to GET alone, under exactly the URL that was signed, until the signature expires; then to a
//! fresh one, until the object is gone.

use std::{ops::Range, sync::Arc};

use axum::{
    http::{HeaderName, Method, StatusCode, header, request::Parts},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use serde_json::json;

use super::{
    auth::query_value,
    clock::parse_utc_seconds,
    connection::Shears,
    content::Content,
    fault_kind::{FaultKind, Place},
    media::{self, Medium},
    reply,
    signature::{Authorization, hex},
    token::{Standing, Token},
    world::{BUCKET, World},
};

/// A digest of more than this is made off the threads that answer.
const DIGEST_INLINE_BYTES_MAX: u64 = 4 << 20;

fn refused(world: &World, status: StatusCode, code: &'static str, message: &str) -> Response {
    let request_id = format!("{:016x}", world.fresh_dice("request id").next());
    reply::json(status, &json!({"code": code, "message": message, "requestId": request_id}))
}

/// Answers a request below `/v1/`.
pub async fn object(world: &Arc<World>, shears: &Shears, parts: &Parts) -> Response {
    let medium = match admitted(world, parts) {
        Ok(medium) => medium,
        Err((result, response)) => {
            world.tallies.request("object", result);
            return *response;
        }
    };
    send(world, shears, parts, medium, "object").await
}

type Refused = (&'static str, Box<Response>);

fn admitted(world: &World, parts: &Parts) -> Result<Medium, Refused> {
    let denied = |message: &str| {
        let response = refused(world, StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message);
        ("forbidden", Box::new(response))
    };
    let query = parts.uri.query().unwrap_or_default();
    // Slashes of the authorization are encoded in what was handed out; decoded ones mean that somebody re-encoded it.
    let verbatim = query.starts_with("authorization=") && !query.contains(['/', '&']);
    let authorization = query_value(query, "authorization").filter(|_| verbatim);
    let authorization = authorization.as_deref().and_then(Authorization::parse);
    let Some(authorization) = authorization.filter(|found| world.signs_media(found.access_key_id)) else {
        return Err(denied("the URL is not as it was signed"));
    };
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    if world.media_signature(authorization.prefix, method, path, query, host) != authorization.signature {
        return Err(denied("the request signature does not match the one calculated"));
    }
    let expires_ms =
        parse_utc_seconds(authorization.signed_at).and_then(|at_ms| at_ms.checked_add(authorization.valid_s.checked_mul(1_000)?)).unwrap_or(i64::MIN);
    if world.clock.now_ms() >= expires_ms {
        let response = refused(world, StatusCode::FORBIDDEN, "RequestExpired", "request has expired");
        return Err(("expired", Box::new(response)));
    }
    let key = path.strip_prefix("/v1/").and_then(|rest| rest.strip_prefix(BUCKET)?.strip_prefix('/'));
    let medium = key.and_then(|key| Medium::of_key(world.options.seed, key));
    medium.filter(|medium| is_here(world, medium)).ok_or_else(|| {
        let response = refused(world, StatusCode::NOT_FOUND, "NoSuchKey", "the specified key does not exist");
        ("not_found", Box::new(response))
    })
}

fn is_here(world: &World, medium: &Medium) -> bool {
    let Some(token) = world.token_at(medium.token) else {
        return false;
    };
    let now_ms = world.clock.now_ms();
    let attempts = token.attempts.iter().filter(|attempt| attempt.order == medium.attempt);
    attempts
        .flat_map(|attempt| media::of_attempt(&token, attempt, &world.options.windows))
        .any(|life| life.medium == *medium && life.from_ms <= now_ms && now_ms < life.until_ms)
}

/// Answers the URL that `simple` gives: the verify_token is the only credential.
pub async fn final_face(world: &Arc<World>, shears: &Shears, parts: &Parts) -> Response {
    let name = query_value(parts.uri.query().unwrap_or_default(), "verify_token").unwrap_or_default();
    let passed = |token: &Arc<Token>| {
        let standing = token.standing(&world.options.windows, world.clock.now_ms());
        matches!(standing, Standing::Used(attempts) if attempts.iter().any(|attempt| attempt.verdict.passed()))
    };
    let medium = world.token(&name).filter(passed).and_then(|token| world.final_face(&token));
    match medium {
        Some(medium) if parts.method == Method::GET => send(world, shears, parts, medium, "final_face").await,
        _ => {
            world.tallies.request("final_face", "not_found");
            refused(world, StatusCode::NOT_FOUND, "NoSuchKey", "no such image")
        }
    }
}

async fn send(world: &Arc<World>, shears: &Shears, parts: &Parts, medium: Medium, endpoint: &'static str) -> Response {
    let fault = world.faults.draw(Place::Media, medium.dice(world.options.seed, "fault").next());
    if let Some(kind) = fault {
        world.tallies.fault(kind);
        world.tallies.request(endpoint, "fault");
        let instead = match kind {
            FaultKind::MediaError => reply::instead(FaultKind::Http500, shears),
            FaultKind::MediaPage => reply::instead(FaultKind::Html, shears),
            FaultKind::MediaGone => Some(refused(world, StatusCode::NOT_FOUND, "NoSuchKey", "the specified key does not exist")),
            FaultKind::MediaEmpty => {
                let mut response = reply::of(StatusCode::OK, medium.kind.content_type(), "");
                reply::set(&mut response, HeaderName::from_static("content-md5"), "1B2M2Y8AsgTpgAmY7PhCfg==");
                Some(response)
            }
            FaultKind::MediaExpired => Some(refused(world, StatusCode::FORBIDDEN, "RequestExpired", "request has expired")),
            FaultKind::MediaRedirect => {
                let mut response = reply::of(StatusCode::FOUND, "text/plain", "");
                let redirect_to = world.faults.setting(|faults| faults.redirect_to.clone());
                reply::set(&mut response, header::LOCATION, &redirect_to);
                Some(response)
            }
            _ => reply::instead(kind, shears),
        };
        if let Some(response) = instead {
            return response;
        }
    }
    let content = world.contents.of(&medium);
    let asked = parts.headers.get(header::RANGE).map(|range| range.to_str().unwrap_or_default());
    let range = match (asked, content.len()) {
        (None, length) => 0..length,
        (Some(_), 0) => {
            return refused(world, StatusCode::BAD_REQUEST, "InvalidRange", "the object is empty");
        }
        (Some(asked), length) => match wanted(asked, length) {
            Some(range) => range,
            None => {
                world.tallies.request(endpoint, "bad_range");
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                return refused(world, status, "InvalidRange", "the requested range cannot be satisfied");
            }
        },
    };
    if fault.is_none() {
        world.tallies.request(endpoint, "success");
    }
    let mut response = body(world, shears, content.clone(), range.clone(), fault);
    if asked.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let text = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), content.len());
        reply::set(&mut response, header::CONTENT_RANGE, &text);
    }
    let wrong = fault == Some(FaultKind::MediaWrongType);
    let content_type = if wrong { "text/html" } else { medium.kind.content_type() };
    reply::set(&mut response, header::CONTENT_TYPE, content_type);
    reply::set(&mut response, header::ACCEPT_RANGES, "bytes");
    if fault == Some(FaultKind::MediaWrongEtag) {
        reply::set(&mut response, header::ETAG, &format!("\"{:032x}\"", u128::from(medium.dice(world.options.seed, "key").next())));
    } else if world.options.media_digests {
        digest_headers(world, &mut response, medium, content.len()).await;
    }
    response
}

async fn digest_headers(world: &Arc<World>, response: &mut Response, medium: Medium, bytes: u64) {
    let digests = if bytes <= DIGEST_INLINE_BYTES_MAX || world.contents.digests_known(&medium) {
        world.contents.digests(&medium)
    } else {
        let far = Arc::clone(world);
        match tokio::task::spawn_blocking(move || far.contents.digests(&medium)).await {
            Ok(digests) => digests,
            Err(_) => return,
        }
    };
    reply::set(response, HeaderName::from_static("content-md5"), &STANDARD.encode(digests.md5));
    reply::set(response, header::ETAG, &format!("\"{}\"", hex(&digests.md5)));
    reply::set(response, HeaderName::from_static("x-bce-content-crc32c"), &digests.crc32c.to_string());
}

/// The one range of `bytes=a-b`, `bytes=a-` or `bytes=-n` within `length`; `None` when it cannot be satisfied.
fn wanted(asked: &str, length: u64) -> Option<Range<u64>> {
    let (from, to) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (from, to) {
        ("", last) => length.saturating_sub(last.parse().ok()?)..length,
        (from, "") => from.parse().ok()?..length,
        (from, to) => from.parse().ok()?..to.parse::<u64>().ok()?.saturating_add(1).min(length),
    };
    (range.start < range.end).then_some(range)
}

fn body(world: &Arc<World>, shears: &Shears, content: Content, range: Range<u64>, fault: Option<FaultKind>) -> Response {
    let cut = |from, to| stream::iter(content.clone().range(from, to));
    let (start, end) = (range.start, range.end);
    let middle = start + (end - start) / 2;
    let (promised, body) = match fault {
        Some(FaultKind::MediaShort) => (middle - start, reply::streamed(cut(start, middle))),
        Some(FaultKind::MediaFlippedBit) => {
            let flipped = cut(middle, end).enumerate().map(|(nth, piece)| if nth == 0 { flipped(&piece) } else { piece });
            (end - start, reply::streamed(cut(start, middle).chain(flipped)))
        }
        Some(FaultKind::MediaReset) => {
            let shears = shears.clone();
            (end - start, reply::broken_off(cut(start, middle), move || shears.cut()))
        }
        Some(FaultKind::Stall) => {
            let world = Arc::clone(world);
            let pause = stream::once(async move {
                reply::stall(&world).await;
                Bytes::new()
            });
            (end - start, reply::streamed(cut(start, middle).chain(pause).chain(cut(middle, end))))
        }
        _ => (end - start, reply::streamed(cut(start, end))),
    };
    let mut response = reply::of(StatusCode::OK, "application/octet-stream", body);
    reply::set(&mut response, header::CONTENT_LENGTH, &promised.to_string());
    response
}

fn flipped(piece: &Bytes) -> Bytes {
    let mut changed = BytesMut::from(piece.as_ref());
    if let Some(first) = changed.first_mut() {
        *first ^= 0x10;
    }
    changed.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_has_them() {
        for (asked, expected) in [
            ("bytes=0-9", Some(0..10)),
            ("bytes=10-", Some(10..100)),
            ("bytes=-30", Some(70..100)),
            ("bytes=-300", Some(0..100)),
            ("bytes=90-200", Some(90..100)),
            ("bytes=100-", None),
            ("bytes=9-3", None),
            ("items=0-9", None),
            ("bytes=a-b", None),
        ] {
            assert_eq!(wanted(asked, 100), expected, "{asked}");
        }
    }
}
