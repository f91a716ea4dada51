//! The one table that is printed.

use std::fmt;

use comfy_table::{CellAlignment, Table as Grid, presets};

use crate::{child::Found, provider::Work};

/// Calls that a token cannot do without.
const NECESSARY: f64 = 3.0;

/// Figures of the archive and of the bare loop side by side.
pub(crate) struct Table(Grid);

impl Table {
    /// Without figures.
    pub(crate) fn new() -> Self {
        let mut grid = Grid::new();
        grid.load_style(presets::ASCII_MARKDOWN).set_header([
            "figure",
            "verikeep",
            "bare loop",
            "ratio",
            "aim",
        ]);
        for column in grid.column_iter_mut().skip(1).take(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Self(grid)
    }

    /// The rows of one kind of work.
    pub(crate) fn work(
        &mut self,
        work: Work,
        tokens: f64,
        archived: &[Found],
        bare: &[Found],
        counted: &Found,
    ) {
        let (title, aim) = match work {
            Work::Answers => ("without media", "≤ 0.5"),
            Work::Media => ("with small media", ""),
        };
        self.pair(
            &format!("{title}: tokens/s"),
            archived,
            bare,
            |found| tokens / found.seconds,
            "",
        );
        self.pair(
            &format!("{title}: CPU ms/token"),
            archived,
            bare,
            |found| found.cpu_ms / tokens,
            aim,
        );
        self.pair(
            &format!("{title}: calls per necessary call"),
            archived,
            bare,
            |found| found.calls as f64 / tokens / NECESSARY,
            "≤ 1.15",
        );
        if work == Work::Media {
            self.pair(
                &format!("{title}: media fetched/token"),
                archived,
                bare,
                |found| found.media as f64 / tokens,
                "",
            );
        }
        self.alone(
            &format!("{title}: SQL statements/token"),
            number(counted.statements as f64 / tokens),
        );
        self.alone(
            &format!("{title}: SQL commits/token"),
            number(median(archived, |found| found.commits as f64 / tokens)),
        );
        self.alone(
            &format!("{title}: tracked/s"),
            number(median(archived, |found| tokens / found.tracking_seconds)),
        );
    }

    /// Peak memory by tokens waiting; the ratio is to the first.
    pub(crate) fn memory(&mut self, peaks: &[(u32, u64)]) {
        let first = peaks.first().map_or(0, |(_, bytes)| *bytes) as f64;
        for (waiting, bytes) in peaks {
            let mib = format!("{:.1} MiB", *bytes as f64 / f64::from(1 << 20));
            let aim = "ratio 1 (flat)";
            self.0.add_row([
                format!("peak memory, {waiting} waiting"),
                mib,
                String::new(),
                number(*bytes as f64 / first),
                aim.to_owned(),
            ]);
        }
    }

    fn pair(
        &mut self,
        name: &str,
        archived: &[Found],
        bare: &[Found],
        figure: impl Fn(&Found) -> f64,
        aim: &str,
    ) {
        let (ours, theirs) = (median(archived, &figure), median(bare, &figure));
        self.0.add_row([
            name,
            &number(ours),
            &number(theirs),
            &number(ours / theirs),
            aim,
        ]);
    }

    fn alone(&mut self, name: &str, figure: String) {
        self.0.add_row([name, &figure, "", "", ""]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// The middle one; of an even number the higher of the two in the middle.
fn median(passes: &[Found], figure: impl Fn(&Found) -> f64) -> f64 {
    let mut figures: Vec<f64> = passes.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
