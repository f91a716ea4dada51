//! How much room is left on the file systems that are written to.

use std::{io, path::PathBuf};

use rustix::fs::statvfs;

use crate::{
    config::Config,
    domain::language::{Language, Words},
};

/// With fewer free inodes than this no file can be counted on, however many bytes are free.
const INODES_FREE_MIN: u64 = 64;

const FEW_FILES: Words = Words::new(
    "the file system of {} can hold {} more files: nothing new is begun",
    "{} 所在的文件系统只能再创建 {} 个文件：不再开始新的工作",
);
const FEW_BYTES: Words = Words::new(
    "the file system of {} has {} free, less than limits.free_bytes_min ({}): nothing new is begun",
    "{} 所在的文件系统剩余 {}，低于 limits.free_bytes_min（{}）：不再开始新的工作",
);

/// A file system that is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What lies there: `database`, `objects`, or both where they share it.
    pub what: String,
    /// A folder of it; it may not be there yet.
    folder: PathBuf,
}

/// What is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FreeSpace {
    /// Bytes this process may still write.
    pub free_bytes: u64,
    /// Files it may still make; none where the file system does not count them.
    pub free_inodes: Option<u64>,
}

/// The file systems that the configuration makes this process write to, each once.
#[must_use]
pub(crate) fn places(config: &Config) -> Vec<Place> {
    let mut places: Vec<(Option<u64>, Place)> = Vec::new();
    for (what, folder) in config.local_folders() {
        let folder = folder
            .ancestors()
            .find(|above| above.exists())
            .map_or_else(|| folder.clone(), std::path::Path::to_path_buf);
        let device = std::fs::metadata(&folder)
            .ok()
            .map(|facts| std::os::unix::fs::MetadataExt::dev(&facts));
        match places
            .iter_mut()
            .find(|(known, _)| device.is_some() && *known == device)
        {
            Some((_, place)) => place.what = format!("{} and {what}", place.what),
            None => places.push((
                device,
                Place {
                    what: what.to_owned(),
                    folder,
                },
            )),
        }
    }
    places.into_iter().map(|(_, place)| place).collect()
}

impl Place {
    /// Looks how much room is left; may block for as long as the file system does.
    ///
    /// # Errors
    /// What the system says; it names no path.
    pub(crate) fn look(&self) -> io::Result<FreeSpace> {
        let found = statvfs(&self.folder)?;
        Ok(FreeSpace {
            free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
            free_inodes: (found.f_files > 0).then_some(found.f_favail),
        })
    }
}

impl FreeSpace {
    /// Whether nothing new should be begun. One that was short stays so until an eighth more is
    /// free: a file or two does not turn it back and forth.
    #[must_use]
    pub(crate) fn is_short(self, free_bytes_min: u64, was_short: bool) -> bool {
        let wanted = if was_short {
            free_bytes_min.saturating_add(free_bytes_min / 8)
        } else {
            free_bytes_min
        };
        free_bytes_min > 0
            && (self.free_bytes < wanted
                || self
                    .free_inodes
                    .is_some_and(|inodes| inodes < INODES_FREE_MIN))
    }

    /// What a person is told of it.
    #[must_use]
    pub(crate) fn tell(self, what: &str, free_bytes_min: u64, language: Language) -> String {
        let mib = |bytes: u64| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
        match self.free_inodes {
            Some(inodes) if inodes < INODES_FREE_MIN => {
                FEW_FILES.filled(language, &[what, &inodes.to_string()])
            }
            _ => FEW_BYTES.filled(
                language,
                &[what, &mib(self.free_bytes), &mib(free_bytes_min)],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_room_stays_short_until_there_is_an_eighth_more() {
        let room = |free_bytes| FreeSpace {
            free_bytes,
            free_inodes: None,
        };
        for (free_bytes, was_short, short) in [
            (800, false, false),
            (799, false, true),
            (800, true, true),
            (899, true, true),
            (900, true, false),
        ] {
            assert_eq!(
                room(free_bytes).is_short(800, was_short),
                short,
                "{free_bytes} {was_short}"
            );
        }
        assert!(!room(0).is_short(0, true), "0 never looks");
        assert!(
            FreeSpace {
                free_bytes: 1 << 40,
                free_inodes: Some(3)
            }
            .is_short(800, false)
        );
        assert!(
            !FreeSpace {
                free_bytes: 1 << 40,
                free_inodes: Some(3000)
            }
            .is_short(800, false)
        );
    }

    #[test]
    fn what_shares_a_file_system_is_looked_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::embedded(folder.path().join("not/there/yet"), Vec::new());
        let found = places(&config);
        assert_eq!(
            found
                .iter()
                .map(|place| place.what.as_str())
                .collect::<Vec<_>>(),
            ["database and objects"]
        );
        assert!(found[0].look().unwrap().free_bytes > 0);
    }

    #[test]
    fn short_room_is_told_in_every_language() {
        for (free_inodes, parts) in [
            (
                None,
                [
                    "of objects has 1.5 MiB free, less than limits.free_bytes_min (2.0 MiB)",
                    "objects 所在的文件系统剩余 1.5 MiB，低于 limits.free_bytes_min（2.0 MiB）",
                ],
            ),
            (
                Some(3),
                [
                    "can hold 3 more files",
                    "objects 所在的文件系统只能再创建 3 个文件",
                ],
            ),
        ] {
            let room = FreeSpace {
                free_bytes: 1_572_864,
                free_inodes,
            };
            for (language, part) in Language::ALL.iter().zip(parts) {
                let told = room.tell("objects", 2 << 20, *language);
                assert!(told.contains(part), "{part}: {told}");
            }
        }
    }
}
