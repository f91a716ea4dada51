//! Putting an object that is there as a whole.

use std::fs::File;

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, PutMode, PutPayload};

use super::{ObjectKey, Result, Vault, VaultError, error};
use crate::domain::media::ObjectFacts;

impl Vault {
    /// Stores `bytes` under `key`; durable when it returns.
    ///
    /// Repeating a put whose answer was lost is harmless: identical bytes count as stored.
    ///
    /// # Errors
    /// [`VaultError::Different`] when other bytes lie there, which stay, as far as the store knows
    /// create-only puts; [`VaultError::Unavailable`], [`VaultError::Full`] and
    /// [`VaultError::Denied`] as the store has it.
    pub async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<ObjectFacts> {
        let (stored, digests) = self.seal.whole(bytes);
        self.write(key, stored.into()).await?;
        Ok(digests.facts(key))
    }

    /// Removes the object. Done, too, when there is none. On local files a power cut may bring it
    /// back.
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
    pub(super) async fn write(&self, key: &ObjectKey, stored: PutPayload) -> Result<()> {
        let mode = if self.puts_create_only().await? {
            PutMode::Create
        } else {
            PutMode::Overwrite
        };
        match self
            .store
            .put_opts(&key.path(), stored.clone(), mode.into())
            .await
        {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => self.compare(key, &stored).await,
            Err(error) => Err(error::on_write(error)),
        }
    }

    async fn compare(&self, key: &ObjectKey, stored: &PutPayload) -> Result<()> {
        match self.read(key).await {
            Ok(found) if is_same(&found, stored) => self.sync(key).await,
            Ok(_) => Err(VaultError::Different(key.to_string())),
            // Two writers at the same instant: S3 says 409 to one of them before the object of the
            // other can be seen.
            Err(VaultError::Missing(_)) => Err(VaultError::Unavailable(
                "somebody else is writing the same object".to_owned(),
            )),
            Err(error) => Err(error),
        }
    }

    /// Makes an object durable that somebody left behind: who put it may have died or failed
    /// between the link and its sync.
    #[allow(
        clippy::disallowed_methods,
        reason = "the adapter of the object store keeps tokio"
    )]
    async fn sync(&self, key: &ObjectKey) -> Result<()> {
        let Some(root) = self.root.clone() else {
            return Ok(());
        };
        let file = root.join(key.as_str());
        let synced = tokio::task::spawn_blocking(move || {
            let mut up_to_the_root = file.ancestors().take_while(|path| path.starts_with(&root));
            up_to_the_root.try_for_each(|path| File::open(path)?.sync_all())
        });
        match synced.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(VaultError::Unavailable(error.to_string())),
            Err(_) => Err(VaultError::Unavailable(
                "the work was broken off".to_owned(),
            )),
        }
    }
}

/// Whether these are the bytes of the payload.
fn is_same(found: &[u8], stored: &PutPayload) -> bool {
    let left = stored
        .iter()
        .try_fold(found, |left, piece| left.strip_prefix(piece.as_ref()));
    left.is_some_and(<[u8]>::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_bytes_of_all_pieces_are_the_same() {
        let stored: PutPayload = ["ab", "", "c"].map(Bytes::from).into_iter().collect();
        for (found, same) in [
            ("abc", true),
            ("ab", false),
            ("abcd", false),
            ("abd", false),
        ] {
            assert_eq!(is_same(found.as_bytes(), &stored), same, "{found}");
        }
        assert!(is_same(b"", &PutPayload::default()));
    }
}
