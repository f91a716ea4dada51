//! The answers of the faceprint endpoints, in the provider's shapes and with its quirks (document
//! sections 一 and 二; quirks as seen in real answers and in the examples that contradict their
//! tables).

mod detail;
mod getall;
mod media_query;
pub(crate) mod odd;
mod prepare;
mod shape;
mod simple;
mod stat;

use serde_json::{Map, Value, json};

use super::{
    auth::{Caller, Refusal},
    dice::word,
    options::UnusedAnswer,
    token::{Standing, Token},
    world::World,
};

/// The message for wrong apps, unused, used-up and forgotten tokens alike.
pub(crate) const REFUSED: &str = "Token无效或者已过期";
/// What unused tokens are answered where they have an answer of their own. The code is made up:
/// none is published.
const NOT_YET: (i64, &str) = (283_600, "用户尚未完成核验");

/// A faceprint endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `verifyToken/generate`
    Generate,
    /// `idcard/submit`
    Submit,
    /// `uploadMatchImage`
    UploadMatchImage,
    /// `result/simple`
    Simple,
    /// `result/detail`
    Detail,
    /// `result/stat`
    Stat,
    /// `result/media/query`
    MediaQuery,
    /// `result/getall`
    GetAll,
}

impl Endpoint {
    /// Every endpoint with its path below `/rpc/2.0/brain/solution/faceprint/` and its name in
    /// counts.
    pub(crate) const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::GetAll, "result/getall", "getall"),
        (Self::MediaQuery, "result/media/query", "media"),
        (Self::Detail, "result/detail", "detail"),
        (Self::Simple, "result/simple", "simple"),
        (Self::Stat, "result/stat", "stat"),
        (Self::Generate, "verifyToken/generate", "generate"),
        (Self::Submit, "idcard/submit", "submit"),
        (
            Self::UploadMatchImage,
            "uploadMatchImage",
            "upload_match_image",
        ),
    ];

    /// The endpoint at `path`.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == path)
            .map(|(endpoint, _, _)| *endpoint)
    }

    /// Its name in counts.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _, _)| *known == self)
            .map_or("unknown", |(_, _, name)| name)
    }
}

/// An answer in the solution's envelope.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The whole body.
    pub body: Value,
    /// How it is counted.
    pub result: &'static str,
}

impl Answer {
    fn success(world: &World, result: Value) -> Self {
        Self {
            body: json!({"success": true, "result": result, "log_id": log_id(world)}),
            result: "success",
        }
    }

    fn failure(world: &World, code: Value, message: &str, result: &'static str) -> Self {
        let mut body =
            json!({"success": false, "code": code, "message": message, "log_id": log_id(world)});
        if world.options.quirks && world.fresh_dice("null result").happens(30) {
            shape::add(&mut body, "result", Value::Null);
        }
        Self { body, result }
    }

    /// `Token无效或者已过期`, under a code that differs from token to token, since none is published.
    fn refused(world: &World, verify_token: &str) -> Self {
        const CODES: &[i64] = &[283_459, 283_501, 283_503, 283_531];
        let code = CODES
            .get((word(verify_token) % CODES.len() as u64) as usize)
            .copied()
            .unwrap_or(283_501);
        Self::failure(world, json!(code), REFUSED, "refused")
    }

    fn bad_parameter(world: &World, code: i64, message: &str) -> Self {
        Self::failure(world, json!(code), message, "bad_parameter")
    }
}

/// A refusal of the gateway, with or without a log id.
pub(crate) fn gateway(world: &World, refusal: Refusal) -> Value {
    let mut body = json!({"error_code": refusal.code, "error_msg": refusal.message});
    if world.options.quirks && world.fresh_dice("gateway log id").happens(30) {
        shape::add(&mut body, "log_id", log_id(world));
    }
    body
}

pub(super) fn log_id(world: &World) -> Value {
    let mut dice = world.fresh_dice("log id");
    let number = dice.within(1_000_000_000_000_000_000, 9_200_000_000_000_000_000);
    if world.options.quirks && dice.happens(30) {
        json!(number)
    } else {
        json!(number.to_string())
    }
}

/// A query about a token that answers, at one moment.
struct Query<'a> {
    world: &'a World,
    token: &'a Token,
    now_ms: i64,
}

/// Answers `endpoint` to `caller` at `now_ms`, with the body `asked` (an object; anything else
/// counts as empty).
pub(crate) fn answer(
    world: &World,
    now_ms: i64,
    endpoint: Endpoint,
    caller: Caller,
    asked: &Value,
) -> Answer {
    let empty = Map::new();
    let asked = asked.as_object().unwrap_or(&empty);
    let Some(app) = world
        .options
        .apps
        .get(caller.app)
        .map(|app| app.name.as_str())
    else {
        return Answer::bad_parameter(world, 216_100, "invalid param");
    };
    if endpoint == Endpoint::Generate {
        return prepare::generate(world, now_ms, app, asked);
    }
    let Some(verify_token) = asked
        .get("verify_token")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
    else {
        return Answer::bad_parameter(world, 216_101, "not enough param");
    };
    let Some(token) = world.token(verify_token).filter(|token| token.owner == app) else {
        return Answer::refused(world, verify_token);
    };
    let query = Query {
        world,
        token: &token,
        now_ms,
    };
    match endpoint {
        Endpoint::Submit => prepare::submit(&query, asked),
        Endpoint::UploadMatchImage => prepare::upload_match_image(&query, asked),
        _ => results(&query, endpoint),
    }
}

fn results(query: &Query<'_>, endpoint: Endpoint) -> Answer {
    let (world, token) = (query.world, query.token);
    let attempts = match token.standing(&world.options.windows, query.now_ms) {
        Standing::Used(attempts) => attempts,
        Standing::Forgotten => return Answer::refused(world, &token.verify_token),
        Standing::Waiting => return unused(query, endpoint, true),
        Standing::Lapsed => return unused(query, endpoint, false),
    };
    let Some(newest) = attempts.last() else {
        return unused(query, endpoint, true);
    };
    match endpoint {
        Endpoint::GetAll => getall::answer(query, attempts),
        Endpoint::MediaQuery => media_query::answer(query, attempts),
        Endpoint::Stat => stat::answer(query, attempts),
        Endpoint::Detail if newest.verdict.passed() => detail::answer(query, newest),
        Endpoint::Simple if newest.verdict.passed() => simple::answer(query),
        _ => {
            let code = shape::Shape::of(query)
                .number("failed code", newest.verdict.code.parse().unwrap_or(0));
            Answer::failure(world, code, newest.verdict.message, "not_passed")
        }
    }
}

fn unused(query: &Query<'_>, endpoint: Endpoint, window_open: bool) -> Answer {
    let not_yet = || Answer::failure(query.world, json!(NOT_YET.0), NOT_YET.1, "not_yet");
    match query.world.options.unused_answer {
        UnusedAnswer::EmptySuccess if endpoint == Endpoint::GetAll => getall::empty(query),
        UnusedAnswer::EmptySuccess | UnusedAnswer::NotYet => not_yet(),
        UnusedAnswer::NotYetThenRefused if window_open => not_yet(),
        UnusedAnswer::NotYetThenRefused | UnusedAnswer::Refused => {
            Answer::refused(query.world, &query.token.verify_token)
        }
    }
}
