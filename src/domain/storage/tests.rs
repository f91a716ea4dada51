use super::*;

fn read(kind: Kind, name: &str, text: &str) -> Result<String, &'static str> {
    kind.setting(name)
        .unwrap_or_else(|| panic!("{name}"))
        .read(text)
        .map_err(|wrong| wrong.reason)
}

#[test]
fn a_value_that_the_library_would_trip_over_is_refused_in_words() {
    for (kind, name, text, reason) in [
        (Kind::S3, "endpoint", "minio:9000", "no scheme"),
        (Kind::S3, "endpoint", "127.0.0.1:9000", "no scheme"),
        (Kind::S3, "endpoint", "", "is empty"),
        (Kind::S3, "endpoint", "   ", "is empty"),
        (
            Kind::S3,
            "endpoint",
            "http://127.0.0.1:9000\n",
            "ends with a line break",
        ),
        (
            Kind::S3,
            "endpoint",
            "http://127.0\n.0.1:9000",
            "control character",
        ),
        (Kind::S3, "endpoint", "http://[::1", "IPv6"),
        (Kind::S3, "endpoint", "http://127.0.0.1:99999", "port"),
        (Kind::S3, "endpoint", "http://127.0.0.1:0", "port"),
        (Kind::S3, "endpoint", "http://1.2.3.400:1", "IPv4"),
        (Kind::S3, "endpoint", "https://minio.例子.cn", "ASCII"),
        (Kind::S3, "endpoint", "https://", "no host"),
        (Kind::S3, "endpoint", "https://a\"b", "host"),
        (Kind::S3, "endpoint", "https://h/a b", "path"),
        (Kind::S3, "endpoint", "https://u:p@h", "password"),
        (Kind::S3, "endpoint", "https://h?x", "more than an address"),
        (Kind::S3, "endpoint", "ftp://h", "neither https"),
        (Kind::S3, "access_key_id", "AK\n", "line break"),
        (Kind::S3, "secret_access_key", "a\u{200b}b", "not ASCII"),
        (Kind::S3, "secret_access_key", "a b", "space"),
        (Kind::S3, "session_token", "T\n", "line break"),
        (Kind::S3, "region", "eu west", "letters"),
        (Kind::S3, "timeout", "5", "not a duration"),
        (Kind::S3, "timeout", "0s", "out of range"),
        (Kind::S3, "allow_http", "maybe", "neither true nor false"),
        (Kind::S3, "pool_max_idle_per_host", "-1", "no count"),
        (Kind::S3, "server_side_encryption", "none", "possible words"),
        (
            Kind::S3,
            "container_credentials_full_uri",
            "http://10.0.0.1/x",
            "not https",
        ),
        (Kind::S3, "proxy_url", "proxy:3128", "no scheme"),
        (Kind::Az, "account_key", "not base64!", "not base64"),
        (Kind::Az, "account_name", "acc\n", "line break"),
        (Kind::Az, "bearer_token", "T\n", "line break"),
        (
            Kind::Az,
            "authority_host",
            "http://login.example",
            "not https",
        ),
        (Kind::Gs, "service_account_key", "{", "no JSON"),
        (Kind::Gs, "proxy_ca_certificate", "x", "no PEM"),
    ] {
        let found = read(kind, name, text).expect_err(name);
        assert!(found.contains(reason), "{name} {text:?}: {found}");
    }
}

#[test]
fn what_is_right_comes_out_in_one_form() {
    for (kind, name, text, value) in [
        (
            Kind::S3,
            "AWS_ENDPOINT_URL",
            " HTTPS://Minio.Example.com:443/ ",
            "https://minio.example.com",
        ),
        (
            Kind::S3,
            "endpoint",
            "http://[::1]:9000",
            "http://[::1]:9000",
        ),
        (
            Kind::S3,
            "endpoint",
            "https://host/with/path",
            "https://host/with/path",
        ),
        (Kind::S3, "Access_Key_Id", " AK ", "AK"),
        (Kind::S3, "aws_allow_http", "YES", "true"),
        (Kind::S3, "timeout", "1m 30s", "90000ms"),
        (Kind::S3, "server_side_encryption", "aes256", "AES256"),
        (
            Kind::S3,
            "container_credentials_full_uri",
            "http://169.254.170.23/v1/credentials",
            "http://169.254.170.23/v1/credentials",
        ),
        (
            Kind::Az,
            "azure_storage_account_key",
            "Y2FuYXJ5",
            "Y2FuYXJ5",
        ),
        (
            Kind::Az,
            "AZURE_AUTHORITY_HOST",
            "https://login.chinacloudapi.cn/",
            "https://login.chinacloudapi.cn",
        ),
        (Kind::Gs, "service_account_key", "{\n}\n", "{\n}"),
    ] {
        assert_eq!(
            read(kind, name, text).as_deref(),
            Ok(value),
            "{name} {text:?}"
        );
    }
}

#[test]
fn only_credentials_and_the_place_come_from_the_environment() {
    for kind in [Kind::S3, Kind::Gs, Kind::Az] {
        for setting in kind.settings() {
            assert!(
                setting.variables.is_empty()
                    || setting.is_credential
                    || matches!(setting.name, "region" | "account_name"),
                "{}",
                setting.name
            );
            for variable in setting
                .variables
                .iter()
                .filter(|variable| variable.starts_with(kind.variables_begin()))
            {
                assert_eq!(
                    kind.setting(variable).map(|found| found.name),
                    Some(setting.name),
                    "{variable}"
                );
            }
        }
    }
    assert!(
        Kind::S3.setting("use_emulator").is_none()
            && Kind::S3.setting("metadata_endpoint").is_none()
            && Kind::Az.setting("use_azure_cli").is_none()
    );
}

#[test]
fn a_way_that_can_be_listened_to_is_seen_wherever_it_is_hidden() {
    for (kind, options, insecure) in [
        (
            Kind::S3,
            &[("endpoint", "http://10.0.0.5:9000"), ("allow_http", "true")][..],
            Some("endpoint"),
        ),
        (
            Kind::S3,
            &[
                ("endpoint", "https://minio:9000"),
                ("allow_invalid_certificates", "true"),
            ],
            Some("allow_invalid_certificates"),
        ),
        (Kind::S3, &[("allow_http", "true")], Some("allow_http")),
        (
            Kind::S3,
            &[
                ("endpoint", "http://127.0.0.1:9000"),
                ("allow_http", "true"),
                ("proxy_url", "http://10.0.0.1:3128/"),
            ],
            Some("endpoint"),
        ),
        (
            Kind::Gs,
            &[("base_url", "http://storage.example")],
            Some("base_url"),
        ),
        (
            Kind::S3,
            &[
                ("endpoint", "http://127.0.0.1:9000"),
                ("allow_http", "true"),
            ],
            None,
        ),
        (
            Kind::S3,
            &[
                ("endpoint", "https://localhost"),
                ("allow_invalid_certificates", "true"),
            ],
            None,
        ),
        (
            Kind::S3,
            &[("endpoint", "https://minio:9000"), ("allow_http", "false")],
            None,
        ),
        (Kind::Az, &[], None),
    ] {
        let options: Vec<(&'static str, String)> = options
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        assert_eq!(
            kind.insecure(&options).map(|(name, _)| name),
            insecure,
            "{options:?}"
        );
    }
}
