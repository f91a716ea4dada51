//! What lies in the store, whether anything names it or not.

use futures::{StreamExt as _, TryStreamExt as _, future, stream::BoxStream};
use object_store::{ObjectMeta, ObjectStoreExt as _, path::Path};

use super::{ObjectKey, Result, Vault, error};
use crate::domain::{id::VerificationId, time::Time};

/// An object as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lying {
    /// Its key.
    pub key: ObjectKey,
    /// Whose it is.
    pub of: VerificationId,
    /// Its length as it lies in the store.
    pub stored_bytes: u64,
    /// When it was written last, by the store's clock.
    pub written_at: Time,
}

impl Lying {
    /// None of what is no answer and no medium: trials, the sentinel, files of others.
    fn of(meta: &ObjectMeta) -> Option<Self> {
        let key = ObjectKey::parse(meta.location.as_ref()).ok()?;
        Some(Self {
            of: key.verification_id()?,
            key,
            stored_bytes: meta.size,
            written_at: Time(meta.last_modified.timestamp_millis()),
        })
    }
}

impl Vault {
    /// Answers and media that were written before an instant, in the order the store lists them and
    /// as it lists them: what is held in memory does not grow with their number.
    #[must_use]
    pub fn written_before(&self, before: Time) -> BoxStream<'static, Result<Lying>> {
        let listed = self.store.list(Some(&Path::from("v")));
        listed
            // Where nothing was ever put there is no folder.
            .filter(|found| {
                let is_none = matches!(found, Err(object_store::Error::NotFound { .. }));
                future::ready(!is_none)
            })
            .map_err(|error| error::on_read(error, "v/"))
            .try_filter_map(move |meta| {
                let lying = Lying::of(&meta).filter(|lying| lying.written_at < before);
                future::ready(Ok(lying))
            })
            .boxed()
    }

    /// Deletes an object that still lies there as it was listed; false when it does not.
    ///
    /// # Errors
    /// As [`Vault::delete`].
    pub async fn delete_listed(&self, lying: &Lying) -> Result<bool> {
        let is_same = match self.store.head(&lying.key.path()).await {
            Ok(meta) => Lying::of(&meta).as_ref() == Some(lying),
            Err(object_store::Error::NotFound { .. }) => false,
            Err(error) => return Err(error::on_read(error, lying.key.as_str())),
        };
        if is_same {
            self.delete(&lying.key).await?;
        }
        Ok(is_same)
    }
}
