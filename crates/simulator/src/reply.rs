//! Responses, whole and broken ones.

use std::{convert::Infallible, io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};

use super::{connection::Shears, fault_kind::FaultKind, gzip, world::World};

/// A response with a body of `content_type`.
pub fn of(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A JSON response.
pub fn json(status: StatusCode, body: &Value) -> Response {
    of(status, "application/json", body.to_string())
}

/// Sets a header whose value is known to be plain ASCII.
pub fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// 404 with the path that is unknown; never its query, which may hold secrets.
pub fn unknown_path(method: &str, path: &str) -> Response {
    let body = json!({"error": "no such path in the simulated provider", "method": method, "path": path});
    json(StatusCode::NOT_FOUND, &body)
}

/// The response that a fault gives in place of any answer, for the faults that do.
pub fn instead(kind: FaultKind, shears: &Shears) -> Option<Response> {
    const PAGE: &str = "<html><head><title>Error</title></head><body><h1>It works!</h1></body></html>\n";
    Some(match kind {
        FaultKind::Http500 => of(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "internal server error"),
        FaultKind::Http502 => of(StatusCode::BAD_GATEWAY, "text/html", PAGE),
        FaultKind::Http503 => of(StatusCode::SERVICE_UNAVAILABLE, "text/plain", ""),
        FaultKind::Http429 => of(StatusCode::TOO_MANY_REQUESTS, "text/plain", "too many requests"),
        FaultKind::Html => of(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        FaultKind::Closed => lost(shears),
        FaultKind::Endless => of(StatusCode::OK, "application/json", endless()),
        FaultKind::GzipBomb => {
            let mut response = of(StatusCode::OK, "application/json", gzip::bomb(64 << 20));
            set(&mut response, header::CONTENT_ENCODING, "gzip");
            response
        }
        _ => return None,
    })
}

fn endless() -> Body {
    // Not quite: a client without any bound would never let a test end.
    const PIECES: usize = 1 << 16;
    let piece = Bytes::from(vec![b' '; 1 << 16]);
    streamed(stream::iter(std::iter::repeat_n(piece, PIECES)))
}

/// Cuts the connection, so that nothing of any response arrives.
pub fn lost(shears: &Shears) -> Response {
    shears.cut();
    of(StatusCode::OK, "text/plain", "")
}

/// A JSON body, mangled where `fault` says so.
pub async fn mangled(world: &World, shears: &Shears, fault: Option<FaultKind>, body: Vec<u8>) -> Response {
    const TYPE: &str = "application/json";
    let half = body.get(..body.len() / 2).unwrap_or_default().to_vec();
    match fault {
        Some(FaultKind::AnswerLost) => lost(shears),
        Some(FaultKind::TruncatedJson) => of(StatusCode::OK, TYPE, half),
        Some(FaultKind::Truncated) => {
            let length = body.len() as u64;
            let mut response = of(StatusCode::OK, TYPE, broken_off(stream::iter([Bytes::from(half)]), || {}));
            set(&mut response, header::CONTENT_LENGTH, &length.to_string());
            response
        }
        Some(FaultKind::DuplicateKeys) => {
            let twice = [br#"{"success":false,"result":null,"#, body.get(1..).unwrap_or_default()].concat();
            of(StatusCode::OK, TYPE, twice)
        }
        Some(FaultKind::WrongCharset) => of(StatusCode::OK, TYPE, in_gb18030(&body)),
        Some(FaultKind::Gzip) => {
            let mut response = of(StatusCode::OK, TYPE, gzip::stored(&body));
            set(&mut response, header::CONTENT_ENCODING, "gzip");
            response
        }
        Some(FaultKind::Stall) => {
            stall(world).await;
            of(StatusCode::OK, TYPE, body)
        }
        _ => of(StatusCode::OK, TYPE, body),
    }
}

/// `text`, with every character outside ASCII as the two bytes of one Chinese character: wrong as UTF-8, as GB 18030
/// is, whichever character it stands for.
fn in_gb18030(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let coded = |character: char| {
        if character.is_ascii() { vec![character as u8] } else { vec![0xba, 0xcb] }
    };
    text.chars().flat_map(coded).collect()
}

/// Waits as long as a stall lasts.
pub async fn stall(world: &World) {
    let stall_ms = world.faults.setting(|faults| faults.stall_ms);
    tokio::time::sleep(Duration::from_millis(stall_ms)).await;
}

/// A body that sends `pieces` and then breaks, after `last` was done.
pub fn broken_off(pieces: impl Stream<Item = Bytes> + Send + 'static, last: impl FnOnce() + Send + 'static) -> Body {
    let break_off = stream::once(async {
        // Gives the server a chance to put what it has on the wire first.
        tokio::time::sleep(Duration::from_millis(2)).await;
        last();
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(pieces.map(Ok::<_, io::Error>).chain(break_off))
}

/// A body of `pieces`.
pub fn streamed(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(pieces.map(Ok::<_, Infallible>))
}
