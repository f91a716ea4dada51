//! `result/simple`: where the final face can be fetched; passed tokens alone (section 二.1).

use serde_json::json;

use super::{Answer, Query};

/// The answer about a token whose newest attempt passed.
pub(super) fn answer(query: &Query<'_>) -> Answer {
    Answer::success(
        query.world,
        json!({"image": query.world.final_face_url(query.token)}),
    )
}
