//! A command that panics says which it was, and never what it was working on.

use std::{
    io::Write as _,
    panic::{self, AssertUnwindSafe},
};

use super::report::{Code, Failure};

/// Panics are one line on stderr with their place; the daemon has them in its log instead.
pub(super) fn tell_plainly() {
    panic::set_hook(Box::new(|panic| {
        // Only a text that stands in the program: a composed one may hold anything.
        let text = panic
            .payload()
            .downcast_ref::<&'static str>()
            .copied()
            .unwrap_or("no reason that could be shown");
        let at = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "panicked at {at}: {text}");
    }));
}

/// Runs a command; one that panics has failed.
pub(super) fn caught(
    command: &str,
    run: impl FnOnce() -> Result<Code, Failure>,
) -> Result<Code, Failure> {
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let what = format!("verikeep {command}");
        Err(Failure::told(
            Code::Finding,
            what,
            "broke off at the place named above",
            "this is a defect of Verikeep: please tell us the command and that place",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_panics_is_named() {
        let Err(Failure::Told {
            code, what, why, ..
        }) = caught("check", || panic!("canary {}", 1))
        else {
            panic!("told")
        };
        assert_eq!((code, what.as_str()), (Code::Finding, "verikeep check"));
        assert!(!why.contains("canary"));
        assert!(matches!(caught("check", || Ok(Code::Done)), Ok(Code::Done)));
    }
}
