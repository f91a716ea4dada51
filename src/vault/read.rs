//! Reading objects back.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::ObjectStoreExt as _;

use super::{ObjectKey, Result, Vault, VaultError, error};

/// An object being read.
pub struct Opened {
    /// Its length as it lies in the store.
    pub stored_bytes: u64,
    /// Its bytes. An error ends it; less than the whole without an error does not happen.
    pub stream: BoxStream<'static, Result<Bytes>>,
}

impl Vault {
    /// Reads an object whole into memory: for answers and images. Videos may be large, see
    /// [`Vault::open_object`].
    ///
    /// # Errors
    /// [`VaultError::Missing`], or why the store could not be read.
    pub async fn get(&self, key: &ObjectKey) -> Result<Bytes> {
        self.read(key).await.map(|stored| self.seal.opened(stored))
    }

    /// Reads an object piece by piece.
    ///
    /// # Errors
    /// As [`Vault::get`]; later errors are in the stream.
    pub async fn open_object(&self, key: &ObjectKey) -> Result<Opened> {
        let found = self
            .store
            .get(&key.path())
            .await
            .map_err(|error| error::on_read(error, key.as_str()))?;
        let (stored_bytes, name) = (found.meta.size, key.to_string());
        let stream = whole(
            found
                .into_stream()
                .map_err(move |error| error::on_read(error, &name))
                .boxed(),
            stored_bytes,
        );
        Ok(Opened {
            stored_bytes,
            stream: self.seal.opened(stream),
        })
    }

    /// Whether an object lies under `key`.
    ///
    /// # Errors
    /// Why the store could not be asked.
    pub async fn exists(&self, key: &ObjectKey) -> Result<bool> {
        match self.store.head(&key.path()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error::on_read(error, key.as_str())),
        }
    }

    /// Reads stored bytes.
    pub(super) async fn read(&self, key: &ObjectKey) -> Result<Bytes> {
        let found = self
            .store
            .get(&key.path())
            .await
            .map_err(|error| error::on_read(error, key.as_str()))?;
        found
            .bytes()
            .await
            .map_err(|error| error::on_read(error, key.as_str()))
    }
}

/// Turns an end before the announced length into an error: a file cut short while it is read would
/// look complete.
pub(super) fn whole(
    stream: BoxStream<'static, Result<Bytes>>,
    bytes: u64,
) -> BoxStream<'static, Result<Bytes>> {
    futures::stream::try_unfold((stream, bytes), |(mut stream, left)| async move {
        match stream.try_next().await? {
            Some(chunk) => {
                let left = left.checked_sub(chunk.len() as u64).ok_or_else(changed)?;
                Ok(Some((chunk, (stream, left))))
            }
            None if left == 0 => Ok(None),
            None => Err(changed()),
        }
    })
    .boxed()
}

fn changed() -> VaultError {
    VaultError::Unavailable("the object changed its length while it was read".to_owned())
}
