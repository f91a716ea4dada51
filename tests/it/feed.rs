//! Programs that read what a test gives them.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

/// Runs it to its end with this on its standard input.
pub fn feed(command: &mut Command, text: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; ./scripts/test sees to it"));
    // Closed at the end of the statement, so that the program sees the end of it.
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}
