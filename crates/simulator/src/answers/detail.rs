//! `result/detail`: OCR fields, ID card images inline, scores and the confirmed identity; passed
//! tokens alone (section 二.2).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    facts,
    media::{self, Kind, Medium},
    token::Attempt,
};

use super::{
    Answer, Query,
    shape::{Shape, add, members},
};

/// The answer about a token whose newest attempt, `passed`, passed.
pub(super) fn answer(query: &Query<'_>, passed: &Attempt) -> Answer {
    let shape = Shape::of(query);
    let token = query.token;
    let facts = facts::of(token, passed);
    let mut verify = members(
        json!({"score": facts.score, "liveness_score": facts.liveness_score.unwrap_or(0.0)}),
    );
    shape.put(
        &mut verify,
        "spoofing",
        facts.spoofing_score.map(|score| json!(score)),
    );
    let mut result =
        members(json!({"idcard_confirm": {"name": facts.name, "idcard_number": facts.id_number}}));
    shape.put(
        &mut result,
        "idcard_ocr_result",
        token.ocr.then(|| ocr_result(query, &shape)),
    );
    shape.put(
        &mut result,
        "idcard_images",
        token.ocr.then(|| images(query, &shape, passed)),
    );
    shape.surprise(&mut result, "detail_extra");
    let place = shape.choice("detail demote place", 3);
    let demoted = facts.demoted.map(|demoted| json!(demoted));
    match (place, &demoted) {
        (1, Some(flag)) => _ = result.insert("is_demote".to_owned(), flag.clone()),
        (2, Some(flag)) => _ = verify.insert("is_demote".to_owned(), flag.clone()),
        _ => {}
    }
    result.insert("verify_result".to_owned(), Value::Object(verify));
    let mut answer = Answer::success(query.world, Value::Object(result));
    if let (0, Some(flag)) = (place, demoted) {
        add(&mut answer.body, "is_demote", flag);
    }
    answer
}

fn ocr_result(query: &Query<'_>, shape: &Shape<'_>) -> Value {
    let person = query.token.person();
    let mut ocr = members(json!({
        "name": person.name,
        "id_card_number": person.id_number,
        "address": person.address,
        "birthday": person.birthday,
        "gender": person.gender,
        "nation": person.nation,
    }));
    let back = media::has_id_back(query.token);
    shape.put(
        &mut ocr,
        "issue_time",
        back.then(|| json!(person.issued_on)),
    );
    shape.put(
        &mut ocr,
        "expire_time",
        back.then(|| json!(person.expires_on)),
    );
    shape.put(
        &mut ocr,
        "issue_authority",
        back.then(|| json!(person.issue_authority)),
    );
    Value::Object(ocr)
}

fn images(query: &Query<'_>, shape: &Shape<'_>, attempt: &Attempt) -> Value {
    let inline = |kind| {
        let medium = Medium {
            token: query.token.index,
            attempt: attempt.order,
            kind,
            position: 0,
        };
        json!(STANDARD.encode(query.world.contents.of(&medium).whole()))
    };
    let mut images = members(json!({"front_base64": inline(Kind::IdFront)}));
    let back = media::has_id_back(query.token).then(|| inline(Kind::IdBack));
    shape.put(&mut images, "back_base64", back);
    Value::Object(images)
}
