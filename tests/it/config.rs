//! Configurations that are wrong, and ones that are right: what is found, where, and that no secret
//! is ever repeated.

mod commented;

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt as _, path::Path};

use tempfile::TempDir;
use verikeep::{
    config::{App, Auth, Config, Finding, Level, Loaded, Source, load},
    domain::{
        answer::Endpoint,
        identity::{Columns, IndexKey},
        language::Language,
        secret::Secret,
        time::Span,
        traffic::{FailureRate, NoTokens, Risk, Rules},
    },
};

const GOOD_APP: &str =
    "[[apps]]\nname = \"loan-h5\"\napi_key = \"canary-ak\"\nsecret_key = \"canary-sk\"\n";

struct Place {
    folder: TempDir,
    variables: Vec<(OsString, OsString)>,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self {
            folder: TempDir::new().unwrap(),
            variables: Vec::new(),
        };
        place.write("verikeep.toml", text, 0o600);
        place
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let file = self.folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn load(&self) -> Result<Loaded, Vec<Finding>> {
        let loaded = load(&Source {
            file: None,
            variables: self.variables.clone(),
            here: self.folder.path().to_owned(),
        });
        let findings = loaded
            .as_ref()
            .map_or_else(|fails| fails, |loaded| &loaded.warnings);
        findings.iter().for_each(is_said_in_chinese);
        loaded
    }

    fn config(&self) -> Config {
        self.load()
            .unwrap_or_else(|findings| panic!("{}", told(&findings)))
            .config
    }

    fn fails(&self) -> Vec<Finding> {
        self.load()
            .expect_err("a configuration that is wrong")
            .into_iter()
            .filter(|finding| finding.level == Level::Fail)
            .collect()
    }
}

#[track_caller]
fn is_said_in_chinese(finding: &Finding) {
    for text in [Finding::reason_in, Finding::todo_in].map(|text| text(finding, Language::Zh)) {
        let is_chinese = text.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(is_chinese || text.is_empty(), "not in Chinese: {text}");
    }
}

