//! Reading what the kernel and SQLite count anyway.

use std::{fs, path::Path};

use crate::Outcome;

/// What Linux calls a clock tick is 10 ms on every architecture it is built for.
const TICK_MS: f64 = 10.0;

/// User and system time of this process so far, threads that ended included, milliseconds.
pub(crate) fn cpu_ms() -> Outcome<f64> {
    times_of(11)
}

/// The same of the children that ended.
#[allow(dead_code, reason = "only one of the benchmarks has such")]
pub(crate) fn children_cpu_ms() -> Outcome<f64> {
    times_of(13)
}

fn times_of(first: usize) -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after
    // it, those of the children follow.
    let (_, fields) = stat
        .rsplit_once(')')
        .ok_or("/proc/self/stat has another form")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(first)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()?;
    Ok(ticks as f64 * TICK_MS)
}

/// The most memory this process ever held.
pub(crate) fn peak_bytes() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next());
    Ok(kib
        .ok_or("/proc/self/status has no VmHWM")?
        .parse::<u64>()?
        << 10)
}

/// How many transactions have written to an open SQLite database in WAL mode: `iChange` of the WAL
/// index's header, which every commit raises and no checkpoint resets. It wraps at 32 bits and is
/// gone when the last connection closes.
pub(crate) fn commits(database: &Path) -> Outcome<u64> {
    let index = fs::read(database.with_extension("db-shm"))?;
    let raw: [u8; 4] = index
        .get(8..12)
        .ok_or("the WAL index is empty")?
        .try_into()?;
    Ok(u64::from(u32::from_ne_bytes(raw)))
}
