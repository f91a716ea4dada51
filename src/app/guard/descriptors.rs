//! How many files and connections the process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::web;

/// What stays out of reach of steps beside connections of the HTTP servers: the database's
/// connections, logs, a folder being synced.
const RESERVED: u64 = 16;
/// What one step holds at most: a connection, one more kept for the next step, a file, its folder.
const PER_STEP: u64 = 4;
/// With fewer free than this nothing new is begun.
pub(super) const FREE_MIN: u64 = 8;

/// Asks for as many as the system allows; what was asked for in vain is worked with.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        );
    }
}

/// How many may be open at once; none where nothing limits it.
pub(super) fn most() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// How many more may be opened; none where that cannot be told.
pub(super) fn free() -> Option<u64> {
    let most = most()?;
    match std::fs::read_dir("/proc/self/fd") {
        // The listing itself holds one.
        Ok(entries) => Some(most.saturating_sub((entries.count() as u64).saturating_sub(1))),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            Some(0)
        }
        Err(_) => None,
    }
}

/// How many connections of clients there may be where `wished` are and so many descriptors may be
/// open: an eighth, and not fewer than the pages alone have.
pub(super) fn clients(wished: usize, most: Option<u64>) -> usize {
    let share = most.map_or(u64::MAX, |most| most / 8);
    let share = usize::try_from(share).unwrap_or(usize::MAX);
    wished.min(share.max(web::CONNECTIONS_MAX))
}

/// How many of `wished` steps may run at once with so many descriptors free, of which `connections`
/// are the HTTP servers'; one at least.
pub(super) fn steps_at_once(wished: usize, free: Option<u64>, connections: usize) -> usize {
    let reserved = RESERVED.saturating_add(connections as u64);
    let most = free.map_or(u64::MAX, |free| free.saturating_sub(reserved) / PER_STEP);
    wished
        .min(usize::try_from(most).unwrap_or(usize::MAX))
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_descriptors_mean_few_steps_and_never_none() {
        for (free, steps) in [
            (None, 22),
            (Some(1_000_000), 22),
            (Some(72), 10),
            (Some(36), 1),
            (Some(3), 1),
        ] {
            assert_eq!(steps_at_once(22, free, 16), steps, "{free:?}");
        }
        assert!(free().unwrap() < most().unwrap());
    }

    #[test]
    fn clients_have_an_eighth_of_what_may_be_open_and_no_more_than_was_said() {
        for (most, found) in [
            (None, 512),
            (Some(1_000_000), 512),
            (Some(1024), 128),
            (Some(64), 16),
        ] {
            assert_eq!(clients(512, most), found, "{most:?}");
        }
        assert_eq!(clients(8, Some(1024)), 8);
        assert_eq!(steps_at_once(1_000, Some(1024), 128), 220);
    }
}
