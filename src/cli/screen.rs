//! Where commands write: results to one stream, everything said beside them to the other.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;

use crate::domain::language::Language;

/// The two streams of a command.
pub(super) struct Screen<'w> {
    out: &'w mut (dyn Write + Send),
    err: &'w mut (dyn Write + Send),
    /// Whether a person reads the results.
    pub terminal: bool,
    /// Whether a person reads what is said beside them.
    pub err_terminal: bool,
    /// What people are spoken to in.
    pub language: Language,
}

impl<'w> Screen<'w> {
    /// On any two streams, none of which is a terminal.
    #[cfg(test)]
    pub(super) fn new(out: &'w mut (dyn Write + Send), err: &'w mut (dyn Write + Send)) -> Self {
        Self {
            out,
            err,
            terminal: false,
            err_terminal: false,
            language: Language::default(),
        }
    }

    /// On the process's own streams.
    pub(super) fn of_process(
        out: &'w mut (dyn Write + Send),
        err: &'w mut (dyn Write + Send),
    ) -> Self {
        Self {
            out,
            err,
            terminal: io::stdout().is_terminal(),
            err_terminal: io::stderr().is_terminal(),
            language: Language::default(),
        }
    }

    /// A result.
    ///
    /// # Errors
    /// When the stream fails; a reader that has gone is [`io::ErrorKind::BrokenPipe`].
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.out, "{}", text.as_ref())
    }

    /// Something said beside the results. What was printed so far comes first.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn note(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.out.flush()?;
        writeln!(self.err, "{}", text.as_ref())?;
        self.err.flush()
    }

    /// A JSON document on several lines.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn document(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// A line of NDJSON.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn ndjson(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// The stream of results, for what writes by itself.
    pub(super) fn out(&mut self) -> &mut (dyn Write + Send) {
        self.out
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }
}
