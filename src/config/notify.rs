//! `[[notify]]`: the channels by which people are told.

use std::collections::HashMap;

use url::Url;

use super::{
    apps::is_plain_name,
    finding::Place,
    keys, mail, proxy,
    secrets::{self, Folders},
    section::Section,
    shape::App,
    tree::{Node, Value},
};
use crate::domain::{
    alarm::Severity,
    channel::{Channel, Post, Way},
    language::Language,
    secret::Secret,
};

#[derive(Clone, Copy)]
enum Kind {
    Email,
    Webhook,
    Dingtalk,
    Wecom,
    Feishu,
}

const KINDS: [(&str, Kind); 5] = [
    ("email", Kind::Email),
    ("webhook", Kind::Webhook),
    ("dingtalk", Kind::Dingtalk),
    ("wecom", Kind::Wecom),
    ("feishu", Kind::Feishu),
];

/// Keys whose values are secrets, unless they name a file.
const SECRETS: [&str; 3] = ["url", "secret", "password"];

/// Reads every channel; there may be none. Those with a public host go through the provider's `proxy`,
/// unless they say otherwise.
pub(super) fn all(
    top: &Section<'_>,
    apps: &[App],
    proxy: Option<&Secret>,
    folders: &Folders,
) -> Vec<Channel> {
    let Some(node) = top.node("notify") else {
        return Vec::new();
    };
    let Value::List(items) = &node.value else {
        let wanted = "a list of tables: one [[notify]] section for each channel";
        top.wrong_type("notify", node, wanted);
        return Vec::new();
    };
    let mut channels = Vec::with_capacity(items.len());
    let mut names: HashMap<String, usize> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        let path = format!("notify[{place}]");
        let Value::Table(table) = &item.value else {
            top.findings.fail(
                &path,
                &item.place,
                format!("must be a table, and is {}", item.value.type_name()),
                "write a [[notify]] section for each channel",
            );
            continue;
        };
        let (at, known) = (item.place.clone(), keys::NOTIFY);
        let section = Section::open(Some(table), &path, at, known, top.findings);
        let name = name(&section);
        let before = names.insert(name.clone(), place);
        if let Some(first) = before.filter(|_| !name.is_empty()) {
            let reason = format!("notify[{first}] has the same name");
            section.fail("name", reason, "give each channel its own: alarms name it");
        }
        if let Some(way) = way(&section, proxy, folders) {
            channels.push(channel(&section, name, way, apps));
        }
    }
    channels
}

fn channel(section: &Section<'_>, name: String, way: Way, apps: &[App]) -> Channel {
    let severities = [
        ("warning", Severity::Warning),
        ("critical", Severity::Critical),
    ];
    let languages = [("en", Language::En), ("zh", Language::Zh)];
    let severity = section.choice("severity", &severities);
    let language = section.choice("language", &languages);
    Channel {
        name,
        way,
        severity: severity.map_or(Severity::Warning, |word| word.value),
        apps: named_apps(section, apps),
        language: language.map(|word| word.value).unwrap_or_default(),
        daily: section.flag("daily").is_none_or(|flag| flag.value),
    }
}

fn name(section: &Section<'_>) -> String {
    let Some(name) = section.text("name") else {
        if !section.has("name") {
            let todo = "name the channel as you call it, such as \"duty\": alarms and `verikeep notify` name it";
            section.missing("name", todo);
        }
        return String::new();
    };
    if is_plain_name(&name.value) {
        return name.value;
    }
    let todo = "use up to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit";
    section.fail("name", "is no plain name", todo);
    String::new()
}

/// The apps it is for, each of which there must be.
fn named_apps(section: &Section<'_>, apps: &[App]) -> Vec<String> {
    let mut named = Vec::new();
    for app in section.texts("apps").unwrap_or_default() {
        // An app whose own name is at fault is a finding already.
        if apps
            .iter()
            .any(|one| one.name == app.value || one.name.is_empty())
        {
            named.push(app.value);
        } else {
            let known: Vec<&str> = apps.iter().map(|app| &*app.name).collect();
            let todo = keys::suggestion(&app.value, &known);
            section
                .findings
                .fail(&app.path, &app.place, "is no app of [[apps]]", todo);
        }
    }
    named
}

