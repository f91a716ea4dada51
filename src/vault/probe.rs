//! Trying the store out: can it be written and read, and does it refuse a key that exists?

use std::io;

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, PutMode};

use super::{CreateOnly, ObjectKey, Result, Vault, VaultError, error};
use crate::domain::{id::ObjectId, time::Time};

/// What a store does with a create-only put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateOnlyFound {
    /// It refuses a key that exists.
    Works,
    /// It replaces the object without a word.
    Ignored,
    /// It does not know such requests (Aliyun OSS answers 501).
    Refused,
}

/// What [`Vault::probe`] found; writing and reading back worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// What the store does with a create-only put.
    pub create_only: CreateOnlyFound,
    /// Whether puts are create-only from here on, by the config or by what was found.
    pub puts_create_only: bool,
    /// Whether we may delete. A write-once bucket that refuses is fine until something has to be
    /// erased.
    pub deletes: bool,
    /// Whether the vault's folder can be entered by other users of the machine; false for buckets.
    pub open_to_others: bool,
    /// Whether objects or folders within can be used by other users, should they get that far;
    /// false for buckets. A look at the first thousand of them.
    pub objects_open: bool,
}

/// How many objects and folders are looked at for their modes.
const LOOKED_AT_MAX: usize = 1000;

const FIRST: &[u8] = b"verikeep tries out whether it can write here\n";
const SECOND: &[u8] = b"verikeep tries out whether this is refused\n";

impl Vault {
    /// Writes a small object under `probe/`, reads it back, tries to create it again, and deletes
    /// it.
    ///
    /// # Errors
    /// Why writing or reading back failed.
    pub async fn probe(&self) -> Result<ProbeReport> {
        let key = trial_key();
        let create_only = self.try_create_only(&key).await?;
        let found = create_only == CreateOnlyFound::Works;
        let puts_create_only = *self.create_only.get_or_init(|| async { found }).await;
        let deletes = match self.delete(&key).await {
            Ok(()) => true,
            Err(VaultError::Denied(_)) => false,
            Err(error) => return Err(error),
        };
        Ok(ProbeReport {
            create_only,
            puts_create_only,
            deletes,
            open_to_others: self.is_open_to_others()?,
            objects_open: self.has_open_objects(),
        })
    }

    /// Whether the store can be reached and accepts our credentials, for frequent use: one small
    /// read.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<()> {
        let key = ObjectKey::trial("ready");
        match self.read(&key).await {
            Ok(_) => Ok(()),
            // S3 denies a missing object to whoever may not list the bucket.
            Err(VaultError::Missing(_) | VaultError::Denied(_)) => {
                self.store
                    .put(&key.path(), Bytes::from_static(FIRST).into())
                    .await
                    .map_err(error::on_write)?;
                self.read(&key).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether puts are create-only; found out at first need when the config says so.
    pub(super) async fn puts_create_only(&self) -> Result<bool> {
        let found = self.create_only.get_or_try_init(|| async {
            let key = trial_key();
            let found = self.try_create_only(&key).await? == CreateOnlyFound::Works;
            // What stays of it in a write-once bucket harms nobody.
            let _ = self.delete(&key).await;
            Ok(found)
        });
        found.await.copied()
    }

    async fn try_create_only(&self, key: &ObjectKey) -> Result<CreateOnlyFound> {
        let path = key.path();
        let refused = match self
            .store
            .put_opts(
                &path,
                Bytes::from_static(FIRST).into(),
                PutMode::Create.into(),
            )
            .await
        {
            Ok(_) => false,
            Err(error) if self.wish == CreateOnly::On => return Err(error::on_write(error)),
            // Stores that do not know the header answer in many ways; the plain put tells them from
            // those that are down.
            Err(_) => {
                self.store
                    .put(&path, Bytes::from_static(FIRST).into())
                    .await
                    .map_err(error::on_write)?;
                true
            }
        };
        if self.read(key).await? != FIRST {
            return Err(VaultError::Unavailable(
                "what was written reads back differently".to_owned(),
            ));
        }
        if refused {
            return Ok(CreateOnlyFound::Refused);
        }
        match self
            .store
            .put_opts(
                &path,
                Bytes::from_static(SECOND).into(),
                PutMode::Create.into(),
            )
            .await
        {
            Ok(_) => Ok(CreateOnlyFound::Ignored),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(CreateOnlyFound::Works),
            Err(error) => Err(error::on_write(error)),
        }
    }

    #[cfg(unix)]
    fn is_open_to_others(&self) -> Result<bool> {
        use std::os::unix::fs::PermissionsExt as _;
        let Some(root) = &self.root else {
            return Ok(false);
        };
        let modes = std::fs::metadata(root)
            .map_err(|error: io::Error| VaultError::Unavailable(error.to_string()))?;
        Ok(modes.permissions().mode() & 0o077 != 0)
    }

    #[cfg(unix)]
    fn has_open_objects(&self) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        let mut folders: Vec<_> = self.root.iter().cloned().collect();
        let mut looked_at = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                looked_at += 1;
                if looked_at > LOOKED_AT_MAX {
                    return false;
                }
                let Ok(facts) = entry.metadata() else {
                    continue;
                };
                if facts.permissions().mode() & 0o077 != 0 && !facts.is_symlink() {
                    return true;
                }
                if facts.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        false
    }

    #[cfg(not(unix))]
    fn is_open_to_others(&self) -> Result<bool> {
        Ok(false)
    }

    #[cfg(not(unix))]
    fn has_open_objects(&self) -> bool {
        false
    }
}

fn trial_key() -> ObjectKey {
    // Only the random part of the identifier matters here.
    ObjectKey::trial(&ObjectId::fresh(Time::default()).to_string())
}

#[cfg(test)]
mod tests {
    use std::{
        fmt,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use async_trait::async_trait;
    use futures::stream::BoxStream;
    use object_store::{
        CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
        PutMultipartOptions, PutOptions, PutPayload, PutResult, memory::InMemory, path::Path,
    };

    use super::*;

    /// A store that does as it likes with create-only puts and deletes.
    #[derive(Debug, Default)]
    struct Stubborn {
        inner: InMemory,
        refuses: bool,
        keeps: bool,
        down: bool,
        puts: AtomicUsize,
    }

    impl fmt::Display for Stubborn {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("stubborn")
        }
    }

