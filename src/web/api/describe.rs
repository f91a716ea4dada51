//! `GET /v1/openapi.json`: what can be asked, for programs. It is made of the very routes that answer,
//! so that none can be forgotten; what may be answered to every call is added to each here.

use axum::{
    body::Bytes,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema as _,
    openapi::{Components, Info, OpenApi, Server},
};

use super::{problem::Problem, shapes};

/// The description, as it is sent.
#[derive(Clone)]
pub(super) struct Description(Bytes);

/// The description of the calls, for programs that read OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "description", security(()),
    responses((status = 200, description = "This description.", body = serde_json::Value))
)]
pub(super) async fn openapi(State(description): State<Description>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, description.0).into_response()
}

const ABOUT: &str = "What the systems around an archive ask of it. Every call but this description \
shows a key, `Authorization: Bearer vk_…` (`verikeep key create`), that has the scope the call names. \
Problems are RFC 9457. `X-Request-Id` comes back as it was sent, else a fresh one. A path that is not \
there is 404, another method 405. docs/api.md has all of it.";

/// The description of these calls, which lie below `/v1`.
pub(super) fn describe(calls: Vec<OpenApi>) -> Description {
    let mut whole = OpenApi::new(
        Info::new("Verikeep", env!("CARGO_PKG_VERSION")),
        utoipa::openapi::Paths::new(),
    );
    whole.info.description = Some(ABOUT.to_owned());
    whole.servers = Some(vec![Server::new("/")]);
    whole.components = Some(
        Components::builder()
            .schema_from::<Problem>()
            .schema_from::<shapes::State>()
            .schema_from::<shapes::Cause>()
            .build(),
    );
    for calls in calls {
        whole = whole.nest("/v1", calls);
    }
    let mut whole = serde_json::to_value(whole).unwrap_or_default();
    complete(&mut whole);
    Description(whole.to_string().into())
}

/// Adds what is the same for every call.
fn complete(whole: &mut Value) {
    let answers = COMMON
        .iter()
        .map(|common| (common.1.to_owned(), common.answer()));
    let answers = Value::Object(answers.collect());
    let key = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "vk_<id>_<secret>",
        "description": "A key of `verikeep key create`. Each call names the scope it wants." });
    if let Some(components) = whole.pointer_mut("/components") {
        put(components, "responses", answers);
        put(components, "securitySchemes", json!({ "key": key }));
    }
    let paths = whole.pointer_mut("/paths").and_then(Value::as_object_mut);
    let paths = paths.into_iter().flat_map(Map::values_mut);
    let methods = paths
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for call in methods {
        let keyed = call["security"] != json!([{}]);
        let has_body = call.get("requestBody").is_some();
        let of = |place: &str| {
            let mut told = call["parameters"].as_array().into_iter().flatten();
            told.any(|one| one["in"] == place)
        };
        let (in_path, in_query) = (of("path"), of("query"));
        for common in COMMON {
            let applies = match common.3 {
                When::Always => true,
                When::Keyed => keyed,
                When::Body => has_body,
                When::Told => has_body || in_query,
                When::Named => in_path,
            };
            if let Some(answers) = call.get_mut("responses").filter(|_| applies) {
                let name = format!("#/components/responses/{}", common.1);
                put(answers, common.0, json!({ "$ref": name }));
            }
        }
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// Which calls get an answer.
#[derive(Clone, Copy)]
enum When {
    Always,
    Keyed,
    Body,
    Told,
    Named,
}

/// An answer: its status, its name, what it means, and to which calls.
struct Common(&'static str, &'static str, &'static str, When);

const COMMON: &[Common] = &[
    Common(
        "400",
        "NoRequest",
        "What came is no request of HTTP/1.1. Nothing else is said.",
        When::Always,
    ),
    Common("401", "NoKey", "No key, or none that is good.", When::Keyed),
    Common(
        "403",
        "Forbidden",
        "The key lacks the scope, or is not for that app.",
        When::Keyed,
    ),
    Common(
        "404",
        "NotFound",
        "Nothing there, as far as this key may know.",
        When::Named,
    ),
    Common(
        "408",
        "TooSlow",
        "The body did not come to its end in time.",
        When::Body,
    ),
    Common(
        "413",
        "TooLarge",
        "More than 16 MiB, or more items than one request may have.",
        When::Body,
    ),
    Common(
        "421",
        "Misdirected",
        "Asked by a name that is not in http.hosts.",
        When::Always,
    ),
    Common(
        "422",
        "Wrong",
        "What was sent is wrong; `field` says where, if it is one field.",
        When::Told,
    ),
    Common(
        "429",
        "TooOften",
        "Asked too often: repeat it after Retry-After.",
        When::Keyed,
    ),
    Common(
        "431",
        "HeadTooLarge",
        "The head has more than 16 KiB or 100 headers. Nothing else is said.",
        When::Always,
    ),
    Common(
        "503",
        "Away",
        "Something this depends on is away: repeat it after Retry-After, it is safe.",
        When::Keyed,
    ),
];

impl Common {
    fn answer(&self) -> Value {
        let Self(status, _, about, _) = self;
        let mut answer = json!({ "description": about });
        if matches!(*status, "400" | "431") {
            return answer;
        }
        let schema = json!({ "$ref": format!("#/components/schemas/{}", Problem::name()) });
        put(
            &mut answer,
            "content",
            json!({ "application/problem+json": { "schema": schema } }),
        );
        let header = match *status {
            "401" => ("WWW-Authenticate", json!({ "type": "string" })),
            "429" | "503" => ("Retry-After", json!({ "type": "integer", "minimum": 1 })),
            _ => return answer,
        };
        put(
            &mut answer,
            "headers",
            json!({ header.0: { "schema": header.1, "required": true } }),
        );
        answer
    }
}
