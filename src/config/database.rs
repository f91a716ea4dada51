//! `[database]`: where rows lie, and whether the way there is guarded.

use std::{ffi::OsString, net::IpAddr, path::Path};

use url::Url;
use zeroize::Zeroizing;

use super::{
    paths,
    secrets::{self, Folders},
    section::Section,
    shape::Database,
};
use crate::domain::address::DatabaseUrl;

/// Reads the section. No finding repeats the URL, which may hold a password.
pub(super) fn read(
    section: &Section<'_>,
    plain: Database,
    folders: &Folders,
    variables: &[(OsString, OsString)],
) -> Database {
    let allowed = section
        .flag("allow_insecure")
        .is_some_and(|flag| flag.value);
    let mut insecure = None;
    let (key, text) = told(section, folders);
    let url = text.and_then(|text| {
        let read = text.parse::<DatabaseUrl>();
        let url = read.map_err(|wrong| section.wrong(key, wrong)).ok()?;
        insecure = url.server().and_then(|url| unguarded(url, variables));
        with_certificate(section, url.below(&folders.base), folders)
    });
    say_what_is_insecure(section, key, insecure.as_deref(), allowed);
    let max_connections = section
        .whole("max_connections", 1, 1000)
        .and_then(|number| u32::try_from(number.value).ok());
    Database {
        url: url.unwrap_or(plain.url),
        max_connections: max_connections.unwrap_or(plain.max_connections),
        insecure: insecure
            .filter(|_| allowed)
            .map(|what| format!("database.url {what}")),
    }
}

/// The URL, and by which key it is told: in place, or in a file, where a password need not stand in
/// the configuration or the environment.
fn told(section: &Section<'_>, folders: &Folders) -> (&'static str, Option<Zeroizing<String>>) {
    let env = |key: &str| section.place_of(key).is_env();
    let (in_place, in_file) = (section.has("url"), section.has("url_file"));
    if in_place && in_file && env("url") == env("url_file") {
        section.fail(
            "url_file",
            "`url` is given as well",
            "keep one of `url` and `url_file`",
        );
        return ("url_file", None);
    }
    if in_file && (!in_place || env("url_file")) {
        let named = section.text("url_file");
        let text = named.and_then(|named| secrets::read(section, &named, folders));
        return ("url_file", text);
    }
    let text = section.text("url");
    ("url", text.map(|text| Zeroizing::new(text.value)))
}

fn say_what_is_insecure(section: &Section<'_>, key: &str, insecure: Option<&str>, allowed: bool) {
    match (insecure, allowed) {
        (Some(what), true) => section.warn(
            "allow_insecure",
            format!("database.url {what}"),
            "use sslmode=verify-full with sslrootcert, then take this out",
        ),
        (Some(what), false) => {
            let todo = "add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to it, or allow it by name: database.allow_insecure = true";
            section.fail(key, what.to_owned(), todo);
        }
        (None, true) => section.warn(
            "allow_insecure",
            "is not needed: the way to the database is guarded",
            "take it out",
        ),
        (None, false) => {}
    }
}

/// What of the way to a PostgreSQL server could be listened to or pretended. Where the URL says
/// nothing the driver takes libpq's environment variables.
fn unguarded(url: &Url, variables: &[(OsString, OsString)]) -> Option<String> {
    let set = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, value)| value.to_str())
            .map(str::to_owned)
    };
    let last = |names: &[&str]| {
        url.query_pairs()
            .filter(|(name, _)| names.contains(&name.as_ref()))
            .last()
            .map(|(_, value)| value.into_owned())
    };
    let hosts: Vec<String> = url
        .query_pairs()
        .filter(|(name, _)| name == "host" || name == "hostaddr")
        .map(|(_, value)| value.into_owned())
        .collect();
    let named = url.host_str().map(|host| {
        percent_encoding::percent_decode_str(host)
            .decode_utf8_lossy()
            .into_owned()
    });
    // A folder of sockets comes before every host; else the last host counts.
    let is_socket = hosts.iter().chain(&named).any(|host| host.starts_with('/'));
    let host = hosts
        .last()
        .cloned()
        .or(named)
        .or_else(|| set("PGHOSTADDR"))
        .or_else(|| set("PGHOST"));
    if is_socket || host.is_none_or(|host| is_near(&host)) {
        return None;
    }
    let mode = last(&["sslmode", "ssl-mode"])
        .or_else(|| set("PGSSLMODE"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let shown = match mode.as_str() {
        "verify-full" => return None,
        "disable" | "allow" | "require" | "verify-ca" => mode.as_str(),
        _ => "prefer",
    };
    Some(format!(
        "names a server off this machine with sslmode={shown}: whoever stands in between can be given the password and all rows"
    ))
}

fn is_near(host: &str) -> bool {
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|ip| ip.is_loopback())
}

/// The URL with a relative `sslrootcert` read from the folder of the configuration file; none when
/// the file is not there.
fn with_certificate(
    section: &Section<'_>,
    url: DatabaseUrl,
    folders: &Folders,
) -> Option<DatabaseUrl> {
    let Some(name) = url.certificate() else {
        return Some(url);
    };
    let file = paths::absolute(&folders.base, &name);
    if let Err(error) = std::fs::File::open(&file) {
        section.fail(
            "url",
            format!(
                "sslrootcert: {}: {}",
                file.display(),
                secrets::reason(&error)
            ),
            "create the file, or correct its name and owner",
        );
        return None;
    }
    Some(if Path::new(&name).is_absolute() {
        url
    } else {
        url.with_certificate(&file)
    })
}