    #[async_trait]
    impl ObjectStore for Stubborn {
        async fn put_opts(
            &self,
            at: &Path,
            payload: PutPayload,
            options: PutOptions,
        ) -> object_store::Result<PutResult> {
            self.puts.fetch_add(1, Ordering::Relaxed);
            match options.mode {
                _ if self.down => Err(object_store::Error::Generic {
                    store: "S3",
                    source: "status code: 503".into(),
                }),
                PutMode::Create if self.refuses => Err(object_store::Error::Generic {
                    store: "S3",
                    source: "status code: 501".into(),
                }),
                _ => {
                    self.inner
                        .put_opts(at, payload, PutMode::Overwrite.into())
                        .await
                }
            }
        }

        async fn put_multipart_opts(
            &self,
            at: &Path,
            options: PutMultipartOptions,
        ) -> object_store::Result<Box<dyn MultipartUpload>> {
            self.inner.put_multipart_opts(at, options).await
        }

        async fn get_opts(
            &self,
            at: &Path,
            options: GetOptions,
        ) -> object_store::Result<GetResult> {
            self.inner.get_opts(at, options).await
        }

        fn delete_stream(
            &self,
            all: BoxStream<'static, object_store::Result<Path>>,
        ) -> BoxStream<'static, object_store::Result<Path>> {
            if self.keeps {
                let denied = object_store::Error::PermissionDenied {
                    path: String::new(),
                    source: "status code: 403".into(),
                };
                return Box::pin(futures::stream::iter([Err(denied)]));
            }
            self.inner.delete_stream(all)
        }

        fn list(
            &self,
            prefix: Option<&Path>,
        ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
            self.inner.list(prefix)
        }

        async fn list_with_delimiter(
            &self,
            prefix: Option<&Path>,
        ) -> object_store::Result<ListResult> {
            self.inner.list_with_delimiter(prefix).await
        }

        async fn copy_opts(
            &self,
            from: &Path,
            to: &Path,
            options: CopyOptions,
        ) -> object_store::Result<()> {
            self.inner.copy_opts(from, to, options).await
        }
    }

    fn vault(store: Stubborn, wish: CreateOnly) -> (Arc<Stubborn>, Vault) {
        let store = Arc::new(store);
        (
            Arc::clone(&store),
            Vault::over(store, "test".to_owned(), None, wish),
        )
    }

    fn key() -> ObjectKey {
        ObjectKey::answer(
            "019ab2c4-7f00-7abc-8def-0123456789af".parse().unwrap(),
            "019ab2c4-7f01-7abc-8def-0123456789b0".parse().unwrap(),
        )
    }

    #[tokio::test]
    async fn stores_without_create_only_puts_are_found_out_and_used_without() {
        for (refuses, expected) in [
            (false, CreateOnlyFound::Ignored),
            (true, CreateOnlyFound::Refused),
        ] {
            let (_, vault) = vault(
                Stubborn {
                    refuses,
                    keeps: true,
                    ..Stubborn::default()
                },
                CreateOnly::Probe,
            );
            let report = vault.probe().await.unwrap();
            assert_eq!(
                report,
                ProbeReport {
                    create_only: expected,
                    puts_create_only: false,
                    deletes: false,
                    open_to_others: false,
                    objects_open: false
                }
            );
            vault.put(&key(), Bytes::from_static(b"one")).await.unwrap();
            vault.put(&key(), Bytes::from_static(b"one")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_first_put_finds_out_once() {
        let (store, vault) = vault(
            Stubborn {
                refuses: true,
                ..Stubborn::default()
            },
            CreateOnly::Probe,
        );
        vault.put(&key(), Bytes::from_static(b"one")).await.unwrap();
        let first = store.puts.swap(0, Ordering::Relaxed);
        vault.put(&key(), Bytes::from_static(b"one")).await.unwrap();
        assert!(
            first > 1 && store.puts.load(Ordering::Relaxed) == 1,
            "{first}"
        );
    }

    #[tokio::test]
    async fn a_store_that_was_down_is_tried_out_again() {
        let (_, vault) = vault(
            Stubborn {
                down: true,
                ..Stubborn::default()
            },
            CreateOnly::Probe,
        );
        assert_eq!(
            vault.put(&key(), Bytes::new()).await,
            Err(VaultError::Unavailable("HTTP 503".to_owned()))
        );
        assert_eq!(
            vault.probe().await,
            Err(VaultError::Unavailable("HTTP 503".to_owned()))
        );
        assert_eq!(
            vault.ready().await,
            Err(VaultError::Unavailable("HTTP 503".to_owned()))
        );
        assert!(!vault.create_only.initialized());
    }

    #[tokio::test]
    async fn on_and_off_are_not_second_guessed() {
        let (_, on) = vault(
            Stubborn {
                refuses: true,
                ..Stubborn::default()
            },
            CreateOnly::On,
        );
        assert!(on.put(&key(), Bytes::new()).await.is_err());
        assert!(on.probe().await.is_err());
        let (store, off) = vault(Stubborn::default(), CreateOnly::Off);
        off.put(&key(), Bytes::new()).await.unwrap();
        assert_eq!(store.puts.load(Ordering::Relaxed), 1);
    }
}