fn way(section: &Section<'_>, proxy: Option<&Secret>, folders: &Folders) -> Option<Way> {
    if !section.has("kind") {
        let todo = "write kind = \"email\", \"webhook\", \"dingtalk\", \"wecom\" or \"feishu\"";
        section.missing("kind", todo);
    }
    let kind = section.choice("kind", &KINDS)?.value;
    let of_others = match kind {
        Kind::Email => keys::NOTIFY_POST,
        Kind::Wecom => &["secret", "secret_file"],
        _ => &[],
    };
    let of_mail = if matches!(kind, Kind::Email) {
        &[]
    } else {
        keys::NOTIFY_MAIL
    };
    for key in of_others.iter().chain(of_mail) {
        if section.has(key) {
            section.fail(key, "is of no use to this kind of channel", "take it out");
        }
    }
    let made: fn(Post) -> Way = match kind {
        Kind::Email => return mail::read(section, folders).map(Way::Email),
        Kind::Webhook => Way::Webhook,
        Kind::Dingtalk => Way::Dingtalk,
        Kind::Wecom => Way::Wecom,
        Kind::Feishu => Way::Feishu,
    };
    post(section, proxy, folders).map(made)
}

/// Reads `heartbeat_url`, which may be missing.
pub(super) fn heartbeat(
    top: &Section<'_>,
    proxy: Option<&Secret>,
    folders: &Folders,
) -> Option<Post> {
    let whence = "the address that is called while all is well";
    let url = secrets::optional(top, "heartbeat_url", folders, whence)?;
    reached(top, "heartbeat_", url, proxy)
}

fn post(section: &Section<'_>, proxy: Option<&Secret>, folders: &Folders) -> Option<Post> {
    let secret = secrets::optional(section, "secret", folders, "what messages are signed with");
    let url = secrets::secret(section, "url", folders, "where messages are posted to")?;
    let post = reached(section, "", url, proxy)?;
    Some(Post { secret, ..post })
}

/// A URL that may be reached, with what other keys of this beginning say of the way to its host. A
/// private host is not looked for behind the provider's proxy, which leads into the internet.
fn reached(
    section: &Section<'_>,
    begin: &str,
    url: Secret,
    of_provider: Option<&Secret>,
) -> Option<Post> {
    let [key, in_file, private, proxy] =
        ["url", "url_file", "allow_private_host", "proxy"].map(|key| format!("{begin}{key}"));
    let allow_private = section.flag(&private).is_some_and(|flag| flag.value);
    let of_provider = of_provider.filter(|_| !allow_private);
    let way = proxy::said(section, &proxy).unwrap_or_else(|| of_provider.cloned());
    let is_plain = match address(&url, allow_private) {
        Ok(url) => url.scheme() == "http",
        Err((reason, todo)) => {
            let key = if section.has(&key) { key } else { in_file };
            section.fail(&key, reason, todo.replace("allow_private_host", &private));
            return None;
        }
    };
    if way.is_some() && is_plain {
        let reason = "could read the key, as the address is plain http";
        section.fail(&proxy, reason, "write https://, or \"\" for no proxy");
        return None;
    }
    Some(Post {
        url,
        secret: None,
        allow_private,
        proxy: way,
    })
}

/// A URL that may be posted to; it holds a key, so that nothing of it is repeated.
fn address(url: &Secret, allow_private: bool) -> Result<Url, (&'static str, &'static str)> {
    const WHOLE: &str =
        "copy the whole address from where it was given out, beginning with https://";
    let url = Url::parse(url.reveal()).map_err(|_| ("is no address", WHOLE))?;
    if !url.has_host() || url.port() == Some(0) {
        return Err(("is no address", WHOLE));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err((
            "holds a user name or a password",
            "give what it asks for as `secret`, which is sent as Authorization: Bearer",
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if allow_private => Ok(url),
        "http" => Err((
            "is plain http, where everybody on the way could read the key",
            "write https://; plain http is for a host with a private address, with allow_private_host = true",
        )),
        _ => Err(("is neither https:// nor http://", WHOLE)),
    }
}

/// Whether a channel, or the heartbeat, holds a secret in the file itself.
pub(super) fn has_secret_in_file(top: &Section<'_>) -> bool {
    let is_written = |node: &Node| {
        matches!(node.place, Place::Line(..))
            && matches!(&node.value, Value::Text(text) if !text.trim().is_empty())
    };
    let in_channel = |item: &Node| match &item.value {
        Value::Table(table) => {
            let mut secrets = SECRETS.iter().filter_map(|key| table.get(key));
            secrets.any(is_written) || table.get("proxy").is_some_and(proxy::holds_secret)
        }
        _ => false,
    };
    let in_channels = match top.node("notify").map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().any(in_channel),
        _ => false,
    };
    in_channels
        || top.node("heartbeat_url").is_some_and(is_written)
        || top.node("heartbeat_proxy").is_some_and(proxy::holds_secret)
}
