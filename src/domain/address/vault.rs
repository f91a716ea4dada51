//! Where objects are.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use percent_encoding::percent_decode_str;
use url::Url;

use super::Wrong;
use crate::domain::storage::Kind;

const NO_STORE: Wrong = Wrong {
    reason: "is no object store",
    todo: "write \"file://folder\", \"s3://bucket/prefix\", \"gs://bucket/prefix\" or \"az://container/prefix\"",
};

/// `file://` and a folder, or `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
/// Never holds credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct VaultUrl(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    Bucket(Bucket),
}

/// Where in a store of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// What it speaks.
    pub kind: Kind,
    /// The bucket's name, or the container's.
    pub name: String,
    /// What all keys begin with, as it stands in a URL: percent-encoded; `/` or empty for none.
    pub prefix: String,
}

impl VaultUrl {
    /// Objects in that folder.
    #[must_use]
    pub fn of_folder(path: impl Into<PathBuf>) -> Self {
        Self(Place::Folder(path.into()))
    }

    /// The folder; none of a bucket.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder(path) => Some(path),
            Place::Bucket(_) => None,
        }
    }

    /// The bucket; none of a folder.
    pub(crate) const fn bucket(&self) -> Option<&Bucket> {
        match &self.0 {
            Place::Folder(_) => None,
            Place::Bucket(bucket) => Some(bucket),
        }
    }
}

impl FromStr for VaultUrl {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if let Some(path) = text.strip_prefix("file://") {
            let path = percent_decode_str(path)
                .decode_utf8()
                .map_err(|_| NO_STORE)?;
            if path.is_empty() {
                return Err(Wrong {
                    reason: "names no folder",
                    todo: "name one: \"file://verikeep-data/objects\"",
                });
            }
            return Ok(Self::of_folder(&*path));
        }
        let url = Url::parse(text).map_err(|_| NO_STORE)?;
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(Wrong {
                reason: "holds more than a place",
                todo: "put credentials and settings into [vault.options] or the environment",
            });
        }
        let kind = Kind::of(url.scheme()).ok_or(NO_STORE)?;
        let name = url
            .host_str()
            .filter(|name| is_bucket(name))
            .ok_or(NO_STORE)?;
        Ok(Self(Place::Bucket(Bucket {
            kind,
            name: name.to_owned(),
            prefix: url.path().to_owned(),
        })))
    }
}

impl fmt::Display for VaultUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Folder(path) => match Url::from_file_path(path) {
                Ok(url) => url.fmt(f),
                Err(()) => write!(f, "file://{}", path.display()),
            },
            Place::Bucket(Bucket { kind, name, prefix }) => {
                write!(f, "{}://{name}{prefix}", kind.scheme())
            }
        }
    }
}

impl fmt::Debug for VaultUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_bucket(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_the_folder_or_the_bucket() {
        for (text, folder, bucket, shown) in [
            ("file://a%20b/o", Some("a b/o"), None, "file://a b/o"),
            ("file:///a%20b/o", Some("/a b/o"), None, "file:///a%20b/o"),
            (
                "s3://bucket",
                None,
                Some((Kind::S3, "bucket", "")),
                "s3://bucket",
            ),
            (
                "s3://bucket/a%20b/c",
                None,
                Some((Kind::S3, "bucket", "/a%20b/c")),
                "s3://bucket/a%20b/c",
            ),
            (
                "gs://Bucket_1/",
                None,
                Some((Kind::Gs, "Bucket_1", "/")),
                "gs://Bucket_1/",
            ),
            (
                "az://container/p",
                None,
                Some((Kind::Az, "container", "/p")),
                "az://container/p",
            ),
        ] {
            let url: VaultUrl = text.parse().unwrap();
            let found = url
                .bucket()
                .map(|at| (at.kind, at.name.as_str(), at.prefix.as_str()));
            assert_eq!(
                (url.folder(), found),
                (folder.map(Path::new), bucket),
                "{text}"
            );
            assert_eq!(url.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for (text, reason) in [
            ("s3://canary:canary@bucket", "holds more than a place"),
            ("s3://bucket?sig=canary", "holds more than a place"),
            ("s3://bucket#canary", "holds more than a place"),
            ("file://", "names no folder"),
            ("s3://", "is no object store"),
            ("s3://b%C3%BCcket", "is no object store"),
            ("http://canary/x", "is no object store"),
            ("/var/canary", "is no object store"),
        ] {
            let wrong = text.parse::<VaultUrl>().unwrap_err().to_string();
            assert!(
                wrong.contains(reason) && !wrong.contains("canary"),
                "{text}: {wrong}"
            );
        }
    }
}
