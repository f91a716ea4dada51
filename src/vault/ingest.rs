//! Taking in a stream of unknown length: digest, seal and put in one pass, with bounded memory.
//!
//! Up to 8 MiB, or half a MiB where it goes into a folder, the object is put in one request once
//! the stream has ended; beyond, parts go off while the stream runs, and the object becomes visible
//! only when the stream has ended well.

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use object_store::ObjectStoreExt as _;

use super::{
    IngestError, ObjectKey, Result, Vault, VaultError, blocks::Gathered, budget::BytePermit, error,
    seal::Digests, upload::Upload,
};
use crate::domain::{digest::Sha256, media::ObjectFacts};

/// What became of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// It lies in the vault now.
    Stored(ObjectFacts),
    /// Its bytes are among those known already; nothing was stored.
    Same {
        /// Of the plain bytes.
        sha256: Sha256,
    },
}

impl Vault {
    /// Stores what `stream` brings under `key`; durable when it returns. `known` are those of
    /// plain bytes that need not be stored again.
    ///
    /// Memory: waits where [`Vault::with_ingest_bytes_in_flight_max`] is used up. Cancelling it
    /// (dropping the future) leaves nothing under the key.
    ///
    /// # Errors
    /// [`IngestError::Stream`] as the stream has it; [`IngestError::TooLarge`] beyond `bytes_max`;
    /// [`IngestError::Vault`] as [`Vault::put`]. In every case nothing incomplete lies under the
    /// key; when the store's last word was lost, the whole may.
    pub async fn ingest<S, E>(
        &self,
        key: &ObjectKey,
        stream: S,
        bytes_max: u64,
        known: &[Sha256],
    ) -> std::result::Result<Ingested, IngestError<E>>
    where
        S: Stream<Item = std::result::Result<Bytes, E>>,
    {
        let mut sink = Sink {
            vault: self,
            key,
            permit: self.budget.enter().await,
            gathered: Gathered::on(&self.shelf),
            upload: None,
        };
        match sink.pump(stream, bytes_max).await {
            Ok(digests) if known.contains(&digests.plain_sha256()) => {
                sink.abort().await;
                Ok(Ingested::Same {
                    sha256: digests.plain_sha256(),
                })
            }
            Ok(digests) => {
                sink.close().await?;
                Ok(Ingested::Stored(digests.facts(key)))
            }
            Err(error) => {
                sink.abort().await;
                Err(error)
            }
        }
    }
}

/// Stored bytes on their way: what has gathered, and behind it an upload once that is too much for
/// one request.
struct Sink<'a> {
    vault: &'a Vault,
    key: &'a ObjectKey,
    permit: BytePermit,
    gathered: Gathered,
    upload: Option<Upload>,
}

impl Sink<'_> {
    async fn pump<S, E>(
        &mut self,
        stream: S,
        bytes_max: u64,
    ) -> std::result::Result<Digests, IngestError<E>>
    where
        S: Stream<Item = std::result::Result<Bytes, E>>,
    {
        let mut stream = std::pin::pin!(stream);
        let mut sealing = self.vault.seal.begin();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(IngestError::Stream)?;
            if chunk.len() as u64 > bytes_max.saturating_sub(sealing.plain_bytes()) {
                return Err(IngestError::TooLarge { bytes_max });
            }
            self.take(&sealing.update(chunk)).await?;
        }
        let (tail, digests) = sealing.finish();
        self.take(&tail).await?;
        Ok(digests)
    }

    async fn take(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.gathered.bytes() == self.permit.bytes() {
                self.make_space().await?;
            }
            let room = self.permit.bytes() - self.gathered.bytes();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.gathered.extend(now);
            bytes = later;
        }
        Ok(())
    }

    async fn make_space(&mut self) -> Result<()> {
        if self.vault.budget.widen(&mut self.permit).await {
            return Ok(());
        }
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => self.begin_upload().await?,
        };
        let part = self.gathered.take();
        let outcome = match upload.settle().await {
            // With a second permit the part travels while the next one fills; without, the stream
            // has to wait for it.
            Ok(permit) => match permit.or_else(|| self.vault.budget.spare()) {
                Some(permit) => {
                    upload.start(part, std::mem::replace(&mut self.permit, permit));
                    Ok(())
                }
                None => upload.send(part).await,
            },
            Err(error) => Err(error),
        };
        self.upload = Some(upload);
        outcome
    }

    async fn begin_upload(&mut self) -> Result<Upload> {
        // No store refuses to complete a multipart upload over an object. Keys are never used
        // twice, so this only finds mistakes.
        if self.vault.exists(self.key).await? {
            return Err(VaultError::Different(self.key.to_string()));
        }
        self.vault
            .store
            .put_multipart(&self.key.path())
            .await
            .map(Upload::new)
            .map_err(error::on_write)
    }

    /// The stream has ended well: makes the object durable and visible.
    async fn close(mut self) -> Result<()> {
        let last = self.gathered.take();
        let Some(mut upload) = self.upload else {
            return self.vault.write(self.key, last).await;
        };
        let sent = match upload.settle().await {
            Ok(_) => upload.send(last).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => upload.complete().await,
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    async fn abort(self) {
        if let Some(upload) = self.upload {
            upload.abort().await;
        }
    }
}
