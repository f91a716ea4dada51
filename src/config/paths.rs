//! Paths. Relative ones are read from the folder of the configuration
//! file, so that it does not matter where the program is started.

use std::path::{Component, Path, PathBuf};

/// The path from `base`, unless it is absolute; `.` and inner `..` taken out.
pub(super) fn absolute(base: &Path, path: &str) -> PathBuf {
    let joined = base.join(path);
    let mut plain = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_start_at_the_configuration_file() {
        for (path, whole) in [
            ("data", "/etc/v/data"),
            ("./a/../b", "/etc/v/b"),
            ("../x", "/etc/x"),
            ("/var/lib/v", "/var/lib/v"),
        ] {
            assert_eq!(
                absolute(Path::new("/etc/v"), path),
                Path::new(whole),
                "{path}"
            );
        }
    }
}
