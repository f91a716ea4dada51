//! What lies in deploy/, and what runs the checks, agrees with itself and with the package. scripts/check-deploy asks systemd,
//! kubectl and hadolint about each file; here is what none of them can see, because it is said in
//! more than one place.

use std::{collections::BTreeSet, ffi::OsString, fs, os::unix::fs::PermissionsExt, path::Path};

use verikeep::config::{self, Source};

const CONFIGURATIONS: [&str; 3] = [
    "deploy/systemd/verikeep.toml",
    "deploy/kubernetes/overlays/sqlite/verikeep.toml",
    "deploy/kubernetes/overlays/postgres/verikeep.toml",
];
const UNIT: &str = "deploy/systemd/verikeep.service";
const NIGHTLY: &str = "deploy/systemd/verikeep-verify.service";
const CONTAINER: &str = "deploy/container/Containerfile";
const POD: &str = "deploy/kubernetes/components/pod/pod.yaml";
const SECRET: &str = "deploy/kubernetes/secret.example.yaml";

#[test]
fn every_configuration_is_one_the_program_takes() {
    for (file, variables) in [
        (CONFIGURATIONS[0], &[][..]),
        (CONFIGURATIONS[1], &[]),
        (
            CONFIGURATIONS[2],
            &[
                (
                    "VERIKEEP_DATABASE__URL",
                    "postgres://verikeep@postgres.example.com/verikeep?sslmode=verify-full",
                ),
                ("VERIKEEP_VAULT__OPTIONS__ACCESS_KEY_ID", "id"),
                ("VERIKEEP_VAULT__OPTIONS__SECRET_ACCESS_KEY", "key"),
            ],
        ),
    ] {
        let mut text = text(file);
        let folder = tempfile::tempdir().unwrap();
        // The folder stands for the mounted secrets, and for systemd's credentials.
        text = text.replace("/run/secrets/verikeep", folder.path().to_str().unwrap());
        for named in secret_files(file) {
            let secret = folder.path().join(Path::new(&named).file_name().unwrap());
            fs::write(&secret, "0123456789abcdef".repeat(4)).unwrap();
            fs::set_permissions(&secret, PermissionsExt::from_mode(0o440)).unwrap();
        }
        let here = tempfile::tempdir().unwrap();
        fs::write(here.path().join("verikeep.toml"), text).unwrap();
        let credentials = [(
            OsString::from("CREDENTIALS_DIRECTORY"),
            folder.path().into(),
        )];
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .chain(credentials)
            .collect();
        match config::load(&Source {
            file: Some("verikeep.toml".into()),
            variables,
            here: here.path().to_owned(),
        }) {
            Ok(loaded) => assert!(loaded.warnings.is_empty(), "{file}: {:?}", loaded.warnings),
            Err(findings) => panic!("{file}: {findings:#?}"),
        }
    }
}

