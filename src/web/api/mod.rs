//! `/v1`: what the systems around an archive ask of it, over HTTP.
//!
//! | call | does | scope |
//! |---|---|---|
//! | `POST /v1/verifications` | tracks one token, an array of them or NDJSON | `track` |
//! | `GET /v1/verifications` | lists, the newest first, page by page | `read` |
//! | `POST /v1/verifications/search` | finds those of a person, or of verify_tokens | `reveal`, `read` |
//! | `GET /v1/verifications/{id}` | shows one whole | `read` |
//! | `POST /v1/verifications/{id}/retry` | wakes one that waits for a person | `operate` |
//! | `POST /v1/tokens` | has the provider generate a token, and gives it out tracked | `issue` |
//! | `POST /v1/reconciliations` | compares the business's own list with what is tracked | `operate`, `track` |
//! | `GET /v1/key` | what the key that is shown may do | any |
//! | `GET /v1/status` | the figures | `read` |
//! | `GET /v1/alarms`, `POST /v1/alarms/{id}/acknowledge` | what is wrong, and that it was seen | `read`, `operate` |
//! | `GET /v1/losses`, `POST /v1/losses/acknowledge` | what was lost, and that it was seen | `read`, `operate` |
//! | `GET /v1/openapi.json` | the description of all these, made of the routes themselves | none |
//!
//! Every other request shows a key; what its key is not for does not exist for it. Problems are RFC 9457.
//! No answer but that of `POST /v1/tokens` holds a verify_token, none an index of a person, or a name
//! in clear, and none repeats what was sent.

mod describe;
mod figures;
mod issue;
mod lists;
mod operate;
mod own;
mod problem;
mod pulse;
mod read;
mod reconcile;
mod search;
mod sent;
mod shapes;
mod told;
mod track;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use tokio::time::timeout;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    keys::{KeyRing, Refusal},
    spent::Reserved,
};
use crate::{
    desk::Desk,
    domain::{
        key::{ApiKey, Apps, Scope, Spends},
        secret::Secret,
        token::TrackRequest,
    },
};
use problem::Problem;
use pulse::{Pulse, prompt};

/// Who asks, as their key says, and the text of it.
#[derive(Clone, Debug)]
struct Caller(Arc<ApiKey>, Secret);

/// What the calls stand on.
struct Api {
    desk: Arc<dyn Desk>,
    keys: Arc<KeyRing>,
}

/// The address that a request came from, put into its extensions by the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// How long an answer may take to be made: less than a client waits.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// The longest body: ten thousand tokens with all that may be told of each.
const BODY_BYTES_MAX: usize = 16 << 20;

/// The routes, all below `/v1`.
pub fn router(desk: Arc<dyn Desk>, keys: Arc<KeyRing>) -> Router {
    Router::new().nest("/v1", calls(Arc::new(Api { desk, keys })))
}

fn calls(api: Arc<Api>) -> Router {
    let pulse = Arc::new(Pulse::new(Arc::clone(&api.keys)));
    let (open, of_open) = OpenApiRouter::new()
        .routes(routes!(describe::openapi))
        .split_for_parts();
    let (keyed, of_keyed) = OpenApiRouter::new()
        .routes(routes!(read::list, track::track))
        .routes(routes!(search::search))
        .routes(routes!(read::show))
        .routes(routes!(operate::retry))
        .routes(routes!(issue::issue))
        .routes(routes!(reconcile::reconcile))
        .routes(routes!(own::own))
        .routes(routes!(read::status))
        .routes(routes!(read::alarms))
        .routes(routes!(operate::acknowledge_alarm))
        .routes(routes!(read::losses))
        .routes(routes!(operate::acknowledge_losses))
        .split_for_parts();
    let other_method = || async { Problem::method() };
    let keyed = keyed
        .fallback(|| async { Problem::not_found(NO_SUCH_PATH) })
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&api), admit))
        .layer(middleware::from_fn_with_state(pulse, prompt))
        .with_state(api);
    open.method_not_allowed_fallback(other_method)
        .with_state(describe::describe(vec![of_open, of_keyed]))
        .merge(keyed)
        .layer(middleware::from_fn(framed))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Finds out who asks before anything else is looked at.
