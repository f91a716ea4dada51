//! From a URL and options of the config to a store.

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use object_store::{
    DynObjectStore, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    local::LocalFileSystem,
    prefix::PrefixStore,
};

use super::{CreateOnly, Result, Vault, VaultError, error};
use crate::domain::{
    address::{Bucket, VaultUrl, Wrong},
    storage::Kind,
};

impl Vault {
    /// Opens the vault at `url`; a relative folder begins at the working directory. A folder is
    /// created if need be, open to its owner only.
    ///
    /// `options` are those of [`crate::domain::storage`] (`endpoint`, `region`, `access_key_id`,
    /// `allow_http`, …), each read by its rules. The environment has no say, neither by the store's
    /// usual variables nor by a proxy. No network is touched: see [`Vault::probe`].
    ///
    /// # Errors
    /// [`VaultError::Config`] for an option that cannot be right; for a folder that cannot be made,
    /// what stands in the way.
    pub fn open<K, V>(
        url: &VaultUrl,
        options: impl IntoIterator<Item = (K, V)>,
        create_only: CreateOnly,
    ) -> Result<Self>
    where
        K: AsRef<str>,
        V: Into<String>,
    {
        if let Some(path) = url.folder() {
            if let Some((key, _)) = options.into_iter().next() {
                return Err(unknown(key.as_ref(), "file"));
            }
            return folder(path, create_only);
        }
        let Bucket { kind, name, prefix } = url.bucket().ok_or_else(wrong_url)?;
        let prefix = object_store::path::Path::from_url_path(prefix).map_err(|_| wrong_url())?;
        let place = format!("{}://{name}/{prefix}", kind.scheme());
        let options = checked(*kind, options)?;
        let store = match kind {
            Kind::S3 => s3(name, options).map(|store| under(store, prefix)),
            Kind::Gs => gs(name, options).map(|store| under(store, prefix)),
            Kind::Az => az(name, options).map(|store| under(store, prefix)),
        }?;
        // Google and Azure have always known create-only puts; of what speaks S3, not all do.
        let create_only = if *kind != Kind::S3 && create_only == CreateOnly::Probe {
            CreateOnly::On
        } else {
            create_only
        };
        Ok(Self::over(store, place, None, create_only))
    }
}

fn folder(path: &Path, create_only: CreateOnly) -> Result<Vault> {
    let root = std::path::absolute(path).map_err(|error| no_folder(&error))?;
    create_durably(&root).map_err(|error| no_folder(&error))?;
    let store = LocalFileSystem::new_with_prefix(&root)
        .map_err(|error| error::on_build(&error))?
        .with_fsync(true);
    let create_only = if create_only == CreateOnly::Probe {
        CreateOnly::On
    } else {
        create_only
    };
    Ok(Vault::over(
        Arc::new(store),
        format!("file://{}", root.display()),
        Some(root),
        create_only,
    ))
}

/// Creates the folder and those above it, each synced in its parent: otherwise a power cut after
/// the first start could take the whole vault with it.
fn create_durably(folder: &Path) -> io::Result<()> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|ancestor| !ancestor.exists())
        .map(Path::to_path_buf)
        .collect();
    for folder in missing.iter().rev() {
        match builder().create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if let Some(parent) = folder.parent() {
            std::fs::File::open(parent)?.sync_all()?;
        }
    }
    Ok(())
}

