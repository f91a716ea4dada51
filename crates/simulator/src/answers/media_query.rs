//! `result/media/query`: the video and the liveness images of the newest attempt that left any
//! (section 二.4).

use serde_json::{Map, Value, json};

use crate::{
    media::{self, Kind, MediumLife},
    token::Attempt,
};

use super::{Answer, Query, shape::Shape};

/// The answer about a token with `attempts`.
pub(super) fn answer(query: &Query<'_>, attempts: &[Attempt]) -> Answer {
    let shape = Shape::of(query);
    let windows = &query.world.options.windows;
    let newest = attempts.iter().rev().find_map(|attempt| {
        let lives = media::of_attempt(query.token, attempt, windows);
        let lives: Vec<MediumLife> = lives
            .into_iter()
            .filter(|life| life.served_by.contains(&"media"))
            .collect();
        (!lives.is_empty()).then_some(lives)
    });
    let lives = newest.unwrap_or_default();
    let gone = !lives.is_empty() && lives.iter().all(|life| query.now_ms >= life.until_ms);
    // What happens after the day is over is documented only as "kept for a day".
    if gone && shape.choice("media gone", 2) == 0 {
        return Answer::refused(query.world, &query.token.verify_token);
    }
    let here = |life: &&MediumLife| life.from_ms <= query.now_ms && query.now_ms < life.until_ms;
    let urls = |kind| -> Vec<String> {
        let of_kind = lives
            .iter()
            .filter(|life| life.medium.kind == kind)
            .filter(here);
        of_kind
            .map(|life| query.world.media_url(&life.medium, query.now_ms))
            .collect()
    };
    let mut result = Map::new();
    // Never both: the other one is absent.
    let (name, kind) = if lives.iter().any(|life| life.medium.kind == Kind::Video) {
        ("video", Kind::Video)
    } else {
        ("processVideo", Kind::ProcessVideo)
    };
    list(&shape, &mut result, name, urls(kind));
    list(&shape, &mut result, "images", urls(Kind::LivenessImage));
    shape.put(&mut result, "extInfo", None);
    shape.surprise(&mut result, "media_extra");
    let answer = Answer::success(query.world, Value::Object(result));
    if lives.iter().any(|life| here(&life)) {
        answer
    } else {
        Answer {
            result: "empty",
            ..answer
        }
    }
}

/// A list of URLs; an empty one is `[]`, `null` or missing.
fn list(shape: &Shape<'_>, result: &mut Map<String, Value>, name: &str, urls: Vec<String>) {
    let value = match (urls.is_empty(), shape.choice(name, 3)) {
        (false, _) | (true, 0) => json!(urls),
        (true, 1) => Value::Null,
        _ => return,
    };
    result.insert(name.to_owned(), value);
}
