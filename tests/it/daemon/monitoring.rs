//! Rules and dashboard of deploy/, asked of a Prometheus that scrapes a daemon at work: what they
//! name is served, and none of them is empty for want of a figure.

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use url::Url;
use verikeep::{
    domain::{
        alarm::{Kind, Severity},
        time::Clock as _,
        token::State,
    },
    worker::clock::SystemClock,
};

use super::{Db, FILMED, Place, code, err, lives};

const RULES: &str = "deploy/prometheus/rules.yml";
/// Told by every Prometheus of what it scrapes.
const OF_PROMETHEUS: [&str; 2] = ["up", "scrape_duration_seconds"];
/// Panels that a run in which all is well may leave empty.
const MAY_BE_EMPTY: [(&str, &str); 1] = [("Open alarms", "none has to be open")];
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_dashboard_ask_for_what_a_daemon_serves() {
    let place = Place::new(Db::Sqlite, 62).await;
    let daemon = place.start().await;
    let prometheus = Prometheus::of(daemon.address());
    let answers = async || prometheus.get("query", &[("query", "up")]).await.is_ok();
    place.until("Prometheus answers", SOON, answers).await;
    place.track(&lives(place.simulator(), 2));
    let listed = ["reconcile", "-", "--app", FILMED, "--name", "daily"];
    let found = place.verikeep_reading(&listed, "verify_token\nnever-tracked\n");
    assert_eq!(code(&found), 1, "{}", err(&found));
    let scraped = async || {
        let up = prometheus.get("query", &[("query", "up == 1")]).await;
        up.is_ok_and(|up| each(&up["result"]).count() == 1)
    };
    place.until("the first scrape", SOON, scraped).await;
    // The figures of the service are read now and then: something is open the next time as well.
    place.track(&lives(place.simulator(), 1));

    let panels = panels();
    place
        .until("every panel shows something", SOON, async || {
            let empty = empty(&prometheus, &panels).await;
            eprintln!(
                "empty: {:?}",
                empty
                    .iter()
                    .map(|(title, _)| title)
                    .collect::<BTreeSet<_>>()
            );
            empty.is_empty()
        })
        .await;

    let rules = prometheus.get("rules", &[]).await.unwrap();
    let rules: Vec<Rule> = each(&rules["groups"])
        .flat_map(|group| each(&group["rules"]))
        .map(Rule::of)
        .collect();
    assert_eq!(rules.len(), text(RULES).matches("- alert: ").count());
    let served = prometheus.get("label/__name__/values", &[]).await.unwrap();
    let served: BTreeSet<String> = each(&served).map(string).collect();
    for rule in &rules {
        let name = &rule.name;
        assert_eq!(rule.health, "ok", "{name}");
        let asked = names(&rule.query);
        assert!(!asked.is_empty(), "{name}: {}", rule.query);
        let unknown: Vec<_> = asked.difference(&served).collect();
        assert!(unknown.is_empty(), "{name} asks for {unknown:?}");
        let answer = prometheus.get("query", &[("query", &rule.query)]).await;
        assert!(answer.is_ok(), "{name}: {answer:?}");
    }
    every_kind_of_alarm_has_one_rule(&rules);
    daemon.stop();
}

#[test]
fn every_rule_is_tried_says_whom_it_calls_and_what_to_read() {
    let (rules, tried) = (text(RULES), text("deploy/prometheus/rules.test.yml"));
    let runbook = text("docs/runbook.md");
    for rule in rules.split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap();
        assert!(tried.contains(&format!("- name: '{name}")), "{name}");
        let said = |key: &str| {
            let line = rule.lines().find_map(|line| line.trim().strip_prefix(key));
            line.unwrap_or_else(|| panic!("{name} has no {key}"))
                .trim_matches('\'')
        };
        assert!(
            ["critical", "warning"].contains(&said("severity: ")),
            "{name}"
        );
        assert!(!said("summary: ").is_empty() && !said("description: ").is_empty());
        let entry = said("runbook: ").strip_prefix("docs/runbook.md#");
        let entry = entry.unwrap_or_else(|| panic!("{name}"));
        let is_there = runbook.contains(&format!("\n## {entry}\n"));
        assert!(is_there || entry == "{{ $labels.kind }}", "{name}: {entry}");
    }
    let lost: BTreeSet<_> = State::ALL
        .into_iter()
        .filter(|state| state.is_loss())
        .map(State::name)
        .collect();
    let lost = Vec::from_iter(lost).join("|");
    assert!(
        rules.contains(&format!("{{outcome=~\"{lost}\"}}")),
        "{lost}"
    );
}

