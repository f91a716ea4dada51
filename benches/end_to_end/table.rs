//! The one table that is printed.

use std::fmt;

use comfy_table::{CellAlignment, Table as Grid, presets};

use crate::{
    child::Found,
    place::{Kind, Place},
    provider::Work,
};

/// Calls that a token cannot do without.
const NECESSARY: f64 = 3.0;
/// What memory is told in.
const MEGABYTE: f64 = 1e6;

/// What the passes over one kind of work found; the outer lists are by place.
pub(crate) struct Measured {
    pub(crate) tokens: f64,
    pub(crate) archived: Vec<Vec<Found>>,
    pub(crate) counted: Vec<Found>,
    pub(crate) bare: Vec<Found>,
}

/// What this project wants to reach, at most.
struct Aims {
    cpu: &'static str,
    server_cpu: &'static str,
    syncs: &'static str,
    statements: &'static str,
}

const RECORDS: Aims = Aims {
    cpu: "3, tmpfs 2.5",
    server_cpu: "0.12",
    syncs: "0.1",
    statements: "0.1",
};
const MEDIA: Aims = Aims {
    cpu: "",
    server_cpu: "0.4",
    syncs: "",
    statements: "0.4",
};

/// Figures of the archive in each place and of the bare loop side by side.
pub(crate) struct Table {
    grid: Grid,
    kinds: Vec<Kind>,
}

impl Table {
    /// Without figures.
    pub(crate) fn new(places: &[Place]) -> Self {
        let mut grid = Grid::new();
        let head = ["figure"]
            .into_iter()
            .chain(places.iter().map(Place::title))
            .chain(["bare loop", "at most"]);
        grid.load_style(presets::ASCII_MARKDOWN).set_header(head);
        for column in grid.column_iter_mut().skip(1).take(places.len() + 1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let kinds = places.iter().map(|place| place.kind).collect();
        Self { grid, kinds }
    }

    /// The rows of one kind of work.
    pub(crate) fn work(&mut self, work: Work, measured: &Measured) {
        let (title, aims) = match work {
            Work::Answers => ("records", RECORDS),
            Work::Media => ("media", MEDIA),
        };
        let tokens = measured.tokens;
        let kinds = self.kinds.clone();
        let mut row = |name: &str, bare: Option<f64>, aim: &str, figures: Vec<Option<f64>>| {
            self.row(&format!("{title}: {name}"), figures, bare, aim);
        };
        let each = |figure: &dyn Fn(&Found) -> f64| -> Vec<Option<f64>> {
            measured
                .archived
                .iter()
                .map(|passes| Some(median(passes, figure)))
                .collect()
        };
        let bare = |figure: &dyn Fn(&Found) -> f64| Some(median(&measured.bare, figure));
        let speed = |found: &Found| tokens / found.seconds;
        row("tokens/s", bare(&speed), "", each(&speed));
        let cpu = |found: &Found| found.cpu_ms / tokens;
        let cpus = each(&cpu);
        row("CPU ms/token", bare(&cpu), "", cpus.clone());
        let unit = bare(&cpu).unwrap_or(f64::NAN);
        let ratios = cpus.iter().map(|cpu| cpu.map(|cpu| cpu / unit)).collect();
        row("CPU to the bare loop's", Some(1.0), aims.cpu, ratios);
        if kinds.contains(&Kind::Server) {
            let used = each(&|found| found.server_ms / tokens);
            let used = kinds.iter().zip(used);
            let used = used.map(|(kind, used)| used.filter(|_| *kind == Kind::Server));
            let used = used.collect();
            row("server CPU ms/token", None, aims.server_cpu, used);
        }
        let calls = |found: &Found| found.calls as f64 / tokens / NECESSARY;
        row("calls/necessary call", bare(&calls), "1.15", each(&calls));
        if work == Work::Media {
            let media = |found: &Found| found.media as f64 / tokens;
            row("media fetched/token", bare(&media), "", each(&media));
        }
        let counted = measured.counted.iter();
        let syncs = counted.clone().map(|found| found.syncs);
        let syncs = syncs.map(|count| count.map(|count| count as f64 / tokens));
        row("fsyncs/token", None, aims.syncs, syncs.collect());
        let said = counted.map(|found| Some(found.statements as f64 / tokens));
        row(
            "SQL statements/token",
            None,
            aims.statements,
            said.collect(),
        );
        let committed = each(&|found| found.commits as f64 / tokens);
        row("SQL commits/token", None, "", committed);
        let tracked = each(&|found| tokens / found.tracking_seconds);
        row("tracked/s", None, "", tracked);
    }

    /// Peak memory by tokens waiting; of each place, with few and with many.
    pub(crate) fn memory(&mut self, waiting: [u32; 2], peaks: &[Option<[u64; 2]>]) {
        for (nth, waiting) in waiting.iter().enumerate() {
            let peak = |peaks: &Option<[u64; 2]>| {
                let bytes = peaks.as_ref()?.get(nth)?;
                Some(*bytes as f64 / MEGABYTE)
            };
            let name = format!("peak MB, {waiting} waiting");
            self.row(&name, peaks.iter().map(peak).collect(), None, "20");
        }
    }

    fn row(&mut self, name: &str, figures: Vec<Option<f64>>, bare: Option<f64>, aim: &str) {
        let figures = figures.into_iter().chain([bare]);
        let cells = figures.map(|figure| figure.map_or(String::new(), number));
        let row = [name.to_owned()].into_iter().chain(cells);
        self.grid.add_row(row.chain([aim.to_owned()]));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.grid.fmt(f)
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
