//! The folder files are written into: its owner's alone, and never somebody else's.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::super::report::{Code, Failure};
use crate::domain::id::VerificationId;

const MANIFEST: &str = "manifest.json";
/// Holds the verification_id until the manifest is there, so that what was cut short can be begun
/// again.
const BEGUN: &str = ".verikeep-begun";
const PART: &str = ".verikeep-part";

/// An open folder.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, or takes one that is empty or holds the same verification already.
    pub(super) fn prepare(path: &Path, verification_id: VerificationId) -> Result<Self, Failure> {
        let folder = Self(path.to_owned());
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() && !folder.holds(verification_id) {
                    return Err(Failure::usage(
                        path.display().to_string(),
                        "holds other files",
                        "name a new or an empty folder by --out",
                    ));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut builder = fs::DirBuilder::new();
                builder.recursive(true);
                #[cfg(unix)]
                std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
                builder
                    .create(path)
                    .map_err(|error| folder.failed(&error))?;
            }
            Err(error) => return Err(folder.failed(&error)),
        }
        let mut begun = folder.part()?;
        begun.write(verification_id.to_string().as_bytes())?;
        begun.rename(BEGUN)?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether an earlier `get` of the same verification wrote here, or began to.
    fn holds(&self, verification_id: VerificationId) -> bool {
        let id = verification_id.to_string();
        let manifest = fs::read(self.0.join(MANIFEST))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        let begun = fs::read_to_string(self.0.join(BEGUN)).is_ok_and(|text| text == id);
        begun
            || manifest.is_some_and(|manifest| {
                manifest
                    .get("verification_id")
                    .and_then(serde_json::Value::as_str)
                    == Some(id.as_str())
            })
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::told(
            Code::Finding,
            self.0.display().to_string(),
            error.to_string(),
            "see that there is room and that it can be written to, or name another folder by --out",
        )
    }

    /// A file without a name yet.
    pub(super) fn part(&self) -> Result<Part<'_>, Failure> {
        let path = self.0.join(PART);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| self.failed(&error))?;
        Ok(Part {
            folder: self,
            path,
            file,
            bytes: 0,
            named: false,
        })
    }

    /// Writes the manifest: the last of all, so that its presence says that the rest is there.
    pub(super) fn write_manifest(&self, manifest: &impl Serialize) -> Result<(), Failure> {
        let mut text =
            serde_json::to_vec_pretty(manifest).map_err(|error| self.failed(&error.into()))?;
        text.push(b'\n');
        let mut part = self.part()?;
        part.write(&text)?;
        part.rename(MANIFEST)?;
        fs::remove_file(self.0.join(BEGUN)).map_err(|error| self.failed(&error))
    }
}

/// A file under a temporary name; gone again unless it is given one.
pub(super) struct Part<'f> {
    folder: &'f Folder,
    path: PathBuf,
    file: File,
    bytes: u64,
    named: bool,
}

impl Part<'_> {
    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.bytes += piece.len() as u64;
        self.file
            .write_all(piece)
            .map_err(|error| self.folder.failed(&error))
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn rename(mut self, name: &str) -> Result<(), Failure> {
        let moved = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, self.folder.0.join(name)));
        moved.map_err(|error| self.folder.failed(&error))?;
        self.named = true;
        Ok(())
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if !self.named {
            let _ = fs::remove_file(&self.path);
        }
    }
}
