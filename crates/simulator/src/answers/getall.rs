//! `result/getall`: every attempt, the failed ones too (section 二.5).

use serde_json::{Map, Value, json};

use crate::{
    facts::{self, Facts},
    media::{self, Kind, Medium},
    token::Attempt,
};

use super::{
    Answer, Query,
    shape::{Shape, add, members},
};

/// The answer about a token nobody has used, where such tokens have one.
pub(super) fn empty(query: &Query<'_>) -> Answer {
    let list = if Shape::of(query).has("null list", 30) {
        Value::Null
    } else {
        json!([])
    };
    let result = json!({
        "verify_count": 0, "ocr_charge_count": 0, "match_charge_count": 0, "verify_charge_count": 0,
        "verify_result": list,
    });
    Answer {
        result: "empty",
        ..Answer::success(query.world, result)
    }
}

/// The answer about a token with `attempts`.
pub(super) fn answer(query: &Query<'_>, attempts: &[Attempt]) -> Answer {
    let shape = Shape::of(query);
    let all: Vec<(&Attempt, Facts)> = attempts
        .iter()
        .map(|attempt| (attempt, facts::of(query.token, attempt)))
        .collect();
    let charged = |kind| {
        all.iter()
            .filter(|(_, facts)| facts.charge_type == Some(kind))
            .count() as i64
    };
    let ocr_charged = all
        .iter()
        .filter(|(_, facts)| facts.ocr_charged == Some(true))
        .count() as i64;
    let mut result = members(json!({
        "verify_count": attempts.len(),
        "ocr_charge_count": ocr_charged,
        "match_charge_count": charged("match"),
        "verify_charge_count": charged("verify"),
    }));
    if shape.has("live charges", 40) {
        result.insert("live_charge_count".to_owned(), json!(charged("live")));
    }
    shape.surprise(&mut result, "result_extra");
    let list: Vec<Value> = all
        .iter()
        .map(|(attempt, facts)| one(query, &shape, attempt, facts))
        .collect();
    result.insert("verify_result".to_owned(), Value::Array(list));

    let demoted = all
        .first()
        .and_then(|(_, facts)| facts.demoted)
        .map(|demoted| json!(demoted));
    let place = demote_place(query, &shape);
    if let (1, Some(flag)) = (place, &demoted) {
        result.insert("is_demote".to_owned(), flag.clone());
    }
    let mut answer = Answer::success(query.world, Value::Object(result));
    if let (2, Some(flag)) = (place, demoted) {
        add(&mut answer.body, "is_demote", flag);
    }
    answer
}

/// 0: in `verify_detail`, 1: in `result`, 2: at the top.
fn demote_place(query: &Query<'_>, shape: &Shape<'_>) -> u64 {
    // Where the flag stands for the whole token there must be only one attempt that it can be
    // about.
    match (query.token.attempts.len(), shape.choice("demote place", 5)) {
        (1, 3) => 1,
        (1, 4) => 2,
        _ => 0,
    }
}

fn one(query: &Query<'_>, shape: &Shape<'_>, attempt: &Attempt, facts: &Facts) -> Value {
    let (world, token) = (query.world, query.token);
    let verdict = attempt.verdict;
    let at = json!(world.wall_time(token, attempt.at_ms));
    let code: i64 = verdict.code.parse().unwrap_or(0);
    let mut one = members(json!({
        "order": attempt.order,
        "code": shape.digits("code", code),
        "message": facts::message(token, attempt, world.options.quirks),
        "is_verify_passed": verdict.passed(),
        "verify_time": at,
        "is_charged": facts.charged,
    }));
    put_charges(&mut one, shape, facts, &at);
    shape.surprise(&mut one, "attempt_extra");
    one.insert(
        "verify_detail".to_owned(),
        verify_detail(query, shape, attempt, facts),
    );
    let mut confirm = members(json!({
        "name": facts.name,
        "idcard_number": facts.id_number,
        "idcard_type": shape.digits("idcard type", i64::from(facts.id_type)),
    }));
    // The table has both beside `idcard_confirm`; both official examples have them inside it.
    let inside = shape.choice("nesting", 2) == 0;
    let holder = if inside { &mut confirm } else { &mut one };
    shape.put(
        holder,
        "idcard_ocr_result",
        token.ocr.then(|| ocr_result(query, shape)),
    );
    shape.put(
        holder,
        "idcard_images",
        token.ocr.then(|| images(query, shape, attempt)),
    );
    one.insert("idcard_confirm".to_owned(), Value::Object(confirm));
    Value::Object(one)
}

