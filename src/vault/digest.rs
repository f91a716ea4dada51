//! Digesting what lies in the store, without holding it.

use std::{
    fs::File,
    io::{self, Read as _},
};

use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{GetResultPayload, ObjectStoreExt as _};
use sha2::Digest as _;

use super::{ObjectKey, Result, Vault, VaultError, error, read::whole, seal::Seal};
use crate::domain::digest::Sha256;

/// A file is read in pieces of this size.
const PIECE_BYTES: usize = 256 << 10;

/// What an object was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digested {
    /// Its length.
    pub bytes: u64,
    /// Of its bytes.
    pub sha256: Sha256,
}

impl Vault {
    /// Reads an object to its end, and says what it is: its plain bytes.
    ///
    /// # Errors
    /// [`VaultError::Missing`], or why it could not be read.
    pub async fn digest(&self, key: &ObjectKey) -> Result<Digested> {
        let found = self.store.get(&key.path()).await;
        let found = found.map_err(|error| error::on_read(error, key.as_str()))?;
        let size = found.meta.size;
        match (found.payload, &self.seal) {
            (GetResultPayload::File(file, _), Seal::Off) => of_file(file).await,
            (GetResultPayload::Stream(stream), Seal::Off) => {
                let name = key.to_string();
                let stream = stream.map_err(move |error| error::on_read(error, &name));
                let mut pieces = whole(stream.boxed(), size);
                let mut digest = sha2::Sha256::new();
                while let Some(piece) = pieces.try_next().await? {
                    digest.update(&piece);
                }
                Ok(Digested {
                    bytes: size,
                    sha256: digest.into(),
                })
            }
        }
    }
}

/// In a thread of its own: several of them use several cores.
#[allow(
    clippy::disallowed_methods,
    reason = "the vault knows no worker; the file is read to its end whatever becomes of the caller"
)]
async fn of_file(file: File) -> Result<Digested> {
    let read = tokio::task::spawn_blocking(move || digest(file)).await;
    read.map_err(|_| VaultError::Unavailable("the reading of a file was cut off".to_owned()))?
        .map_err(|error| error::on_io(&error))
}

fn digest(mut file: File) -> io::Result<Digested> {
    let (mut digest, mut bytes) = (sha2::Sha256::new(), 0);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = match file.read(&mut piece) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else {
            break;
        };
        digest.update(read);
        bytes += length as u64;
    }
    Ok(Digested {
        bytes,
        sha256: digest.into(),
    })
}
