//! The folder files are written into: its owner's alone, and never somebody else's.
//!
//! It is opened once, looked at, and everything is written by way of what was opened: whoever
//! exchanges the folder or lays links in it meanwhile gains nothing.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::DirBuilderExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags, fstat, mkdirat, open, openat, renameat, unlinkat},
    io::Errno,
    process::geteuid,
};

use super::super::report::{Code, Failure};
use crate::domain::{digest::hex, random};

/// Holds what the folder is for, so that what was cut short can be begun again and nothing else is
/// mixed into it.
const MARK: &str = ".verikeep";
const PART: &str = ".verikeep-part-";
/// The digests of all files: the last of all, so that its presence says that the rest is there.
pub(super) const SUMS: &str = "SHA256SUMS";

/// Bits by which others than the owner may write.
const OF_OTHERS: u32 = 0o022;

/// An open folder.
pub(super) struct Folder {
    dir: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, or takes one that is empty or was begun for the same thing.
    pub(super) fn prepare(path: &Path, mark: &str) -> Result<Self, Failure> {
        if let Err(error) = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
        {
            return Err(failed(path, &error));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = match open(path, flags, Mode::empty()) {
            Ok(dir) => dir,
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(refused(path, "is no folder, or a link to one"));
            }
            Err(error) => return Err(failed(path, &error.into())),
        };
        Self {
            dir,
            path: path.to_owned(),
        }
        .take(mark)
    }

    /// A folder inside.
    pub(super) fn inside(&self, name: &str, mark: &str) -> Result<Self, Failure> {
        let path = self.path.join(name);
        match mkdirat(&self.dir, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(&path, &error.into())),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = openat(&self.dir, name, flags, Mode::empty())
            .map_err(|error| failed(&path, &error.into()))?;
        Self { dir, path }.take(mark)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks whose it is and what is in it.
    fn take(self, mark: &str) -> Result<Self, Failure> {
        let facts = fstat(&self.dir).map_err(|error| self.failed(&error.into()))?;
        if facts.st_uid != geteuid().as_raw() {
            return Err(refused(&self.path, "belongs to another user"));
        }
        if facts.st_mode & OF_OTHERS != 0 {
            return Err(refused(&self.path, "may be written to by other users"));
        }
        let names = self.names()?;
        if !names.is_empty() && self.mark() != Some(mark.to_owned()) {
            return Err(refused(&self.path, "holds other files"));
        }
        // Of a run that was cut short; and what is not whole says so.
        for name in names
            .iter()
            .filter(|name| name.starts_with(PART) || *name == SUMS)
        {
            let gone = unlinkat(&self.dir, name.as_str(), AtFlags::empty());
            gone.map_err(|error| self.failed(&error.into()))?;
        }
        self.write(MARK, mark.as_bytes())?;
        Ok(self)
    }

    fn names(&self) -> Result<Vec<String>, Failure> {
        let listed = Dir::read_from(&self.dir).map_err(|error| self.failed(&error.into()))?;
        let mut names = Vec::new();
        for entry in listed {
            let entry = entry.map_err(|error| self.failed(&error.into()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn mark(&self) -> Option<String> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.dir, MARK, flags, Mode::empty()).ok()?;
        io::read_to_string(File::from(file)).ok()
    }

    fn failed(&self, error: &io::Error) -> Failure {
        failed(&self.path, error)
    }

    /// A file without a name yet.
    pub(super) fn part(&self) -> Result<Part<'_>, Failure> {
        let mut salt = [0; 8];
        random::fill(&mut salt);
        let name = format!("{PART}{}", hex(&salt));
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.dir, name.as_str(), flags, Mode::RUSR | Mode::WUSR);
        let file = file.map_err(|error| self.failed(&error.into()))?;
        Ok(Part {
            folder: self,
            name,
            file: File::from(file),
            bytes: 0,
            named: false,
        })
    }

    /// Writes a whole file.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let mut part = self.part()?;
        part.write(bytes)?;
        part.rename(name)
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::told(
        Code::Finding,
        path.display().to_string(),
        error.to_string(),
        "see that there is room and that it can be written to, or name another folder by --out",
    )
}

fn refused(path: &Path, why: &str) -> Failure {
    let todo = "name a new folder by --out, or an empty one that only you may write to";
    Failure::usage(path.display().to_string(), why, todo)
}

/// A file under a temporary name; gone again unless it is given one.
pub(super) struct Part<'f> {
    folder: &'f Folder,
    name: String,
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
        let dir = self.folder.dir.as_fd();
        let moved = self
            .file
            .sync_all()
            .and_then(|()| renameat(dir, self.name.as_str(), dir, name).map_err(io::Error::from));
        moved.map_err(|error| self.folder.failed(&error))?;
        self.named = true;
        Ok(())
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if !self.named {
            let _ = unlinkat(&self.folder.dir, self.name.as_str(), AtFlags::empty());
        }
    }
}
