//! What the system says of this process, under the names that everybody uses: read at each scrape,
//! on Linux. What cannot be read is left out.

use std::{fs, sync::atomic::AtomicU64};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};

/// The figures as they are now.
pub(super) fn registry() -> Registry {
    let mut registry = Registry::default();
    let stat = fs::read_to_string("/proc/self/stat").ok();
    if let Some(times) = stat.as_deref().and_then(Times::read) {
        let cpu = Counter::<f64, AtomicU64>::default();
        cpu.inc_by(times.cpu);
        registry.register(
            "process_cpu_seconds",
            "Total user and system CPU time spent in seconds",
            cpu,
        );
        if let Some(booted) = booted() {
            let start = Gauge::<f64, AtomicU64>::default();
            start.set(booted + times.start);
            registry.register(
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds",
                start,
            );
        }
    }
    for (name, help, value) in [
        (
            "process_resident_memory_bytes",
            "Resident memory size in bytes",
            resident_bytes(),
        ),
        (
            "process_open_fds",
            "Number of open file descriptors",
            open_descriptors(),
        ),
        (
            "process_max_fds",
            "Maximum number of open file descriptors",
            getrlimit(Resource::Nofile).current,
        ),
    ] {
        if let Some(value) = value {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            registry.register(name, help, gauge);
        }
    }
    registry
}

/// Of `/proc/self/stat`, in seconds.
struct Times {
    /// In use of the processor, by the program and by the system on its behalf.
    cpu: f64,
    /// From the start of the machine to that of the process.
    start: f64,
}

impl Times {
    fn read(stat: &str) -> Option<Self> {
        // The second field is the program's name in brackets, which may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        // Numbered as in proc(5), where the first of these is the third.
        let seconds = |number: usize| {
            let ticks: u32 = fields.get(number.checked_sub(3)?)?.parse().ok()?;
            let a_second = u32::try_from(clock_ticks_per_second()).ok()?;
            Some(f64::from(ticks) / f64::from(a_second.max(1)))
        };
        Some(Self {
            cpu: seconds(14)? + seconds(15)?,
            start: seconds(22)?,
        })
    }
}

/// When the machine started, in seconds since the Unix epoch.
fn booted() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(u64::try_from(page_size()).ok()?)
}

fn open_descriptors() -> Option<u64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?;
    // The listing itself holds one.
    Some((entries.count() as u64).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Format, text};

    #[test]
    fn the_times_of_a_process_are_read_whatever_it_is_called() {
        let ticks = clock_ticks_per_second();
        let stat = format!(
            "7 (a) R 1) S 1 7 7 0 -1 4194560 9 0 0 0 {} {} 0 0 20 0 5 0 {} 1 2",
            3 * ticks,
            ticks,
            50 * ticks
        );
        let times = Times::read(&stat).unwrap();
        assert_eq!((times.cpu, times.start), (4.0, 50.0));
        for stat in [
            "",
            "7 (a) S 1",
            "7 (a) S 1 7 7 0 -1 0 9 0 0 0 x y 0 0 20 0 5 0 z",
        ] {
            assert!(Times::read(stat).is_none(), "{stat}");
        }
    }

    #[test]
    fn the_process_is_told_of_under_the_usual_names() {
        let page = text::page(&[&registry()], Format::Classic);
        for name in [
            "process_cpu_seconds_total",
            "process_start_time_seconds",
            "process_resident_memory_bytes",
            "process_open_fds",
            "process_max_fds",
        ] {
            let value = page.lines().find_map(|line| line.strip_prefix(name));
            let value: f64 = value.unwrap_or_default().trim().parse().unwrap_or(-1.0);
            let is_right = match name {
                "process_start_time_seconds" => value > 1.4e9,
                "process_cpu_seconds_total" => value >= 0.0,
                _ => value > 0.0,
            };
            assert!(is_right, "{name} {value} in\n{page}");
        }
    }
}