fn builder() -> std::fs::DirBuilder {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Reads every option before the library sees it, which takes values as they come and panics over
/// some of them at the first request.
fn checked<K: AsRef<str>, V: Into<String>>(
    kind: Kind,
    options: impl IntoIterator<Item = (K, V)>,
) -> Result<Vec<(&'static str, String)>> {
    let wrong = |name: &str, wrong: Wrong| {
        VaultError::Config(format!(
            "vault.options.{name} {}; {}",
            wrong.reason, wrong.todo
        ))
    };
    let mut read: Vec<(&'static str, String)> = Vec::new();
    for (key, value) in options {
        let setting = kind
            .setting(key.as_ref())
            .ok_or_else(|| unknown(key.as_ref(), kind.scheme()))?;
        let value = setting
            .read(&value.into())
            .map_err(|found| wrong(setting.name, found))?;
        read.retain(|(name, _)| *name != setting.name);
        read.push((setting.name, value));
    }
    if let Some((name, found)) = kind.together(&read) {
        return Err(wrong(name, found));
    }
    if !read.iter().any(|(name, _)| *name == "proxy_url") {
        // Nothing goes through this one, be it a name or an address; without it the library would
        // take a proxy of the environment.
        read.retain(|(name, _)| *name != "proxy_excludes");
        read.extend([
            ("proxy_url", "http://127.0.0.1:9".to_owned()),
            ("proxy_excludes", "*,0.0.0.0/0,::/0".to_owned()),
        ]);
    }
    Ok(read)
}

fn s3(bucket: &str, options: Vec<(&'static str, String)>) -> Result<impl ObjectStore> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_retry(retry());
    // TLS protects the body already; its digest in the signature would cost as much as our own.
    // Over plain HTTP it stays signed.
    if !options
        .iter()
        .any(|(name, value)| *name == "endpoint" && value.starts_with("http://"))
    {
        builder = builder.with_unsigned_payload(true);
    }
    for (name, value) in options {
        builder = builder.with_config(named::<AmazonS3ConfigKey>(name, "s3")?, value);
    }
    builder.build().map_err(|error| error::on_build(&error))
}

fn gs(bucket: &str, options: Vec<(&'static str, String)>) -> Result<impl ObjectStore> {
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_retry(retry());
    for (name, value) in options {
        builder = builder.with_config(named::<GoogleConfigKey>(name, "gs")?, value);
    }
    builder.build().map_err(|error| error::on_build(&error))
}

fn az(container: &str, options: Vec<(&'static str, String)>) -> Result<impl ObjectStore> {
    let mut builder = MicrosoftAzureBuilder::new()
        .with_container_name(container)
        .with_retry(retry());
    for (name, value) in options {
        builder = builder.with_config(named::<AzureConfigKey>(name, "az")?, value);
    }
    builder.build().map_err(|error| error::on_build(&error))
}

fn under(store: impl ObjectStore, prefix: object_store::path::Path) -> Arc<DynObjectStore> {
    if prefix.as_ref().is_empty() {
        Arc::new(store)
    } else {
        Arc::new(PrefixStore::new(store, prefix))
    }
}

/// Only what heals at once: whether and when to try again is decided in one place, by whoever holds
/// the lease.
fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: 2,
        retry_timeout: Duration::from_secs(20),
        ..RetryConfig::default()
    }
}

fn named<T: FromStr>(key: &str, scheme: &str) -> Result<T> {
    key.parse().map_err(|_| unknown(key, scheme))
}

fn unknown(key: &str, scheme: &str) -> VaultError {
    VaultError::Config(format!(
        "vault.options: `{key}` is not an option of {scheme}:// stores"
    ))
}

fn wrong_url() -> VaultError {
    VaultError::Config("vault.url has a prefix that cannot begin the key of an object; write letters, digits, `-`, `_`, `.` and `/`".to_owned())
}

fn no_folder(error: &io::Error) -> VaultError {
    // Operating system errors only, which name no path.
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            VaultError::Denied(error.to_string())
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            VaultError::Full(error.to_string())
        }
        _ => VaultError::Config(format!(
            "the folder of vault.url cannot be created: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [(&str, &str); 0] = [];

    #[test]
    fn the_folder_is_made_for_its_owner_only() {
        let temp = tempfile::tempdir().unwrap();
        let url = format!("file://{}/a%20b/objects", temp.path().display());
        Vault::open(&url.parse().unwrap(), NONE, CreateOnly::Probe).unwrap();
        #[cfg(unix)]
        for made in ["a b", "a b/objects"] {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &std::fs::metadata(temp.path().join(made))
                    .unwrap()
                    .permissions(),
            );
            assert_eq!(mode & 0o777, 0o700, "{made}");
        }
        Vault::open(&url.parse().unwrap(), NONE, CreateOnly::Probe).unwrap();
    }

    #[test]
    fn urls_of_all_kinds_open_without_a_network() {
        for (url, options, place) in [
            (
                "s3://bucket/some/prefix",
                vec![
                    ("region", "cn-north-1"),
                    ("Access_Key_Id", "a"),
                    ("secret_access_key", "canary"),
                ],
                "s3://bucket/some/prefix",
            ),
            (
                "gs://bucket",
                vec![("google_skip_signature", "true")],
                "gs://bucket/",
            ),
            (
                "az://container/p",
                vec![("account_name", "a"), ("account_key", "Y2FuYXJ5")],
                "az://container/p",
            ),
        ] {
            let vault = Vault::open(&url.parse().unwrap(), options, CreateOnly::Probe).unwrap();
            assert_eq!(vault.to_string(), place);
            assert!(!format!("{vault:?}").contains("canary"));
        }
    }

    #[test]
    fn what_cannot_be_right_is_named_and_not_repeated() {
        let key = [("region", "x"), ("acces_key", "canary")];
        for (url, options, part) in [
            ("s3://bucket", &key[..], "`acces_key`"),
            ("file:///tmp/never-made", &key[..], "`region`"),
            (
                "s3://bucket",
                &[("endpoint", "canary:9000")],
                "vault.options.endpoint has no scheme",
            ),
            (
                "s3://bucket",
                &[
                    ("access_key_id", "canary\n"),
                    ("secret_access_key", "canary"),
                ],
                "vault.options.access_key_id ends with a line break",
            ),
            (
                "az://container",
                &[],
                "vault.options.account_name is missing",
            ),
        ] {
            let error = Vault::open(
                &url.parse().unwrap(),
                options.iter().copied(),
                CreateOnly::Probe,
            )
            .unwrap_err();
            let VaultError::Config(text) = &error else {
                panic!("{url}: {error:?}")
            };
            assert!(
                text.contains(part) && !text.contains("canary"),
                "{url}: {text}"
            );
        }
    }
}
