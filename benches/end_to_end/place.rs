//! Where the archive keeps what it is given: one column of the table each.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{Outcome, server};

/// Where Linux has a file system in memory.
const SHARED_MEMORY: &str = "/dev/shm";
/// Room that must be free there.
const ROOM: u64 = 2 << 30;

/// What holds the rows, and the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// SQLite and objects below the target folder.
    Disk,
    /// SQLite and objects in memory.
    Memory,
    /// PostgreSQL, objects below the target folder.
    Server,
}

/// One of them with its folder, which is gone with it.
pub(crate) struct Place {
    pub(crate) kind: Kind,
    folder: TempDir,
}

impl Place {
    /// All there are on this machine, and a line for each that is missing.
    pub(crate) fn all() -> Outcome<(Vec<Self>, Vec<String>)> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (mut places, mut missing) = (vec![Self::at(Kind::Disk, target)?], Vec::new());
        if has_memory() {
            places.push(Self::at(Kind::Memory, Path::new(SHARED_MEMORY))?);
        } else {
            missing.push(format!(
                "no tmpfs with 2 GiB free at {SHARED_MEMORY}: not measured there"
            ));
        }
        if std::env::var_os(server::TOLD).is_some() {
            places.push(Self::at(Kind::Server, target)?);
        } else {
            missing.push(
                "SQLite alone: PostgreSQL is measured too below scripts/with-postgres".to_owned(),
            );
        }
        Ok((places, missing))
    }

    fn at(kind: Kind, parent: &Path) -> Outcome<Self> {
        let folder = tempfile::tempdir_in(parent)?;
        Ok(Self { kind, folder })
    }

    /// The head of its column.
    pub(crate) fn title(&self) -> &'static str {
        match self.kind {
            Kind::Disk => "SQLite",
            Kind::Memory => "on tmpfs",
            Kind::Server => "PostgreSQL",
        }
    }

    /// A folder for one archive.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database of that archive, where a server holds it.
    pub(crate) fn database(&self, name: &str) -> Option<String> {
        let name = name.replace('-', "_");
        (self.kind == Kind::Server).then(|| format!("bench_{}_{name}", std::process::id()))
    }
}

fn has_memory() -> bool {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let is_mounted = mounts.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some(SHARED_MEMORY) && words.next() == Some("tmpfs")
    });
    is_mounted
        && rustix::fs::statvfs(SHARED_MEMORY)
            .is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) >= ROOM)
}
