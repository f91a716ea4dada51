//! Answers that no document describes.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::{Endpoint, log_id};
use crate::world::World;

/// How many media [`many_urls`] lists.
const MANY: usize = 122_880;

/// A failure under a code that nobody explains.
pub(crate) fn unknown_code(world: &World) -> Value {
    json!({"success": false, "code": 283_999, "message": "系统繁忙", "log_id": log_id(world)})
}

/// No media yet, and why.
pub(crate) fn processing(world: &World) -> Value {
    json!({"success": true, "result": {"processVideo": [], "images": null, "extInfo": "processing"}, "log_id": log_id(world)})
}

/// More media than any person has, made once.
pub(crate) fn many_urls(endpoint: Endpoint) -> &'static str {
    static OF_GETALL: OnceLock<String> = OnceLock::new();
    static OF_MEDIA: OnceLock<String> = OnceLock::new();
    let urls = || vec!["https://a.bcebos.com/k"; MANY];
    match endpoint {
        Endpoint::MediaQuery => OF_MEDIA.get_or_init(|| json!({"success": true, "result": {"images": urls()}}).to_string()),
        _ => OF_GETALL.get_or_init(|| {
            let attempt = json!({"order": 1, "code": "0", "is_verify_passed": true, "verify_detail": {"face_image": urls()}});
            json!({"success": true, "result": {"verify_count": 1, "verify_result": [attempt]}}).to_string()
        }),
    }
}
