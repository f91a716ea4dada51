//! The environment's say: `VERIKEEP_DATABASE__URL=…` overrides `database.url`.
//!
//! `__` separates levels. An app is named by its place (`VERIKEEP_APPS__0__QPS`, the next free
//! place adds one) or by its name in capitals with every other character as `_`
//! (`VERIKEEP_APPS__LOAN_H5__SECRET_KEY` for `loan-h5`). Options of the vault follow in small
//! letters (`VERIKEEP_VAULT__OPTIONS__ENDPOINT`). Channels are named as apps are
//! (`VERIKEEP_NOTIFY__DUTY__URL`). Lists are written with commas.

use std::ffi::OsString;

use super::{
    finding::{Findings, Place},
    keys,
    tree::{Node, Table, Value},
};

const PREFIX: &str = "VERIKEEP_";

const ANOTHER: &str = "(a variable that is not meant for Verikeep needs another prefix)";

/// Variables of ours that are no configuration.
const OURS: &[&str] = &["VERIKEEP_CONFIG", "VERIKEEP_LOG"];

/// Lays the environment over what the file says. Returns how many variables had a say.
pub(super) fn overlay(
    tree: &mut Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    findings: &Findings,
) -> usize {
    let mut mine: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !is_left_alone(name))
        .collect();
    // Numbered apps first and in order, so that app 10 is added after app 9 and a name given by
    // number can be used by the rest.
    mine.sort_by(|(one, _), (other, _)| (one.len(), one).cmp(&(other.len(), other)));
    mine.sort_by_key(|(name, _)| {
        name.split("__")
            .nth(1)
            .and_then(|place| place.parse::<usize>().ok())
            .unwrap_or(usize::MAX)
    });
    for (name, value) in &mine {
        let place = Place::Env(name.clone());
        match value.to_str() {
            Some(text) => put(tree, name, text, &place, findings),
            None => findings.fail("", &place, "its value is not UTF-8", "set it again as text"),
        }
    }
    mine.len()
}

/// Kubernetes tells every container of the services around it by variables such as
/// `VERIKEEP_SERVICE_HOST` and `VERIKEEP_PORT_8640_TCP`, when a service is called verikeep.
fn is_left_alone(name: &str) -> bool {
    let of_a_service = || {
        name.ends_with("_SERVICE_HOST")
            || name.contains("_SERVICE_PORT")
            || name.ends_with("_PORT")
            || name
                .split_once("_PORT_")
                .is_some_and(|(_, tail)| tail.starts_with(|c: char| c.is_ascii_digit()))
    };
    OURS.contains(&name)
        || name.starts_with("VERIKEEP_TEST_")
        || (!name.contains("__") && of_a_service())
}

fn put(tree: &mut Table, name: &str, text: &str, place: &Place, findings: &Findings) {
    let node = || Node {
        value: Value::Text(text.to_owned()),
        place: place.clone(),
    };
    let path = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase();
    let levels: Vec<&str> = path.split("__").collect();
    let path = levels.join(".");
    let wrong = |known: &[&str], key: &str| {
        let todo = format!("{} {ANOTHER}", keys::suggestion(key, known));
        findings.key(&path, place, "no such key", todo);
    };
    match levels.as_slice() {
        [key] if keys::TOP_VALUES.contains(key) => tree.set(key, node()),
        [list, which, key] if keys::of_one(list).contains(key) => {
            match one_of(tree, list, which, place) {
                Ok(one) => one.set(key, node()),
                Err(todo) => findings.key(&path, place, no_such(list), todo),
            }
        }
        ["apps", _, key] => wrong(keys::APP, key),
        ["notify", _, key] => wrong(keys::NOTIFY, key),
        ["alarms", rule, key @ ..] if is_alarm(rule, key) => {
            let alarms = tree.table_mut("alarms", place);
            alarm(alarms, rule, key, node(), (&path, findings));
        }
        ["apps", which, "alarms", rule, key @ ..] if is_alarm(rule, key) => {
            let alarms = one_of(tree, "apps", which, place);
            match alarms.map(|app| app.table_mut("alarms", place)) {
                Ok(alarms) => alarm(alarms, rule, key, node(), (&path, findings)),
                Err(todo) => findings.key(&path, place, no_such("apps"), todo),
            }
        }
        ["vault", "options", key] => {
            let vault = tree.table_mut("vault", place);
            if let Some(options) = vault.and_then(|vault| vault.table_mut("options", place)) {
                options.set(key, node());
            }
        }
        [section, key] if keys::of_one(section).is_empty() => {
            match keys::of_section(section) {
                // A section that the file writes as something else is a finding of the walk.
                Some(known) if known.contains(key) && *key != "options" => {
                    if let Some(table) = tree.table_mut(section, place) {
                        table.set(key, node());
                    }
                }
                Some(known) => wrong(known, key),
                None => wrong(keys::TOP, section),
            }
        }
        [first, ..] if keys::TOP.contains(first) => {
            let todo = "write the levels down to one key, such as VERIKEEP_DATABASE__URL or VERIKEEP_APPS__0__QPS";
            findings.key(&path, place, "names no single value", todo);
        }
        [first, ..] => wrong(keys::TOP, first),
        [] => {}
    }
}

