//! `vault.options`: each checked by the rules of [`storage`](crate::domain::storage), with
//! credentials and region from the store's usual environment variables where the configuration says
//! none.

use std::{ffi::OsString, fs};

use super::{
    finding::Place,
    keys, paths,
    secrets::{self, Folders},
    section::{At, Section},
    tree::{Node, Value},
};
use crate::domain::{
    address::{VaultUrl, Wrong},
    secret::Secret,
    storage::{Kind, Setting},
};

/// The environment.
pub(super) type Variables = [(OsString, OsString)];

/// An option that was read.
struct Given {
    name: &'static str,
    value: String,
    path: String,
    place: Place,
}

/// An option as it was written.
struct Written<'a> {
    key: &'a str,
    text: String,
    path: String,
    place: &'a Place,
}

/// Every option of the store at `url`, and what of the way to it is insecure but allowed.
pub(super) fn all(
    section: &Section<'_>,
    url: &VaultUrl,
    folders: &Folders,
    variables: &Variables,
) -> (Vec<(String, Secret)>, Option<String>) {
    let allowed = section
        .flag("allow_insecure")
        .is_some_and(|flag| flag.value);
    let written = written(section);
    let Some(kind) = url.bucket().map(|bucket| bucket.kind) else {
        none_of_a_folder(section, &written, allowed);
        return (Vec::new(), None);
    };
    let mut given = Vec::new();
    let mut asked = written.len();
    for option in written.into_iter().flatten() {
        let option = from_file(section, kind, option, folders);
        given.extend(option.and_then(|option| one(section, kind, option, &given)));
    }
    asked += from_environment(section, kind, &mut given, variables);
    for one in &mut given {
        if kind.setting(one.name).is_some_and(Setting::is_file) {
            file(section, one, folders);
        }
    }
    let pairs: Vec<(&'static str, String)> = given
        .iter()
        .map(|one| (one.name, one.value.clone()))
        .collect();
    // What is wrong by itself would only be called missing.
    if let Some((name, wrong)) = kind.together(&pairs).filter(|_| given.len() == asked) {
        fail(section, &given, name, wrong);
    }
    let insecure = insecure(section, kind, &given, &pairs, allowed);
    (
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .collect(),
        insecure,
    )
}

/// What the configuration writes as options; none in the place of one that is no text, which leaves
/// a finding.
fn written<'a>(section: &'a Section<'_>) -> Vec<Option<Written<'a>>> {
    let table = match section.node("options") {
        Some(Node {
            value: Value::Table(table),
            ..
        }) => table.0.as_slice(),
        Some(node) => {
            let wanted = "a table, such as { region = \"eu-west-1\" }";
            section.wrong_type("options", node, wanted);
            &[]
        }
        None => &[],
    };
    let options = table.iter().map(|(key, node)| {
        let path = format!("{}.{key}", section.path("options"));
        let text = text_of(node);
        if text.is_none() {
            let reason = format!("must be a text, and is {}", node.value.type_name());
            section
                .findings
                .fail(&path, &node.place, reason, "write it in quotes");
        }
        text.map(|text| Written {
            key,
            text,
            path,
            place: &node.place,
        })
    });
    options.collect()
}

/// A folder takes no options.
fn none_of_a_folder(section: &Section<'_>, written: &[Option<Written<'_>>], allowed: bool) {
    for option in written.iter().flatten() {
        section.findings.key(
            &option.path,
            option.place,
            "is not an option of file:// stores",
            "take it out, or name a bucket by vault.url",
        );
    }
    if allowed {
        section.warn(
            "allow_insecure",
            "is not needed: objects lie in a folder",
            "take it out",
        );
    }
}

fn text_of(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Flag(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn already(given: &[Given], name: &str) -> bool {
    given.iter().any(|one| one.name == name)
}

/// `secret_access_key_file` and its like: a credential that stands in a file. None leaves a finding.
fn from_file<'a>(
    section: &Section<'_>,
    kind: Kind,
    option: Written<'a>,
    folders: &Folders,
) -> Option<Written<'a>> {
    let credential = |key: &str| {
        kind.setting(key)
            .is_some_and(|setting| setting.is_credential)
    };
    let key = match option.key.strip_suffix("_file") {
        Some(key) if kind.setting(option.key).is_none() && credential(key) => key,
        _ => return Some(option),
    };
    let named = At {
        value: option.text,
        path: option.path,
        place: option.place.clone(),
    };
    let text = secrets::read(section, &named, folders)?;
    Some(Written {
        key,
        text: text.to_string(),
        path: named.path,
        place: option.place,
    })
}

