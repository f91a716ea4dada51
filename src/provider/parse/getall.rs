//! `result/getall`: every attempt of a verification.

use crate::domain::{
    answer::{Endpoint, Getall, ProviderError},
    attempt::{Attempt, Counts, Identity, OcrIdentity},
    mask::mask_texts,
    media::Kind,
    time::Time,
};

use super::{
    super::tolerant::{Object, Raw, text_of},
    LISTED_MAX, answer, beijing, fields, garbled, listed, secret,
};

/// Reads the attempts, in order; no person stands in their texts ([`mask_texts`]).
///
/// # Errors
/// `Garbled` when the answer, its `result` or its list of attempts is of no known shape; an empty
/// or absent list means no attempt.
pub fn getall(body: &[u8]) -> Result<Getall, ProviderError> {
    let text = text_of(body);
    let (root, result) = answer(Endpoint::Getall, &text)?;
    let Some(result) = fields(Endpoint::Getall, result)? else {
        return Ok(Getall::default());
    };
    let demoted = result
        .boolean("is_demote")
        .or_else(|| root.boolean("is_demote"));
    let counts = Counts {
        verify: result.integer("verify_count"),
        ocr_charge: result.integer("ocr_charge_count"),
        match_charge: result.integer("match_charge_count"),
        verify_charge: result.integer("verify_charge_count"),
        live_charge: result.integer("live_charge_count"),
    };
    let found = match result.get("verify_result") {
        Some(list) => attempts(list, demoted).ok_or_else(|| garbled(Endpoint::Getall))?,
        None => Vec::new(),
    };
    // Attempts that are counted but not listed must not be taken for "nobody tried".
    if found.is_empty() && counts.verify.is_some_and(|count| count > 0) {
        return Err(garbled(Endpoint::Getall));
    }
    let mut attempts = numbered(found);
    attempts.iter_mut().for_each(mask_texts);
    Ok(Getall { counts, attempts })
}

/// An attempt and the `order` it came with.
type Found = (Option<i64>, Attempt);

fn attempts(list: Raw<'_>, demoted: Option<bool>) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    for element in list.elements()? {
        if found.len() > LISTED_MAX {
            return None;
        }
        match element.object() {
            Some(object) => found.push((order(&object), attempt(&object, demoted)?)),
            None if !element.is_something() => {}
            // A list within a text, as some of the provider's answers wrap theirs.
            None => {
                let inner = element.text().filter(|text| text.starts_with('['))?;
                for element in Raw::new(&inner)
                    .elements()?
                    .into_iter()
                    .take(LISTED_MAX + 1)
                {
                    let object = element.object()?;
                    found.push((order(&object), attempt(&object, demoted)?));
                }
            }
        }
    }
    (found.len() <= LISTED_MAX).then_some(found)
}

fn order(object: &Object<'_>) -> Option<i64> {
    object.integer("order").filter(|order| *order > 0)
}

/// Numbers the attempts by `order`, by their place where it is missing. Where that makes two the
/// same, all are numbered anew by order, time and place, so that no attempt hides another and later
/// answers, which only append, give the same numbers.
fn numbered(found: Vec<Found>) -> Vec<Attempt> {
    let mut attempts: Vec<Attempt> = found
        .into_iter()
        .zip(1..)
        .map(|((order, attempt), place)| Attempt {
            attempt_no: order.unwrap_or(place),
            ..attempt
        })
        .collect();
    attempts.sort_by_key(|attempt| (attempt.attempt_no, attempt.verified_at));
    let is_unique = attempts
        .iter()
        .zip(attempts.iter().skip(1))
        .all(|(one, next)| one.attempt_no != next.attempt_no);
    if !is_unique {
        for (attempt, place) in attempts.iter_mut().zip(1..) {
            attempt.attempt_no = place;
        }
    }
    attempts
}