async fn admit(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Response {
    // Without a connection there is nobody to throttle: whoever calls it so is in this process.
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let address = request
        .extensions()
        .get::<Peer>()
        .map_or(here, |peer| peer.0);
    let presented = request.headers().get(header::AUTHORIZATION);
    let presented = presented.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(presented) = presented else {
        return Problem::unauthorized().into_response();
    };
    let presented = presented.trim().to_owned();
    match api.keys.identify(&presented, address).await {
        Ok(key) => {
            let text = Secret::new(presented);
            request.extensions_mut().insert(Caller(Arc::new(key), text));
            next.run(request).await
        }
        // Why it is not good is nobody's business who has none.
        Err(Refusal::Denied(_)) => Problem::unauthorized().into_response(),
        Err(Refusal::TooMany(left)) => {
            Problem::too_often("too many unknown keys were shown from there", left).into_response()
        }
        Err(Refusal::TooFast(left, rate)) => Problem::too_often(
            format!("the key makes more than {rate} calls a second (`verikeep key create --rate`)"),
            left,
        )
        .into_response(),
        Err(Refusal::Away(_)) => Problem::away().into_response(),
    }
}

/// The answer instead of this one to a request whose body did not come in time. Its connection ends.
pub(super) fn too_slow(response: &Response) -> Response {
    let close = [(header::CONNECTION, "close")];
    let id = response.headers().get(REQUEST_ID).cloned();
    headed((close, Problem::too_slow()).into_response(), id)
}

/// The answer to a request that was sent to another name.
pub(super) fn misdirected(headers: &HeaderMap) -> Response {
    headed(Problem::misdirected().into_response(), request_id(headers))
}

/// The answer where there is no such path at all.
pub(super) async fn no_such_path(request: Request) -> Response {
    let problem = Problem::not_found(NO_SUCH_PATH).into_response();
    headed(problem, request_id(request.headers()))
}

const NO_SUCH_PATH: &str = "no such path: docs/api.md tells which there are";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer has: an end in time, the request's id, and that nobody keeps it.
async fn framed(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    #[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
    let answer = timeout(ANSWER_MAX, next.run(request)).await;
    let response = answer.unwrap_or_else(|_| Problem::cut_off().into_response());
    headed(response, id)
}

/// The id that was told, or else a fresh one.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let told = headers.get(REQUEST_ID).filter(|id| is_id(id)).cloned();
    told.or_else(|| HeaderValue::from_str(&uuid::Uuid::now_v7().to_string()).ok())
}

fn headed(mut response: Response, id: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let sniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, sniff);
    response
}

/// Whether it can be repeated in headers and logs as it is.
fn is_id(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=128).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

impl Caller {
    fn may(&self, scope: Scope) -> Result<(), Problem> {
        self.0
            .may(scope)
            .map_err(|denied| Problem::forbidden(denied.to_string()))
    }

    /// So much of the key's day.
    fn spend<'k>(&self, api: &'k Api, what: Spends, count: usize) -> Result<Reserved<'k>, Problem> {
        let (most, does) = match what {
            Spends::Tokens => (self.0.tokens_a_day, "tells"),
            Spends::Issues => (self.0.issues_a_day, "has generated"),
        };
        api.keys.spend(&self.0, what, count).map_err(|left| {
            api.keys.tell_refused(&self.0);
            let detail = format!(
                "the key {does} {most} new tokens at most from midnight to midnight (UTC), and {count} more are asked for"
            );
            Problem::too_often(detail, left)
        })
    }

    /// So much of the key's day as telling these tokens takes: those that are known take nothing.
    async fn spend_on<'k>(
        &self,
        api: &'k Api,
        told: &[TrackRequest],
    ) -> Result<Reserved<'k>, Problem> {
        // Which are known is asked only where it decides.
        if let Ok(reserved) = api.keys.spend(&self.0, Spends::Tokens, told.len()) {
            return Ok(reserved);
        }
        let tokens: Vec<Secret> = told.iter().map(|one| one.verify_token.clone()).collect();
        let known = api.desk.find(&tokens).await?;
        let unknown = known.iter().filter(|one| one.is_none()).count();
        self.spend(api, Spends::Tokens, unknown)
    }

    /// Whether what belongs to this app is there for the key.
    fn knows(&self, app: &str) -> bool {
        self.0.apps.has(app)
    }

    /// The app to look at, of those that the key is for; none: all.
    fn app(&self, asked: Option<String>) -> Result<Option<String>, Problem> {
        match (asked, &self.0.apps) {
            (Some(app), _) if self.knows(&app) => Ok(Some(app)),
            (Some(_), _) => Err(Problem::forbidden("the key is not for that app")),
            (None, Apps::All) => Ok(None),
            (None, Apps::Only(apps)) => match apps.as_slice() {
                [only] => Ok(Some(only.clone())),
                _ => Err(Problem::wrong(
                    Some("app"),
                    "the key is for several apps: name one",
                )),
            },
        }
    }

    /// Who did it, for the record.
    fn by(&self) -> String {
        format!("key {}", self.0.name)
    }
}
