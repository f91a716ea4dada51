//! What happens to a request, as data: how long it waits, what is sent, and where that is cut off.
//! Whoever serves it does as it says.

use std::fmt;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::{fault_kind::FaultKind, gzip};

const JSON: &str = "application/json";

/// What happens to a request.
#[derive(Debug)]
pub struct Reply {
    /// How long nothing happens first, milliseconds.
    pub wait_ms: u64,
    /// What is sent then. `None`: the connection is reset, and nothing of any response arrives.
    pub response: Option<Response<Body>>,
}

/// The body of a response.
pub enum Body {
    /// All of it, under its length.
    Whole(Bytes),
    /// One after the other, under the `Content-Length` that the headers promise, or else without a
    /// length.
    Pieces(Box<dyn Iterator<Item = Piece> + Send>),
}

/// What happens next while a body is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes are sent.
    Bytes(Bytes),
    /// Nothing happens, milliseconds.
    Pause(u64),
    /// The connection ends, whatever was promised. Nothing comes after it.
    Close,
    /// The connection is reset. Nothing comes after it.
    Reset,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Pieces(_) => f.write_str("pieces"),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

impl Body {
    /// The bytes of `pieces`.
    pub fn streamed(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        Self::pieces(pieces.map(Piece::Bytes))
    }

    /// What `pieces` say.
    pub fn pieces(pieces: impl Iterator<Item = Piece> + Send + 'static) -> Self {
        Self::Pieces(Box::new(pieces))
    }
}

impl Reply {
    /// At once, a body of `content_type`.
    pub fn of(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            wait_ms: 0,
            response: Some(response),
        }
    }

    /// At once, JSON.
    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self::of(status, JSON, body.to_string())
    }

    /// Nothing of any response, and a reset.
    pub fn lost() -> Self {
        Self {
            wait_ms: 0,
            response: None,
        }
    }

    /// 404 with the path that is unknown; never its query, which may hold secrets.
    pub fn unknown_path(method: &str, path: &str) -> Self {
        let body = json!({"error": "no such path in the simulated provider", "method": method, "path": path});
        Self::json(StatusCode::NOT_FOUND, &body)
    }

    /// What a fault gives in place of any answer, for the faults that do.
    pub fn instead(kind: FaultKind) -> Option<Self> {
        const PAGE: &str =
            "<html><head><title>Error</title></head><body><h1>It works!</h1></body></html>\n";
        Some(match kind {
            FaultKind::Http500 => Self::of(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                "internal server error",
            ),
            FaultKind::Http502 => Self::of(StatusCode::BAD_GATEWAY, "text/html", PAGE),
            FaultKind::Http503 => Self::of(StatusCode::SERVICE_UNAVAILABLE, "text/plain", ""),
            FaultKind::Http429 => Self::of(
                StatusCode::TOO_MANY_REQUESTS,
                "text/plain",
                "too many requests",
            ),
            FaultKind::Html => Self::of(StatusCode::OK, "text/html; charset=utf-8", PAGE),
            FaultKind::Closed => Self::lost(),
            FaultKind::Endless => Self::of(StatusCode::OK, JSON, endless()),
            FaultKind::GzipBomb => Self::of(StatusCode::OK, JSON, gzip::bomb(64 << 20))
                .with(header::CONTENT_ENCODING, "gzip"),
            _ => return None,
        })
    }

    /// A JSON body, mangled where `fault` says so; a stall lasts `stall_ms`.
    pub fn mangled(fault: Option<FaultKind>, stall_ms: u64, body: Vec<u8>) -> Self {
        let half = body.get(..body.len() / 2).unwrap_or_default().to_vec();
        let whole = |body: Vec<u8>| Self::of(StatusCode::OK, JSON, body);
        match fault {
            Some(FaultKind::AnswerLost) => Self::lost(),
            Some(FaultKind::TruncatedJson) => whole(half),
            Some(FaultKind::Truncated) => {
                let broken_off =
                    Body::pieces([Piece::Bytes(half.into()), Piece::Close].into_iter());
                Self::of(StatusCode::OK, JSON, broken_off)
                    .with(header::CONTENT_LENGTH, &body.len().to_string())
            }
            Some(FaultKind::DuplicateKeys) => whole(
                [
                    br#"{"success":false,"result":null,"#,
                    body.get(1..).unwrap_or_default(),
                ]
                .concat(),
            ),
            Some(FaultKind::WrongCharset) => whole(in_gb18030(&body)),
            Some(FaultKind::Gzip) => {
                whole(gzip::stored(&body)).with(header::CONTENT_ENCODING, "gzip")
            }
            Some(FaultKind::Stall) => whole(body).later(stall_ms),
            _ => whole(body),
        }
    }

    /// The same, under another status.
    pub fn under(mut self, status: StatusCode) -> Self {
        self.response
            .iter_mut()
            .for_each(|response| *response.status_mut() = status);
        self
    }

    /// The same with a header, whose value is known to be plain ASCII.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let (Some(response), Ok(value)) = (&mut self.response, HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
        self
    }

    /// The same, `wait_ms` later.
    pub fn later(mut self, wait_ms: u64) -> Self {
        self.wait_ms += wait_ms;
        self
    }
}

fn endless() -> Body {
    // Not quite: a client without any bound would never let a test end.
    const PIECES: usize = 1 << 16;
    Body::streamed(std::iter::repeat_n(
        Bytes::from(vec![b' '; 1 << 16]),
        PIECES,
    ))
}

/// `text`, with every character outside ASCII as the two bytes of one Chinese character: wrong as
/// UTF-8, as GB 18030 is, whichever character it stands for.
fn in_gb18030(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let coded = |character: char| {
        if character.is_ascii() {
            vec![character as u8]
        } else {
            vec![0xba, 0xcb]
        }
    };
    text.chars().flat_map(coded).collect()
}