fn put_charges(one: &mut Map<String, Value>, shape: &Shape<'_>, facts: &Facts, at: &Value) {
    let charge_type = facts.charge_type.map(|kind| json!(kind));
    shape.put(one, "charge_type", charge_type);
    shape.put(one, "charge_time", facts.charged.then(|| at.clone()));
    let ocr_charged = facts.ocr_charged.map(|charged| json!(charged));
    shape.put(one, "is_ocr_charge", ocr_charged);
    let ocr_count = facts
        .ocr_count
        .map(|count| shape.number("ocr count", i64::from(count)));
    shape.put(one, "ocr_count", ocr_count);
    let ocr_charged_at = facts.ocr_charged.filter(|charged| *charged);
    shape.put(one, "ocr_charge_time", ocr_charged_at.map(|_| at.clone()));
}

fn verify_detail(query: &Query<'_>, shape: &Shape<'_>, attempt: &Attempt, facts: &Facts) -> Value {
    let mut detail = Map::new();
    let face = attempt.verdict.face.then(|| match &query.token.face_url {
        Some(url) => json!(url),
        None => json!(url(query, attempt, Kind::Face)),
    });
    let log_id = facts
        .verify_log_id
        .as_ref()
        .map(|digits| match digits.parse::<i64>() {
            Ok(number) if shape.has("log id number", 15) => json!(number),
            _ => json!(digits),
        });
    let whole = facts.threshold.fract() == 0.0 && shape.has("whole threshold", 50);
    let threshold = if whole {
        json!(facts.threshold as i64)
    } else {
        json!(facts.threshold)
    };
    shape.put(&mut detail, "face_image", face);
    shape.put(&mut detail, "verify_log_id", log_id);
    shape.put(&mut detail, "score", facts.score.map(|score| json!(score)));
    shape.put(&mut detail, "threshold", Some(threshold));
    shape.put(
        &mut detail,
        "liveness_score",
        facts.liveness_score.map(|score| json!(score)),
    );
    shape.put(
        &mut detail,
        "spoofing_score",
        facts.spoofing_score.map(|score| json!(score)),
    );
    let level = facts
        .risk_level
        .map(|level| shape.digits("risk level", i64::from(level)));
    shape.put(&mut detail, "risk_level", level);
    shape.put(
        &mut detail,
        "risk_tag",
        facts.risk_tag.map(|tag| json!(tag)),
    );
    if demote_place(query, shape) == 0 {
        shape.put(
            &mut detail,
            "is_demote",
            facts.demoted.map(|demoted| json!(demoted)),
        );
    }
    if shape.has("app flag", 40) {
        detail.insert("app".to_owned(), json!(true));
    }
    Value::Object(detail)
}

fn ocr_result(query: &Query<'_>, shape: &Shape<'_>) -> Value {
    let person = query.token.person();
    let day = |compact: &str| match (compact.get(..4), compact.get(4..6), compact.get(6..8)) {
        (Some(year), Some(month), Some(day)) if shape.choice("day form", 2) == 1 => {
            format!("{year}-{month}-{day} 00:00:00")
        }
        _ => compact.to_owned(),
    };
    let mut ocr = members(json!({
        "name": person.name,
        "idcard_number": person.id_number,
        "idcard_type": shape.digits("idcard type", 0),
        "address": person.address,
        "birthday": day(&person.birthday),
        "gender": person.gender,
        "nation": person.nation,
    }));
    // These three stand on the back.
    let back = media::has_id_back(query.token);
    shape.put(
        &mut ocr,
        "issue_time",
        back.then(|| json!(day(&person.issued_on))),
    );
    shape.put(
        &mut ocr,
        "expire_time",
        back.then(|| json!(day(&person.expires_on))),
    );
    shape.put(
        &mut ocr,
        "issue_authority",
        back.then(|| json!(person.issue_authority)),
    );
    Value::Object(ocr)
}

fn images(query: &Query<'_>, shape: &Shape<'_>, attempt: &Attempt) -> Value {
    let mut images = members(json!({"front_image": url(query, attempt, Kind::IdFront)}));
    let back = media::has_id_back(query.token).then(|| json!(url(query, attempt, Kind::IdBack)));
    shape.put(&mut images, "back_image", back);
    Value::Object(images)
}

fn url(query: &Query<'_>, attempt: &Attempt, kind: Kind) -> String {
    query.world.media_url(
        &Medium {
            token: query.token.index,
            attempt: attempt.order,
            kind,
            position: 0,
        },
        query.now_ms,
    )
}
