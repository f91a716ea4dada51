//! Paths and the URLs made of them. Relative ones are read from the folder of the configuration
//! file, so that it does not matter where the program is started.

use std::path::{Component, Path, PathBuf};

use url::Url;

/// The path from `base`, unless it is absolute; `.` and inner `..` taken out.
pub(super) fn absolute(base: &Path, path: &str) -> PathBuf {
    let joined = base.join(path);
    let mut plain = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// `sqlite:///…`; what sqlx would decode or split at is encoded.
pub(super) fn sqlite_url(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!(
        "sqlite://{}",
        text.replace('%', "%25")
            .replace('?', "%3F")
            .replace('#', "%23")
    )
}

/// `file:///…`
pub(super) fn file_url(path: &Path) -> String {
    Url::from_file_path(path).map_or_else(|()| format!("file://{}", path.display()), String::from)
}

/// The path of a `sqlite:` URL and what follows it (`?mode=…`), as it stands.
pub(super) fn split_sqlite(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))?;
    let at = rest.find('?').unwrap_or(rest.len());
    Some(rest.split_at(at))
}

/// The file of a `sqlite:` URL; none of another URL.
pub(super) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let (path, _) = split_sqlite(url)?;
    Some(PathBuf::from(
        percent_encoding::percent_decode_str(path)
            .decode_utf8_lossy()
            .into_owned(),
    ))
}

/// The folder of a `file://` URL; none of another URL.
pub(super) fn file_path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file://")?;
    Some(PathBuf::from(
        percent_encoding::percent_decode_str(path)
            .decode_utf8_lossy()
            .into_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_start_at_the_configuration_file() {
        for (path, whole) in [
            ("data", "/etc/v/data"),
            ("./a/../b", "/etc/v/b"),
            ("../x", "/etc/x"),
            ("/var/lib/v", "/var/lib/v"),
        ] {
            assert_eq!(
                absolute(Path::new("/etc/v"), path),
                Path::new(whole),
                "{path}"
            );
        }
        assert_eq!(
            sqlite_url(Path::new("/a b/50%/v.db")),
            "sqlite:///a b/50%25/v.db"
        );
        assert_eq!(file_url(Path::new("/a b/o")), "file:///a%20b/o");
        assert_eq!(
            split_sqlite("sqlite://a/b.db?mode=rwc"),
            Some(("a/b.db", "?mode=rwc"))
        );
        assert_eq!(split_sqlite("postgres://h/d"), None);
        assert_eq!(
            sqlite_path(&sqlite_url(Path::new("/a b/50%/v.db"))).as_deref(),
            Some(Path::new("/a b/50%/v.db"))
        );
        assert_eq!(
            file_path(&file_url(Path::new("/a b/o"))).as_deref(),
            Some(Path::new("/a b/o"))
        );
        assert_eq!(
            (sqlite_path("postgres://h/d"), file_path("s3://b/p")),
            (None, None)
        );
    }
}
