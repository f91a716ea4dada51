//! One medium by its URL into the vault, beside a program that asks for it, digests it and writes it
//! to a file: CPU time a medium, and memory.
//!
//! ```sh
//! cargo bench --bench media              # a minute or two
//! cargo bench --bench media -- --quick   # some seconds
//! ```
//!
//! The server is a process of its own, and every pass is another, so that CPU time and memory are
//! those of one side alone. Sixteen media are under way at once, as in the daemon with one app.
//! Passes of both sides take turns; of each figure the median is shown.
//!
//! | figure | what it is |
//! |---|---|
//! | verikeep | [`Downloader::open`], then [`Vault::ingest`] into a folder: addresses checked, digests of the far end checked, SHA-256, synced file and folders |
//! | plain | one `reqwest` client, SHA-256, a file that is written as the bytes come and synced: nothing else |
//! | curl | `curl --parallel` into files, where it is installed: no digest, no sync |
//! | CPU ms | user and system time of the process over the media of a pass, in clock ticks of 10 ms over the whole pass |
//! | peak memory | `VmHWM` at the end of the pass |
//!
//! With *CRC32C* the answers carry it, and the MD5 twice beside; with *ETag* the MD5 is all there is
//! to check by, and so it is reckoned, which the plain program never does.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "the table is what it is for, and it runs in real time"
)]

#[allow(dead_code, reason = "shared with others that need more of it")]
#[path = "end_to_end/gauge.rs"]
mod gauge;
#[path = "media/passes.rs"]
mod passes;
#[path = "media/server.rs"]
mod server;

use std::{
    error::Error,
    path::Path,
    process::{Child, Command, Stdio},
};

use comfy_table::{CellAlignment, Table, presets};
use passes::{Found, Task};
use server::{Digests, Served};

/// Whatever goes wrong ends the benchmark.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Media of one kind.
struct Case {
    title: &'static str,
    bytes: usize,
    digests: Digests,
    /// Of a full pass; a quick one has a quarter.
    count: usize,
    aim: &'static str,
}

const CASES: [Case; 3] = [
    Case {
        title: "200 KiB, CRC32C",
        bytes: 200 << 10,
        digests: Digests::All,
        count: 2_000,
        aim: "≤ 1.5",
    },
    Case {
        title: "8 MB, CRC32C",
        bytes: 8_000_000,
        digests: Digests::All,
        count: 128,
        aim: "≤ 1.1",
    },
    Case {
        title: "8 MB, ETag",
        bytes: 8_000_000,
        digests: Digests::EtagAlone,
        count: 128,
        aim: "",
    },
];

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, name, text] = words.as_slice()
        && first == "child"
    {
        return passes::play(name, text);
    }
    // Test runners ask every binary what tests it has: none.
    if words.iter().any(|word| word == "--list") {
        return Ok(());
    }
    let is_quick = words.iter().any(|word| word == "--quick");
    let (rounds, part) = if is_quick { (1, 4) } else { (3, 1) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header([
        "media", "figure", "verikeep", "plain", "ratio", "aim", "curl",
    ]);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let has_curl = passes::has_curl();
    for case in &CASES {
        let served = Served::start(case.bytes, case.digests)?;
        let task = Task {
            url: served.url.clone(),
            count: case.count / part,
            folder: folder.path().to_owned(),
        };
        let mut found = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (name, found) in ["verikeep", "plain", "curl"].iter().zip(&mut found) {
                if has_curl || *name != "curl" {
                    found.push(pass(name, &task, folder.path())?);
                }
            }
        }
        let [ours, plain, curl] = found;
        add(&mut table, case, task.count, (&ours, &plain, &curl));
    }
    println!("{table}");
    println!("median of {rounds} rounds; 16 at once; aims are this project's own");
    Ok(())
}

/// Runs a pass in a process and a folder of its own.
fn pass(name: &str, task: &Task, folder: &Path) -> Outcome<Found> {
    let own = tempfile::tempdir_in(folder)?;
    let task = Task {
        folder: own.path().to_owned(),
        ..task.clone()
    };
    let output = child(name, &serde_json::to_string(&task)?)?.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("the pass {name} failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Starts this program in a part.
fn child(name: &str, text: &str) -> Outcome<Child> {
    Ok(Command::new(std::env::current_exe()?)
        .args(["child", name, text])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?)
}

fn add(table: &mut Table, case: &Case, count: usize, found: (&[Found], &[Found], &[Found])) {
    let cpu = |found: &[Found]| median(found, |found| found.cpu_ms / count as f64);
    let (ours, plain, curl) = (cpu(found.0), cpu(found.1), cpu(found.2));
    table.add_row([
        case.title,
        "CPU ms",
        &number(ours),
        &number(plain),
        &number(ours / plain),
        case.aim,
        &number(curl),
    ]);
    let peak =
        |found: &[Found]| median(found, |found| found.peak_bytes as f64 / f64::from(1 << 20));
    let (ours, plain) = (peak(found.0), peak(found.1));
    table.add_row([
        case.title,
        "peak memory, MiB",
        &number(ours),
        &number(plain),
        &number(ours / plain),
        "48 MiB",
        "",
    ]);
}

/// Nothing where nothing was measured.
fn number(value: f64) -> String {
    if value.is_nan() {
        String::new()
    } else {
        format!("{value:.2}")
    }
}

/// The middle one; none where nothing was measured.
fn median(passes: &[Found], figure: impl Fn(&Found) -> f64) -> f64 {
    let mut figures: Vec<f64> = passes.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
