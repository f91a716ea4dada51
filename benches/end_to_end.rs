//! The whole archiver against the simulated provider, beside a bare loop that asks the same and
//! keeps nothing: one table of ratios.
//!
//! ```sh
//! cargo bench --bench end_to_end                          # SQLite, some minutes
//! scripts/with-postgres cargo bench --bench end_to_end    # and PostgreSQL
//! cargo bench --bench end_to_end -- --quick               # about a minute
//! ```
//!
//! Every pass is a process of its own, and the simulated provider is another, so that CPU time and
//! memory are those of one side alone. They share the machine's cores over loopback: tokens per
//! second are those of all of them on this machine and say little about another; the ratios to the
//! bare loop, and what is counted rather than timed, say more. Passes of all sides take turns; of
//! each figure the median is shown. Tokens are the same in every pass, passed at issue, without
//! quirks and faults; the archive starts each pass with an empty database. A quick pass is so short
//! that starting up and ticks of the clock weigh in it: its times are for a glance.
//!
//! | column | what it means |
//! |---|---|
//! | SQLite | database and objects in a folder below the target folder: the disk's file system |
//! | on tmpfs | both below `/dev/shm`, where that is a file system in memory with 2 GiB free |
//! | PostgreSQL | a database on the server that `VERIKEEP_TEST_POSTGRES` names, which must be on this machine; objects as for SQLite. The server of `scripts/with-postgres` does not sync to disk while a pass is timed |
//! | bare loop | the same questions, nothing kept |
//! | at most | this project's own aims |
//!
//! | figure | what it means |
//! |---|---|
//! | tokens/s | tokens all due, from the daemon's start until the last one is settled: rows committed, objects written |
//! | CPU ms/token | user and system time of the client's process over the same stretch, in clock ticks of 10 ms over the whole pass |
//! | server CPU ms/token | the same of all processes of PostgreSQL |
//! | calls/necessary call | requests the provider counted, OAuth included, over three a token |
//! | media fetched/token | objects the provider sent; not among the calls |
//! | fsyncs/token | `fsync`, `fdatasync` and `syncfs` of the daemon's process, seen by `strace`: objects, their folders, SQLite's log and checkpoints; of PostgreSQL, which is told to sync for it, those of its log (`pg_stat_wal`, or `pg_stat_io` from 18 on) with the few of tracking, without its checkpoints. Counted in a pass of its own, which `strace` makes slower |
//! | SQL statements/token | statements sqlx ran in a pass that is not timed, seen by a `tracing` layer; `begin` and `commit` are not among them |
//! | SQL commits/token | transactions that wrote, by the change counter of SQLite's WAL index, or by PostgreSQL's transaction ids, savepoints among them |
//! | tracked/s | tokens told in chunks until committed, before the daemon starts |
//! | peak MB | `VmHWM` of a fresh daemon that archives the same tokens with media while so many others wait |
//!
//! The answers of *records* are `getall` (without images), `detail` and `stat`: none leads to a
//! download, so a token is settled after three calls. Those of *media* are `getall`, `detail` and
//! `media`, and what they list is fetched: a face, both sides of an ID card, a video and four images
//! of some KB.
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
#[path = "end_to_end/held.rs"]
mod held;
#[path = "end_to_end/place.rs"]
mod place;
#[path = "end_to_end/provider.rs"]
mod provider;
#[path = "end_to_end/server.rs"]
mod server;
#[path = "end_to_end/statements.rs"]
mod statements;
#[path = "end_to_end/syncs.rs"]
mod syncs;
#[path = "end_to_end/table.rs"]
mod table;

use std::{error::Error, path::Path};

use child::{Role, Task};
use place::{Kind, Place};
use provider::{Provider, Work};
use table::{Measured, Table};

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
    let (places, mut missing) = Place::all()?;
    let mut table = Table::new(&places);
    let can_watch = syncs::can_watch();
    if !can_watch {
        missing.push("no strace that may watch: fsyncs are not counted".to_owned());
    }
    for work in [Work::Answers, Work::Media] {
        let provider = Provider::start(work, scale.tokens, folder.path())?;
        let measured = measure(&provider, &scale, &places, can_watch)?;
        table.work(work, &measured);
    }
    remember(&scale, folder.path(), &places, &mut table)?;
    println!("{table}");
    println!(
        "{} tokens a pass, median of {} rounds; 64 at once",
        scale.tokens, scale.rounds
    );
    for line in missing {
        println!("{line}");
    }
    Ok(())
}

/// One kind of work, by the archive in each place and by the bare loop in turn, then by the archive
/// once more with what it does counted.
fn measure(
    provider: &Provider,
    scale: &Scale,
    places: &[Place],
    can_watch: bool,
) -> Outcome<Measured> {
    let mut measured = Measured {
        tokens: f64::from(scale.tokens),
        archived: vec![Vec::new(); places.len()],
        counted: Vec::new(),
        bare: Vec::new(),
    };
    for round in 0..scale.rounds {
        let mut bare = None;
        for (place, found) in places.iter().zip(&mut measured.archived) {
            let task = provider.task(place, &format!("{}-{round}", provider.work().name()));
            found.push(provider.pass("archive", &task)?);
            bare = Some(task);
        }
        let bare = bare.ok_or("there is no place to measure in")?;
        measured.bare.push(provider.pass("bare", &bare)?);
    }
    for place in places {
        let name = format!("{}-counted", provider.work().name());
        let mut counted = provider.pass("counted", &provider.task(place, &name))?;
        if can_watch {
            let name = format!("{}-watched", provider.work().name());
            let task = Task {
                trace: Some(place.data(&format!("{name}.strace"))),
                ..provider.task(place, &name)
            };
            counted.syncs = provider.pass("counted", &task)?.syncs;
        }
        measured.counted.push(counted);
    }
    Ok(measured)
}

/// The daemon's peak memory with few and with many tokens waiting, where the place of the files
/// makes a difference.
fn remember(scale: &Scale, folder: &Path, places: &[Place], table: &mut Table) -> Outcome<()> {
    let provider = Provider::start(Work::Media, BUSY, folder)?;
    let mut peaks = Vec::new();
    for place in places {
        if place.kind == Kind::Memory {
            peaks.push(None);
            continue;
        }
        let mut peak = [0; 2];
        for (waiting, peak) in scale.waiting.into_iter().zip(&mut peak) {
            let task = provider.task(place, &format!("waiting-{waiting}"));
            let task = Task { waiting, ..task };
            provider.pass("fill", &task)?;
            *peak = provider.pass("resident", &task)?.peak_bytes;
        }
        peaks.push(Some(peak));
    }
    table.memory(scale.waiting, &peaks);
    Ok(())
}
