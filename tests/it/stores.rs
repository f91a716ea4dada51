//! Object stores as the real binary meets them: what it takes from the environment, and what it
//! says when it cannot get in.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

use tempfile::TempDir;

fn check(folder: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verikeep"));
    command
        .args(["check", "--json"])
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command.output().unwrap()
}

/// A folder with a configuration whose objects lie in a bucket behind `endpoint`.
fn place(endpoint: &str, more: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let text = format!(
        "[vault]\nurl = \"s3://bucket/p\"\noptions = {{ endpoint = \"{endpoint}\"{more} }}\n[[apps]]\nname = \"h5\"\nbase_url = \"http://127.0.0.1:9\"\napi_key = \"a\"\nsecret_key = \"s\"\n"
    );
    fs::write(folder.path().join("verikeep.toml"), text).unwrap();
    folder
}

/// What answers `answer` to whatever comes, for as long as the test runs.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

fn object_store(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let document: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let rows = document["rows"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["what"] == "object store")
        .unwrap_or_else(|| panic!("{text}"));
    row["found"].as_str().unwrap().to_owned()
}

#[test]
fn credentials_come_from_the_environment_and_neither_a_proxy_nor_an_endpoint() {
    let address =
        answering(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let folder = place(&format!("http://{address}"), ", allow_http = true");
    let variables = [
        ("AWS_ACCESS_KEY_ID", "canary-id"),
        ("AWS_SECRET_ACCESS_KEY", "canary-key"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_PROXY_URL", "http://127.0.0.1:9"),
        ("http_proxy", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("ALL_PROXY", "http://127.0.0.1:9"),
    ];
    let told = object_store(&check(folder.path(), &variables));
    assert!(told.contains("refuses access: HTTP 403"), "{told}");
}

#[test]
fn what_keeps_it_out_is_named() {
    let keys = ", access_key_id = \"a\", secret_access_key = \"s\"";
    let plain =
        answering(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    for (endpoint, part) in [
        ("https://127.0.0.1:9".to_owned(), "Connection refused"),
        (format!("https://{plain}"), "speaks no TLS"),
        ("https://nowhere.invalid".to_owned(), "resolved"),
    ] {
        let told = object_store(&check(place(&endpoint, keys).path(), &[]));
        assert!(told.contains(part), "{endpoint}: {told}");
    }
}
