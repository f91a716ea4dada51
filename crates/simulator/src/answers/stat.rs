//! `result/stat`: how often each back end answered with which code; the keys vary with the age of
//! the API (section 二.3, whose example is not valid JSON).

use serde_json::{Map, Value, json};

use crate::token::Attempt;

use super::{Answer, Query, shape::Shape};

const KEYS: &[&str] = &[
    "Verify_FIN",
    "Sessioncode",
    "OCR",
    "verify",
    "VideoLiveness",
    "Livenesscolorful",
    "VerifySec",
];
const OLD_KEYS: &[&str] = &[
    "人脸实名认证",
    "随机校验码",
    "身份证识别",
    "verify",
    "视频活体检测",
    "炫瞳活体检测",
];

/// The answer about a token with `attempts`.
pub(super) fn answer(query: &Query<'_>, attempts: &[Attempt]) -> Answer {
    let shape = Shape::of(query);
    let keys = if shape.has("old keys", 40) {
        OLD_KEYS
    } else {
        KEYS
    };
    let mut codes: Vec<(i64, i64)> = Vec::new();
    for attempt in attempts {
        let code = attempt.verdict.code.parse().unwrap_or(0);
        match codes.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => codes.push((code, 1)),
        }
    }
    let counts: Vec<Value> = codes
        .into_iter()
        .map(|(code, count)| {
            let count = shape.number("stat count", count);
            json!({"error_code": shape.digits("stat code", code), "count": count})
        })
        .collect();
    let result: Map<String, Value> = keys
        .iter()
        .filter(|key| !shape.has(&format!("no {key}"), 30))
        .map(|key| {
            (
                (*key).to_owned(),
                if shape.has(key, 20) {
                    json!([])
                } else {
                    json!(counts)
                },
            )
        })
        .collect();
    Answer::success(query.world, Value::Object(result))
}
