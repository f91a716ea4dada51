//! Putting an object that is there as a whole.

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, PutMode};

use super::{ObjectKey, Result, Vault, VaultError, error};
use crate::domain::media::ObjectFacts;

impl Vault {
    /// Stores `bytes` under `key`; durable when it returns.
    ///
    /// Repeating a put whose answer was lost is harmless: identical bytes count as stored.
    ///
    /// # Errors
    /// [`VaultError::Different`] when other bytes lie there, which stay, as far as the store knows create-only puts;
    /// [`VaultError::Unavailable`], [`VaultError::Full`] and [`VaultError::Denied`] as the store has it.
    pub async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<ObjectFacts> {
        let (stored, digests) = self.seal.whole(bytes);
        self.write(key, stored).await?;
        Ok(digests.facts(key))
    }

    /// Removes the object. Done, too, when there is none. On local files a power cut may bring it back.
    ///
    /// # Errors
    /// [`VaultError::Denied`] where the store keeps everything; [`VaultError::Unavailable`].
    pub async fn delete(&self, key: &ObjectKey) -> Result<()> {
        match self.store.delete(&key.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error::on_write(error)),
        }
    }

    /// Puts stored bytes.
    pub(super) async fn write(&self, key: &ObjectKey, stored: Bytes) -> Result<()> {
        let mode = if self.puts_create_only().await? { PutMode::Create } else { PutMode::Overwrite };
        match self.store.put_opts(&key.path(), stored.clone().into(), mode.into()).await {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => self.compare(key, &stored).await,
            Err(error) => Err(error::on_write(error)),
        }
    }

    async fn compare(&self, key: &ObjectKey, stored: &Bytes) -> Result<()> {
        match self.read(key).await {
            Ok(found) if found == *stored => Ok(()),
            Ok(_) => Err(VaultError::Different(key.to_string())),
            // Two writers at the same instant: S3 says 409 to one of them before the object of the other can be seen.
            Err(VaultError::Missing(_)) => Err(VaultError::Unavailable("somebody else is writing the same object".to_owned())),
            Err(error) => Err(error),
        }
    }
}
