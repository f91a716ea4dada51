//! A multipart upload that leaves nothing behind unless completed.

use object_store::{MultipartUpload, PutPayload};
use tokio::{runtime::Handle, task::JoinHandle};

use super::{Result, VaultError, budget::BytePermit, error};

type Part = JoinHandle<(object_store::Result<()>, BytePermit)>;

/// One upload with one part under way at most. When dropped before it is complete, it is aborted in
/// the background.
pub(super) struct Upload {
    upload: Option<Box<dyn MultipartUpload>>,
    under_way: Option<Part>,
}

impl Upload {
    pub(super) fn new(upload: Box<dyn MultipartUpload>) -> Self {
        Self {
            upload: Some(upload),
            under_way: None,
        }
    }

    /// Waits for the part under way, if any, and gives its permit back.
    pub(super) async fn settle(&mut self) -> Result<Option<BytePermit>> {
        let Some(part) = self.under_way.take() else {
            return Ok(None);
        };
        match part.await {
            Ok((Ok(()), permit)) => Ok(Some(permit)),
            Ok((Err(error), _)) => Err(error::on_write(error)),
            Err(_) => Err(VaultError::Unavailable(
                "the upload of a part was broken off".to_owned(),
            )),
        }
    }

    /// Sends a part in the background, together with the permit it takes. Nothing may be under way.
    #[allow(
        clippy::disallowed_methods,
        reason = "the adapter of the object store keeps tokio"
    )]
    pub(super) fn start(&mut self, part: PutPayload, permit: BytePermit) {
        if let Some(upload) = &mut self.upload {
            let sending = upload.put_part(part);
            self.under_way = Some(tokio::spawn(async move { (sending.await, permit) }));
        }
    }

    /// Sends a part and waits for it.
    pub(super) async fn send(&mut self, part: PutPayload) -> Result<()> {
        match &mut self.upload {
            Some(upload) => upload.put_part(part).await.map_err(error::on_write),
            None => Ok(()),
        }
    }

    /// Makes the object visible, whole.
    pub(super) async fn complete(mut self) -> Result<()> {
        self.settle().await?;
        if let Some(upload) = &mut self.upload {
            upload.complete().await.map_err(error::on_write)?;
        }
        self.upload = None;
        Ok(())
    }

    /// Gives the upload up. What the store cannot be told now, its rule for incomplete uploads has
    /// to sweep.
    pub(super) async fn abort(mut self) {
        let (part, upload) = (self.under_way.take(), self.upload.take());
        abort(part, upload).await;
    }
}

impl Drop for Upload {
    #[allow(
        clippy::disallowed_methods,
        reason = "the adapter of the object store keeps tokio"
    )]
    fn drop(&mut self) {
        if let (Some(upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) {
            runtime.spawn(abort(self.under_way.take(), Some(upload)));
        }
    }
}

async fn abort(part: Option<Part>, upload: Option<Box<dyn MultipartUpload>>) {
    if let Some(part) = part {
        // A part that arrives after the abort would stay for ever.
        let _ = part.await;
    }
    if let Some(mut upload) = upload {
        let _ = upload.abort().await;
    }
}
