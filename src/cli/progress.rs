//! Progress: a bar where a person looks on, a line at each tenth where nobody does.

use indicatif::{ProgressBar, ProgressStyle};

use super::screen::Screen;

/// How far a command has come.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    label: &'static str,
    total: Option<u64>,
    tenth: u64,
    sparse: bool,
}

impl Progress {
    /// Begins at nothing; `total` counts what [`Progress::at`] counts.
    #[must_use]
    pub(super) fn new(label: &'static str, total: Option<u64>, screen: &Screen<'_>) -> Self {
        let bar = screen.err_terminal.then(|| {
            let (bar, shape) = match total {
                Some(total) => (
                    ProgressBar::new(total),
                    "{prefix} [{bar:32}] {percent:>3}% {msg} {eta}",
                ),
                None => (
                    ProgressBar::no_length(),
                    "{prefix} {spinner} {msg} {elapsed}",
                ),
            };
            bar.set_style(
                ProgressStyle::with_template(shape)
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> "),
            );
            bar.with_prefix(label)
        });
        Self {
            bar,
            label,
            total,
            tenth: 0,
            sparse: true,
        }
    }

    /// Says nothing where nobody looks on: for what is done in a moment.
    #[must_use]
    pub(super) fn quiet(mut self) -> Self {
        self.sparse = false;
        self
    }

    /// Has come to `position`; `message` says it in its own words.
    pub(super) fn at(&mut self, position: u64, message: String, screen: &mut Screen<'_>) {
        if let Some(bar) = &self.bar {
            bar.set_message(message);
            bar.set_position(position);
            return;
        }
        let Some(total) = self.total.filter(|total| *total > 0 && self.sparse) else {
            return;
        };
        let tenth = position.saturating_mul(10) / total;
        // The last tenth is told by the summary.
        if tenth > self.tenth && tenth < 10 {
            self.tenth = tenth;
            let _ = screen.note(format!("{}: {}0% {message}", self.label, tenth));
        }
    }

    /// Says something beside it without tearing the bar.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn note(&self, text: &str, screen: &mut Screen<'_>) -> std::io::Result<()> {
        match &self.bar {
            Some(bar) => bar.suspend(|| screen.note(text)),
            None => screen.note(text),
        }
    }

    /// Prints a result without tearing the bar.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn line(&self, text: &str, screen: &mut Screen<'_>) -> std::io::Result<()> {
        match &self.bar {
            Some(bar) if screen.terminal => bar.suspend(|| {
                screen.line(text)?;
                screen.flush()
            }),
            _ => screen.line(text),
        }
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
