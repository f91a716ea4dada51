//! `[[apps]]`: each on its own, then all of them together.

use std::{collections::HashMap, net::IpAddr};

use url::{Host, Url};

use super::{
    finding::Place,
    keys, proxy,
    secrets::{self, Folders},
    section::{At, Section},
    shape::{App, Auth, Schedule, defaults},
    tree::Value,
};
use crate::domain::{answer::Endpoint, policy::Policy, secret::Secret};

/// Reads every app. Findings where there is none, where two have one name, and where apps of one
/// account disagree about its quota.
pub(super) fn all(
    top: &Section<'_>,
    schedule: &Schedule,
    folders: &Folders,
    proxy: Option<&Secret>,
) -> Vec<App> {
    let Some(node) = top.node("apps") else {
        top.missing(
            "apps",
            "add an [[apps]] section with the credentials of an app",
        );
        return Vec::new();
    };
    let Value::List(items) = &node.value else {
        top.wrong_type(
            "apps",
            node,
            "a list of tables: one [[apps]] section for each app",
        );
        return Vec::new();
    };
    if items.is_empty() {
        top.fail(
            "apps",
            "is empty",
            "add an [[apps]] section with the credentials of an app",
        );
    }
    let mut apps = Vec::with_capacity(items.len());
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut quotas: HashMap<String, (f64, usize)> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        let path = format!("apps[{place}]");
        let Value::Table(table) = &item.value else {
            top.findings.fail(
                &path,
                &item.place,
                format!("must be a table, and is {}", item.value.type_name()),
                "write an [[apps]] section for each app",
            );
            continue;
        };
        let section = Section::open(
            Some(table),
            &path,
            item.place.clone(),
            keys::APP,
            top.findings,
        );
        let (mut app, qps) = app(&section, schedule, folders);
        app.proxy = proxy::said(&section).unwrap_or_else(|| proxy.cloned());
        if let Some(first) = names
            .insert(app.name.clone(), place)
            .filter(|_| !app.name.is_empty())
        {
            section.fail(
                "name",
                format!("apps[{first}] has the same name"),
                "give each app its own: it stands in every row",
            );
        }
        if let Some(qps) = qps {
            let (said, first) = *quotas.entry(app.account.clone()).or_insert((qps, place));
            #[allow(clippy::float_cmp, reason = "both are written, not computed")]
            if said != qps {
                section.fail(
                    "qps",
                    format!("apps[{first}] says another figure for the same account"),
                    "apps of one account share its quota: say it once, or the same in each",
                );
            }
        }
        apps.push(app);
    }
    for app in &mut apps {
        if let Some((qps, _)) = quotas.get(&app.account) {
            app.qps = *qps;
        }
    }
    apps
}

/// One app, and the quota it says itself.
fn app(section: &Section<'_>, schedule: &Schedule, folders: &Folders) -> (App, Option<f64>) {
    let base_url = section
        .text("base_url")
        .and_then(|text| base_url(section, &text));
    let mut app = App::new(
        name(section),
        base_url.unwrap_or_else(|| defaults::BASE_URL.to_owned()),
        auth(section, folders),
    );
    if let Some(account) = section.text("account") {
        app.account = account.value;
    }
    let qps = section.number("qps", "a number of calls a second").and_then(|qps| {
        let ok = qps.value > 0.0 && qps.value <= 10_000.0;
        if !ok {
            section.fail("qps", "is out of range", "write the calls a second that the account may make on each endpoint, above 0 and at most 10000");
        }
        ok.then_some(qps.value)
    });
    policy(section, schedule, &mut app.policy);
    app.allow_private_media_hosts = section
        .flag("allow_private_media_hosts")
        .is_some_and(|flag| flag.value);
    if let Some(hosts) = media_hosts(section, app.allow_private_media_hosts) {
        app.media_hosts = hosts;
    }
    if app.allow_private_media_hosts
        && Url::parse(&app.base_url).is_ok_and(|url| !is_loopback(&url))
    {
        let todo = "take it out, unless this is a simulator";
        section.warn("allow_private_media_hosts", "lets answers of a real provider lead to hosts of your own network that media_hosts names", todo);
    }
    (app, qps)
}

