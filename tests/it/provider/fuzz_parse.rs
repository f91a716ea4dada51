//! Parsers against bytes nobody would send: arbitrary ones, arbitrary JSON, and damaged fixtures.
//! The same with more time: `cargo run --release --example fuzz_parse -- tests/fixtures/answers 60
//! 1`.

use proptest::prelude::*;
use serde_json::Value;

#[path = "../../../examples/fuzz_parse/damage.rs"]
mod damage;

use damage::{damage, parse_all};

const FIXTURES: [&[u8]; 12] = [
    include_bytes!("../../fixtures/answers/getall-sample-2024.json"),
    include_bytes!("../../fixtures/answers/getall-documented.json"),
    include_bytes!("../../fixtures/answers/getall-failed-then-passed.json"),
    include_bytes!("../../fixtures/answers/detail-documented.json"),
    include_bytes!("../../fixtures/answers/detail-inline-images.json"),
    include_bytes!("../../fixtures/answers/media-documented.json"),
    include_bytes!("../../fixtures/answers/simple-documented.json"),
    include_bytes!("../../fixtures/answers/stat.json"),
    include_bytes!("../../fixtures/answers/generate-documented.json"),
    include_bytes!("../../fixtures/answers/refused.json"),
    include_bytes!("../../fixtures/answers/gateway-qps.json"),
    include_bytes!("../../fixtures/answers/oauth-refused.json"),
];

/// JSON whose keys are often ones a parser looks for.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "0",
            "1",
            "true",
            "null",
            "[",
            "[1",
            "2024-1-1",
            "2023-6-20 18:00:00",
            "9223372036854775808",
            "1e999",
            "data:,",
            "====",
            "长期"
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "success",
        "result",
        "code",
        "message",
        "error",
        "error_code",
        "log_id",
        "verify_result",
        "verify_count",
        "order",
        "is_verify_passed",
        "verify_time",
        "verify_detail",
        "face_image",
        "idcard_confirm",
        "idcard_images",
        "idcard_ocr_result",
        "front_image",
        "front_base64",
        "processVideo",
        "video",
        "images",
        "extInfo",
        "image",
        "url",
        "count",
        "is_demote",
        "verify_token",
        "score",
        "x",
    ]);
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_a_parser_stumble(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        parse_all(&bytes);
    }

    #[test]
    fn no_json_makes_a_parser_stumble(result in json()) {
        parse_all(result.to_string().as_bytes());
        parse_all(format!(r#"{{"success":true,"result":{result}}}"#).as_bytes());
        parse_all(format!(r#"{{"success":true,"result":{{"verify_result":[{result}],"idcard_images":{result}}}}}"#).as_bytes());
    }

    #[test]
    fn no_damage_to_an_answer_makes_a_parser_stumble(which in 0..FIXTURES.len(), seed in any::<u64>(), times in 1_usize..8) {
        parse_all(&damage(FIXTURES[which], seed, times));
    }
}

#[test]
fn deep_nesting_is_no_trouble() {
    for open in [
        "[",
        "{\"result\":",
        "{\"success\":true,\"result\":{\"verify_result\":[",
    ] {
        parse_all(open.repeat(100_000).as_bytes());
    }
}