#[test]
fn every_panel_is_explained_and_needs_no_plugin() {
    let panels = panels();
    let titles: BTreeSet<_> = panels.iter().map(|panel| string(&panel["title"])).collect();
    assert_eq!(titles.len(), panels.len(), "a title is one panel's");
    for panel in &panels {
        let title = string(&panel["title"]);
        assert!(
            ["stat", "timeseries"].contains(&string(&panel["type"]).as_str()),
            "{title}"
        );
        assert!(
            string(&panel["description"]).ends_with(['.', '?']),
            "{title}"
        );
        let defaults = &panel["fieldConfig"]["defaults"];
        assert!(!string(&defaults["unit"]).is_empty(), "{title}");
        // An axis that begins elsewhere makes much of little; a clock alone goes to both sides.
        let is_drawn = panel["type"] == "timeseries" && title != "Clock";
        assert_eq!(defaults["min"] == 0, is_drawn, "{title}");
        assert!(
            each(&defaults["thresholds"]["steps"]).count() > 0,
            "{title}"
        );
        for target in each(&panel["targets"]) {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
    let critical: BTreeSet<_> = Kind::ALL
        .iter()
        .filter(|kind| kind.severity() == Severity::Critical)
        .map(|kind| kind.name())
        .collect();
    let critical = Vec::from_iter(critical).join("|");
    let alarms = panels
        .iter()
        .find(|panel| panel["title"] == "Critical alarms");
    let asked = string(&alarms.unwrap()["targets"][0]["expr"]);
    assert!(asked.contains(&critical), "{critical} in {asked}");
}

/// As severe as the alarm itself; `daemon_down` is over when it is told, and told by the daemon's
/// absence.
fn every_kind_of_alarm_has_one_rule(rules: &[Rule]) {
    let mut told: Vec<&str> = Vec::new();
    for rule in rules
        .iter()
        .filter(|rule| rule.query.contains("verikeep_alarms"))
    {
        let (_, kinds) = rule.query.split_once("kind=").unwrap();
        let kinds = kinds.trim_start_matches(['~', '"']);
        for kind in kinds.split_once('"').unwrap().0.split('|') {
            let known = Kind::named(kind).unwrap_or_else(|| panic!("{}: {kind}", rule.name));
            let severity = serde_json::to_value(known.severity()).unwrap();
            assert_eq!(severity, rule.severity, "{}: {kind}", rule.name);
            told.push(known.name());
        }
    }
    told.sort_unstable();
    let mut all: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    all.retain(|kind| *kind != Kind::DaemonDown.name());
    all.sort_unstable();
    assert_eq!(told, all);
}

/// Titles and queries of the panels that show nothing and should.
async fn empty(prometheus: &Prometheus, panels: &[Value]) -> Vec<(String, String)> {
    let mut empty = Vec::new();
    for panel in panels {
        let title = string(&panel["title"]);
        for target in each(&panel["targets"]) {
            let expr = string(&target["expr"])
                .replace("$__rate_interval", "30s")
                .replace("$job", "verikeep")
                .replace("$app", ".*");
            assert!(!expr.contains('$'), "{title}: {expr}");
            let answer = prometheus.range(&expr).await;
            let answer = answer.unwrap_or_else(|said| panic!("{title}: {expr}: {said}"));
            let is_empty = each(&answer["result"]).count() == 0;
            if is_empty && !MAY_BE_EMPTY.iter().any(|(may, _)| *may == title) {
                empty.push((title.clone(), expr));
            }
        }
    }
    empty
}

struct Rule {
    name: String,
    query: String,
    severity: String,
    health: String,
}

impl Rule {
    fn of(rule: &Value) -> Self {
        Self {
            name: string(&rule["name"]),
            query: string(&rule["query"]),
            severity: string(&rule["labels"]["severity"]),
            health: string(&rule["health"]),
        }
    }
}

/// A Prometheus on a port of loopback, with the rules of deploy/.
struct Prometheus {
    child: Child,
    address: String,
    began: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    fn of(scraped: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = serde_json::json!({
            "global": { "scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms" },
            "rule_files": [project(RULES)],
            "scrape_configs": [{ "job_name": "verikeep", "static_configs": [{ "targets": [scraped] }] }],
        });
        // JSON is YAML.
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config.to_string()).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let address = address.unwrap().to_string();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus; ./scripts/test sees to it");
        Self {
            child,
            address,
            began: now(),
            _folder: folder,
        }
    }

    async fn range(&self, query: &str) -> Result<Value, String> {
        let end = now();
        let asked = [
            ("query", query),
            ("start", &self.began),
            ("end", &end),
            ("step", "1"),
        ];
        self.get("query_range", &asked).await
    }

    /// The data of an answer, or what is said instead.
    async fn get(&self, what: &str, asked: &[(&str, &str)]) -> Result<Value, String> {
        let url = format!("http://{}/api/v1/{what}", self.address);
        let url = Url::parse_with_params(&url, asked).unwrap();
        let answer = reqwest::get(url).await.map_err(|error| error.to_string())?;
        let mut answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        if answer["status"] == "success" {
            Ok(answer["data"].take())
        } else {
            Err(answer.to_string())
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The metrics that a query names.
fn names(query: &str) -> BTreeSet<String> {
    query
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| {
            word.starts_with("verikeep_")
                || word.starts_with("process_")
                || OF_PROMETHEUS.contains(word)
        })
        .map(str::to_owned)
        .collect()
}

/// Those of the dashboard, its rows left out.
fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&text("deploy/grafana/verikeep.json")).unwrap();
    let panels = each(&dashboard["panels"]).filter(|panel| panel["type"] != "row");
    panels.cloned().collect()
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Seconds since the Unix epoch, as the API of Prometheus counts.
fn now() -> String {
    let ms = SystemClock.now().0;
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn project(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(project(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}
