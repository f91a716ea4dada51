//! File systems of a test's own; they need root, and a test that cannot have one fails.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// A mount, taken away when dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// A file system in memory of so many MiB.
    pub fn tmpfs(at: &Path, mib: u32) -> Self {
        mount(
            &[
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mib}m,mode=0700"),
                "verikeep-test",
            ],
            at,
        )
    }

    /// The folder itself, seen read-only by whoever opens it from now on.
    pub fn read_only(at: &Path) -> Self {
        let held = mount(&["--bind", at.to_str().unwrap()], at);
        run("mount", &["-o", "remount,ro,bind", at.to_str().unwrap()]);
        held
    }

    /// Fills it until not a byte more can be written, but for `left`.
    pub fn fill(&self, left: u64) -> PathBuf {
        let ballast = self.0.join("ballast");
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&ballast)
            .unwrap();
        let mut chunk = 1 << 20;
        while chunk > 0 {
            if file.write_all(&vec![0xa5; chunk]).is_err() {
                chunk /= 4;
            }
        }
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(left)).unwrap();
        ballast
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn mount(options: &[&str], at: &Path) -> Mount {
    run("mount", &[options, &[at.to_str().unwrap()]].concat());
    Mount(at.to_owned())
}

pub fn run(program: &str, line: &[&str]) {
    let output = Command::new(program).args(line).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {line:?} (these tests need root): {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