fn is_alarm(rule: &str, key: &[&str]) -> bool {
    match key {
        [] => keys::ALARMS.contains(&rule),
        [key] => keys::of_alarm(rule).is_some_and(|known| known.contains(key)),
        _ => false,
    }
}

/// Sets a rule among `alarms`, or one of its thresholds: of a rule that is written as a table, or
/// not at all. One that is written as no rule can be is a finding of the walk.
fn alarm(
    alarms: Option<&mut Table>,
    rule: &str,
    key: &[&str],
    node: Node,
    (path, findings): (&str, &Findings),
) {
    let place = node.place.clone();
    let Some(alarms) = alarms else {
        return;
    };
    let Some(key) = key.first() else {
        alarms.set(rule, node);
        return;
    };
    if let Some(thresholds) = alarms.table_mut(rule, &place) {
        thresholds.set(key, node);
    } else if let Some(Node {
        value: Value::Flag(_) | Value::Text(_),
        place: written,
    }) = alarms.get(rule)
    {
        let todo = format!(
            "write the rule as a table of thresholds there, {{}} for those that stand, or leave {place} out"
        );
        let reason = format!("is a threshold of `{rule}`, which {written} writes as true or false");
        findings.fail(path, &place, reason, todo);
    }
}

fn no_such(list: &str) -> &'static str {
    if list == "apps" {
        "no such app"
    } else {
        "no such channel"
    }
}

/// The table of an app or a channel, by place or name.
fn one_of<'t>(
    tree: &'t mut Table,
    list: &str,
    which: &str,
    place: &Place,
) -> Result<&'t mut Table, String> {
    if tree.get(list).is_none() {
        tree.set(
            list,
            Node {
                value: Value::List(Vec::new()),
                place: place.clone(),
            },
        );
    }
    let Some(Node {
        value: Value::List(apps),
        ..
    }) = tree.get_mut(list)
    else {
        return Err(format!(
            "`{list}` is written as something else: use [[{list}]]"
        ));
    };
    let names: Vec<Option<String>> = apps.iter().map(name_of).collect();
    let at = match which.parse::<usize>() {
        Ok(at) => at,
        Err(_) => named(&names, which)?,
    };
    let length = apps.len();
    if at == length {
        apps.push(Node {
            value: Value::Table(Table::default()),
            place: place.clone(),
        });
    }
    match apps.get_mut(at) {
        Some(Node {
            value: Value::Table(table),
            ..
        }) => Ok(table),
        Some(_) => Err(format!(
            "this one is not written as a table: use [[{list}]]"
        )),
        None => Err(format!(
            "numbers count from 0 without a gap; the next free one is {length}"
        )),
    }
}

/// The place of the app that has this name in a variable.
fn named(names: &[Option<String>], which: &str) -> Result<usize, String> {
    let is_it = |name: &Option<String>| {
        name.as_deref()
            .is_some_and(|name| as_variable(name) == which)
    };
    let mut matching = (0..).zip(names).filter(|(_, name)| is_it(name));
    match (matching.next(), matching.next()) {
        (Some((at, _)), None) => Ok(at),
        (None, _) => Err(format!(
            "there are: {}; add one as number {}",
            listed(names),
            names.len()
        )),
        _ => Err("more than one has this name in capitals; use its number".to_owned()),
    }
}

fn name_of(app: &Node) -> Option<String> {
    match &app.value {
        Value::Table(table) => match table.get("name") {
            Some(Node {
                value: Value::Text(name),
                ..
            }) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn listed(names: &[Option<String>]) -> String {
    let all: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            name.as_deref()
                .map_or_else(|| at.to_string(), |name| as_variable(name).to_uppercase())
        })
        .collect();
    if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    }
}

fn as_variable(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    // Two underscores separate levels, so that a name cannot hold them.
    plain
        .split('_')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}
