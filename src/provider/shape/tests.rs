use super::*;

fn shape(endpoint: Endpoint, body: &str) -> Shape {
    of(
        endpoint,
        body.as_bytes(),
        &"cIupeyP51sn28XzxGVTfYqoN".into(),
    )
}

#[test]
fn values_come_out_as_classes() {
    let base64 = format!("\"{}\"", "A".repeat(8192));
    let data = format!("\"data:image/jpeg;base64,{}\"", "A".repeat(100));
    for (json, expected) in [
        ("null", "null"),
        ("true", "bool"),
        ("1", "number, digits(1)"),
        ("1775075543214005842", "number, digits(19)"),
        ("84.4", "number, decimal"),
        ("-3", "number, decimal"),
        (r#""1775075543214005842""#, "digits(19)"),
        (r#""84.4""#, "text, decimal"),
        (r#""""#, "text, empty"),
        (r#""null""#, "text, null"),
        (r#""TRUE""#, "text, bool"),
        (r#""2024-04-02 16:15:01""#, "date YYYY-MM-DD hh:mm:ss"),
        (r#""2023-6-20 18:00:00""#, "date YYYY-M-DD hh:mm:ss"),
        (r#""2024-04-02T08:15:01Z""#, "date YYYY-MM-DDThh:mm:ssZ"),
        (r#""2024-04-02""#, "date YYYY-MM-DD"),
        (r#""20240402""#, "digits(8)"),
        (r#""长期""#, "text(2 chars)"),
        (r#""37012319960216582X""#, "text(18 chars)"),
        (r#""张三 ""#, "text(2 chars), blanks around it"),
        (
            r#""https://bj.bcebos.com/canary?authorization=canary""#,
            "url host *.bcebos.com, https, with a query",
        ),
        (r#""http://baidu.com/canary""#, "url host baidu.com, http"),
        (
            r#""https://canary.example/canary""#,
            "url host other (14 chars), https",
        ),
        (
            r#""https://evilbcebos.com/""#,
            "url host other (14 chars), https",
        ),
        (r#""[\"a\"]""#, "text, JSON inside (5 chars)"),
        (base64.as_str(), "base64 ~6 KiB"),
        (data.as_str(), "base64 ~1 KiB"),
        ("[]", "array(0)"),
        ("[1,2]", "array(2)"),
        ("[null]", "array(1)"),
        ("[1", "array, broken"),
        ("{}", "object"),
        ("{", "object, broken"),
        ("<html>canary", "no JSON, begins like HTML (12 bytes)"),
        ("canary", "no JSON (6 bytes)"),
    ] {
        assert_eq!(class(Raw::new(json)), expected, "{json}");
    }
}

#[test]
fn names_are_shown_where_they_are_names() {
    for (key, is_name) in [
        ("idcard_ocr_result", true),
        ("newField2", true),
        ("Livenesscolorful", true),
        ("_x", true),
        ("张三", false),
        ("370123199602165826", false),
        ("n370123", false),
        ("cIupeyP51sn28XzxGVTfYqoN", false),
        ("a b", false),
        ("a@example.com", false),
        ("", false),
        ("x23456789012345678901234567890123456789012", false),
    ] {
        assert_eq!(is_identifier(key), is_name, "{key}");
    }
    let found = shape(
        Endpoint::Getall,
        r#"{"success":true,"new_field":1,"张三":2,"cIupeyP51sn28XzxGVTf":3,"result":{"verify_result":[{"p51sn28":1,"code":"222350"}]}}"#,
    );
    assert_eq!(
        found.unknown,
        [
            "new_field",
            "key(2 chars)",
            "key(20 chars)",
            "result.verify_result[].key(7 chars)"
        ]
    );
    assert_eq!(found.codes, ["222350"]);
    let stat = shape(
        Endpoint::Stat,
        r#"{"success":true,"result":{"OCR":[{"error_code":0,"count":2}],"zhangsan":[{"error_code":"370123199602165826","new":1}]}}"#,
    );
    assert_eq!(
        stat.unknown,
        [
            "result.key(8 chars)",
            "result.key(8 chars)[].error_code",
            "result.key(8 chars)[].new"
        ]
    );
    assert_eq!(stat.codes, ["0", "digits(18)"]);
}

/// Envelope, codes, one path with its classes, unknown fields, how many are missing.
#[test]
fn the_answers_that_are_known_have_the_shapes_they_are_known_for() {
    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/answers/", $name)).as_slice()
        };
    }
    use Endpoint::{Detail, Getall, Media, Simple, Stat};
    for (label, endpoint, body, envelope, codes, path, classes, unknown, missing) in [
        (
            "getall",
            Getall,
            fixture!("getall-documented.json"),
            "solution",
            "0",
            "result.verify_result",
            "array(1)",
            "",
            "",
        ),
        (
            "a real getall",
            Getall,
            fixture!("getall-sample-2024.json"),
            "solution",
            "0",
            "result.verify_result[].verify_detail.face_image",
            "url host *.bcebos.com, https, with a query",
            "result.verify_result[].verify_detail.app",
            "",
        ),
        (
            "ocr beside",
            Getall,
            fixture!("getall-ocr-beside-confirm.json"),
            "solution",
            "0",
            "result.verify_result[].verify_time",
            "date YYYY-MM-DD hh:mm:ss",
            "",
            "",
        ),
        (
            "two attempts",
            Getall,
            fixture!("getall-failed-then-passed.json"),
            "solution",
            "0,222350",
            "result.verify_result[].code",
            "digits(1) | number, digits(6)",
            "result.live_charge_count,result.is_demote,result.verify_result[].idcard_ocr_result.id_card_number,result.verify_result[].idcard_confirm.idcard_ocr_result.id_card_number",
            "",
        ),
        (
            "detail",
            Detail,
            fixture!("detail-documented.json"),
            "solution",
            "",
            "result.idcard_images.front_base64",
            "text(20 chars)",
            "",
            "",
        ),
        (
            "detail, inline",
            Detail,
            fixture!("detail-inline-images.json"),
            "solution",
            "",
            "log_id",
            "number, digits(15)",
            "",
            "",
        ),
        (
            "detail, failed",
            Detail,
            fixture!("detail-failed.json"),
            "solution",
            "222350",
            "result",
            "null",
            "",
            "",
        ),
        (
            "media",
            Media,
            fixture!("media-documented.json"),
            "solution",
            "",
            "result.processVideo[]",
            "url host *.bcebos.com, http",
            "",
            "",
        ),
        (
            "will, media",
            Media,
            fixture!("will-media.json"),
            "solution",
            "",
            "result.processVideo",
            "array(2)",
            "",
            "result.video",
        ),
        (
            "will, getall",
            Getall,
            fixture!("will-getall.json"),
            "solution",
            "0",
            "result.verify_count",
            "number, digits(1)",
            "",
            "",
        ),
        (
            "App SDK",
            Media,
            fixture!("app-sdk-media.json"),
            "solution",
            "",
            "result.video",
            "array(1)",
            "",
            "",
        ),
        (
            "simple",
            Simple,
            fixture!("simple-documented.json"),
            "solution",
            "",
            "result.image",
            "url host *.baidu.com, https, with a query",
            "",
            "",
        ),
        (
            "stat",
            Stat,
            fixture!("stat.json"),
            "solution",
            "0,216633,222350",
            "result.Livenesscolorful",
            "null",
            "result.key(4 chars),result.key(4 chars).error_code,result.key(4 chars).count",
            "result.verify,result.VideoLiveness",
        ),
        (
            "stat, no JSON",
            Stat,
            fixture!("stat-documented-invalid.json"),
            "none",
            "",
            "(whole body)",
            "object, broken",
            "",
            "",
        ),
        (
            "refused",
            Getall,
            fixture!("refused.json"),
            "solution",
            "283421",
            "message",
            "text(12 chars)",
            "",
            "result",
        ),
        (
            "gateway",
            Getall,
            fixture!("gateway-qps.json"),
            "gateway",
            "18",
            "error_msg",
            "text(34 chars)",
            "",
            "",
        ),
        (
            "oauth",
            Getall,
            fixture!("oauth-refused.json"),
            "oauth",
            "",
            "error",
            "text(14 chars)",
            "",
            "",
        ),
    ] {
        let found = of(endpoint, body, &"token".into());
        let there = found
            .paths
            .iter()
            .find(|(there, _)| there == path)
            .map(|(_, classes)| classes.join(" | "));
        assert_eq!(
            (found.envelope, found.codes.join(","), there.as_deref()),
            (envelope, codes.to_owned(), Some(classes)),
            "{label}: {found:#?}"
        );
        assert_eq!(
            (found.unknown.join(","), found.missing.join(",")),
            (unknown.to_owned(), missing.to_owned()),
            "{label}: {found:#?}"
        );
    }
}

#[test]
fn an_endless_answer_is_told_in_part() {
    let wide: Vec<String> = (0..1000)
        .map(|number| format!("\"f{}\":1", number))
        .collect();
    let found = shape(
        Endpoint::Getall,
        &format!("{{\"success\":true,{}}}", wide.join(",")),
    );
    assert_eq!(
        (found.paths.len(), found.left_out),
        (PATHS_MAX, 1001 - PATHS_MAX)
    );
    let deep = format!("{}1{}", "{\"a\":".repeat(60), "}".repeat(60));
    assert!(shape(Endpoint::Getall, &deep).paths.len() <= DEPTH_MAX);
}
