//! `verikeep check --token` against a provider whose every value, and some of whose keys, would
//! give a person away.

use std::fs;

use tempfile::TempDir;

use super::server::{Server, Step, answer};

const TOKEN: &str = "cIupeyP51sn28XzxGVTfYqoN";

/// Whatever stands here must not come out.
const CANARIES: [&str; 9] = [
    "canary",
    "张三",
    "370123199602165826",
    "2024-04-02",
    "Y2FuYXJ5",
    "evil",
    "13800138000",
    TOKEN,
    "核验",
];

fn answers(path: &str) -> String {
    let base64 = "Y2FuYXJ5".repeat(2000);
    let url = format!("https://bj.bcebos.com/v1/canary/{TOKEN}.jpg?authorization=canary");
    match path.rsplit("result/").next().unwrap() {
        "getall" => format!(
            r#"{{"success":true,"log_id":"1775075543214005842","canary-张三":"canary","370123199602165826":1,"{TOKEN}":2,"result":{{"verify_count":1,
            "brand_new":{{"canary@example.com":"canary","13800138000":"13800138000"}},"verify_result":[{{"order":1,"code":"370123199602165826",
            "message":"核验成功 canary","is_verify_passed":true,"verify_time":"2024-04-02 16:15:01","verify_detail":{{"face_image":"{url}","score":"canary"}},
            "idcard_confirm":{{"name":"张三","idcard_number":"370123199602165826","idcard_type":"canary"}}}},{{"code":222350,"message":"canary","张三":[1]}}]}}}}"#
        ),
        "detail" => format!(
            r#"{{"success":true,"result":{{"idcard_images":{{"front_base64":"{base64}","back_base64":"data:image/jpeg;base64,{base64}"}},"idcard_confirm":{{"name":"canary"}}}},"log_id":"canary"}}"#
        ),
        "media/query" => format!(
            r#"{{"success":true,"result":{{"processVideo":["{url}","https://evil.example/canary"],"images":null,"extInfo":"{{\"canary\":\"canary\"}}"}}}}"#
        ),
        "simple" => r#"{"success":false,"code":"canary","message":"Token无效或者已过期 canary","log_id":13800138000}"#.to_owned(),
        _ => r#"{"success":true,"result":{"OCR":[{"error_code":"0","count":"370123199602165826"}],"张三":[],"canarybackend":[{"error_code":"canary"}]}}"#
            .to_owned(),
    }
}

async fn check(base_url: &str, more: &str, line: &[&str]) -> (Option<i32>, String, TempDir) {
    let folder = TempDir::new().unwrap();
    let app = format!(
        "[[apps]]\nname = \"canary-app\"\nbase_url = \"{base_url}\"\napi_key = \"canary-ak\"\nsecret_key = \"canary-sk\"\n{more}"
    );
    fs::write(folder.path().join("verikeep.toml"), app).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_verikeep"));
    let output = command
        .arg("check")
        .args(line)
        .current_dir(folder.path())
        .env_clear()
        .output()
        .await
        .unwrap();
    (
        output.status.code(),
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap(),
        folder,
    )
}

#[tokio::test]
async fn the_shape_of_every_answer_is_told_and_nothing_it_says() {
    let server = Server::start(|request, _| {
        let path = request.request_line().split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
        let body = if path.contains("oauth") { r#"{"access_token":"canary","expires_in":99999}"#.to_owned() } else { answers(&path) };
        vec![Step::Send(answer(200, "date: Tue, 02 Apr 2024 08:15:01 GMT\r\nx-bce-request-id: canary\r\nset-cookie: canary\r\n", body))]
    })
    .await;
    let (code, told, folder) = check(&server.url(""), "", &["--token", TOKEN]).await;
    assert_eq!(code, Some(0), "{told}");
    for canary in CANARIES {
        assert!(!told.contains(canary), "{canary} in\n{told}");
    }
    for line in [
        "== getall\nHTTP 200, ",
        "envelope solution, counted as data\ncodes: digits(18), 222350\nheaders: connection, content-length, date, set-cookie, x-bce-request-id\nclock: the provider's less ours is -",
        "\n  result.verify_result: array(2)\n",
        "\n  result.verify_result[].verify_time: date YYYY-MM-DD hh:mm:ss\n",
        "\n  result.verify_result[].verify_detail.face_image: url host *.bcebos.com, https, with a query\n",
        "\n  result.brand_new.key(18 chars): text(6 chars)\n",
        "\nunknown fields: key(9 chars), key(18 chars), key(24 chars), result.brand_new, ",
        "documented, and missing: result.ocr_charge_count, ",
        "\n  result.idcard_images.front_base64: base64 ~12 KiB\n",
        "\n  result.processVideo[]: url host *.bcebos.com, https, with a query | url host other (",
        "counted as refused\ncodes: text(6 chars)\n",
        "\n  result.key(2 chars): array(0)\n",
        "\n  log_id: number, digits(11)\n",
    ] {
        assert!(told.contains(line), "{line} in\n{told}");
    }
    let asked: Vec<String> = server
        .received()
        .iter()
        .skip(1)
        .map(|request| request.request_line().split('?').next().unwrap().to_owned())
        .collect();
    let queries = ["getall", "detail", "media/query", "simple", "stat"]
        .map(|path| format!("POST /rpc/2.0/brain/solution/faceprint/result/{path}"));
    assert_eq!(asked, queries, "each once");
    let (_, chinese, _) = check(&server.url(""), "", &["--token", TOKEN, "--lang", "zh"]).await;
    for line in [
        "只有字段名、类型和长度",
        "，外层格式 solution，判定为 data\n错误码：digits(18), 222350\n响应头：connection",
        "\n时钟：云端减本机为 -",
        "\n字段：\n",
        "\n文档未说明的字段：key(9 chars), ",
        "\n文档必有而缺少的字段：result.ocr_charge_count, ",
        "：无\n",
    ] {
        assert!(chinese.contains(line), "{line} in\n{chinese}");
    }
    for canary in CANARIES {
        assert!(!chinese.contains(canary), "{canary} in\n{chinese}");
    }
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["verikeep.toml"], "nothing is stored");
}

#[tokio::test]
async fn what_cannot_be_asked_is_said() {
    let other = "[[apps]]\nname = \"other\"\nbase_url = \"http://127.0.0.1:9\"\napi_key = \"k\"\nsecret_key = \"s\"\n";
    for (more, line, code, words) in [
        (
            other,
            ["--token", TOKEN].as_slice(),
            2,
            "name one of: canary-app, other",
        ),
        (
            other,
            &["--token", TOKEN, "--app", "none"],
            2,
            "name one of: canary-app, other",
        ),
        (
            "",
            &["--token", "https://h5.example/?token=evil"],
            2,
            "is a URL",
        ),
        ("", &["--app", "canary-app"], 2, "--token"),
        ("", &["--token", TOKEN, "--json"], 2, "--json"),
        (
            other,
            &["--token", TOKEN, "--app", "other"],
            4,
            "== stat\nno answer: transient: no access_token: connection failed",
        ),
    ] {
        let (ended, told, _) = check("http://127.0.0.1:9", more, line).await;
        assert!(
            ended == Some(code) && told.contains(words) && !told.contains("evil"),
            "{line:?}: {ended:?} {told}"
        );
        assert!(!told.contains(TOKEN), "{told}");
    }
}
