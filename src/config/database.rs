//! `[database]`: where rows lie, and whether the way there is guarded.

use std::{ffi::OsString, net::IpAddr, path::Path};

use url::Url;

use super::{
    paths,
    secrets::{self, Folders},
    section::Section,
    shape::Database,
};
use crate::domain::secret::Secret;

/// What the driver takes behind the `?` of a PostgreSQL URL, beside `options[NAME]`. Any other it
/// would leave out and write to the log together with its value.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

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
    let url = section.text("url").and_then(|text| {
        if let Some((path, tail)) = paths::split_sqlite(&text.value) {
            return sqlite(section, path, tail, folders);
        }
        let parsed = Url::parse(&text.value).ok().filter(|url| {
            matches!(url.scheme(), "postgres" | "postgresql") && url.path().len() > 1
        });
        let Some(url) = parsed else {
            section.fail(
                "url",
                "is no database URL",
                "write \"sqlite://folder/file.db\" or \"postgres://user@host/database\"",
            );
            return None;
        };
        if !knows_all_parameters(&url) {
            // A password that was not encoded may have become the name of one.
            section.fail(
                "url",
                "has a parameter behind the `?` that the driver does not know",
                format!(
                    "take it out, or correct it: {}; write a `&` inside a value as %26",
                    PARAMETERS.join(", ")
                ),
            );
            return None;
        }
        insecure = unguarded(&url, variables);
        with_certificate(section, url, folders)
    });
    say_what_is_insecure(section, insecure.as_deref(), allowed);
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

/// The URL of a file, with its whole path.
fn sqlite(section: &Section<'_>, path: &str, tail: &str, folders: &Folders) -> Option<Secret> {
    if path.is_empty() || path == ":memory:" || tail.contains("mode=memory") {
        section.fail(
            "url",
            "names no file, so that everything would be forgotten at the end",
            "name a file: \"sqlite://verikeep-data/verikeep.db\"",
        );
        return None;
    }
    let start = if path.starts_with('/') {
        String::new()
    } else {
        paths::sqlite_url(&folders.base)
            .trim_start_matches("sqlite://")
            .to_owned()
            + "/"
    };
    Some(Secret::new(format!("sqlite://{start}{path}{tail}")))
}

fn say_what_is_insecure(section: &Section<'_>, insecure: Option<&str>, allowed: bool) {
    match (insecure, allowed) {
        (Some(what), true) => section.warn(
            "allow_insecure",
            format!("database.url {what}"),
            "use sslmode=verify-full with sslrootcert, then take this out",
        ),
        (Some(what), false) => {
            let todo = "add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to it, or allow it by name: database.allow_insecure = true";
            section.fail("url", what.to_owned(), todo);
        }
        (None, true) => section.warn(
            "allow_insecure",
            "is not needed: the way to the database is guarded",
            "take it out",
        ),
        (None, false) => {}
    }
}

fn knows_all_parameters(url: &Url) -> bool {
    url.query_pairs().all(|(name, _)| {
        let is_option = name.starts_with("options[") && name.ends_with(']');
        is_option || PARAMETERS.contains(&name.as_ref())
    })
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
fn with_certificate(section: &Section<'_>, mut url: Url, folders: &Folders) -> Option<Secret> {
    let is_name = |key: &str| matches!(key, "sslrootcert" | "ssl-root-cert" | "ssl-ca");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let Some((_, name)) = pairs
        .iter()
        .find(|(key, value)| is_name(key) && !value.starts_with("-----BEGIN"))
    else {
        return Some(Secret::new(url.as_str()));
    };
    let file = paths::absolute(&folders.base, name);
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
    if !Path::new(name).is_absolute() {
        let whole = file.to_string_lossy().into_owned();
        url.query_pairs_mut().clear().extend_pairs(
            pairs
                .iter()
                .map(|(key, value)| (key, if is_name(key) { &whole } else { value })),
        );
    }
    Some(Secret::new(url.as_str()))
}