/// None when it lists more media than any person has.
fn attempt(object: &Object<'_>, demoted: Option<bool>) -> Option<Attempt> {
    let detail = object.object("verify_detail");
    let detail = detail.as_ref();
    let confirm = object.object("idcard_confirm");
    let confirm = confirm.as_ref();
    let beside_or_inside = |name: &str| {
        object
            .get(name)
            .and_then(filled)
            .or_else(|| confirm?.get(name).and_then(filled))
    };
    let images = beside_or_inside("idcard_images");
    let image = |kind, name| listed(kind, images.as_ref().and_then(|images| images.get(name)));
    let code = object.text("code");
    let mut media = listed(
        Kind::Face,
        detail
            .and_then(|detail| detail.get("face_image"))
            .or_else(|| object.get("face_image")),
    )?;
    media.extend(image(Kind::IdFront, "front_image")?);
    media.extend(image(Kind::IdBack, "back_image")?);
    Some(Attempt {
        attempt_no: 0,
        // The code says the same, should the flag itself be missing: "0" when passed (original,
        // 二.5).
        passed: object
            .boolean("is_verify_passed")
            .or_else(|| code.as_deref().map(|code| code == "0")),
        message: object.text("message"),
        verified_at: time(object, "verify_time"),
        charged: object.boolean("is_charged"),
        charge_type: object.text("charge_type"),
        charged_at: time(object, "charge_time"),
        ocr_charged: object.boolean("is_ocr_charge"),
        ocr_count: object.integer("ocr_count"),
        ocr_charged_at: time(object, "ocr_charge_time"),
        score: detail.and_then(|detail| detail.float("score")),
        threshold: detail.and_then(|detail| detail.float("threshold")),
        liveness_score: detail.and_then(|detail| detail.float("liveness_score")),
        spoofing_score: detail.and_then(|detail| detail.float("spoofing_score")),
        risk_level: detail.and_then(|detail| detail.text("risk_level")),
        risk_tag: detail.and_then(|detail| detail.text("risk_tag")),
        demoted: detail
            .and_then(|detail| detail.boolean("is_demote"))
            .or_else(|| object.boolean("is_demote"))
            .or(demoted),
        verify_log_id: detail.and_then(|detail| detail.text("verify_log_id")),
        confirmed: confirm.map(identity).unwrap_or_default(),
        ocr: beside_or_inside("idcard_ocr_result").map(|ocr| ocr_identity(&ocr)),
        media,
        code,
    })
}

