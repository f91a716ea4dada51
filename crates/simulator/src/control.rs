//! The hand on the simulated provider, below `/sim/`: making tokens, moving its clock, setting its
//! faults, and telling the truth. None of it exists at the real one.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /sim/lives` | `{"app": …, "lives": [{"life": "passed", "count": 3, …}]}` | the tokens made |
//! | `POST /sim/advance` | `{"ms": 86400000}` | `{"now_ms": …}`; answered by the server, whose clock it is |
//! | `POST /sim/faults` | `{"rate": 0.15, "kinds": […], …}` | `{}` |
//! | `POST /sim/expire-access-tokens` | – | `{}` |
//! | `GET /sim/truth` | – | [`Truth`] |
//! | `GET /sim/stats` | – | [`Counts`](super::tallies::Counts) |

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    faults::Faults, life::LifeSpec, reply::Reply, token::Token, truth::Truth, world::World,
};

/// An order for tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// The app they are to be told under; left out, the first.
    #[serde(default)]
    app: Option<String>,
    lives: Vec<LifeSpec>,
}

/// How far the clock is to be moved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    /// Milliseconds.
    pub ms: i64,
}

/// A token that was made to order, as one tells it to an archiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The token.
    pub verify_token: String,
    /// The name of its life.
    pub life: String,
    /// The app to tell it under.
    pub app: String,
    /// When it was generated, RFC 3339.
    pub issued_at: String,
    /// The same, unix milliseconds.
    pub issued_at_ms: i64,
}

impl Made {
    fn of(token: &Token) -> Self {
        let issued_at = jiff::Timestamp::from_millisecond(token.issued_at_ms).unwrap_or_default();
        Self {
            verify_token: token.verify_token.clone(),
            life: token.life.name().to_owned(),
            app: token.app.clone(),
            issued_at: issued_at.to_string(),
            issued_at_ms: token.issued_at_ms,
        }
    }
}

/// Makes the tokens of `lives` at `now_ms`, to be told under `app`.
pub(crate) fn make(world: &World, now_ms: i64, app: &str, lives: &[LifeSpec]) -> Vec<Made> {
    lives
        .iter()
        .flat_map(|spec| world.create(now_ms, app, spec))
        .map(|token| Made::of(&token))
        .collect()
}

/// Answers a request below `/sim/`.
pub(crate) fn answer(world: &World, now_ms: i64, request: &Request<Bytes>) -> Reply {
    let body = request.body();
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/sim/lives") => read(body, |order: Order| {
            let first = || world.options.apps.first().map(|app| app.name.clone());
            let app = order.app.or_else(first).unwrap_or_default();
            json!(make(world, now_ms, &app, &order.lives))
        }),
        (&Method::POST, "/sim/faults") => read(body, |faults: Faults| {
            world.faults.set(faults);
            json!({})
        }),
        (&Method::POST, "/sim/expire-access-tokens") => {
            world.expire_access_tokens();
            Reply::json(StatusCode::OK, &json!({}))
        }
        (&Method::GET, "/sim/stats") => Reply::json(StatusCode::OK, &json!(world.tallies.counts())),
        (&Method::GET, "/sim/truth") => match serde_json::to_vec(&Truth::of(world, now_ms)) {
            Ok(truth) => Reply::of(StatusCode::OK, "application/json", truth),
            Err(_) => Reply::of(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                "the truth could not be told",
            ),
        },
        (method, path) => Reply::unknown_path(method.as_str(), path),
    }
}

/// Does as the JSON in `body` says.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], act: impl FnOnce(T) -> Value) -> Reply {
    match serde_json::from_slice(body) {
        Ok(order) => Reply::json(StatusCode::OK, &act(order)),
        Err(error) => Reply::json(
            StatusCode::BAD_REQUEST,
            &json!({"error": error.to_string()}),
        ),
    }
}
