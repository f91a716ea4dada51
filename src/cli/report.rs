//! Exit codes, and the one place that prints what went wrong: the thing, the reason, what to do.

mod failures;
mod words;

use std::{io, process::ExitCode};

use serde::Serialize;

use super::{
    screen::Screen,
    words::{ONE_IS_WRONG, SOME_ARE_WRONG, Said},
};
use crate::config::{Finding, Level};

/// What a command ends with (contract.md, "Commands").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// 0: done.
    Done,
    /// 1: something lost, not verified, not healthy, not there.
    Finding,
    /// 2: used wrongly.
    Usage,
    /// 3: the configuration is wrong.
    Configuration,
    /// 4: the far end or a dependency could not be reached.
    Unreachable,
}

impl Code {
    /// The number the process ends with.
    #[must_use]
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Finding => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Unreachable => 4,
        }
    }
}

/// Shown below the help of every command.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a finding: something lost, not verified, not healthy, not there
  2  used wrongly
  3  the configuration is wrong
  4  the far end or a dependency could not be reached";

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Whoever read the output has gone (`verikeep list | head`): nothing to say, nothing wrong.
    ReaderGone,
    /// The configuration, everything at once.
    Configuration(Vec<Finding>),
    /// Anything else.
    Told {
        /// How the process ends.
        code: Code,
        /// The thing.
        what: String,
        /// The reason; never a secret, a token, its URL or a person.
        why: String,
        /// What to do; may be empty.
        todo: Said,
    },
}

impl Failure {
    /// One with all its parts.
    pub(super) fn told(
        code: Code,
        what: impl Into<String>,
        why: impl Into<String>,
        todo: impl Into<Said>,
    ) -> Self {
        Self::Told {
            code,
            what: what.into(),
            why: why.into(),
            todo: todo.into(),
        }
    }

    /// Used wrongly.
    pub(super) fn usage(
        what: impl Into<String>,
        why: impl Into<String>,
        todo: impl Into<Said>,
    ) -> Self {
        Self::told(Code::Usage, what, why, todo)
    }

    /// How the process ends.
    #[must_use]
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::ReaderGone => Code::Done,
            Self::Configuration(_) => Code::Configuration,
            Self::Told { code, .. } => *code,
        }
    }
}

impl From<io::Error> for Failure {
    /// For the output alone; errors of files are told with the file's name.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::told(
            Code::Finding,
            "output",
            error.to_string(),
            words::OUTPUT_ROOM,
        )
    }
}

/// Prints a failure to the error stream.
pub(super) fn print(failure: &Failure, screen: &mut Screen<'_>) {
    // Nothing is left to be told when the error stream itself fails.
    let _ = match failure {
        Failure::ReaderGone => Ok(()),
        Failure::Configuration(findings) => {
            let fails = findings
                .iter()
                .filter(|finding| finding.level == Level::Fail)
                .count();
            let told: Vec<String> = findings
                .iter()
                .map(|finding| {
                    let told = finding.in_(screen.language);
                    if finding.level == Level::Warn {
                        format!("  warning: {told}")
                    } else {
                        format!("  {told}")
                    }
                })
                .collect();
            let words = if fails == 1 {
                ONE_IS_WRONG
            } else {
                SOME_ARE_WRONG
            };
            let head = words.filled(screen.language, &[&fails.to_string()]);
            screen.note(format!("error: {head}\n{}", told.join("\n")))
        }
        Failure::Told {
            what, why, todo, ..
        } => {
            let way_out = if todo.is_empty() {
                String::new()
            } else {
                format!("\n  {}", todo.in_(screen.language))
            };
            screen.note(format!("error: {what}: {why}{way_out}"))
        }
    };
}

/// The end of a command: prints what went wrong, gives the exit code.
pub(super) fn finish(outcome: Result<Code, Failure>, screen: &mut Screen<'_>) -> ExitCode {
    let outcome = outcome.and_then(|code| screen.flush().map(|()| code).map_err(Failure::from));
    let code = outcome.unwrap_or_else(|failure| {
        print(&failure, screen);
        failure.code()
    });
    ExitCode::from(code.number())
}