fn filled(raw: Raw<'_>) -> Option<Object<'_>> {
    if raw.is_something() {
        raw.object()
    } else {
        None
    }
}

fn time(object: &Object<'_>, name: &str) -> Option<Time> {
    beijing::instant(&object.get(name)?.text()?)
}

fn identity(object: &Object<'_>) -> Identity {
    Identity {
        id_type: object.text("idcard_type"),
        name: secret(object, "name"),
        id_number: secret(object, "idcard_number").or_else(|| secret(object, "id_card_number")),
    }
}

fn ocr_identity(object: &Object<'_>) -> OcrIdentity {
    OcrIdentity {
        name: secret(object, "name"),
        id_number: secret(object, "idcard_number").or_else(|| secret(object, "id_card_number")),
        id_type: object.text("idcard_type"),
        address: secret(object, "address"),
        birthday: secret(object, "birthday"),
        gender: secret(object, "gender"),
        nation: secret(object, "nation"),
        issued: secret(object, "issue_time"),
        expires: secret(object, "expire_time"),
        authority: secret(object, "issue_authority"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../../../tests/fixtures/answers/getall-sample-2024.json");
    const DOCUMENTED: &[u8] =
        include_bytes!("../../../tests/fixtures/answers/getall-documented.json");
    const BESIDE: &[u8] =
        include_bytes!("../../../tests/fixtures/answers/getall-ocr-beside-confirm.json");
    const RETRIED: &[u8] =
        include_bytes!("../../../tests/fixtures/answers/getall-failed-then-passed.json");

    fn wrap(attempts: &str) -> Vec<u8> {
        format!(r#"{{"success":true,"result":{{"verify_result":{attempts}}},"log_id":1}}"#)
            .into_bytes()
    }

    #[test]
    fn the_real_sample_of_2024_is_read_whole() {
        let all = getall(SAMPLE).unwrap();
        assert_eq!(
            all.counts,
            Counts {
                verify: Some(1),
                ocr_charge: Some(0),
                match_charge: Some(0),
                verify_charge: Some(1),
                live_charge: None
            }
        );
        let [attempt] = all.attempts.as_slice() else {
            panic!("one attempt")
        };
        assert_eq!(
            (
                attempt.attempt_no,
                attempt.passed,
                attempt.code.as_deref(),
                attempt.message.as_deref()
            ),
            (1, Some(true), Some("0"), Some("核验成功"))
        );
        assert_eq!(
            attempt.verified_at,
            Time::parse("2024-04-02T08:15:01Z").ok()
        );
        assert_eq!(
            (
                attempt.charged,
                attempt.charge_type.as_deref(),
                attempt.ocr_charged,
                attempt.ocr_count,
                attempt.ocr_charged_at
            ),
            (Some(true), Some("verify"), Some(false), Some(0), None)
        );
        assert_eq!(
            (
                attempt.score,
                attempt.threshold,
                attempt.spoofing_score,
                attempt.demoted
            ),
            (Some(84.400_001_525_878_9), Some(80.0), None, Some(false))
        );
        assert_eq!(
            attempt.verify_log_id.as_deref(),
            Some("1775074433891895605")
        );
        assert_eq!(attempt.confirmed.id_type.as_deref(), Some("0"));
        assert_eq!(attempt.ocr, None);
        assert_eq!(
            attempt
                .media
                .iter()
                .map(|listed| listed.kind)
                .collect::<Vec<_>>(),
            [Kind::Face]
        );
        assert!(
            attempt.media[0]
                .url
                .reveal()
                .contains("authorization=bce-auth-v1%2F")
        );
    }

    #[test]
    fn identity_and_images_are_found_inside_the_confirmation_and_beside_it() {
        let [inside, beside] = [DOCUMENTED, BESIDE].map(|body| getall(body).unwrap());
        assert_eq!(inside, beside);
        let attempt = &inside.attempts[0];
        assert_eq!(
            attempt.ocr.as_ref().and_then(|ocr| ocr.nation.clone()),
            Some("汉族".into())
        );
        assert_eq!(
            attempt
                .media
                .iter()
                .map(|listed| listed.kind)
                .collect::<Vec<_>>(),
            [Kind::Face, Kind::IdFront, Kind::IdBack]
        );
        assert_eq!(
            (attempt.risk_level.as_deref(), attempt.verified_at),
            (Some("1"), Time::parse("2023-10-10T02:10:10Z").ok())
        );
    }

    #[test]
    fn a_failed_attempt_and_a_later_passed_one_are_both_there_in_order() {
        let all = getall(RETRIED).unwrap();
        let facts: Vec<_> = all
            .attempts
            .iter()
            .map(|attempt| {
                (
                    attempt.attempt_no,
                    attempt.passed,
                    attempt.code.as_deref(),
                    attempt.score,
                )
            })
            .collect();
        assert_eq!(
            facts,
            [
                (1, Some(false), Some("222350"), None),
                (2, Some(true), Some("0"), Some(92.1))
            ]
        );
        assert_eq!(
            all.attempts[0].ocr.as_ref().unwrap().id_number,
            all.attempts[1].ocr.as_ref().unwrap().id_number
        );
        assert_eq!(all.counts.live_charge, Some(1));
        assert_eq!(all.attempts[0].charge_type.as_deref(), Some("live"));
    }

    #[test]
    fn attempts_keep_apart_whatever_their_order_says() {
        for (json, expected) in [
            (
                r#"[{"order":2,"code":"b"},{"order":1,"code":"a"}]"#,
                &[(1, "a"), (2, "b")][..],
            ),
            (
                r#"[{"order":"2","code":"b"},{"order":"1","code":"a"}]"#,
                &[(1, "a"), (2, "b")],
            ),
            (r#"[{"code":"a"},{"code":"b"}]"#, &[(1, "a"), (2, "b")]),
            (
                r#"[{"order":1,"code":"a"},{"order":3,"code":"c"}]"#,
                &[(1, "a"), (3, "c")],
            ),
            (
                r#"[{"order":1,"code":"a"},{"order":1,"code":"b"},{"order":2,"code":"c"}]"#,
                &[(1, "a"), (2, "b"), (3, "c")],
            ),
            (
                r#"[{"order":1,"code":"b","verify_time":"2024-1-2 0:0:0"},{"order":1,"code":"a","verify_time":"2024-1-1 0:0:0"}]"#,
                &[(1, "a"), (2, "b")],
            ),
            (
                r#"[{"order":0,"code":"a"},{"order":-1,"code":"b"}]"#,
                &[(1, "a"), (2, "b")],
            ),
            (r#"{"order":1,"code":"a"}"#, &[(1, "a")]),
            (r#"[null,{"order":1,"code":"a"}]"#, &[(1, "a")]),
            (r#""[{\"order\":1,\"code\":\"a\"}]""#, &[(1, "a")]),
        ] {
            let all = getall(&wrap(json)).unwrap();
            let found: Vec<_> = all
                .attempts
                .iter()
                .map(|attempt| (attempt.attempt_no, attempt.code.as_deref().unwrap()))
                .collect();
            assert_eq!(found, expected, "{json}");
        }
    }

    #[test]
    fn no_attempt_is_told_from_a_shape_that_is_not_known() {
        for json in ["null", "[]", "\"\"", "{}"] {
            assert!(getall(&wrap(json)).unwrap().attempts.is_empty(), "{json}");
        }
        for body in [
            r#"{"success":true,"result":null}"#,
            r#"{"success":true,"result":{}}"#,
            r#"{"success":true,"result":""}"#,
            r#"{"result":{"verify_count":0}}"#,
        ] {
            assert!(
                getall(body.as_bytes()).unwrap().attempts.is_empty(),
                "{body}"
            );
        }
        for body in [
            r#"{"success":true}"#,
            r#"{"success":false,"result":{}}"#,
            r#"{"success":true,"result":[1]}"#,
            r#"{"success":true,"result":"later"}"#,
            r#"{"success":true,"result":{"verify_result":5}}"#,
            r#"{"success":true,"result":{"verify_result":["x"]}}"#,
            r#"{"success":true,"result":{"verify_count":1,"verify_result":[]}}"#,
            r#"{"success":true,"result":{"verify_count":"2"}}"#,
        ] {
            assert!(getall(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn more_than_any_person_has_is_garbled() {
        let many = |count: usize| wrap(&format!("[{}]", vec![r#"{"code":"0"}"#; count].join(",")));
        assert_eq!(getall(&many(64)).unwrap().attempts.len(), 64);
        let faces = |count: usize| {
            wrap(&format!(
                r#"[{{"verify_detail":{{"face_image":[{}]}}}}]"#,
                vec![r#""https://h/k""#; count].join(",")
            ))
        };
        assert_eq!(getall(&faces(64)).unwrap().attempts[0].media.len(), 64);
        let inner = wrap(
            &serde_json::Value::from(format!("[{}]", vec![r#"{"code":"0"}"#; 65].join(",")))
                .to_string(),
        );
        for body in [many(65), many(122_880), faces(65), faces(122_880), inner] {
            assert!(getall(&body).is_err(), "{} bytes", body.len());
        }
    }

    #[test]
    fn the_demotion_is_found_wherever_it_stands() {
        for body in [
            r#"{"success":true,"is_demote":true,"result":{"verify_result":[{}]}}"#,
            r#"{"success":true,"result":{"is_demote":"true","verify_result":[{}]}}"#,
            r#"{"success":true,"result":{"verify_result":[{"is_demote":1}]}}"#,
            r#"{"success":true,"is_demote":false,"result":{"verify_result":[{"verify_detail":{"is_demote":true}}]}}"#,
        ] {
            assert_eq!(
                getall(body.as_bytes()).unwrap().attempts[0].demoted,
                Some(true),
                "{body}"
            );
        }
    }

    #[test]
    fn required_fields_that_do_not_arrive_are_none() {
        let all = getall(&wrap(r#"[{"order":1,"is_verify_passed":null,"code":null,"verify_time":"","charge_time":null,"verify_detail":{"score":"","face_image":"","threshold":"80"},"idcard_confirm":null,"idcard_images":{"front_image":null}}]"#)).unwrap();
        let expected = Attempt {
            attempt_no: 1,
            threshold: Some(80.0),
            ..Attempt::default()
        };
        assert_eq!(all.attempts, [expected]);
    }
}
