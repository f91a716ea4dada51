//! The three ways in: access_token, bce-auth-v1 and API key. Exactly one of them has to be used.

use bytes::Bytes;
use http::{Request, header};

use super::{
    dates::parse_utc_seconds,
    signature::{self, Authorization},
    world::World,
};

/// How far a signature's time may lie ahead of the provider's clock, milliseconds.
const AHEAD_MS: i64 = 15 * 60 * 1_000;

/// A refusal of the gateway: HTTP 200 with `error_code` and `error_msg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// `error_code`.
    pub code: i64,
    /// `error_msg`.
    pub message: &'static str,
}

/// access_token or parameters that make no sense.
pub(crate) const INVALID_PARAMETER: Refusal = Refusal {
    code: 100,
    message: "Invalid parameter",
};
/// An access_token that was never minted.
pub(crate) const TOKEN_INVALID: Refusal = Refusal {
    code: 110,
    message: "Access token invalid or no longer valid",
};
/// An access_token that has expired.
pub(crate) const TOKEN_EXPIRED: Refusal = Refusal {
    code: 111,
    message: "Access token expired",
};
/// No, or a wrong, signature.
pub(crate) const NOT_CERTIFIED: Refusal = Refusal {
    code: 14,
    message: "IAM Certification failed",
};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The app's place in the options.
    pub app: usize,
    /// Whether it came with an access_token.
    pub by_access_token: bool,
}

/// The first value of `name` in a raw query, decoded.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Who sent `request`.
pub(crate) fn caller(
    world: &World,
    now_ms: i64,
    request: &Request<Bytes>,
) -> Result<Caller, Refusal> {
    let access_token = query_value(request.uri().query().unwrap_or_default(), "access_token");
    let authorization = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or_default());
    match (access_token, authorization) {
        (Some(_), Some(_)) => Err(INVALID_PARAMETER),
        (None, None) => Err(NOT_CERTIFIED),
        (Some(access_token), None) => match world.access_token(&access_token, now_ms) {
            Some((app, true)) => Ok(Caller {
                app,
                by_access_token: true,
            }),
            Some((_, false)) => Err(TOKEN_EXPIRED),
            None => Err(TOKEN_INVALID),
        },
        (None, Some(authorization)) => {
            let app = match authorization.strip_prefix("Bearer ") {
                Some(key) => world.options.apps.iter().position(|app| app.bearer == key),
                None => signer(world, now_ms, request, authorization),
            };
            app.map(|app| Caller {
                app,
                by_access_token: false,
            })
            .ok_or(NOT_CERTIFIED)
        }
    }
}

fn signer(
    world: &World,
    now_ms: i64,
    request: &Request<Bytes>,
    authorization: &str,
) -> Option<usize> {
    let parsed = Authorization::parse(authorization)?;
    let app = world
        .options
        .apps
        .iter()
        .position(|app| app.access_key_id == parsed.access_key_id)?;
    let secret = &world.options.apps.get(app)?.secret_access_key;
    let age_ms = now_ms - parse_utc_seconds(parsed.signed_at)?;
    if age_ms > parsed.valid_s.saturating_mul(1_000)
        || age_ms < -AHEAD_MS
        || !parsed.signed_headers.contains(&"host")
    {
        return None;
    }
    let signed: Vec<(&str, &str)> = parsed
        .signed_headers
        .iter()
        .map(|name| Some((*name, request.headers().get(*name)?.to_str().ok()?)))
        .collect::<Option<_>>()?;
    let canonical = signature::canonical(
        request.method().as_str(),
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
        &signed,
    );
    let expected = signature::signature(&signature::signing_key(secret, parsed.prefix), &canonical);
    (expected == parsed.signature).then_some(app)
}
