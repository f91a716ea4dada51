//! The shape of every answer.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use simulator::{Kind, Life, LifeSpec, Options, Pace, Video, Windows};

use super::{Bench, REFUSED, options, passed, sha256, urls};

#[tokio::test]
async fn getall_has_every_field_the_table_requires() {
    let bench = Bench::with(Options {
        quirks: false,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let answer = bench.about("result/getall", &token).await;
    assert_eq!(answer["success"], true);
    assert_eq!(answer["log_id"].as_str().unwrap().len(), 19);
    let result = &answer["result"];
    assert_eq!(
        (&result["verify_count"], &result["verify_charge_count"]),
        (&json!(1), &json!(1))
    );
    let one = &result["verify_result"][0];
    assert_eq!(
        (&one["order"], &one["code"], &one["message"]),
        (&json!(1), &json!("0"), &json!("核验成功"))
    );
    assert_eq!(
        (&one["is_verify_passed"], &one["is_charged"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&one["charge_type"], &one["charge_time"]),
        (&json!("verify"), &one["verify_time"])
    );
    for field in ["face_image", "verify_log_id", "score", "threshold"] {
        assert!(!one["verify_detail"][field].is_null(), "{field}");
    }
    let confirm = &one["idcard_confirm"];
    assert_eq!(confirm["idcard_type"], "0");
    let truth = bench.simulator.truth();
    let truth = truth.token(&token.verify_token).unwrap();
    assert_eq!(confirm["name"], truth.attempts[0].facts.name);
    assert_eq!(confirm["idcard_number"], truth.attempts[0].facts.id_number);
    for field in [
        "address",
        "birthday",
        "name",
        "idcard_number",
        "gender",
        "nation",
    ] {
        assert!(confirm["idcard_ocr_result"][field].is_string(), "{field}");
    }
    assert!(confirm["idcard_images"]["front_image"].is_string());
}

#[tokio::test]
async fn detail_simple_stat_and_media_have_the_shapes_of_their_tables() {
    let bench = Bench::with(Options {
        quirks: false,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let detail = bench.about("result/detail", &token).await["result"].clone();
    assert!(
        detail["verify_result"]["score"].is_f64()
            && detail["verify_result"]["liveness_score"].is_f64()
    );
    assert_eq!(
        detail["idcard_ocr_result"]["id_card_number"],
        detail["idcard_confirm"]["idcard_number"]
    );
    let front = STANDARD
        .decode(detail["idcard_images"]["front_base64"].as_str().unwrap())
        .unwrap();
    let media = bench.media(&token);
    let known = media
        .iter()
        .find(|medium| medium.kind == Kind::IdFront)
        .unwrap();
    assert_eq!(
        (sha256(&front), known.served_by),
        (known.sha256.clone(), ["getall", "detail"].as_slice())
    );

    let simple = bench.about("result/simple", &token).await;
    let image = simple["result"]["image"].as_str().unwrap();
    assert!(image.ends_with(&format!(
        "/solution/faceprint/image/query?verify_token={}",
        token.verify_token
    )));
    let face = bench.get(image).await.bytes().await.unwrap();
    assert!(
        media
            .iter()
            .any(|medium| medium.kind == Kind::FinalFace && medium.sha256 == sha256(&face))
    );

    let stat = bench.about("result/stat", &token).await["result"].clone();
    assert_eq!(stat["Verify_FIN"], json!([{"error_code": "0", "count": 1}]));

    let media = bench.about("result/media/query", &token).await["result"].clone();
    assert_eq!(media["processVideo"].as_array().unwrap().len(), 1);
    assert_eq!(media["images"].as_array().unwrap().len(), 4);
    assert!(media.get("video").is_none() && media["extInfo"].is_null());
}

#[tokio::test]
async fn media_query_follows_what_was_ordered_and_never_gives_both_lists() {
    let bench = Bench::with(options()).await;
    for (video, name, videos, images) in [
        (Video::One, "processVideo", 1, 4),
        (Video::Two, "processVideo", 2, 4),
        (Video::Recorded, "video", 1, 0),
    ] {
        let token = bench.lived(LifeSpec {
            video: Some(video),
            ..passed()
        });
        let result = bench.about("result/media/query", &token).await["result"].clone();
        assert_eq!(result[name].as_array().unwrap().len(), videos, "{video:?}");
        assert_eq!(urls(&result).len(), videos + images, "{video:?}");
        assert!(result.get("video").is_none() || result.get("processVideo").is_none());
    }
    let none = bench.lived(LifeSpec {
        video: Some(Video::None),
        ..passed()
    });
    let answer = bench.about("result/media/query", &none).await;
    assert_eq!((&answer["success"], urls(&answer).len()), (&json!(true), 0));
}

#[tokio::test]
async fn failed_attempts_show_in_getall_and_as_a_failure_elsewhere() {
    let bench = Bench::with(options()).await;
    let token = bench.lived(LifeSpec {
        attempts: Some(3),
        ..LifeSpec::of(Life::Failed, 1)
    });
    let all = bench.about("result/getall", &token).await;
    assert_eq!(
        (&all["success"], &all["result"]["verify_count"]),
        (&json!(true), &json!(3))
    );
    assert!(
        all["result"]["verify_result"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["is_verify_passed"] == false)
    );
    for path in ["result/detail", "result/simple"] {
        let answer = bench.about(path, &token).await;
        assert_eq!(answer["success"], false);
        assert!(
            !answer["code"].is_null() && answer["message"] != REFUSED,
            "{path}"
        );
    }
}

#[tokio::test]
async fn quirks_differ_between_tokens_and_stay_with_each() {
    let bench = Bench::with(options()).await;
    let tokens = bench.simulator.create(
        "demo",
        &[LifeSpec {
            issued_ago_ms: Some(Windows::default().verify_ms),
            ..LifeSpec {
                count: 60,
                ..passed()
            }
        }],
    );
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut log_ids = BTreeSet::new();
    for token in &tokens {
        let (first, second) = (
            bench.about("result/getall", token).await,
            bench.about("result/getall", token).await,
        );
        assert!(
            log_ids.insert(first["log_id"].to_string())
                && log_ids.insert(second["log_id"].to_string())
        );
        seen.insert(if first["log_id"].is_i64() {
            "log id as number"
        } else {
            "log id as text"
        });
        let one = &first["result"]["verify_result"][0];
        assert_eq!(
            one["verify_detail"]["score"],
            second["result"]["verify_result"][0]["verify_detail"]["score"]
        );
        assert_eq!(
            one["verify_time"],
            second["result"]["verify_result"][0]["verify_time"]
        );
        let inside = one["idcard_confirm"].get("idcard_ocr_result").is_some();
        seen.insert(if inside { "inside" } else { "beside" });
        assert_ne!(inside, one.get("idcard_ocr_result").is_some());
        seen.insert(if one["code"].is_string() {
            "code as text"
        } else {
            "code as number"
        });
        let expires =
            if inside { &one["idcard_confirm"] } else { one }["idcard_ocr_result"]["expire_time"]
                .clone();
        if expires == "长期" {
            seen.insert("no end");
        }
        match one["verify_detail"].get("spoofing_score") {
            None => seen.insert("missing"),
            Some(Value::Null) => seen.insert("null"),
            Some(Value::String(text)) if text.is_empty() => seen.insert("empty"),
            Some(_) => false,
        };
        if first.get("is_demote").is_some() {
            seen.insert("demote at the top");
        }
        if first["result"].get("is_demote").is_some() {
            seen.insert("demote in result");
        }
        if one["verify_detail"]
            .get("is_demote")
            .is_some_and(Value::is_boolean)
        {
            seen.insert("demote in detail");
        }
        if first["result"].get("live_charge_count").is_some() {
            seen.insert("live counter");
        }
        if first["result"]
            .as_object()
            .unwrap()
            .keys()
            .any(|key| key.starts_with("x_"))
        {
            seen.insert("unknown field");
        }
        let stat = bench.about("result/stat", token).await;
        if stat["result"]
            .as_object()
            .unwrap()
            .keys()
            .any(|key| !key.is_ascii())
        {
            seen.insert("chinese keys");
        }
    }
    let expected = [
        "log id as number",
        "log id as text",
        "inside",
        "beside",
        "code as text",
        "code as number",
        "no end",
        "missing",
        "null",
        "empty",
        "demote at the top",
        "demote in result",
        "demote in detail",
        "live counter",
        "unknown field",
        "chinese keys",
    ];
    assert_eq!(seen, expected.into_iter().collect());
}

#[tokio::test]
async fn generate_submit_and_upload_prepare_a_token() {
    let bench = Bench::with(Options {
        pace: Pace::AtOnce,
        quirks: false,
        ..options()
    })
    .await;
    let generated = bench
        .post(
            "verifyToken/generate",
            json!({"plan_id": "passed,no-ocr,video=none"}),
        )
        .await;
    let verify_token = generated["result"]["verify_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(verify_token.len(), 24);
    let identity =
        json!({"verify_token": verify_token, "id_name": "张三", "id_no": "990000199001011237"});
    assert_eq!(bench.post("idcard/submit", identity).await["result"], 1);
    let upload = |image: &str| json!({"verify_token": verify_token, "image": image, "quality_control": "LOW"});
    let uploaded = bench
        .post("uploadMatchImage", upload("/9j/4AAQSkZJRgABAQAAAQABAAD/"))
        .await;
    assert_eq!(
        (&uploaded["success"], &uploaded["result"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        bench.post("uploadMatchImage", upload("not base64!")).await["code"],
        216_100
    );

    let answer = bench
        .post("result/getall", json!({"verify_token": verify_token}))
        .await;
    let one = &answer["result"]["verify_result"][0];
    assert_eq!(one["idcard_confirm"]["name"], "张三");
    assert_eq!(
        (&one["charge_type"], &answer["result"]["match_charge_count"]),
        (&json!("match"), &json!(1))
    );

    assert_eq!(
        bench
            .post("verifyToken/generate", json!({"plan_id": 10086}))
            .await["success"],
        true
    );
    assert_eq!(
        bench.post("verifyToken/generate", json!({})).await["code"],
        216_101
    );
    assert_eq!(
        bench
            .post("verifyToken/generate", json!({"plan_id": "no-such-plan"}))
            .await["code"],
        283_435
    );
}
