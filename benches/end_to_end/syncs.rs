//! How often a process had the disk take what it wrote, as strace sees it.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::Outcome;

/// Whether strace is there and may watch.
pub(crate) fn can_watch() -> bool {
    watched("true".as_ref(), "/dev/null".as_ref())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The program with its calls written into a file, a line each as it is made.
pub(crate) fn watched(program: &Path, trace: &Path) -> Command {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "--seccomp-bpf", "-e", "signal=none"])
        .args(["-e", "trace=fsync,fdatasync,sync,syncfs", "-o"])
        .arg(trace)
        .arg(program);
    command
}

/// How many there are in the file so far. A call that another one cut in on takes a second line,
/// which has no opening parenthesis.
pub(crate) fn count(trace: &Path) -> Outcome<u64> {
    let lines = fs::read_to_string(trace)?;
    Ok(lines.matches("sync(").count() as u64 + lines.matches("syncfs(").count() as u64)
}
