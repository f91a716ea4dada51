//! What is called before the verification: `verifyToken/generate`, `idcard/submit`,
//! `uploadMatchImage` (section 一).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::{life::LifeSpec, token::Submitted, world::World};

use super::{Answer, Query};

const IMAGE_BYTES_MAX: usize = 10 << 20;

/// Generates a token. The plan says which life it has (see [`LifeSpec::of_plan`]); `no-such-plan`
/// does not exist.
pub(super) fn generate(
    world: &World,
    now_ms: i64,
    app: &str,
    asked: &Map<String, Value>,
) -> Answer {
    let plan_id = match asked.get("plan_id") {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Answer::bad_parameter(world, 216_101, "not enough param"),
    };
    if plan_id == "no-such-plan" {
        return Answer::bad_parameter(world, 283_435, "方案不存在");
    }
    match world
        .create(
            now_ms,
            app,
            &LifeSpec {
                count: 1,
                ..LifeSpec::of_plan(&plan_id)
            },
        )
        .first()
    {
        Some(token) => Answer::success(world, json!({"verify_token": token.verify_token})),
        None => Answer::bad_parameter(world, 216_100, "invalid param"),
    }
}

/// Takes an identity. Unlike the real one it takes it as long as the window is open, even after a
/// quick attempt, so that windows of seconds stay usable.
pub(super) fn submit(query: &Query<'_>, asked: &Map<String, Value>) -> Answer {
    let text = |name| {
        asked
            .get(name)
            .and_then(Value::as_str)
            .filter(|text: &&str| !text.is_empty())
    };
    let (Some(name), Some(id_number)) = (text("id_name"), text("id_no")) else {
        return Answer::bad_parameter(query.world, 216_101, "not enough param");
    };
    let certificate_type = match asked.get("certificate_type") {
        None | Some(Value::Null) => Some(0),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let Some(certificate_type) = certificate_type.filter(|number| *number <= 5) else {
        return Answer::bad_parameter(query.world, 216_100, "invalid param");
    };
    if !window_open(query) {
        return Answer::refused(query.world, &query.token.verify_token);
    }
    // A second identity for the same token changes nothing, as the page may already show the first.
    let _ = query.token.submitted.set(Submitted {
        name: name.to_owned(),
        id_number: id_number.to_owned(),
        certificate_type: certificate_type as u8,
    });
    Answer::success(query.world, json!(1))
}

/// Takes an image to compare with: base64 of at most 10 MB.
pub(super) fn upload_match_image(query: &Query<'_>, asked: &Map<String, Value>) -> Answer {
    let image = asked
        .get("image")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if image.is_empty() {
        return Answer::bad_parameter(query.world, 216_101, "not enough param");
    }
    let controls = ["quality_control", "liveness_control"]
        .into_iter()
        .filter_map(|name| asked.get(name));
    let known = |value: &Value| matches!(value.as_str(), Some("NONE" | "LOW" | "NORMAL" | "HIGH"));
    let fits = STANDARD
        .decode(image)
        .is_ok_and(|bytes| !bytes.is_empty() && bytes.len() <= IMAGE_BYTES_MAX);
    if !fits || !controls.into_iter().all(known) {
        return Answer::bad_parameter(query.world, 216_100, "invalid param");
    }
    if !window_open(query) {
        return Answer::refused(query.world, &query.token.verify_token);
    }
    query.token.upload_match_image();
    Answer::success(query.world, Value::Null)
}

fn window_open(query: &Query<'_>) -> bool {
    query.now_ms < query.token.window_closes_ms(&query.world.options.windows)
}
