//! The one object that says to which installation a vault belongs.

use futures::StreamExt as _;
use object_store::path::Path;
use uuid::Uuid;

use super::{ObjectKey, Result, Vault, VaultError, error};

impl Vault {
    /// The installation_id in the object `installation`; none when there is no such object.
    ///
    /// # Errors
    /// [`VaultError::Config`] when the object holds something else; why it could not be read. Where
    /// objects may not be listed, S3 answers [`VaultError::Denied`] when there is none.
    pub async fn installation(&self) -> Result<Option<String>> {
        // Never sealed: a vault must be recognised by whoever can only seal.
        let bytes = match self.read(&ObjectKey::installation()).await {
            Ok(bytes) => bytes,
            Err(VaultError::Missing(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let id = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| Uuid::try_parse(text.trim()).ok());
        let strange = || {
            VaultError::Config("the object `installation` of the vault holds no installation_id: restore it, or correct vault.url".to_owned())
        };
        id.map(|id| Some(id.to_string())).ok_or_else(strange)
    }

    /// Marks the vault as that of `installation_id`; done, too, when it is so already.
    ///
    /// # Errors
    /// [`VaultError::Different`] when it belongs to another, which stays; why it could not be
    /// written.
    pub async fn mark(&self, installation_id: &str) -> Result<()> {
        let key = ObjectKey::installation();
        self.write(&key, installation_id.to_owned().into()).await?;
        // A store that only replaces lets the later of two win: each looks who did.
        if self.installation().await?.as_deref() == Some(installation_id) {
            Ok(())
        } else {
            Err(VaultError::Different(key.to_string()))
        }
    }

    /// Whether any object lies in the vault beside the sentinel and trials.
    ///
    /// # Errors
    /// [`VaultError::Denied`] where objects may not be listed; why the store could not be asked.
    pub async fn holds_objects(&self) -> Result<bool> {
        let first = self.store.list(Some(&Path::from("v"))).next().await;
        match first {
            None | Some(Err(object_store::Error::NotFound { .. })) => Ok(false),
            Some(Ok(_)) => Ok(true),
            Some(Err(error)) => Err(error::on_read(error, "v/")),
        }
    }
}