fn told(findings: &[Finding]) -> String {
    for finding in findings {
        for text in [
            finding.reason_in(Language::Zh),
            finding.todo_in(Language::Zh),
        ] {
            let is_chinese = text.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(is_chinese || text.is_empty(), "not in Chinese: {text}");
        }
    }
    findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_bad_value_is_found_by_path_and_line_with_a_way_out() {
    // (what is written before the apps, what is written into the app, path, line, part of the
    // reason, part of the way out)
    let table: &[(&str, &str, &str, usize, &str, &str)] = &[
        (
            "datadir = \"x\"",
            "",
            "datadir",
            1,
            "no such key",
            "did you mean `data_dir`?",
        ),
        (
            "[databse]\nurl = \"x\"",
            "",
            "databse",
            1,
            "no such key",
            "did you mean `database`?",
        ),
        (
            "[database]\nurl = \"mysql://h/d\"",
            "",
            "database.url",
            2,
            "no database URL",
            "sqlite://",
        ),
        (
            "[database]\nurl = \"postgres://h\"",
            "",
            "database.url",
            2,
            "no database URL",
            "postgres://user@host/database",
        ),
        (
            "[database]\nurl = \"postgres://u:canary@db.example/d?sslmode=require\"",
            "",
            "database.url",
            2,
            "sslmode=require",
            "allow_insecure = true",
        ),
        (
            "[database]\nurl = \"postgres://db.example/d?sslmode=verify-full&sslrootcert=gone.pem\"",
            "",
            "database.url",
            2,
            "gone.pem: no such file",
            "create the file",
        ),
        (
            "[database]\nurl = \"postgres://u@localhost/d?pasword=canary\"",
            "",
            "database.url",
            2,
            "a parameter behind the `?` that the driver does not know",
            "password",
        ),
        (
            "[database]\nurl = \"postgres://u@localhost/d?password=x&canary=y\"",
            "",
            "database.url",
            2,
            "a parameter behind the `?` that the driver does not know",
            "%26",
        ),
        (
            "[database]\nurl = \"sqlite::memory:\"",
            "",
            "database.url",
            2,
            "forgotten",
            "name a file",
        ),
        (
            "[database]\nmax_connections = 0",
            "",
            "database.max_connections",
            2,
            "out of range",
            "from 1 to 1000",
        ),
        (
            "[database]\nmax_connections = \"ten\"",
            "",
            "database.max_connections",
            2,
            "must be a whole number, and is a text",
            "",
        ),
        (
            "database = 5",
            "",
            "database",
            1,
            "must be a table, and is a whole number",
            "",
        ),
        (
            "[vault]\nurl = \"ftp://x\"",
            "",
            "vault.url",
            2,
            "no object store",
            "s3://",
        ),
        (
            "[vault]\nurl = \"s3://key:canary@bucket\"",
            "",
            "vault.url",
            2,
            "holds more than a place",
            "[vault.options]",
        ),
        (
            "[vault]\noptions = { a = [1] }",
            "",
            "vault.options.a",
            2,
            "must be a text, and is a list",
            "quotes",
        ),
        (
            "[vault]\noptions = { region = \"x\" }",
            "",
            "vault.options.region",
            2,
            "not an option of file://",
            "take it out",
        ),
        (
            "[vault]\nurl = \"s3://bücket\"",
            "",
            "vault.url",
            2,
            "no object store",
            "s3://bucket/prefix",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { acces_key_id = \"canary\" }",
            "",
            "vault.options.acces_key_id",
            3,
            "not an option of s3://",
            "`access_key_id`",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { endpoint = \"canary:9000\" }",
            "",
            "vault.options.endpoint",
            3,
            "has no scheme",
            "https://",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { endpoint = \"\" }",
            "",
            "vault.options.endpoint",
            3,
            "is empty",
            "fill it in",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { timeout = \"5\" }",
            "",
            "vault.options.timeout",
            3,
            "not a duration",
            "5s",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { endpoint = \"http://127.0.0.1:1\" }",
            "",
            "vault.options.endpoint",
            3,
            "allow_http is not set",
            "allow_http = true",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { access_key_id = \"canary\" }",
            "",
            "vault.options.access_key_id",
            3,
            "without secret_access_key",
            "both",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { access_key_id = \"canary\\n\", secret_access_key = \"canary\" }",
            "",
            "vault.options.access_key_id",
            3,
            "ends with a line break",
            "printf",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { region = \"a\", aws_region = \"b\" }",
            "",
            "vault.options.aws_region",
            3,
            "`region` is given under another name",
            "keep one",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { endpoint = \"http://canary.example\", allow_http = true }",
            "",
            "vault.options.endpoint",
            3,
            "in the open",
            "vault.allow_insecure = true",
        ),
        (
            "[vault]\nurl = \"s3://b\"\noptions = { allow_invalid_certificates = true }",
            "",
            "vault.options.allow_invalid_certificates",
            3,
            "any certificate",
            "vault.allow_insecure = true",
        ),
        (
            "[vault]\nurl = \"az://c\"",
            "",
            "vault.options.account_name",
            1,
            "is missing",
            "storage account",
        ),
        (
            "[vault]\nurl = \"gs://b\"\noptions = { service_account = \"nowhere.json\" }",
            "",
            "vault.options.service_account",
            3,
            "no such file",
            "create the file",
        ),
        (
            "[vault]\ncreate_only = \"maybe\"",
            "",
            "vault.create_only",
            2,
            "none of the possible words",
            "\"probe\" or \"on\" or \"off\"",
        ),
        (
            "[sealing]\nmode = \"recipients\"",
            "",
            "sealing.mode",
            2,
            "not built into this version",
            "mode = \"off\"",
        ),
        (
            "[sealing]\nrecipients = [\"age1x\"]",
            "",
            "sealing.recipients",
            2,
            "not built into this version",
            "mode = \"off\"",
        ),
        (
            "[identity]\ncolumns = \"clear\"",
            "",
            "identity.columns",
            2,
            "none of the possible words",
            "\"masked\"",
        ),
        (
            "[identity]\nindex_key_file = \"nowhere\"",
            "",
            "identity.index_key_file",
            2,
            "no such file",
            "create the file",
        ),
        (
            "[http]\nlisten = \"localhost\"",
            "",
            "http.listen",
            2,
            "no address with a port",
            "127.0.0.1:8640",
        ),
        (
            "[http]\nmax_connections = 1",
            "",
            "http.max_connections",
            2,
            "out of range",
            "from 16 to 65536",
        ),
        (
            "[http]\nlisten = \"0.0.0.0:8640\"",
            "",
            "http.listen",
            2,
            "reached from other machines",
            "http.behind_proxy = true",
        ),
        (
            "[http]\nlisten = \"[::]:8640\"\nbehind_proxy = false",
            "",
            "http.listen",
            2,
            "in clear",
            "127.0.0.1",
        ),
        (
            "[http]\nops_listen = \"127.0.0.1:8640\"",
            "",
            "http.ops_listen",
            2,
            "the address of http.listen",
            "127.0.0.1:8641",
        ),
        (
            "[http]\nops_listen = \"0.0.0.0:8640\"",
            "",
            "http.ops_listen",
            2,
            "the address of http.listen",
            "another port",
        ),
        (
            "[http]\nops_listen = \"localhost:8641\"",
            "",
            "http.ops_listen",
            2,
            "no address with a port",
            "127.0.0.1:8641",
        ),
        (
            "[http]\nhosts = [\"https://api.example.com\"]",
            "",
            "http.hosts[0]",
            2,
            "no name of a host",
            "api.example.com",
        ),
        (
            "[http]\nhosts = [\"*.example.com\"]",
            "",
            "http.hosts[0]",
            2,
            "no name of a host",
            "without scheme, port, path or *",
        ),
        (
            "[schedule]\nfirst_poll = \"soon\"",
            "",
            "schedule.first_poll",
            2,
            "not a duration",
            "90s",
        ),
        (
            "[schedule]\nfirst_poll = 3",
            "",
            "schedule.first_poll",
            2,
            "must be a duration in quotes",
            "",
        ),
        (
            "[schedule]\ntidy = \"daily\"",
            "",
            "schedule.tidy",
            2,
            "no cron expression",
            "six fields",
        ),
        (
            "[limits]\nfree_bytes_min = \"much\"",
            "",
            "limits.free_bytes_min",
            2,
            "no number of bytes",
            "512MiB",
        ),
        (
            "[limits]\nfree_byte_min = 1",
            "",
            "limits.free_byte_min",
            2,
            "no such key",
            "did you mean `free_bytes_min`?",
        ),
        (
            "[provider]\nproxi = \"x\"",
            "",
            "provider.proxi",
            2,
            "no such key",
            "did you mean `proxy`?",
        ),
        (
            "[provider]\nproxy = \"canary:3128\"",
            "",
            "provider.proxy",
            2,
            "has no scheme",
            "http://proxy.example.com:3128",
        ),
        (
            "[provider]\nproxy = \"http://canary:can@ry#@h:1\"",
            "",
            "provider.proxy",
            2,
            "more or less than scheme",
            "%40",
        ),
        (
            "[provider]\nproxy = \"http://h:1/canary\"",
            "",
            "provider.proxy",
            2,
            "more or less than scheme",
            "\"\" for none",
        ),
        (
            "",
            "proxy = \"socks5://canary:canary@h:1\"",
            "apps[0].proxy",
            6,
            "neither http:// nor https://",
            "speaks HTTP",
        ),
        ("", "proxy = 3128", "apps[0].proxy", 6, "must be a text", ""),
        (
            "",
            "qsp = 2",
            "apps[0].qsp",
            6,
            "no such key",
            "did you mean `qps`?",
        ),
        ("", "qps = 0", "apps[0].qps", 6, "out of range", "above 0"),
        ("", "qps = \"2\"", "apps[0].qps", 6, "must be a number", ""),
        (
            "",
            "qps_reserve = -1",
            "apps[0].qps_reserve",
            6,
            "out of range",
            "0 for none",
        ),
        (
            "",
            "qps_reserve = 2",
            "apps[0].qps_reserve",
            6,
            "leaves nothing of the qps of 2",
            "fewer",
        ),
        (
            "",
            "base_url = \"http://aip.baidubce.com\"",
            "apps[0].base_url",
            6,
            "not https",
            "https://",
        ),
        (
            "",
            "base_url = \"aip.baidubce.com\"",
            "apps[0].base_url",
            6,
            "no URL",
            "https://",
        ),
        (
            "",
            "base_url = \"https://u:canary-pw@h\"",
            "apps[0].base_url",
            6,
            "more than an address",
            "keys of their own",
        ),
        (
            "",
            "auth = \"oauth\"",
            "apps[0].auth",
            6,
            "none of the possible words",
            "\"bce-auth-v1\"",
        ),
        (
            "",
            "verify_window = \"0s\"",
            "apps[0].verify_window",
            6,
            "is zero",
            "2h",
        ),
        (
            "",
            "media_retention = \"1 day\"",
            "apps[0].media_retention",
            6,
            "`1 day` is not a duration",
            "3d",
        ),
        (
            "",
            "fetch = [\"getall\", \"detial\"]",
            "apps[0].fetch[1]",
            6,
            "no query",
            "did you mean `detail`?",
        ),
        (
            "",
            "fetch = \"media\"",
            "apps[0].fetch",
            6,
            "must be a list",
            "",
        ),
        (
            "",
            "fetch = [\"detail\"]\nvideo = \"expected\"",
            "apps[0].video",
            7,
            "does not ask for \"media\"",
            "optional",
        ),
        (
            "",
            "media_hosts = [\"https://x/\"]",
            "apps[0].media_hosts[0]",
            6,
            "no host",
            "*.bcebos.com",
        ),
        (
            "",
            "media_hosts = [\"bj.bcebos.com:8443\"]",
            "apps[0].media_hosts[0]",
            6,
            "only for private hosts",
            "take the port out",
        ),
        (
            "",
            "media_hosts = [\"10.0.0.1:99999\"]",
            "apps[0].media_hosts[0]",
            6,
            "no host",
            "",
        ),
        (
            "",
            "media_hosts = [\"*\"]",
            "apps[0].media_hosts[0]",
            6,
            "no host",
            "",
        ),
        (
            "",
            "reassign = \"on\"",
            "apps[0].reassign",
            6,
            "is none of the possible words",
            "write \"auto\" or \"off\"",
        ),
        (
            "",
            "allow_private_media_hosts = \"no\"",
            "apps[0].allow_private_media_hosts",
            6,
            "must be true or false",
            "",
        ),
        (
            "",
            "api_key_file = \"x\"",
            "apps[0].api_key_file",
            6,
            "`api_key` is given as well",
            "keep one",
        ),
        (
            "",
            "account = \"\"",
            "apps[0].account",
            6,
            "is empty",
            "leave the key out",
        ),
    ];
    for (top, in_app, path, line, reason, todo) in table {
        let place = Place::new(&format!("{top}\n{GOOD_APP}{in_app}\n"));
        let fails = place.fails();
        let [finding] = fails.as_slice() else {
            panic!("{top} {in_app}: one finding, not\n{}", told(&fails))
        };
        assert_eq!(finding.path, *path, "{finding}");
        assert!(
            finding
                .to_string()
                .starts_with(&format!("verikeep.toml:{line}: {path}: ")),
            "{finding} is in line {line}"
        );
        assert!(finding.reason.contains(reason), "{finding} says {reason}");
        assert!(finding.todo.contains(todo), "{finding} advises {todo}");
        assert!(!finding.todo.is_empty(), "{finding} shows a way out");
        assert!(
            !finding.to_string().contains("canary"),
            "{finding} repeats a secret"
        );
    }
}

#[test]
fn everything_that_is_wrong_is_found_at_once_in_the_order_of_the_file() {
    let text = "data_dirr = \"x\"\n[database]\nmax_connections = -1\n[[apps]]\nname = \"a\"\nsecret_key_file = \"gone\"\nqps = 0\n[[apps]]\nname = \"a\"\napi_key = \"k\"\nsecret_key = \"s\"\nvideo = \"perhaps\"\n";
    let fails = Place::new(text)
        .set("VERIKEEP_HTTP__LISTEN", "nowhere")
        .set("VERIKEEP_APPS__1__QPSS", "3")
        .fails();
    let paths: Vec<&str> = fails.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "data_dirr",
            "database.max_connections",
            "apps[0].api_key",
            "apps[0].secret_key_file",
            "apps[0].qps",
            "apps[1].name",
            "apps[1].video",
            "apps.1.qpss",
            "http.listen"
        ],
        "{}",
        told(&fails)
    );
    assert!(
        told(&fails).contains("environment VERIKEEP_HTTP__LISTEN: http.listen: is no address"),
        "{}",
        told(&fails)
    );
}

#[test]
fn a_file_without_apps_or_credentials_says_what_to_add() {
    for (text, path) in [
        ("data_dir = \"x\"", "apps"),
        ("apps = []", "apps"),
        ("apps = 3", "apps"),
        (
            "[[apps]]\nname = \"a\"\napi_key = \"k\"",
            "apps[0].secret_key",
        ),
        (
            "[[apps]]\napi_key = \"k\"\nsecret_key = \"s\"",
            "apps[0].name",
        ),
    ] {
        let fails = Place::new(text).fails();
        assert_eq!(
            fails
                .iter()
                .map(|finding| finding.path.as_str())
                .collect::<Vec<_>>(),
            [path],
            "{text}"
        );
    }
    let none = load(&Source {
        file: None,
        variables: Vec::new(),
        here: Path::new("/nowhere/at/all").to_owned(),
    })
    .unwrap_err();
    assert!(told(&none).contains("verikeep init"), "{}", told(&none));
    let named = load(&Source {
        file: Some("gone.toml".into()),
        variables: Vec::new(),
        here: Path::new("/nowhere").to_owned(),
    })
    .unwrap_err();
    assert!(
        told(&named).starts_with("gone.toml: no such file"),
        "{}",
        told(&named)
    );
}

#[test]
fn broken_toml_names_the_line_and_repeats_nothing_of_it() {
    for text in [
        "[[apps]]\nname = \"a\"\nsecret_key = \"canary-secret\nqps = 2\n",
        "[[apps]]\nname = \"a\"\nsecret_key = canary-secret\n",
        "[[apps]]\nname = \"a\"\nsecret_key canary-secret\n",
        "[[apps]]\nname = \"a\"\nsecret_key = \"canary-secret\" canary-secret\n",
        "[[apps]]\nname = \"a\"\nsecret_key = \"a\\canary-secret\"\n",
    ] {
        let fails = Place::new(text).fails();
        assert!(
            told(&fails).contains("verikeep.toml:3: not valid TOML"),
            "{}",
            told(&fails)
        );
        assert!(!told(&fails).contains("canary"), "{}", told(&fails));
        assert!(
            !told(&fails).contains("is missing"),
            "debris of the broken line is no finding: {}",
            told(&fails)
        );
    }
    let also = Place::new("[http]\nlisten = \"x\"\n[[apps]\nname = 1\n").fails();
    assert!(
        also.iter().any(|finding| finding.path == "http.listen"),
        "values that can be read are checked all the same: {}",
        told(&also)
    );
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let place = Place::new(GOOD_APP);
    let config = place.config();
    let data = place.folder.path().join("verikeep-data");
    assert_eq!(config.data_dir, data);
    assert_eq!(
        config.database.url.reveal(),
        format!("sqlite://{}/verikeep.db", data.display())
    );
    assert_eq!(config.database.max_connections, 10);
    assert_eq!(
        config.vault.url.to_string(),
        format!("file://{}/objects", data.display())
    );
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8640");
    assert_eq!(config.http.max_connections, 512);
    assert_eq!(config.http.ops_listen, None);
    assert!(!config.http.behind_proxy && config.http.hosts.is_empty());
    assert_eq!(
        (config.schedule.first_poll, config.schedule.final_grace),
        (Span::minutes(3), Span::minutes(5))
    );
    assert_eq!(config.identity.columns, Columns::Masked);
    assert!(config.identity.index_key.is_none());
    let app = config.app("loan-h5").unwrap();
    assert_eq!(
        (
            app.base_url.to_string().as_str(),
            app.account.as_str(),
            app.qps
        ),
        ("https://aip.baidubce.com", "default", 2.0)
    );
    assert_eq!(
        app.auth,
        Auth::AccessToken {
            api_key: Secret::new("canary-ak"),
            secret_key: Secret::new("canary-sk")
        }
    );
    assert_eq!(
        (
            app.policy.verify_window,
            app.policy.record_retention,
            app.policy.media_retention
        ),
        (Span::hours(2), Span::hours(72), Span::hours(24))
    );
    assert_eq!(
        app.policy.fetch,
        [Endpoint::Getall, Endpoint::Detail, Endpoint::Media]
    );
    assert!(app.policy.video_expected && !app.allow_private_media_hosts && app.proxy.is_none());
    assert!(app.policy.reassign);
    assert_eq!(
        app.media_hosts,
        ["*.bcebos.com", "*.baidu.com", "*.baidubce.com"]
    );
}

#[test]
fn the_environment_overrides_the_file() {
    let place = Place::new(
        &format!(
            "{GOOD_APP}qps = 1\nsecret_key_file = \"gone\"\n[database]\nurl = \"sqlite://a.db\"\n"
        )
        .replace("secret_key = \"canary-sk\"\n", ""),
    )
    .set(
        "VERIKEEP_DATABASE__URL",
        "postgres://u:canary-pw@localhost/d",
    )
    .set("VERIKEEP_DATABASE__MAX_CONNECTIONS", "32")
    .set("VERIKEEP_DATA_DIR", "/var/lib/v")
    .set("VERIKEEP_VAULT__URL", "s3://bucket/p")
    .set("VERIKEEP_VAULT__OPTIONS__ENDPOINT", "https://127.0.0.1:9/")
    .set("VERIKEEP_APPS__LOAN_H5__SECRET_KEY", "canary-env")
    .set("VERIKEEP_APPS__0__QPS", "7.5")
    .set("VERIKEEP_APPS__LOAN_H5__REASSIGN", "off")
    .set("VERIKEEP_APPS__LOAN_H5__FETCH", "getall, stat")
    .set("VERIKEEP_APPS__LOAN_H5__ALLOW_PRIVATE_MEDIA_HOSTS", "true")
    .set("VERIKEEP_APPS__1__NAME", "second")
    .set("VERIKEEP_APPS__SECOND__AUTH", "api-key")
    .set("VERIKEEP_APPS__SECOND__API_KEY", "bce-v3/ALTAK-canary")
    .set("VERIKEEP_LOG", "debug")
    .set("VERIKEEP_TEST_POSTGRES", "x")
    .set("VERIKEEP_CONFIG", "x")
    .set("VERIKEEP_SERVICE_HOST", "10.0.0.1")
    .set("VERIKEEP_SERVICE_PORT_METRICS", "8640")
    .set("VERIKEEP_PORT", "tcp://10.0.0.1:8640")
    .set("VERIKEEP_PORT_8640_TCP_ADDR", "10.0.0.1");
    let config = place.config();
    assert_eq!(
        config.database.url.reveal(),
        "postgres://u:canary-pw@localhost/d"
    );
    assert_eq!(config.database.max_connections, 32);
    assert_eq!(config.data_dir, Path::new("/var/lib/v"));
    assert_eq!(config.vault.url.to_string(), "s3://bucket/p");
    assert_eq!(
        config.vault.options,
        [("endpoint".to_owned(), Secret::new("https://127.0.0.1:9"))]
    );
    let app = config.app("loan-h5").unwrap();
    assert_eq!(
        app.auth,
        Auth::AccessToken {
            api_key: Secret::new("canary-ak"),
            secret_key: Secret::new("canary-env")
        }
    );
    assert_eq!(
        (app.qps, app.policy.fetch.as_slice()),
        (7.5, [Endpoint::Getall, Endpoint::Stat].as_slice())
    );
    assert!(app.allow_private_media_hosts && !app.policy.video_expected && !app.policy.reassign);
    assert_eq!(
        config.app("second").unwrap().auth,
        Auth::ApiKey {
            api_key: Secret::new("bce-v3/ALTAK-canary")
        }
    );
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");
}

#[test]
fn of_the_stores_own_variables_only_credentials_and_region_are_taken() {
    let text = format!("{GOOD_APP}[vault]\nurl = \"s3://bucket\"\n");
    let named = |config: &Config| {
        config
            .vault
            .options
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    let usual = |place: Place| {
        place
            .set("AWS_ACCESS_KEY_ID", "canary-id")
            .set("AWS_SECRET_ACCESS_KEY", "canary-key")
            .set("AWS_SESSION_TOKEN", "canary-session")
            .set("AWS_DEFAULT_REGION", "eu-west-1")
            .set("AWS_ENDPOINT_URL", "http://elsewhere.example")
            .set("AWS_ALLOW_HTTP", "true")
            .set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
            .set("AZURE_CLIENT_SECRET", "canary")
    };
    let loaded = usual(Place::new(&text)).load().unwrap();
    assert_eq!(
        named(&loaded.config),
        [
            "region",
            "access_key_id",
            "secret_access_key",
            "session_token"
        ]
    );
    let warnings = told(&loaded.warnings);
    for variable in ["AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"] {
        assert!(
            warnings.contains(&format!("environment {variable}: ")) && !warnings.contains("canary"),
            "{warnings}"
        );
    }
    // Keys of the configuration are never mixed with those of the environment.
    let own = format!(
        "{text}options = {{ access_key_id = \"canary-own\", secret_access_key = \"canary-own\" }}\n"
    );
    assert_eq!(
        named(&usual(Place::new(&own)).config()),
        ["access_key_id", "secret_access_key", "region"]
    );
    let fails = Place::new(&text)
        .set("AWS_ACCESS_KEY_ID", "canary\n")
        .set("AWS_SECRET_ACCESS_KEY", "canary")
        .fails();
    assert!(
        told(&fails).starts_with(
            "environment AWS_ACCESS_KEY_ID: vault.options.access_key_id: ends with a line break"
        ),
        "{}",
        told(&fails)
    );
    assert!(!told(&fails).contains("canary"), "{}", told(&fails));
}

#[test]
fn a_server_off_this_machine_needs_a_certificate_that_is_checked() {
    let refused = |url: &str, variables: &[(&str, &str)]| {
        let place = Place::new(&format!("{GOOD_APP}[database]\nurl = \"{url}\"\n"));
        match variables
            .iter()
            .fold(place, |place, (name, value)| place.set(name, value))
            .load()
        {
            Ok(loaded) => (!told(&loaded.warnings).contains("database")).then_some(false),
            Err(findings) => (told(&findings).contains("sslmode=verify-full")
                && !told(&findings).contains("canary"))
            .then_some(true),
        }
    };
    for (url, variables, expected) in [
        ("postgres://u:canary@db.example/d", &[][..], true),
        ("postgres://u:canary@db.example/d?sslmode=prefer", &[], true),
        (
            "postgres://u:canary@10.0.0.1/d?sslmode=verify-ca",
            &[],
            true,
        ),
        (
            "postgres://u:canary@[fd00::1]/d?ssl-mode=disable",
            &[],
            true,
        ),
        ("postgres://u:canary@localhost/d?host=db.example", &[], true),
        (
            "postgres://u:canary@localhost/d?hostaddr=10.0.0.1",
            &[],
            true,
        ),
        (
            "postgres://u:canary@db.example/d?sslmode=verify-full&sslmode=prefer",
            &[],
            true,
        ),
        ("postgres://u:canary@localhost.example/d", &[], true),
        ("postgres:///d", &[("PGHOST", "db.example")], true),
        (
            "postgres://u@db.example/d",
            &[("PGSSLMODE", "verify-full")],
            false,
        ),
        ("postgres://u@db.example/d?sslmode=Verify-Full", &[], false),
        ("postgres://u@127.0.0.2:5433/d", &[], false),
        ("postgres://u@[::1]/d", &[], false),
        (
            "postgresql://u@localhost/d?host=/run/postgresql",
            &[],
            false,
        ),
        ("postgres://%2Frun%2Fpostgresql/d", &[], false),
        ("postgres:///d", &[], false),
    ] {
        assert_eq!(
            refused(url, variables),
            Some(expected),
            "{url} {variables:?}"
        );
    }
}

#[test]
fn an_insecure_way_to_the_database_is_allowed_by_name_and_stays_a_warning() {
    let text = format!(
        "{GOOD_APP}[database]\nurl = \"postgres://u:canary@db.example/d?sslmode=require\"\nallow_insecure = true\n"
    );
    let loaded = Place::new(&text).load().unwrap();
    assert!(
        loaded
            .config
            .database
            .insecure
            .as_deref()
            .is_some_and(|what| what.contains("sslmode=require")),
        "{loaded:?}"
    );
    let warned = told(&loaded.warnings);
    assert!(
        warned.contains("database.allow_insecure: database.url names a server off this machine")
            && !warned.contains("canary"),
        "{warned}"
    );
    let loaded = Place::new(&text.replace("db.example", "127.0.0.1"))
        .load()
        .unwrap();
    assert!(
        loaded.config.database.insecure.is_none()
            && told(&loaded.warnings).contains("database.allow_insecure: is not needed"),
        "{}",
        told(&loaded.warnings)
    );
}

#[test]
fn the_certificate_of_the_database_is_read_from_the_folder_of_the_configuration() {
    let place = Place::new(&format!(
        "{GOOD_APP}[database]\nurl = \"postgres://u:p%40w@db.example/d?sslmode=verify-full&sslrootcert=ca.pem\"\n"
    ));
    std::fs::write(place.folder.path().join("ca.pem"), "x").unwrap();
    let url = url::Url::parse(place.config().database.url.reveal()).unwrap();
    let named = url
        .query_pairs()
        .find(|(name, _)| name == "sslrootcert")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(
        (named, url.password()),
        (
            place.folder.path().join("ca.pem").display().to_string(),
            Some("p%40w")
        )
    );
}

#[test]
fn an_insecure_way_to_the_vault_is_allowed_by_name_and_stays_a_warning() {
    let text = format!(
        "{GOOD_APP}[vault]\nurl = \"s3://b\"\nallow_insecure = true\noptions = {{ endpoint = \"http://minio.example\", allow_http = true }}\n"
    );
    let loaded = Place::new(&text).load().unwrap();
    assert!(
        loaded
            .config
            .vault
            .insecure
            .as_deref()
            .is_some_and(|what| what.contains("vault.options.endpoint is plain http")),
        "{loaded:?}"
    );
    assert!(
        told(&loaded.warnings)
            .contains("vault.allow_insecure: vault.options.endpoint is plain http"),
        "{}",
        told(&loaded.warnings)
    );
    let loaded = Place::new(&text.replace("http://minio.example", "http://127.0.0.1:9000"))
        .load()
        .unwrap();
    assert!(
        loaded.config.vault.insecure.is_none()
            && told(&loaded.warnings).contains("vault.allow_insecure: is not needed"),
        "{}",
        told(&loaded.warnings)
    );
}

#[test]
fn the_environment_alone_can_be_a_configuration() {
    let folder = TempDir::new().unwrap();
    let variables = [
        ("VERIKEEP_APPS__0__NAME", "a"),
        ("VERIKEEP_APPS__0__API_KEY", "k"),
        ("VERIKEEP_APPS__A__SECRET_KEY", "s"),
    ];
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    let config = load(&Source {
        file: None,
        variables,
        here: folder.path().to_owned(),
    })
    .unwrap()
    .config;
    assert_eq!((config.file, config.apps.len()), (None, 1));
    assert_eq!(config.data_dir, folder.path().join("verikeep-data"));
}

#[test]
fn a_variable_that_means_nothing_is_found_by_name() {
    for (name, part) in [
        ("VERIKEEP_DATABASE__URI", "did you mean `url`?"),
        ("VERIKEEP_DATABSE__URL", "did you mean `database`?"),
        ("VERIKEEP_DATABASE", "names no single value"),
        ("VERIKEEP_APPS__0", "names no single value"),
        ("VERIKEEP_APPS__LOAN__QPS", "there are: LOAN_H5"),
        ("VERIKEEP_APPS__7__QPS", "the next free one is 1"),
        ("VERIKEEP_APPS__0__SECRET", "did you mean `secret_key`?"),
        ("VERIKEEP_LOGG", "another prefix"),
    ] {
        let fails = Place::new(GOOD_APP).set(name, "canary-value").fails();
        assert_eq!(fails.len(), 1, "{name}: {}", told(&fails));
        assert!(
            told(&fails).starts_with(&format!("environment {name}: "))
                && told(&fails).contains(part),
            "{}",
            told(&fails)
        );
        assert!(!told(&fails).contains("canary"), "{}", told(&fails));
    }
}

#[test]
fn secret_files_lie_beside_the_configuration_or_among_the_credentials() {
    let place = Place::new(
        "[[apps]]\nname = \"a\"\napi_key_file = \"keys/ak\"\nsecret_key_file = \"sk\"\n",
    );
    place.write("keys/ak", "  canary-ak\n", 0o640);
    place.write("sk", "canary-beside\n", 0o600);
    place.write("credentials/sk", "canary-credential\n", 0o400);
    let auth = |secret_key: &str| Auth::AccessToken {
        api_key: Secret::new("canary-ak"),
        secret_key: Secret::new(secret_key),
    };
    assert_eq!(place.config().apps[0].auth, auth("canary-beside"));
    let credentials = place.folder.path().join("credentials");
    let place = place.set("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    assert_eq!(place.config().apps[0].auth, auth("canary-credential"));
}

/// Whatever wrote the file: Notepad, PowerShell, a copy from a web page.
#[test]
fn what_cannot_be_seen_is_no_part_of_a_secret() {
    const FILE: &str = "[[apps]]\nname = \"a\"\napi_key = \"ak\"\nsecret_key_file = \"sk\"\n";
    let told_of = |text: &str| {
        let place = Place::new(FILE);
        place.write("sk", text, 0o600);
        match place.load() {
            Ok(loaded) => match &loaded.config.apps[0].auth {
                Auth::AccessToken { secret_key, .. } => secret_key.reveal().to_owned(),
                _ => String::new(),
            },
            Err(findings) => told(&findings),
        }
    };
    for (label, text) in [
        ("a byte order mark and CRLF", "\u{feff}canary\r\n"),
        ("a mark before the line's end", "canary\u{feff}\n"),
        ("zero-width spaces", "\u{200b}canary\u{200b}"),
        (
            "joiners and directions",
            "\u{2060}\u{200e}canary\u{200d}\u{202c}\n",
        ),
        ("spaces of a page", "\u{a0}\u{3000}canary\t\u{2028}"),
        ("a NUL", "canary\0"),
    ] {
        assert_eq!(told_of(text), "canary", "{label}");
    }
    for (label, text, why) in [
        ("a mark", "can\u{feff}ary", "cannot be seen"),
        ("a zero-width space", "can\u{200b}ary", "cannot be seen"),
        ("two lines", "can\r\nary\r\n", "more than one line"),
        ("a space", "can ary", "a space"),
        ("the other width", "ｃanary", "not ASCII"),
        ("only a mark", "\u{feff}\r\n", "is empty"),
    ] {
        let found = told_of(text);
        let named = found.contains("apps[0].secret_key_file") && found.contains("/sk: ");
        assert!(
            named && found.contains(why) && !found.contains("ary"),
            "{label}: {found}"
        );
    }
    for (label, key, fits) in [
        ("at the ends", "\u{feff}ak\u{200b}", true),
        ("inside", "a\u{200b}k", false),
    ] {
        let place = Place::new(&FILE.replace("\"ak\"", &format!("\"{key}\"")));
        place.write("sk", "canary", 0o600);
        let loaded = place.load();
        assert_eq!(loaded.is_ok(), fits, "written in place, {label}");
        if let Ok(loaded) = loaded {
            let expected = Auth::AccessToken {
                api_key: Secret::new("ak"),
                secret_key: Secret::new("canary"),
            };
            assert_eq!(loaded.config.apps[0].auth, expected, "{label}");
        }
    }
}

#[test]
fn secret_files_that_cannot_be_used_say_why_and_never_what() {
    let place = Place::new(
        "[identity]\nindex_key_file = \"short\"\n[[apps]]\nname = \"a\"\napi_key_file = \"empty\"\nsecret_key_file = \"folder\"\n",
    );
    place.write("short", "canarycanary", 0o600);
    place.write("empty", " \n", 0o600);
    place.write("folder/x", "", 0o600);
    let fails = place.fails();
    let paths: Vec<&str> = fails.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "identity.index_key_file",
            "apps[0].api_key_file",
            "apps[0].secret_key_file"
        ]
    );
    assert!(
        told(&fails).contains("empty: is empty")
            && told(&fails).contains("folder: is a folder")
            && !told(&fails).contains("canary"),
        "{}",
        told(&fails)
    );
}

#[test]
fn files_that_others_can_read_are_warned_of() {
    let place = Place::new(GOOD_APP);
    place.write("verikeep.toml", GOOD_APP, 0o644);
    let warnings = told(&place.load().unwrap().warnings);
    assert!(
        warnings.contains("verikeep.toml: holds a secret and can be read by others (mode 644)"),
        "{warnings}"
    );

    let place = Place::new(
        &GOOD_APP
            .replace("secret_key = \"canary-sk\"", "secret_key_file = \"sk\"")
            .replace("api_key =", "api_key="),
    );
    place.write("sk", "canary", 0o644);
    let warnings = told(&place.load().unwrap().warnings);
    assert!(
        warnings.contains("apps[0].secret_key_file")
            && warnings.contains("(mode 644)")
            && warnings.contains("chmod 600"),
        "{warnings}"
    );
    assert!(!warnings.contains("canary"), "{warnings}");
}

#[test]
fn a_configuration_that_others_can_read_is_warned_of_for_whichever_secret_it_holds() {
    let app = GOOD_APP
        .replace("secret_key = \"canary-sk\"", "secret_key_file = \"key\"")
        .replace("api_key = \"canary-ak\"", "api_key_file = \"key\"");
    assert!(!app.contains("canary"), "{app}");
    let beat = "heartbeat_url_file = \"url\"\n";
    let robot = "[[notify]]\nname = \"duty\"\nkind = \"wecom\"\nurl_file = \"url\"\n";
    let by = "proxy = \"http://canary:canary@proxy:3128\"\n";
    for (head, tail, is_secret) in [
        (String::new(), String::new(), false),
        (beat.to_owned(), robot.to_owned(), false),
        (
            format!("{beat}heartbeat_proxy = \"http://proxy:3128\"\n"),
            String::new(),
            false,
        ),
        (
            "heartbeat_url = \"https://hc.example.com/canary\"\n".to_owned(),
            String::new(),
            true,
        ),
        (format!("{beat}heartbeat_{by}"), String::new(), true),
        (String::new(), format!("{robot}{by}"), true),
        (
            String::new(),
            robot.replace("url_file = \"url\"", "url = \"https://example.com/canary\""),
            true,
        ),
        (String::new(), format!("[provider]\n{by}"), true),
        (String::new(), by.to_owned(), true),
    ] {
        let text = format!("{head}{app}{tail}");
        let place = Place::new(&text);
        place.write("verikeep.toml", &text, 0o644);
        place.write("key", "canary", 0o600);
        place.write("url", "https://example.com/canary", 0o600);
        let warnings = told(&place.load().unwrap().warnings);
        let is_warned = warnings.contains("holds a secret and can be read by others");
        assert_eq!(is_warned, is_secret, "{text}: {warnings}");
        assert!(!warnings.contains("canary"), "{warnings}");
    }
}

#[test]
fn what_works_but_looks_wrong_is_a_warning() {
    for (line, path, part) in [
        (
            "media_retention = \"1h\"",
            "apps[0].media_retention",
            "no longer than the verify_window",
        ),
        (
            "allow_private_media_hosts = true",
            "apps[0].allow_private_media_hosts",
            "your own network",
        ),
        (
            "media_hosts = []",
            "apps[0].media_hosts",
            "no image and no video",
        ),
        ("auth = \"api-key\"", "apps[0].secret_key", "not used"),
    ] {
        let warnings = Place::new(&format!("{GOOD_APP}{line}\n"))
            .load()
            .unwrap()
            .warnings;
        assert!(
            warnings
                .iter()
                .any(|finding| finding.path == path && finding.reason.contains(part)),
            "{line}: {}",
            told(&warnings)
        );
    }
    let simulator = format!(
        "{GOOD_APP}base_url = \"http://127.0.0.1:9\"\nallow_private_media_hosts = true\nrecord_retention = \"10s\"\nmedia_retention = \"20s\"\nverify_window = \"3s\"\n"
    );
    let warnings = Place::new(&simulator).load().unwrap().warnings;
    assert!(
        warnings
            .iter()
            .all(|finding| finding.path == "identity.index_key_file"),
        "windows of seconds and loopback are fine: {}",
        told(&warnings)
    );
}

#[test]
fn an_app_has_its_own_proxy_or_that_of_all_or_none() {
    for (top, in_app, proxy) in [
        ("", "", None),
        ("", "proxy = \"http://own:1\"", Some("http://own:1")),
        (
            "[provider]\nproxy = \"http://u:canary@all:1\"\n",
            "",
            Some("http://u:canary@all:1"),
        ),
        (
            "[provider]\nproxy = \"http://all:1\"\n",
            "proxy = \"https://own\"",
            Some("https://own"),
        ),
        (
            "[provider]\nproxy = \"http://all:1\"\n",
            "proxy = \"\"",
            None,
        ),
        ("[provider]\nproxy = \"\"\n", "", None),
    ] {
        let config = Place::new(&format!("{top}{GOOD_APP}{in_app}\n")).config();
        assert_eq!(
            config.apps[0].proxy.as_ref().map(Secret::reveal),
            proxy,
            "{top}{in_app}"
        );
        assert!(!format!("{config:?}").contains("canary"));
    }
    let place = Place::new(GOOD_APP).set("VERIKEEP_PROVIDER__PROXY", "http://all:1");
    assert_eq!(
        place.config().apps[0].proxy.as_ref().map(Secret::reveal),
        Some("http://all:1")
    );
}

#[test]
fn variables_that_name_a_proxy_have_no_say_and_are_warned_of_until_the_way_is_told() {
    let s3 = "[vault]\nurl = \"s3://b\"\n";
    for (text, in_app, words) in [
        ("", "", Some("is not used for the provider")),
        (
            s3,
            "",
            Some("is used for neither the provider nor the object store"),
        ),
        ("[provider]\nproxy = \"\"\n", "", None),
        ("", "proxy = \"http://p:1\"", None),
        (
            &format!("[provider]\nproxy = \"\"\n{s3}"),
            "",
            Some("is not used for the object store"),
        ),
        (
            &format!("[provider]\nproxy = \"\"\n{s3}options = {{ proxy_url = \"http://p:1\" }}\n"),
            "",
            None,
        ),
    ] {
        let place = Place::new(&format!("{text}{GOOD_APP}{in_app}\n"))
            .set("https_proxy", "http://u:canary@p:1")
            .set("NO_PROXY", "*")
            .set("http_proxy", "");
        let loaded = place.load().unwrap();
        let found: Vec<_> = loaded
            .warnings
            .iter()
            .filter(|finding| finding.path.is_empty())
            .collect();
        assert_eq!(
            found.len(),
            usize::from(words.is_some()),
            "{text}: {}",
            told(&loaded.warnings)
        );
        if let (Some(words), Some(finding)) = (words, found.first()) {
            assert!(
                finding
                    .to_string()
                    .starts_with(&format!("environment https_proxy: {words}; name ")),
                "{finding}"
            );
        }
        assert!(!told(&loaded.warnings).contains("canary"));
    }
}

#[test]
fn apps_of_one_account_share_its_quota() {
    let two = |first: &str, second: &str| {
        Place::new(&format!(
            "{GOOD_APP}{first}\n{}{second}\n",
            GOOD_APP.replace("loan-h5", "other")
        ))
    };
    let config = two("qps = 10", "").config();
    assert_eq!(
        config.apps.iter().map(|app| app.qps).collect::<Vec<_>>(),
        [10.0, 10.0]
    );
    let config = two("qps = 10", "qps = 3\naccount = \"second\"").config();
    assert_eq!(
        config.apps.iter().map(|app| app.qps).collect::<Vec<_>>(),
        [10.0, 3.0]
    );
    for (first, second, paces) in [
        ("qps = 10\nqps_reserve = 2", "", [8.0, 8.0]),
        ("qps = 10", "qps_reserve = 4", [6.0, 6.0]),
        ("", "qps_reserve = 0.5", [1.5, 1.5]),
        (
            "qps = 10\nqps_reserve = 1",
            "account = \"second\"",
            [9.0, 2.0],
        ),
        ("qps = 10\nqps_reserve = 0", "", [10.0, 10.0]),
    ] {
        let config = two(first, second).config();
        let found: Vec<f64> = config.apps.iter().map(App::pace).collect();
        assert_eq!(found, paces, "{first} {second}");
    }
    for (first, second, finding) in [
        (
            "qps_reserve = 1",
            "qps_reserve = 0.5",
            "apps[1].qps_reserve: apps[0] says another figure for the same account",
        ),
        (
            "qps = 3",
            "qps_reserve = 3.5",
            "apps[1].qps_reserve: leaves nothing of the qps of 3",
        ),
    ] {
        let fails = told(&two(first, second).fails());
        assert!(fails.contains(finding), "{fails}");
    }
    let fails = two("qps = 10", "qps = 3").fails();
    assert!(
        told(&fails).contains("apps[1].qps: apps[0] says another figure for the same account"),
        "{}",
        told(&fails)
    );
}

#[test]
fn api_and_pages_listen_where_they_are_told_to() {
    let text = format!(
        "[http]\nlisten = \"0.0.0.0:8640\"\nbehind_proxy = true\nops_listen = \"0.0.0.0:8641\"\n\
         hosts = [\"API.example.com\", \"192.0.2.7\"]\n{GOOD_APP}"
    );
    let http = Place::new(&text).config().http;
    assert_eq!(
        http.pages(),
        ("http.ops_listen", "0.0.0.0:8641".parse().unwrap())
    );
    assert_eq!(http.hosts, ["api.example.com", "192.0.2.7"]);
    let plain = Place::new(GOOD_APP).config().http;
    assert_eq!(plain.pages(), ("http.listen", plain.listen));
}

/// Channels of every kind, whole.
const CHANNELS: &str = r#"
[[notify]]
name = "duty"
kind = "dingtalk"
url_file = "robot.url"
secret = "canary-secret"
severity = "critical"
apps = ["loan-h5"]
language = "zh"
daily = false
[[notify]]
name = "group"
kind = "wecom"
url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary"
[[notify]]
name = "feishu"
kind = "feishu"
url = "https://open.feishu.cn/open-apis/bot/v2/hook/canary"
[[notify]]
name = "pager"
kind = "webhook"
url = "http://10.0.0.7:9093/canary"
allow_private_host = true
[[notify]]
name = "mail"
kind = "email"
host = "smtp.example.com"
user = "verikeep"
password_file = "smtp.password"
from = "verikeep@example.com"
to = ["duty@example.com", "boss@example.com"]
"#;

#[test]
fn channels_are_read_with_their_defaults() {
    use verikeep::domain::{
        alarm::Severity,
        channel::{Mail, MailTls, Post, Way},
        language::Language,
    };
    let place = Place::new(&format!("{GOOD_APP}{CHANNELS}"))
        .set("VERIKEEP_NOTIFY__PAGER__SECRET", "canary-bearer")
        .set("VERIKEEP_NOTIFY__4__PORT", "2525");
    place.write(
        "robot.url",
        "https://oapi.dingtalk.com/robot/send?access_token=canary\n",
        0o600,
    );
    place.write("smtp.password", "canary-pw\n", 0o600);
    let config = place.config();
    let names: Vec<&str> = config
        .notify
        .iter()
        .map(|channel| channel.way.name())
        .collect();
    assert_eq!(names, ["dingtalk", "wecom", "feishu", "webhook", "email"]);
    let [duty, group, _, pager, mail] = &config.notify[..] else {
        panic!("five channels");
    };
    assert_eq!(
        (duty.severity, duty.language, duty.daily, &*duty.apps[0]),
        (Severity::Critical, Language::Zh, false, "loan-h5")
    );
    assert_eq!(
        (
            group.severity,
            group.language,
            group.daily,
            group.apps.len()
        ),
        (Severity::Warning, Language::En, true, 0)
    );
    assert_eq!(
        pager.way,
        Way::Webhook(Post {
            url: Secret::new("http://10.0.0.7:9093/canary"),
            secret: Some(Secret::new("canary-bearer")),
            allow_private: true,
            proxy: None,
        })
    );
    assert_eq!(
        mail.way,
        Way::Email(Mail {
            host: "smtp.example.com".to_owned(),
            port: 2525,
            tls: MailTls::Starttls,
            login: Some(("verikeep".to_owned(), Secret::new("canary-pw"))),
            from: "verikeep@example.com".to_owned(),
            to: vec!["duty@example.com".to_owned(), "boss@example.com".to_owned()],
            ca_file: None,
        })
    );
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");
    assert!(Place::new(GOOD_APP).config().notify.is_empty());
}

#[test]
fn what_leads_into_the_internet_goes_through_the_providers_proxy_unless_it_says_otherwise() {
    use verikeep::domain::channel::Way;
    let place = |lines: &str| {
        Place::new(&format!(
            "heartbeat_url = \"https://hc.example.com/x\"\n{lines}\n[provider]\nproxy = \"http://canary:canary@of-all:3128\"\n\
             {GOOD_APP}[[notify]]\nname = \"duty\"\nkind = \"wecom\"\nurl = \"https://qyapi.weixin.qq.com/x\"\n"
        ))
    };
    let own = "http://own:8080";
    for (name, value, of_channel, of_heartbeat) in [
        ("", "", Some("of-all"), Some("of-all")),
        (
            "VERIKEEP_NOTIFY__DUTY__PROXY",
            own,
            Some("own"),
            Some("of-all"),
        ),
        ("VERIKEEP_NOTIFY__DUTY__PROXY", "", None, Some("of-all")),
        (
            "VERIKEEP_NOTIFY__DUTY__ALLOW_PRIVATE_HOST",
            "true",
            None,
            Some("of-all"),
        ),
        ("VERIKEEP_HEARTBEAT_PROXY", own, Some("of-all"), Some("own")),
        ("VERIKEEP_HEARTBEAT_PROXY", "", Some("of-all"), None),
        (
            "VERIKEEP_HEARTBEAT_ALLOW_PRIVATE_HOST",
            "true",
            Some("of-all"),
            None,
        ),
    ] {
        let place = if name.is_empty() {
            place("")
        } else {
            place("").set(name, value)
        };
        let config = place.config();
        let Way::Wecom(post) = &config.notify[0].way else {
            panic!("a robot");
        };
        for (post, expected) in [
            (post, of_channel),
            (config.heartbeat.as_ref().unwrap(), of_heartbeat),
        ] {
            let proxy = post.proxy.as_ref().map(Secret::reveal);
            let host = proxy.map(|url| url.rsplit(['@', '/']).next().unwrap());
            let host = host.map(|host| host.split(':').next().unwrap());
            assert_eq!(host, expected, "{name} = {value:?}");
        }
        assert!(!format!("{config:?}").contains("canary"));
    }
    let lines = "heartbeat_proxy = \"socks5://canary\"";
    let fails = place(lines).fails();
    assert_eq!(fails.len(), 1);
    let text = told(&fails);
    assert!(
        text.contains("heartbeat_proxy") && !text.contains("canary"),
        "{text}"
    );
}

#[test]
fn the_port_of_mail_follows_from_how_it_is_protected() {
    use verikeep::domain::channel::Way;
    for (host, tls, port) in [
        ("smtp.example.com", "starttls", 587),
        ("smtp.example.com", "tls", 465),
        ("localhost", "none", 25),
        ("127.0.0.1", "none", 25),
        ("::1", "none", 25),
    ] {
        let text = format!(
            "{GOOD_APP}[[notify]]\nname = \"m\"\nkind = \"email\"\nhost = \"{host}\"\ntls = \"{tls}\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]\n"
        );
        let config = Place::new(&text).config();
        let Way::Email(mail) = &config.notify[0].way else {
            panic!("mail");
        };
        assert_eq!((mail.port, &mail.login), (port, &None), "{tls}");
    }
}

#[test]
fn the_heartbeat_is_read_and_what_is_wrong_with_it_is_found() {
    assert!(Place::new(GOOD_APP).config().heartbeat.is_none());
    let place = Place::new(&format!("heartbeat_url_file = \"beat.url\"\n{GOOD_APP}"));
    place.write("beat.url", "https://hc.example.com/canary\n", 0o600);
    let post = place.config().heartbeat.unwrap();
    assert_eq!(post.url.reveal(), "https://hc.example.com/canary");
    assert!(!post.allow_private && post.secret.is_none());
    let near = Place::new(GOOD_APP)
        .set("VERIKEEP_HEARTBEAT_URL", "http://10.0.0.5/canary")
        .set("VERIKEEP_HEARTBEAT_ALLOW_PRIVATE_HOST", "true");
    assert!(near.config().heartbeat.unwrap().allow_private);
    for (line, key, todo) in [
        (
            "heartbeat_url = \"http://hc.example.com/canary\"",
            "heartbeat_url",
            "heartbeat_allow_private_host = true",
        ),
        (
            "heartbeat_url = \"\"",
            "heartbeat_url",
            "heartbeat_url_file",
        ),
        (
            "heartbeat_url_file = \"none\"",
            "heartbeat_url_file",
            "create the file",
        ),
        ("heartbeat = \"x\"", "heartbeat", "heartbeat_url"),
    ] {
        let found = Place::new(&format!("{line}\n{GOOD_APP}")).fails();
        assert_eq!(found.len(), 1, "{line}: {}", told(&found));
        let text = told(&found);
        assert!(text.contains(key) && text.contains(todo), "{line}: {text}");
        assert!(!text.contains("canary"), "{line}: {text}");
    }
}

#[test]
fn everything_wrong_with_a_channel_is_found_by_path() {
    let robot = "kind = \"dingtalk\"\nurl = \"https://example.com/canary\"\n";
    let mail = "kind = \"email\"\nhost = \"smtp.example.com\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]\n";
    let with = |kind: &str, key: &str, line: &str| -> String {
        let kept: String = kind
            .lines()
            .filter(|one| !one.starts_with(&format!("{key} =")))
            .map(|one| format!("{one}\n"))
            .collect();
        format!("name = \"x\"\n{kept}{line}\n")
    };
    for (text, path, reason, todo) in [
        (robot.to_owned(), "name", "is missing", "duty"),
        (
            format!("name = \"a b\"\n{robot}"),
            "name",
            "is no plain name",
            "letters",
        ),
        (with(robot, "kind", ""), "kind", "is missing", "feishu"),
        (
            with(robot, "kind", "kind = \"sms\""),
            "kind",
            "none of the possible words",
            "\"email\"",
        ),
        (with(robot, "url", ""), "url", "is missing", "url_file"),
        (
            with(robot, "url", "url = \"http://example.com/canary\""),
            "url",
            "plain http",
            "allow_private_host",
        ),
        (
            with(robot, "url", "url = \"https://canary:canary@example.com\""),
            "url",
            "password",
            "secret",
        ),
        (
            with(robot, "url", "url = \"canary\""),
            "url",
            "is no address",
            "https://",
        ),
        (
            with(robot, "url", "url_file = \"gone\""),
            "url_file",
            "no such file",
            "create the file",
        ),
        (
            with(robot, "-", "secret_file = \"gone\""),
            "secret_file",
            "no such file",
            "create",
        ),
        (
            with(robot, "-", "severity = \"bad\""),
            "severity",
            "possible words",
            "\"critical\"",
        ),
        (
            with(robot, "-", "language = \"fr\""),
            "language",
            "possible words",
            "\"zh\"",
        ),
        (
            with(robot, "-", "apps = [\"loan\"]"),
            "apps[0]",
            "is no app",
            "loan-h5",
        ),
        (
            with(robot, "-", "daily = \"no\""),
            "daily",
            "true or false",
            "true or false",
        ),
        (
            with(robot, "-", "proxy = \"canary:3128\""),
            "proxy",
            "has no scheme",
            "http://proxy.example.com:3128",
        ),
        (
            with(
                robot,
                "url",
                "url = \"http://10.0.0.7/canary\"\nallow_private_host = true\nproxy = \"http://canary\"",
            ),
            "proxy",
            "plain http",
            "https://",
        ),
        (
            with(mail, "-", "proxy = \"http://proxy:3128\""),
            "proxy",
            "of no use",
            "take it out",
        ),
        (
            with(robot, "-", "host = \"example.com\""),
            "host",
            "of no use",
            "take it out",
        ),
        (
            with(robot, "-", "sevrity = \"warning\""),
            "sevrity",
            "no such key",
            "severity",
        ),
        (
            with(robot, "kind", "kind = \"wecom\"\nsecret = \"canary\""),
            "secret",
            "of no use",
            "take",
        ),
        (
            with(mail, "-", "url = \"https://example.com/canary\""),
            "url",
            "of no use",
            "take it out",
        ),
        (with(mail, "host", ""), "host", "is missing", "smtp"),
        (
            with(mail, "host", "host = \"smtp.example.com:25\""),
            "host",
            "no name of a host",
            "port",
        ),
        (with(mail, "-", "port = 0"), "port", "out of range", "65535"),
        (
            with(mail, "-", "tls = \"none\""),
            "tls",
            "another machine",
            "starttls",
        ),
        (
            with(mail, "-", "user = \"canary\""),
            "password",
            "is missing",
            "password_file",
        ),
        (
            with(mail, "-", "password = \"canary\""),
            "user",
            "is missing",
            "name",
        ),
        (with(mail, "from", ""), "from", "is missing", "sender"),
        (
            with(mail, "from", "from = \"Canary <a@example.com>\""),
            "from",
            "no mail address",
            "without a name",
        ),
        (with(mail, "to", ""), "to", "is missing", "duty@"),
        (with(mail, "to", "to = []"), "to", "is empty", "duty@"),
        (
            with(mail, "to", "to = [\"a@b.example\", \"canary\"]"),
            "to[1]",
            "no mail address",
            "without",
        ),
        (
            with(mail, "to", "to = [\"a@b.example\", \"A@b.example\"]"),
            "to[1]",
            "twice",
            "take one",
        ),
        (
            with(mail, "-", "ca_file = \"gone.pem\""),
            "ca_file",
            "no such file",
            "PEM",
        ),
    ] {
        let place = Place::new(&format!("{GOOD_APP}[[notify]]\n{text}"));
        let fails = place.fails();
        let shown = told(&fails);
        let found = fails
            .iter()
            .find(|finding| finding.path == format!("notify[0].{path}"));
        let found = found.unwrap_or_else(|| panic!("{path} in {text}\n{shown}"));
        assert!(found.reason.contains(reason), "{path}: {shown}");
        assert!(found.todo.contains(todo), "{path}: {shown}");
        assert_eq!(fails.len(), 1, "{path}: {shown}");
        assert!(!shown.to_lowercase().contains("canary"), "{shown}");
    }
}

#[test]
fn channels_have_names_of_their_own_and_all_findings_come_at_once() {
    let two =
        "[[notify]]\nname = \"duty\"\nkind = \"wecom\"\nurl = \"http://example.com/\"\n".repeat(2);
    let fails = Place::new(&format!("{GOOD_APP}{two}")).fails();
    let paths: Vec<&str> = fails.iter().map(|finding| &*finding.path).collect();
    assert_eq!(paths, ["notify[0].url", "notify[1].name", "notify[1].url"]);
    let fails = Place::new(&format!("{GOOD_APP}[notify]\nname = \"x\"\n")).fails();
    assert!(told(&fails).contains("[[notify]]"), "{}", told(&fails));
    let place = Place::new(GOOD_APP).set("VERIKEEP_NOTIFY__3__URL", "x");
    assert!(told(&place.fails()).contains("the next free one is 0"));
    let place = Place::new(GOOD_APP).set("VERIKEEP_NOTIFY__0__URLS", "x");
    assert!(told(&place.fails()).contains("did you mean `url`?"));
}

#[test]
fn a_threshold_of_the_environment_for_a_rule_that_is_no_table_is_found() {
    let app = format!("{GOOD_APP}[apps.alarms]\nvolume = false\n");
    for (label, text, rule, threshold, written) in [
        (
            "switched off",
            format!("[alarms]\nfailure_rate = false\n{GOOD_APP}"),
            None,
            "VERIKEEP_ALARMS__FAILURE_RATE__ATTEMPTS",
            "verikeep.toml:2",
        ),
        (
            "switched on",
            format!("[alarms]\nfailure_rate = true\n{GOOD_APP}"),
            None,
            "VERIKEEP_ALARMS__FAILURE_RATE__ATTEMPTS",
            "verikeep.toml:2",
        ),
        (
            "of an app",
            app,
            None,
            "VERIKEEP_APPS__LOAN_H5__ALARMS__VOLUME__TIMES",
            "verikeep.toml:6",
        ),
        (
            "switched off by the environment as well",
            GOOD_APP.to_owned(),
            Some("VERIKEEP_ALARMS__FAILURE_RATE"),
            "VERIKEEP_ALARMS__FAILURE_RATE__ATTEMPTS",
            "environment VERIKEEP_ALARMS__FAILURE_RATE",
        ),
    ] {
        let mut place = Place::new(&text).set(threshold, "40");
        if let Some(rule) = rule {
            place = place.set(rule, "false");
        }
        let found = told(&place.fails());
        for part in [
            format!("environment {threshold}"),
            format!("{written} writes as true or false"),
            format!("or leave environment {threshold} out"),
        ] {
            assert!(found.contains(&part), "{label}: {part}: {found}");
        }
    }
}

#[test]
fn alarms_are_those_of_the_app_or_else_those_of_all() {
    let all = "[alarms]\nvolume = false\nfailure_rate = { percent = 50 }\nno_tokens = true\n";
    let own = "[apps.alarms]\nfailure_rate = { times = 5 }\nrisk = { spoofing = 0.9 }\n";
    let other = GOOD_APP.replace("loan-h5", "other");
    let place = Place::new(&format!("{all}{GOOD_APP}{own}{other}"))
        .set("VERIKEEP_ALARMS__UNKNOWN_TOKENS", "false")
        .set("VERIKEEP_ALARMS__FAILURE_RATE__ATTEMPTS", "40")
        .set("VERIKEEP_APPS__OTHER__ALARMS__NO_TOKENS__AFTER", "30m")
        .set("VERIKEEP_APPS__OTHER__ALARMS__RISK", "false");
    let config = place.config();
    let rate = |times| FailureRate {
        attempts: 40,
        percent: 50,
        times,
    };
    let base = Rules {
        failure_rate: Some(rate(3)),
        volume: None,
        no_tokens: Some(NoTokens::default()),
        unknown_tokens: None,
        ..Rules::default()
    };
    let expected = Rules {
        failure_rate: Some(rate(5)),
        risk: Some(Risk {
            spoofing: Some(0.9),
        }),
        ..base.clone()
    };
    assert_eq!(config.apps[0].rules, expected);
    let expected = Rules {
        risk: None,
        no_tokens: Some(NoTokens {
            after: Span::minutes(30),
            ..NoTokens::default()
        }),
        ..base
    };
    assert_eq!(config.apps[1].rules, expected);
}

#[test]
fn a_threshold_that_is_wrong_is_found_with_a_way_out() {
    for (written, path, reason, todo) in [
        (
            "risks = false",
            "alarms.risks",
            "no such key",
            "did you mean `risk`?",
        ),
        ("volume = 4", "alarms.volume", "must be a table", "or false"),
        ("volume = \"no\"", "alarms.volume", "must be", "false"),
        (
            "volume = { time = 3 }",
            "alarms.volume.time",
            "no such key",
            "did you mean `times`?",
        ),
        (
            "volume = { times = 0 }",
            "alarms.volume.times",
            "out of range",
            "from 1 to",
        ),
        (
            "failure_rate = { percent = 100 }",
            "alarms.failure_rate.percent",
            "out of range",
            "from 0 to 99",
        ),
        (
            "failure_rate = { attempts = 2.5 }",
            "alarms.failure_rate.attempts",
            "out of range",
            "whole number",
        ),
        (
            "risk = { spoofing = 2 }",
            "alarms.risk.spoofing",
            "out of range",
            "from 0 to 1",
        ),
        (
            "no_tokens = { after = \"0s\" }",
            "alarms.no_tokens.after",
            "is zero",
            "2h",
        ),
        (
            "no_tokens = { from = 18, to = 9 }",
            "alarms.no_tokens.to",
            "not after `from`",
            "to = 18",
        ),
        (
            "no_tokens = { weekends = 1 }",
            "alarms.no_tokens.weekends",
            "must be true or false",
            "write",
        ),
    ] {
        for section in ["[alarms]", "[apps.alarms]"] {
            let (place, path) = if section == "[alarms]" {
                (
                    Place::new(&format!("{section}\n{written}\n{GOOD_APP}")),
                    path.to_owned(),
                )
            } else {
                (
                    Place::new(&format!("{GOOD_APP}{section}\n{written}\n")),
                    format!("apps[0].{path}"),
                )
            };
            let fails = place.fails();
            assert_eq!(fails.len(), 1, "{written}: {}", told(&fails));
            let told = told(&fails);
            for part in [path.as_str(), reason, todo] {
                assert!(told.contains(part), "{written}: {told}");
            }
        }
    }
}

#[test]
fn an_index_key_is_found_beside_the_configuration_and_warned_of_in_the_data() {
    const BESIDE: &str = "identity-index.key";
    const EARLIER: &str = "verikeep-data/identity-index.key";
    let (ours, other) = ("0a".repeat(32), "0b".repeat(32));
    for (label, lines, files, warned) in [
        ("beside", "", &[BESIDE][..], false),
        ("where an earlier version put it", "", &[EARLIER], true),
        ("both", "", &[BESIDE, EARLIER], false),
        (
            "named below",
            "[identity]\nindex_key_file = \"verikeep-data/keys/a\"",
            &["verikeep-data/keys/a"],
            true,
        ),
        (
            "named elsewhere",
            "[identity]\nindex_key_file = \"keys/a\"",
            &["keys/a", EARLIER],
            false,
        ),
        (
            "the data beside the configuration",
            "data_dir = \".\"",
            &[BESIDE],
            true,
        ),
    ] {
        let app = GOOD_APP.trim_start();
        let place = Place::new(&match lines.strip_prefix("data_dir") {
            Some(_) => format!("{lines}\n{app}"),
            None => format!("{app}\n{lines}\n"),
        });
        for (at, file) in files.iter().enumerate() {
            let key = if at == 0 { &ours } else { &other };
            place.write(file, key, 0o600);
        }
        let loaded = place.load().unwrap();
        let id = loaded.config.identity.index_key.map(|key| key.id());
        assert_eq!(
            id,
            IndexKey::new(vec![10; 32]).ok().map(|key| key.id()),
            "{label}"
        );
        let told = told(&loaded.warnings);
        assert_eq!(told.contains("lies in data_dir"), warned, "{label}: {told}");
        assert_eq!(
            told.contains("move it out of data_dir"),
            warned,
            "{label}: {told}"
        );
    }
    let place = Place::new(GOOD_APP);
    place.write(BESIDE, &ours, 0o644);
    let told = told(&place.load().unwrap().warnings);
    assert!(
        told.contains("can be read by others") && told.contains("chmod 600"),
        "{told}"
    );
}

#[test]
fn what_opens_database_and_bucket_may_stand_in_files() {
    let place = Place::new(&format!(
        "{GOOD_APP}[database]\nurl_file = \"database-url\"\n[vault]\nurl = \"s3://b\"\noptions = {{ access_key_id = \"AKIA\", secret_access_key_file = \"bucket\", region = \"r\" }}\n"
    ));
    place.write(
        "database-url",
        "\u{feff}postgres://u:canary@127.0.0.1/d\n",
        0o600,
    );
    place.write("bucket", "canary-of-the-bucket\n", 0o600);
    let config = place.load().unwrap().config;
    let server = url::Url::parse(config.database.url.reveal()).unwrap();
    assert_eq!(
        (server.username(), server.password()),
        ("u", Some("canary"))
    );
    let secret = config
        .vault
        .options
        .iter()
        .find(|(name, _)| name == "secret_access_key");
    assert_eq!(secret.unwrap().1.reveal(), "canary-of-the-bucket");
    for (label, text, part) in [
        (
            "no file",
            "[database]\nurl_file = \"gone\"\n",
            "database.url_file",
        ),
        (
            "no URL",
            "[database]\nurl_file = \"bucket\"\n",
            "database.url_file",
        ),
        (
            "off this machine",
            "[database]\nurl_file = \"far\"\n",
            "sslmode=verify-full",
        ),
        (
            "both",
            "[database]\nurl_file = \"far\"\nurl = \"postgres://h/d\"\n",
            "keep one of",
        ),
        (
            "not a secret",
            "[vault]\nurl = \"s3://b\"\noptions = { region_file = \"bucket\" }\n",
            "region_file",
        ),
    ] {
        let place = Place::new(&format!("{GOOD_APP}{text}"));
        place.write("bucket", "canary-of-the-bucket\n", 0o600);
        place.write("far", "postgres://u:canary@db.example/d\n", 0o600);
        let told = told(&place.load().unwrap_err());
        assert!(
            told.contains(part) && !told.contains("canary"),
            "{label}: {told}"
        );
    }
}