/// Reads one option; none leaves a finding.
fn one(section: &Section<'_>, kind: Kind, option: Written<'_>, given: &[Given]) -> Option<Given> {
    let Written {
        key,
        text,
        path,
        place,
    } = option;
    let Some(setting) = kind.setting(key) else {
        let known: Vec<&str> = kind.settings().map(|setting| setting.name).collect();
        section.findings.key(
            &path,
            place,
            format!("is not an option of {}:// stores", kind.scheme()),
            keys::suggestion(key, &known),
        );
        return None;
    };
    if already(given, setting.name) {
        section.findings.fail(
            &path,
            place,
            format!("`{}` is given under another name as well", setting.name),
            "keep one of them",
        );
        return None;
    }
    match setting.read(&text) {
        Ok(value) => Some(Given {
            name: setting.name,
            value,
            path,
            place: place.clone(),
        }),
        Err(Wrong { reason, todo }) => {
            section.findings.fail(&path, place, reason, todo);
            None
        }
    }
}

/// Credentials, when the configuration gives none of them, and where the store is. Nothing else: a
/// variable that was set for another program must not lead objects elsewhere or lower what protects
/// them. Returns how many variables had a say.
fn from_environment(
    section: &Section<'_>,
    kind: Kind,
    given: &mut Vec<Given>,
    variables: &Variables,
) -> usize {
    let mut asked = 0;
    let mut has_credentials = false;
    for one in given.iter() {
        has_credentials |= kind
            .setting(one.name)
            .is_some_and(|setting| setting.is_credential);
    }
    let set = |variable: &str| {
        let (_, value) = variables
            .iter()
            .find(|(name, value)| name == variable && !value.is_empty())?;
        Some(value.to_str().unwrap_or("\u{fffd}").to_owned())
    };
    for setting in kind.settings() {
        if already(given, setting.name) || (has_credentials && setting.is_credential) {
            continue;
        }
        if let Some((variable, value)) = setting
            .variables
            .iter()
            .find_map(|variable| Some((*variable, set(variable)?)))
        {
            asked += 1;
            let place = Place::Env(variable.to_owned());
            let option = Written {
                key: setting.name,
                text: value,
                path: format!("{}.{}", section.path("options"), setting.name),
                place: &place,
            };
            given.extend(one(section, kind, option, given));
        }
    }
    warn_of_unused(section, kind, given, variables);
    asked
}

/// Variables that look as if they were meant, and have no say.
fn warn_of_unused(section: &Section<'_>, kind: Kind, given: &[Given], variables: &Variables) {
    for (variable, value) in variables {
        let Some(variable) = variable
            .to_str()
            .filter(|variable| variable.starts_with(kind.variables_begin()) && !value.is_empty())
        else {
            continue;
        };
        let Some(setting) = kind
            .setting(variable)
            .filter(|setting| setting.variables.is_empty() && !already(given, setting.name))
        else {
            continue;
        };
        let todo = format!(
            "if it is meant for Verikeep, write vault.options.{0} or VERIKEEP_VAULT__OPTIONS__{1}",
            setting.name,
            setting.name.to_uppercase()
        );
        let path = format!("{}.{}", section.path("options"), setting.name);
        section.findings.warn(
            &path,
            &Place::Env(variable.to_owned()),
            "is not taken from this variable: only credentials and the region are",
            todo,
        );
    }
}

/// A file that an option names must be there; a relative name is read from the folder of the
/// configuration file.
fn file(section: &Section<'_>, one: &mut Given, folders: &Folders) {
    let whole = paths::absolute(&folders.base, &one.value);
    match fs::File::open(&whole) {
        Ok(_) => one.value = whole.to_string_lossy().into_owned(),
        Err(error) => {
            let reason = format!("{}: {}", whole.display(), secrets::reason(&error));
            section.findings.fail(
                &one.path,
                &one.place,
                reason,
                "create the file, or correct its name and owner",
            );
        }
    }
}

fn fail(section: &Section<'_>, given: &[Given], name: &str, wrong: Wrong) {
    match given.iter().find(|one| one.name == name) {
        Some(one) => section
            .findings
            .fail(&one.path, &one.place, wrong.reason, wrong.todo),
        None => section.findings.key(
            &format!("{}.{name}", section.path("options")),
            &section.place,
            wrong.reason,
            wrong.todo,
        ),
    }
}

fn insecure(
    section: &Section<'_>,
    kind: Kind,
    given: &[Given],
    pairs: &[(&'static str, String)],
    allowed: bool,
) -> Option<String> {
    match kind.insecure(pairs) {
        Some((name, reason)) if allowed => {
            section.warn(
                "allow_insecure",
                format!("vault.options.{name} {reason}"),
                "have the store speak https with a certificate that is checked, then take both out",
            );
            Some(format!("vault.options.{name} {reason}"))
        }
        Some((name, reason)) => {
            let todo = "write https:// with a certificate that can be checked, or allow it by name: vault.allow_insecure = true";
            fail(section, given, name, Wrong { reason, todo });
            None
        }
        None => {
            if allowed {
                section.warn(
                    "allow_insecure",
                    "is not needed: the way to the object store is guarded",
                    "take it out",
                );
            }
            None
        }
    }
}
