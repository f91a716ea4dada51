//! Where a database is.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use percent_encoding::percent_decode_str;
use url::Url;

use super::Wrong;

/// `sqlite://` and a file, or `postgres://user:password@host/database`.
///
/// Shows which of the two it is and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    File { text: String, path: PathBuf },
    Server(Url),
}

/// A list of parameters, and what is wrong with any other.
macro_rules! parameters {
    ($first:literal $(, $name:literal)* $(,)?) => {
        const PARAMETERS: &[&str] = &[$first $(, $name)*];
        const UNKNOWN_PARAMETER: Wrong = Wrong {
            reason: "has a parameter behind the `?` that the driver does not know",
            todo: concat!("take it out, or correct it: ", $first $(, ", ", $name)*, "; write a `&` inside a value as %26"),
        };
    };
}

// What the driver takes behind the `?` of a server's URL, beside `options[NAME]`. Any other it would
// leave out and write to the log together with its value.
parameters!(
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
);

const NO_FILE: Wrong = Wrong {
    reason: "names no file, so that everything would be forgotten at the end",
    todo: "name a file: \"sqlite://verikeep-data/verikeep.db\"",
};
const NO_DATABASE: Wrong = Wrong {
    reason: "is no database URL",
    todo: "write \"sqlite://folder/file.db\" or \"postgres://user@host/database\"",
};

const SEVERAL_HOSTS: Wrong = Wrong {
    reason: "names several hosts, or which of them to take (target_session_attrs); one is supported",
    todo: "name the one address that leads to the primary: a virtual IP, a DNS name or a proxy such as HAProxy or pgbouncer",
};
/// What libpq takes where it chooses among hosts.
const OF_SEVERAL_HOSTS: &[&str] = &["target_session_attrs", "load_balance_hosts"];

impl DatabaseUrl {
    /// A SQLite database in that file.
    #[must_use]
    pub fn of_file(path: &Path) -> Self {
        Self::file_with(path.to_owned(), "")
    }

    /// What the driver reads, which may hold a password; whoever calls this answers for where it
    /// goes.
    #[must_use]
    pub fn reveal(&self) -> &str {
        match &self.0 {
            Place::File { text, .. } => text,
            Place::Server(url) => url.as_str(),
        }
    }

    /// The file of a SQLite database; none of a server.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::File { path, .. } => Some(path),
            Place::Server(_) => None,
        }
    }

    /// The URL of a PostgreSQL server; none of a file.
    pub(crate) const fn server(&self) -> Option<&Url> {
        match &self.0 {
            Place::File { .. } => None,
            Place::Server(url) => Some(url),
        }
    }

    /// With a file that is relative begun at this folder.
    #[must_use]
    pub(crate) fn below(self, folder: &Path) -> Self {
        match self.0 {
            Place::File { text, path } if path.is_relative() => {
                let tail = split_file(&text).map_or("", |(_, tail)| tail);
                Self::file_with(folder.join(path), tail)
            }
            other => Self(other),
        }
    }

    /// The name of the file with the certificates that the server's must be signed by, where it
    /// names one and does not hold them itself.
    pub(crate) fn certificate(&self) -> Option<String> {
        self.server()?
            .query_pairs()
            .find(|(name, value)| is_certificate(name) && !value.starts_with("-----BEGIN"))
            .map(|(_, value)| value.into_owned())
    }

    /// With the certificates in that file.
    #[must_use]
    pub(crate) fn with_certificate(self, file: &Path) -> Self {
        let Place::Server(mut url) = self.0 else {
            return self;
        };
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let whole = file.to_string_lossy();
        let pairs = pairs.iter().map(|(name, value)| {
            let value = if is_certificate(name) {
                &whole
            } else {
                value.as_str()
            };
            (name, value)
        });
        url.query_pairs_mut().clear().extend_pairs(pairs);
        Self(Place::Server(url))
    }

    /// What the driver would decode or split at is encoded.
    fn file_with(path: PathBuf, tail: &str) -> Self {
        let encoded = path
            .to_string_lossy()
            .replace('%', "%25")
            .replace('?', "%3F")
            .replace('#', "%23");
        Self(Place::File {
            text: format!("sqlite://{encoded}{tail}"),
            path,
        })
    }
}

