//! The whole archiver against the simulated provider, beside a bare loop that asks the same and
//! keeps nothing: one table of ratios.
//!
//! ```sh
//! cargo bench --bench end_to_end              # some minutes
//! cargo bench --bench end_to_end -- --quick   # less than a minute
//! ```
//!
//! Every pass is a process of its own, and the simulated provider is another, so that CPU time and
//! memory are those of one side alone. They share the machine's cores over loopback: tokens per
//! second are those of the pair on this machine and say little about another; the ratios to the
//! bare loop, and what is counted rather than timed, say more. Passes of both sides take turns; of
//! each figure the median is shown. Tokens are the same in every pass, passed at issue, without
//! quirks and faults; the archive starts each pass with an empty database on disk.
//!
//! | figure | what it means |
//! |---|---|
//! | tokens/s | tokens all due, from the daemon's start until the last one is settled: rows committed, objects written |
//! | CPU ms/token | user and system time of the client's process over the same stretch, in clock ticks of 10 ms over the whole pass |
//! | calls per necessary call | requests the provider counted, OAuth included, over three a token |
//! | media fetched/token | objects the provider sent; not among the calls |
//! | SQL statements/token | statements sqlx ran, seen by a `tracing` layer in a pass of its own that is not timed; `begin` and `commit` are not among them |
//! | SQL commits/token | transactions that wrote, by the change counter of SQLite's WAL index; one fsync each |
//! | tracked/s | tokens told in chunks until committed, before the daemon starts |
//! | peak memory | `VmHWM` of a fresh daemon that archives the same tokens with media while so many others wait |
//!
//! *Without media* the three answers are `getall` (without images), `detail` and `stat`: none leads
//! to a download, so a token is settled after three calls. *With small media* they are `getall`,
//! `detail` and `media`, and what they list is fetched: a face, both sides of an ID card, a video
//! and four images of some KB.
//!
//! The bare loop is one task, so at most one core, and makes its calls with one `reqwest` client,
//! as many tokens at once as the daemon polls at once, parses answers for URLs and drops
//! everything: no database, no object, no digest, no address check. What the archive costs beyond
//! it is the price of keeping.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "the table is what it is for, and it runs in real time"
)]

#[path = "end_to_end/archive.rs"]
mod archive;
#[path = "end_to_end/bare.rs"]
mod bare;
#[path = "end_to_end/child.rs"]
mod child;
#[path = "end_to_end/gauge.rs"]
mod gauge;
#[path = "end_to_end/provider.rs"]
mod provider;
#[path = "end_to_end/table.rs"]
mod table;

use std::{error::Error, path::Path};

use child::Role;
use provider::{Provider, Work};

/// Whatever goes wrong ends the benchmark.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How much is measured.
struct Scale {
    tokens: u32,
    rounds: usize,
    waiting: [u32; 2],
}

const FULL: Scale = Scale {
    tokens: 5_000,
    rounds: 3,
    waiting: [1_000, 100_000],
};
const QUICK: Scale = Scale {
    tokens: 1_000,
    rounds: 1,
    waiting: [1_000, 20_000],
};
/// Tokens the daemon works on while its memory is watched.
const BUSY: u32 = 500;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = Role::of(&words)? {
        return role.play();
    }
    // Test runners ask every binary what tests it has: none.
    if words.iter().any(|word| word == "--list") {
        return Ok(());
    }
    let scale = if words.iter().any(|word| word == "--quick") {
        QUICK
    } else {
        FULL
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut table = table::Table::new();
    for work in [Work::Answers, Work::Media] {
        measure(work, &scale, folder.path(), &mut table)?;
    }
    remember(&scale, folder.path(), &mut table)?;
    println!("{table}");
    println!(
        "{} tokens a pass, median of {} rounds; 64 at once; aims are this project's own",
        scale.tokens, scale.rounds
    );
    Ok(())
}

/// One kind of work, by the archive and by the bare loop in turn, then the archive once more with
/// its statements counted.
fn measure(work: Work, scale: &Scale, folder: &Path, table: &mut table::Table) -> Outcome<()> {
    let provider = Provider::start(work, scale.tokens, folder)?;
    let (mut archived, mut bare) = (Vec::new(), Vec::new());
    for round in 0..scale.rounds {
        archived.push(provider.pass(
            "archive",
            &folder.join(format!("{}-{round}", work.name())),
            0,
        )?);
        bare.push(provider.pass("bare", folder, 0)?);
    }
    let counted = provider.pass(
        "counted",
        &folder.join(format!("{}-counted", work.name())),
        0,
    )?;
    table.work(work, f64::from(scale.tokens), &archived, &bare, &counted);
    Ok(())
}

/// The daemon's peak memory with few and with many tokens waiting.
fn remember(scale: &Scale, folder: &Path, table: &mut table::Table) -> Outcome<()> {
    let provider = Provider::start(Work::Media, BUSY, folder)?;
    let mut peaks = Vec::new();
    for waiting in scale.waiting {
        let data = folder.join(format!("waiting-{waiting}"));
        provider.pass("fill", &data, waiting)?;
        peaks.push((
            waiting,
            provider.pass("resident", &data, waiting)?.peak_bytes,
        ));
    }
    table.memory(&peaks);
    Ok(())
}