#[test]
fn api_and_pages_have_a_port_each_and_the_pages_are_scraped() {
    for file in CONFIGURATIONS {
        let listen = toml(file)["http"]["listen"].as_str().unwrap().to_owned();
        assert!(listen.ends_with(":8640"), "{file}: {listen}");
        let ops = toml(file)["http"]["ops_listen"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(ops.ends_with(":8641"), "{file}: {ops}");
    }
    assert_eq!(values(CONTAINER, "EXPOSE "), ["8640 8641"]);
    assert!(text(CONTAINER).contains("VERIKEEP_HTTP__OPS_LISTEN=0.0.0.0:8641"));
    assert_eq!(values(POD, "containerPort: "), ["8640", "8641"]);
    assert_eq!(
        values("deploy/kubernetes/base/service.yaml", "port: "),
        ["8641", "8640"]
    );
}

#[test]
fn a_monitor_finds_the_figures_of_every_replica() {
    let monitor = "deploy/kubernetes/components/monitoring/service-monitor.yaml";
    let services = text("deploy/kubernetes/base/service.yaml");
    let [port] = &values(monitor, "- port: ")[..] else {
        panic!("one port")
    };
    let serving: Vec<&str> = services
        .split("\n---\n")
        .filter(|service| service.contains(&format!("- name: {port}\n")))
        .collect();
    assert_eq!(serving.len(), 1, "one Service has the port {port}");
    let (head, spec) = serving[0].split_once("\nspec:").unwrap();
    assert!(spec.contains("clusterIP: None"), "a replica each");
    let asked = text(monitor);
    let (_, selector) = asked.split_once("    matchLabels:\n").unwrap();
    let label = selector.lines().next().unwrap().trim();
    assert!(head.lines().any(|line| line.trim() == label), "{label}");
    let namespaces = values("deploy/kubernetes/base/service.yaml", "namespace: ");
    assert_eq!(values(monitor, "namespace: ")[..], namespaces[..1]);
    // The job that the rules name.
    let (key, job) = label.split_once(": ").unwrap();
    assert_eq!(values(monitor, "jobLabel: "), [key]);
    assert!(text("deploy/prometheus/rules.yml").contains(&format!("job=\"{job}\"")));
    assert_eq!(values(monitor, "path: "), ["/metrics"]);
}

#[test]
fn what_compares_at_night_is_as_shut_in_as_the_daemon_and_has_its_secrets() {
    let text = text(NIGHTLY);
    let lines: BTreeSet<&str> = text.lines().collect();
    let of_the_daemon = self::text(UNIT);
    let (_, sandbox) = of_the_daemon.split_once("\nDynamicUser=").unwrap();
    let (sandbox, _) = sandbox.split_once("\n[Install]").unwrap();
    let secrets = of_the_daemon.lines();
    let secrets = secrets.filter(|line| line.starts_with("LoadCredential="));
    let needed = sandbox.lines().skip(1).chain(secrets);
    let missing: Vec<&str> = needed.filter(|line| !lines.contains(line)).collect();
    assert_eq!(missing, [""; 0]);
    for key in ["User=", "StateDirectory=", "EnvironmentFile="] {
        assert_eq!(values(NIGHTLY, key), values(UNIT, key), "{key}");
    }
    let [command] = &values(NIGHTLY, "ExecStart=")[..] else {
        panic!("one command")
    };
    let line = command.replace("/usr/local/bin/", "");
    let line = line.split(' ').map(OsString::from);
    verikeep::cli::parse(line).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn pods_run_as_the_user_of_the_image() {
    assert_eq!(values(CONTAINER, "USER "), ["10001:10001"]);
    for key in ["runAsUser: ", "runAsGroup: ", "fsGroup: "] {
        assert_eq!(values(POD, key), ["10001"], "{key}");
    }
}

#[test]
fn the_program_is_started_in_the_same_way_everywhere() {
    assert_eq!(
        values(UNIT, "ExecStart="),
        ["/usr/local/bin/verikeep run --config /etc/verikeep/verikeep.toml"]
    );
    assert_eq!(
        values(CONTAINER, "ENTRYPOINT "),
        [r#"["/usr/local/bin/verikeep"]"#]
    );
    assert_eq!(
        values(CONTAINER, "CMD "),
        [r#"["run", "--config", "/etc/verikeep/verikeep.toml"]"#]
    );
    assert_eq!(
        values(POD, "args: "),
        ["[run, --config, /etc/verikeep/verikeep.toml]"]
    );
}

#[test]
fn everywhere_it_has_a_minute_to_stop() {
    assert_eq!(values(UNIT, "TimeoutStopSec="), ["60s"]);
    assert_eq!(values(POD, "terminationGracePeriodSeconds: "), ["60"]);
}

#[test]
fn probes_ask_the_process_and_none_of_its_dependencies() {
    let pod = text(POD);
    for (probe, path) in [
        ("startupProbe:", "/healthz"),
        ("livenessProbe:", "/healthz"),
        ("readinessProbe:", "/readyz"),
    ] {
        let (_, below) = pod.split_once(probe).unwrap();
        let asked = below
            .lines()
            .find_map(|line| line.trim().strip_prefix("path: "));
        assert_eq!(asked, Some(path), "{probe}");
        let port = below
            .lines()
            .find_map(|line| line.trim().strip_prefix("port: "));
        assert_eq!(port, Some("ops"), "{probe}");
    }
}

#[test]
fn every_secret_a_configuration_names_is_handed_to_it() {
    let handed: BTreeSet<_> = values(UNIT, "LoadCredential=")
        .iter()
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(secret_files(CONFIGURATIONS[0]), handed);

    let example: BTreeSet<_> = text(SECRET)
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(": "))
        .map(|(key, _)| key.to_owned())
        .collect();
    for file in &CONFIGURATIONS[1..] {
        for named in secret_files(file) {
            let key = named
                .strip_prefix("/run/secrets/verikeep/")
                .unwrap_or_else(|| panic!("{file}: {named} is not mounted"));
            assert!(example.contains(key), "{file}: {key} is not in the example");
        }
    }
    for key in values(
        "deploy/kubernetes/overlays/postgres/deployment.yaml",
        "key: ",
    ) {
        assert!(example.contains(&key), "{key} is not in the example");
    }
}

#[test]
fn the_example_holds_no_secret() {
    let values = text(SECRET);
    let (_, data) = values.split_once("stringData:").unwrap();
    for line in data
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        assert!(line.contains("REPLACE-ME"), "{line}");
    }
}

#[test]
fn images_are_pinned_to_what_the_package_says() {
    let package = toml("Cargo.toml")["workspace"]["package"].clone();
    let [version, rust] =
        ["version", "rust-version"].map(|key| package[key].as_str().unwrap().to_owned());
    for overlay in ["sqlite", "postgres"] {
        assert_eq!(
            values(
                &format!("deploy/kubernetes/overlays/{overlay}/kustomization.yaml"),
                "newTag: "
            ),
            [version.as_str()],
            "{overlay}"
        );
    }
    let bases = values(CONTAINER, "FROM ");
    assert_eq!(bases.last().map(String::as_str), Some("scratch"));
    assert!(
        bases[0].starts_with(&format!("docker.io/library/rust:{rust}.")),
        "{}",
        bases[0]
    );
}

#[test]
fn every_short_name_says_what_it_does_and_runs_what_is_there() {
    let justfile = text("justfile");
    let lines: Vec<&str> = justfile.lines().collect();
    let recipes: Vec<&[&str]> = lines
        .windows(2)
        .filter(|pair| pair[1].starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    assert!(recipes.len() >= 7, "{recipes:?}");
    for pair in recipes {
        assert!(pair[0].starts_with("# "), "{} has no line above", pair[1]);
    }
    for script in values("justfile", "./scripts/") {
        let name = script.split(' ').next().unwrap();
        assert!(text(&format!("scripts/{name}")).starts_with("#!"), "{name}");
    }
}

#[test]
fn every_change_passes_the_same_command_with_no_more_rights_than_to_read() {
    let file = ".github/workflows/ci.yml";
    assert_eq!(values(file, "- run: ./"), [".ci/run"]);
    assert_eq!(values(file, "contents: "), ["read"]);
    assert_eq!(values(file, "timeout-minutes: ").len(), 1);
    for action in values(file, "- uses: ") {
        let version = action.split_once("@v").map(|(_, version)| version);
        assert!(
            version.is_some_and(|version| version.parse::<u32>().is_ok()),
            "{action} is not held to a version"
        );
    }
    assert!(!text(file).contains('\t'), "YAML knows no tabs");
}

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn toml(file: &str) -> toml::Table {
    text(file)
        .parse()
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What stands behind `key` on every line that begins with it.
fn values(file: &str, key: &str) -> Vec<String> {
    text(file)
        .lines()
        .filter_map(|line| line.trim().strip_prefix(key))
        .map(str::to_owned)
        .collect()
}

/// The files that a configuration reads secrets from.
fn secret_files(file: &str) -> BTreeSet<String> {
    let configuration = toml(file);
    let apps = configuration["apps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|app| app.as_table().unwrap());
    let tables = apps.chain(configuration["identity"].as_table());
    tables
        .flatten()
        .filter(|(key, _)| key.ends_with("_file"))
        .map(|(_, value)| value.as_str().unwrap().to_owned())
        .collect()
}