impl FromStr for DatabaseUrl {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if let Some((path, tail)) = split_file(text) {
            if path.is_empty() || path.contains(":memory:") || tail.contains("mode=memory") {
                return Err(NO_FILE);
            }
            let path = percent_decode_str(path)
                .decode_utf8()
                .map_err(|_| NO_DATABASE)?;
            return Ok(Self::file_with(PathBuf::from(&*path), tail));
        }
        // `h1:5432,h2:5432` is none for the parser.
        if text.starts_with("postgres") && authority(text).contains(',') {
            return Err(SEVERAL_HOSTS);
        }
        let url = Url::parse(text).map_err(|_| NO_DATABASE)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") || url.path().len() < 2 {
            return Err(NO_DATABASE);
        }
        let chooses = url.query_pairs().any(|(name, value)| {
            let is_host = matches!(name.as_ref(), "host" | "hostaddr" | "port");
            OF_SEVERAL_HOSTS.contains(&name.as_ref()) || (is_host && value.contains(','))
        });
        if chooses {
            return Err(SEVERAL_HOSTS);
        }
        // A password that was not encoded may have become the name of one.
        let known = url.query_pairs().all(|(name, _)| {
            let is_option = name.starts_with("options[") && name.ends_with(']');
            is_option || PARAMETERS.contains(&name.as_ref())
        });
        if known {
            Ok(Self(Place::Server(url)))
        } else {
            Err(UNKNOWN_PARAMETER)
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Place::File { .. } => "sqlite://[redacted]",
            Place::Server(_) => "postgres://[redacted]",
        })
    }
}

/// Hosts and ports of a URL, without user and password.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let whole = rest.split(['/', '?', '#']).next().unwrap_or_default();
    whole.rsplit('@').next().unwrap_or_default()
}

fn is_certificate(name: &str) -> bool {
    matches!(name, "sslrootcert" | "ssl-root-cert" | "ssl-ca")
}

/// The path of a `sqlite:` URL and what follows it (`?mode=…`), as it stands.
fn split_file(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))?;
    let at = rest.find('?').unwrap_or(rest.len());
    Some(rest.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_which_database_it_is_and_nothing_else() {
        for (text, file, shown, whole) in [
            (
                "sqlite://canary/b.db?mode=rwc",
                Some("canary/b.db"),
                "sqlite://[redacted]",
                "sqlite:///base/canary/b.db?mode=rwc",
            ),
            (
                "sqlite:canary%20b/50%25.db",
                Some("canary b/50%.db"),
                "sqlite://[redacted]",
                "sqlite:///base/canary b/50%25.db",
            ),
            (
                "sqlite:///canary/b.db",
                Some("/canary/b.db"),
                "sqlite://[redacted]",
                "sqlite:///canary/b.db",
            ),
            (
                "postgres://u:canary@h/d",
                None,
                "postgres://[redacted]",
                "postgres://u:canary@h/d",
            ),
            (
                "postgresql://u@h/d?password=canary&options[x]=canary",
                None,
                "postgres://[redacted]",
                "postgresql://u@h/d?password=canary&options[x]=canary",
            ),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.file(), file.map(Path::new), "{text}");
            assert_eq!(url.server().is_none(), file.is_some(), "{text}");
            assert_eq!(format!("{url:?}"), shown, "{text}");
            assert_eq!(url.below(Path::new("/base")).reveal(), whole, "{text}");
        }
        let file = Path::new("/a b/50%/what?.db");
        let made = DatabaseUrl::of_file(file);
        assert_eq!(made.reveal().parse::<DatabaseUrl>().unwrap(), made);
        assert_eq!(made.file(), Some(file));
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for (text, reason) in [
            ("mysql://canary@host/db", "no database URL"),
            ("canary", "no database URL"),
            ("postgres://canary", "no database URL"),
            ("postgres://user:canary@host:port/db", "no database URL"),
            ("postgres://u@localhost/d?pasword=canary", "does not know"),
            (
                "postgres://u@localhost/d?password=x&canary=y",
                "does not know",
            ),
            ("postgres://u:canary@a,b/d", "several hosts"),
            ("postgres://u:canary@a:5432,b:5433/d", "several hosts"),
            ("postgresql://u:canary@h/d?host=a,b", "several hosts"),
            (
                "postgres://u:canary@a/d?target_session_attrs=read-write",
                "several hosts",
            ),
            ("sqlite:", "names no file"),
            ("sqlite::memory:", "names no file"),
            ("sqlite:file::memory:?canary", "names no file"),
            ("sqlite://x.db?mode=memory", "names no file"),
        ] {
            let wrong = text.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(
                wrong.contains(reason) && !wrong.contains("canary"),
                "{text}: {wrong}"
            );
        }
    }

    #[test]
    fn a_comma_in_a_password_is_no_second_host() {
        for text in [
            "postgres://u:a,b@h/d",
            "postgres://h/d?application_name=a,b",
        ] {
            assert!(text.parse::<DatabaseUrl>().is_ok(), "{text}");
        }
    }

    #[test]
    fn the_file_of_certificates_is_named_whole() {
        let text = "postgres://u@h/d?sslmode=verify-full&ssl-ca=ca.pem";
        let url: DatabaseUrl = text.parse().unwrap();
        assert_eq!(url.certificate().as_deref(), Some("ca.pem"));
        let url = url.with_certificate(Path::new("/etc/ca.pem"));
        assert_eq!(url.certificate().as_deref(), Some("/etc/ca.pem"));
        assert!(url.reveal().contains("sslmode=verify-full"));
    }
}
