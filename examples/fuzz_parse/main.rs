//! Feeds damaged answers to the parsers until the time is over; a panic ends it with the seed that
//! found it.
//!
//! `cargo run --release --example fuzz_parse -- [FOLDER [SECONDS [SEED]]]`, by default
//! `tests/fixtures/answers 10 1`. The same seed damages the same answers in the same way, on any
//! toolchain.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for a terminal"
)]

mod damage;

use std::{
    error::Error,
    fs,
    time::{Duration, Instant},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .unwrap_or_else(|| "tests/fixtures/answers".to_owned());
    let time = Duration::from_secs(arguments.next().map_or(Ok(10), |text| text.parse())?);
    let first: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let mut paths = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    let answers = paths.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    if answers.is_empty() {
        return Err(format!("no answers in {folder}").into());
    }
    let end = Instant::now() + time;
    let mut seed = first;
    while Instant::now() < end {
        for (answer, path) in answers.iter().zip(&paths) {
            let bytes = damage::damage(answer, seed, 1 + usize::try_from(seed % 8)?);
            if std::panic::catch_unwind(|| damage::parse_all(&bytes)).is_err() {
                fs::write("fuzz-parse-found.bin", &bytes)?;
                return Err(format!(
                    "seed {seed} on {} makes a parser panic; the bytes are in fuzz-parse-found.bin",
                    path.display()
                )
                .into());
            }
        }
        seed += 1;
    }
    println!(
        "{} damaged answers, no panic; next seed {seed}",
        (seed - first) * answers.len() as u64
    );
    Ok(())
}
