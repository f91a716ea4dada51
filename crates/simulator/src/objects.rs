//! Media over HTTP: signed object URLs as of a BOS bucket, and the image that `simple` points to.
//!
//! An object answers to GET alone, under exactly the URL that was signed, until the signature
//! expires; then to a fresh one, until the object is gone.

use std::{ops::Range, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use http::{HeaderName, Method, Request, StatusCode, header};
use serde_json::json;

use super::{
    auth::query_value,
    content::Content,
    dates::parse_utc_seconds,
    fault_kind::{FaultKind, Place},
    media::{self, Medium},
    reply::{Body, Piece, Reply},
    signature::{Authorization, hex},
    token::{Standing, Token},
    world::{BUCKET, World},
};

/// The path of the image that `simple` points to.
pub(crate) const FINAL_FACE: &str = "/solution/faceprint/image/query";

/// The digest of more than this takes long.
const QUICK_BYTES_MAX: u64 = 4 << 20;

fn refused(world: &World, status: StatusCode, code: &'static str, message: &str) -> Reply {
    let request_id = format!("{:016x}", world.fresh_dice("request id").next());
    Reply::json(
        status,
        &json!({"code": code, "message": message, "requestId": request_id}),
    )
}

/// Whether the answer has to draw a medium, or to read a large one through to send its digests.
pub(crate) fn takes_long(world: &World, request: &Request<Bytes>) -> bool {
    let large = |medium: &Medium| {
        !world.contents.digests_known(medium) && world.contents.of(medium).len() > QUICK_BYTES_MAX
    };
    let medium = || match request.uri().path() {
        FINAL_FACE => world.final_face(&*world.token(&token_named(request))?),
        path => named(world, path),
    };
    medium().is_some_and(|medium| {
        world.contents.undrawn(&medium) || world.options.media_digests && large(&medium)
    })
}

fn named(world: &World, path: &str) -> Option<Medium> {
    let key = path
        .strip_prefix("/v1/")?
        .strip_prefix(BUCKET)?
        .strip_prefix('/')?;
    Medium::of_key(world.options.seed, key)
}

fn token_named(request: &Request<Bytes>) -> String {
    query_value(request.uri().query().unwrap_or_default(), "verify_token").unwrap_or_default()
}

/// Answers a request below `/v1/`.
pub(crate) fn object(world: &World, now_ms: i64, request: &Request<Bytes>) -> Reply {
    match admitted(world, now_ms, request) {
        Ok(medium) => send(world, request, medium, "object"),
        Err((result, reply)) => {
            world.tallies.request("object", result);
            *reply
        }
    }
}

type Refused = (&'static str, Box<Reply>);

fn admitted(world: &World, now_ms: i64, request: &Request<Bytes>) -> Result<Medium, Refused> {
    let denied = |message: &str| {
        let response = refused(
            world,
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            message,
        );
        ("forbidden", Box::new(response))
    };
    let query = request.uri().query().unwrap_or_default();
    // Slashes of the authorization are encoded in what was handed out; decoded ones mean that
    // somebody re-encoded it.
    let verbatim = query.starts_with("authorization=") && !query.contains(['/', '&']);
    let authorization = query_value(query, "authorization").filter(|_| verbatim);
    let authorization = authorization.as_deref().and_then(Authorization::parse);
    let Some(authorization) = authorization.filter(|found| world.signs_media(found.access_key_id))
    else {
        return Err(denied("the URL is not as it was signed"));
    };
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let (method, path) = (request.method().as_str(), request.uri().path());
    if world.media_signature(authorization.prefix, method, path, query, host)
        != authorization.signature
    {
        return Err(denied(
            "the request signature does not match the one calculated",
        ));
    }
    let expires_ms = parse_utc_seconds(authorization.signed_at)
        .and_then(|at_ms| at_ms.checked_add(authorization.valid_s.checked_mul(1_000)?))
        .unwrap_or(i64::MIN);
    if now_ms >= expires_ms {
        let response = refused(
            world,
            StatusCode::FORBIDDEN,
            "RequestExpired",
            "request has expired",
        );
        return Err(("expired", Box::new(response)));
    }
    named(world, path)
        .filter(|medium| is_here(world, now_ms, medium))
        .ok_or_else(|| {
            let response = refused(
                world,
                StatusCode::NOT_FOUND,
                "NoSuchKey",
                "the specified key does not exist",
            );
            ("not_found", Box::new(response))
        })
}

fn is_here(world: &World, now_ms: i64, medium: &Medium) -> bool {
    let Some(token) = world.token_at(medium.token) else {
        return false;
    };
    let attempts = token
        .attempts
        .iter()
        .filter(|attempt| attempt.order == medium.attempt);
    attempts
        .flat_map(|attempt| media::of_attempt(&token, attempt, &world.options.windows))
        .any(|life| life.medium == *medium && life.from_ms <= now_ms && now_ms < life.until_ms)
}

/// Answers the URL that `simple` gives: the verify_token is the only credential.
pub(crate) fn final_face(world: &World, now_ms: i64, request: &Request<Bytes>) -> Reply {
    let passed = |token: &Arc<Token>| {
        let standing = token.standing(&world.options.windows, now_ms);
        matches!(standing, Standing::Used(attempts) if attempts.iter().any(|attempt| attempt.verdict.passed()))
    };
    let medium = world
        .token(&token_named(request))
        .filter(passed)
        .and_then(|token| world.final_face(&token));
    match medium {
        Some(medium) if request.method() == Method::GET => {
            send(world, request, medium, "final_face")
        }
        _ => {
            world.tallies.request("final_face", "not_found");
            refused(world, StatusCode::NOT_FOUND, "NoSuchKey", "no such image")
        }
    }
}

fn send(world: &World, request: &Request<Bytes>, medium: Medium, endpoint: &'static str) -> Reply {
    let fault = world.faults.draw(
        Place::Media,
        medium.dice(world.options.seed, "fault").next(),
    );
    if let Some(kind) = fault {
        world.tallies.fault(kind);
        world.tallies.request(endpoint, "fault");
        if let Some(reply) = in_place(world, &medium, kind) {
            return reply;
        }
    }
    let content = world.contents.of(&medium);
    let asked = request
        .headers()
        .get(header::RANGE)
        .map(|range| range.to_str().unwrap_or_default());
    let range = match (asked, content.len()) {
        (None, length) => 0..length,
        (Some(_), 0) => {
            return refused(
                world,
                StatusCode::BAD_REQUEST,
                "InvalidRange",
                "the object is empty",
            );
        }
        (Some(asked), length) => match wanted(asked, length) {
            Some(range) => range,
            None => {
                world.tallies.request(endpoint, "bad_range");
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                return refused(
                    world,
                    status,
                    "InvalidRange",
                    "the requested range cannot be satisfied",
                );
            }
        },
    };
    if fault.is_none() {
        world.tallies.request(endpoint, "success");
    }
    let mut reply = body(world, content.clone(), range.clone(), fault);
    if asked.is_some() {
        let text = format!(
            "bytes {}-{}/{}",
            range.start,
            range.end.saturating_sub(1),
            content.len()
        );
        reply = reply
            .under(StatusCode::PARTIAL_CONTENT)
            .with(header::CONTENT_RANGE, &text);
    }
    described(world, reply, &medium, fault)
}

/// What a fault has in place of a medium, if it has anything.
fn in_place(world: &World, medium: &Medium, kind: FaultKind) -> Option<Reply> {
    match kind {
        FaultKind::MediaError => Reply::instead(FaultKind::Http500),
        FaultKind::MediaPage => Reply::instead(FaultKind::Html),
        FaultKind::MediaGone => Some(refused(
            world,
            StatusCode::NOT_FOUND,
            "NoSuchKey",
            "the specified key does not exist",
        )),
        FaultKind::MediaEmpty => {
            let empty = Reply::of(StatusCode::OK, medium.kind.content_type(), "");
            Some(empty.with(
                HeaderName::from_static("content-md5"),
                "1B2M2Y8AsgTpgAmY7PhCfg==",
            ))
        }
        FaultKind::MediaExpired => Some(refused(
            world,
            StatusCode::FORBIDDEN,
            "RequestExpired",
            "request has expired",
        )),
        FaultKind::MediaRedirect => {
            let redirect_to = world.faults.setting(|faults| faults.redirect_to.clone());
            Some(
                Reply::of(StatusCode::FOUND, "text/plain", "").with(header::LOCATION, &redirect_to),
            )
        }
        _ => Reply::instead(kind),
    }
}

/// With the headers that tell of the medium.
fn described(world: &World, reply: Reply, medium: &Medium, fault: Option<FaultKind>) -> Reply {
    let wrong = fault == Some(FaultKind::MediaWrongType);
    let content_type = if wrong {
        "text/html"
    } else {
        medium.kind.content_type()
    };
    let reply = reply
        .with(header::CONTENT_TYPE, content_type)
        .with(header::ACCEPT_RANGES, "bytes");
    if fault == Some(FaultKind::MediaWrongEtag) {
        let etag = format!(
            "\"{:032x}\"",
            u128::from(medium.dice(world.options.seed, "key").next())
        );
        reply.with(header::ETAG, &etag)
    } else if world.options.media_digests {
        with_digests(world, reply, medium)
    } else {
        reply
    }
}

fn with_digests(world: &World, reply: Reply, medium: &Medium) -> Reply {
    let digests = world.contents.digests(medium);
    reply
        .with(
            HeaderName::from_static("content-md5"),
            &STANDARD.encode(digests.md5),
        )
        .with(header::ETAG, &format!("\"{}\"", hex(&digests.md5)))
        .with(
            HeaderName::from_static("x-bce-content-crc32c"),
            &digests.crc32c.to_string(),
        )
}

/// The one range of `bytes=a-b`, `bytes=a-` or `bytes=-n` within `length`; `None` when it cannot be
/// satisfied.
fn wanted(asked: &str, length: u64) -> Option<Range<u64>> {
    let (from, to) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (from, to) {
        ("", last) => length.saturating_sub(last.parse().ok()?)..length,
        (from, "") => from.parse().ok()?..length,
        (from, to) => from.parse().ok()?..to.parse::<u64>().ok()?.saturating_add(1).min(length),
    };
    (range.start < range.end).then_some(range)
}

fn body(world: &World, content: Content, range: Range<u64>, fault: Option<FaultKind>) -> Reply {
    let cut = |from, to| content.clone().range(from, to);
    let (start, end) = (range.start, range.end);
    let middle = start + (end - start) / 2;
    let (promised, body) = match fault {
        Some(FaultKind::MediaShort) => (middle - start, Body::streamed(cut(start, middle))),
        Some(FaultKind::MediaFlippedBit) => {
            let flipped = cut(middle, end)
                .enumerate()
                .map(|(nth, piece)| if nth == 0 { flipped(&piece) } else { piece });
            (
                end - start,
                Body::streamed(cut(start, middle).chain(flipped)),
            )
        }
        Some(FaultKind::MediaReset) => (
            end - start,
            Body::pieces(cut(start, middle).map(Piece::Bytes).chain([Piece::Reset])),
        ),
        Some(FaultKind::Stall) => {
            let pause = Piece::Pause(world.faults.setting(|faults| faults.stall_ms));
            let halves = cut(start, middle)
                .map(Piece::Bytes)
                .chain([pause])
                .chain(cut(middle, end).map(Piece::Bytes));
            (end - start, Body::pieces(halves))
        }
        _ => (end - start, Body::streamed(cut(start, end))),
    };
    Reply::of(StatusCode::OK, "application/octet-stream", body)
        .with(header::CONTENT_LENGTH, &promised.to_string())
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
