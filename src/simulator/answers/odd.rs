//! Answers that no document describes.

use serde_json::{Value, json};

use super::{Endpoint, log_id};
use crate::simulator::world::World;

/// How many media [`many_urls`] lists.
const MANY: usize = 122_880;

/// A failure under a code that nobody explains.
pub fn unknown_code(world: &World) -> Value {
    json!({"success": false, "code": 283_999, "message": "系统繁忙", "log_id": log_id(world)})
}

/// No media yet, and why.
pub fn processing(world: &World) -> Value {
    json!({"success": true, "result": {"processVideo": [], "images": null, "extInfo": "processing"}, "log_id": log_id(world)})
}

/// More media than any person has.
pub fn many_urls(world: &World, endpoint: Endpoint) -> Value {
    let urls = || vec!["https://a.bcebos.com/v1/b/c"; MANY];
    let result = match endpoint {
        Endpoint::MediaQuery => json!({"images": urls()}),
        _ => {
            let attempt =
                |order: usize| json!({"order": order, "code": "0", "is_verify_passed": true, "verify_detail": {"face_image": "https://a.bcebos.com/v1/b/c"}});
            json!({"verify_count": MANY, "verify_result": (1..=MANY).map(attempt).collect::<Vec<_>>()})
        }
    };
    json!({"success": true, "result": result, "log_id": log_id(world)})
}
