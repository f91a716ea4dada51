//! Tables for people: fitted to the terminal, plain and unwrapped on a pipe.

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Width, presets};

use super::screen::Screen;

/// Instants, tokens and numbers are no wider than this.
const WORD_WIDTH: u16 = 26;

/// Rows under a heading.
pub(super) struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// One with these columns.
    pub(super) fn new<T: Into<String>>(heading: impl IntoIterator<Item = T>) -> Self {
        Self {
            heading: heading.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(
            cells
                .into_iter()
                .map(|cell| harmless(&cell.into()))
                .collect(),
        );
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As text; columns that say nothing in any row are left out.
    #[must_use]
    pub(super) fn render(&self, terminal: bool) -> String {
        let shown: Vec<usize> = (0..self.heading.len())
            .filter(|at| {
                self.rows
                    .iter()
                    .any(|row| row.get(*at).is_some_and(|cell| !cell.is_empty()))
            })
            .collect();
        let cells = |row: &[String]| {
            shown
                .iter()
                .map(|at| Cell::new(row.get(*at).map_or("", String::as_str)))
                .collect::<Vec<_>>()
        };
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        if terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table
                .set_content_arrangement(ContentArrangement::Disabled)
                .force_no_tty();
        }
        table.set_header(cells(&self.heading));
        for row in &self.rows {
            table.add_row(cells(row));
        }
        // A column of short words stays whole; the long texts share what is left.
        let widths = table.column_max_content_widths();
        for (column, width) in table.column_iter_mut().zip(widths) {
            // Better a little wider than the terminal than a text of one letter a line.
            column.set_constraint(if width <= WORD_WIDTH {
                ColumnConstraint::ContentWidth
            } else {
                ColumnConstraint::LowerBoundary(Width::Fixed(WORD_WIDTH))
            });
        }
        table.trim_fmt()
    }

    /// Prints it.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn print(&self, screen: &mut Screen<'_>) -> std::io::Result<()> {
        let text = self.render(screen.terminal);
        screen.line(text)
    }
}

/// Foreign text without the characters that steer a terminal.
#[must_use]
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        let mut table = Table::new(["a", "empty", "b"]);
        table.row(["\u{1b}[31mred", "", "张*\nx"]);
        let text = table.render(false);
        assert!(
            !text.contains('\u{1b}') && !text.contains("empty") && text.contains("张*"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