fn name(section: &Section<'_>) -> String {
    let Some(name) = section.text("name") else {
        if !section.has("name") {
            section.missing(
                "name",
                "name the app as you call it: it stands in every row, metric and command",
            );
        }
        return String::new();
    };
    let shape = |name: &str| {
        name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    if !shape(&name.value) {
        section.fail(
            "name",
            "is no plain name",
            "use up to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
        );
        return String::new();
    }
    name.value
}

fn base_url(section: &Section<'_>, text: &At<String>) -> Option<String> {
    let Ok(url) = Url::parse(&text.value) else {
        section.fail(
            "base_url",
            "is no URL",
            "write one such as \"https://aip.baidubce.com\"",
        );
        return None;
    };
    if !url.has_host() || !matches!(url.scheme(), "https" | "http") {
        section.fail(
            "base_url",
            "is no web address",
            "write one such as \"https://aip.baidubce.com\"",
        );
    } else if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        section.fail(
            "base_url",
            "holds more than an address",
            "write scheme, host and port only; credentials have keys of their own",
        );
    } else if url.scheme() == "http" && !is_loopback(&url) {
        section.fail(
            "base_url",
            "is not https, so that credentials and identities would cross the network in the open",
            "write https:// (http:// is for a simulator on loopback)",
        );
    } else {
        return Some(url.as_str().trim_end_matches('/').to_owned());
    }
    None
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

#[derive(Clone, Copy)]
enum Scheme {
    AccessToken,
    BceAuthV1,
    ApiKey,
}

fn auth(section: &Section<'_>, folders: &Folders) -> Auth {
    let words = [
        ("access_token", Scheme::AccessToken),
        ("bce-auth-v1", Scheme::BceAuthV1),
        ("api-key", Scheme::ApiKey),
    ];
    let scheme = section
        .choice("auth", &words)
        .map_or(Scheme::AccessToken, |word| word.value);
    let (key_whence, secret_whence) = match scheme {
        Scheme::AccessToken => (
            "the API Key of the app, from the provider's console",
            "the Secret Key of the app, from the provider's console",
        ),
        Scheme::BceAuthV1 => (
            "the Access Key (AK) of the account",
            "the Secret Key (SK) of the account",
        ),
        Scheme::ApiKey => ("the API key that begins with bce-v3/", ""),
    };
    let api_key = secrets::secret(section, "api_key", folders, key_whence).unwrap_or_default();
    warn_of_odd_key(section, scheme, &api_key);
    if matches!(scheme, Scheme::ApiKey) {
        for key in ["secret_key", "secret_key_file"] {
            if section.has(key) {
                section.warn(key, "is not used with auth = \"api-key\"", "take it out");
            }
        }
        return Auth::ApiKey { api_key };
    }
    let secret_key =
        secrets::secret(section, "secret_key", folders, secret_whence).unwrap_or_default();
    if matches!(scheme, Scheme::AccessToken) {
        Auth::AccessToken {
            api_key,
            secret_key,
        }
    } else {
        Auth::BceAuthV1 {
            api_key,
            secret_key,
        }
    }
}

/// The three schemes look alike in the console and are easily mixed up.
fn warn_of_odd_key(section: &Section<'_>, scheme: Scheme, api_key: &Secret) {
    let bearer = api_key.reveal().starts_with("bce-v3/");
    let key = if section.has("api_key") {
        "api_key"
    } else {
        "api_key_file"
    };
    match scheme {
        Scheme::AccessToken | Scheme::BceAuthV1 if bearer => section.warn(
            key,
            "looks like a key for auth = \"api-key\"",
            "set auth = \"api-key\", or put the app's API Key here",
        ),
        Scheme::ApiKey if !bearer && !api_key.is_empty() => section.warn(
            key,
            "does not begin with bce-v3/",
            "check that this is the key made for API-key access",
        ),
        _ => {}
    }
}

fn policy(section: &Section<'_>, schedule: &Schedule, policy: &mut Policy) {
    policy.first_poll = schedule.first_poll;
    policy.final_grace = schedule.final_grace;
    for (key, slot) in [
        ("verify_window", &mut policy.verify_window),
        ("record_retention", &mut policy.record_retention),
        ("media_retention", &mut policy.media_retention),
    ] {
        if let Some(span) = section.span(key, false) {
            *slot = span.value;
        }
    }
    for (key, retention) in [
        ("record_retention", policy.record_retention),
        ("media_retention", policy.media_retention),
    ] {
        if retention <= policy.verify_window {
            let reason = format!(
                "{retention} is no longer than the verify_window of {}: some results would be gone before they are final",
                policy.verify_window
            );
            section.warn(
                key,
                reason,
                "check all three windows against the provider's",
            );
        }
    }
    let listed = fetch(section);
    let asks_media = listed
        .as_ref()
        .is_none_or(|listed| listed.contains(&Endpoint::Media));
    if let Some(listed) = listed {
        policy.fetch = listed;
    }
    let video = section.choice("video", &[("expected", true), ("optional", false)]);
    if !asks_media && video.as_ref().is_some_and(|video| video.value) {
        section.fail(
            "video",
            "is \"expected\", and `fetch` does not ask for \"media\"",
            "add \"media\" to fetch, or set video = \"optional\"",
        );
    }
    policy.video_expected = asks_media && video.is_none_or(|video| video.value);
    policy.unused_codes = unused_codes(section);
}

/// Codes that a person vouches for: what tokens answer that nobody has used.
fn unused_codes(section: &Section<'_>) -> Vec<String> {
    let mut codes = Vec::new();
    for code in section.texts("unused_codes").unwrap_or_default() {
        if !code.value.is_empty()
            && code.value.len() <= 12
            && code.value.bytes().all(|byte| byte.is_ascii_digit())
        {
            codes.push(code.value);
        } else {
            section.findings.fail(
                &code.path,
                &code.place,
                "is no code of the provider",
                "write digits as text, such as \"283407\"",
            );
        }
    }
    codes
}

/// What to ask, each once, getall first: it always is asked.
fn fetch(section: &Section<'_>) -> Option<Vec<Endpoint>> {
    let names = Endpoint::QUERIES.map(Endpoint::name);
    let mut endpoints = vec![Endpoint::Getall];
    for name in section.texts("fetch")? {
        match Endpoint::query_named(&name.value) {
            Some(endpoint) if endpoints.contains(&endpoint) => {}
            Some(endpoint) => endpoints.push(endpoint),
            None => section.findings.fail(
                &name.path,
                &name.place,
                "is no query of the provider",
                keys::suggestion(&name.value, &names),
            ),
        }
    }
    Some(endpoints)
}

fn media_hosts(section: &Section<'_>, near: bool) -> Option<Vec<String>> {
    let hosts = section.texts("media_hosts")?;
    if hosts.is_empty() {
        section.warn(
            "media_hosts",
            "is empty, so that no image and no video can be fetched",
            "leave the key out for the provider's own hosts",
        );
    }
    let mut kept = Vec::with_capacity(hosts.len());
    for host in hosts {
        let lower = host.value.to_lowercase();
        let (name, port) = split_port(&lower);
        if !is_host_pattern(name) {
            let todo = "write a host such as \"bj.bcebos.com\" or \"*.bcebos.com\", without scheme or path";
            section
                .findings
                .fail(&host.path, &host.place, "is no host", todo);
        } else if port.is_some() && (!near || name.starts_with('*')) {
            let todo = "take the port out: media of public hosts are fetched over https alone";
            section.findings.fail(
                &host.path,
                &host.place,
                "has a port, which is only for private hosts (allow_private_media_hosts)",
                todo,
            );
        } else {
            kept.push(lower);
        }
    }
    Some(kept)
}

/// `host:port`, `[::1]:port` or a host alone.
fn split_port(text: &str) -> (&str, Option<u16>) {
    if text.parse::<IpAddr>().is_ok() {
        return (text, None);
    }
    match text
        .rsplit_once(':')
        .map(|(host, port)| (host, port.parse::<u16>()))
    {
        Some((host, Ok(port))) if port > 0 => (
            host.strip_prefix('[')
                .and_then(|inner| inner.strip_suffix(']'))
                .unwrap_or(host),
            Some(port),
        ),
        _ => (text, None),
    }
}

/// `host`, `*.host` or an address; `*` alone would allow everything.
fn is_host_pattern(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    let is_name = |host: &str| {
        host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    host.parse::<IpAddr>().is_ok() && host == text || (is_name(host) && !host.is_empty())
}

/// Whether an app, or the proxy of all, holds a secret in the file itself.
pub(super) fn has_secret_in_file(top: &Section<'_>) -> bool {
    let of_all = match top.node("provider").map(|node| &node.value) {
        Some(Value::Table(table)) => table.get("proxy").is_some_and(proxy::holds_secret),
        _ => false,
    };
    let Some(Value::List(items)) = top.node("apps").map(|node| &node.value) else {
        return of_all;
    };
    of_all
        || items.iter().any(|item| match &item.value {
            Value::Table(table) => {
                table.get("proxy").is_some_and(proxy::holds_secret)
                    || ["api_key", "secret_key"].iter().any(|key| {
                        table.get(key).is_some_and(|node| {
                        matches!(node.place, Place::Line(..))
                            && matches!(&node.value, Value::Text(text) if !text.trim().is_empty())
                    })
                    })
            }
            _ => false,
        })
}
