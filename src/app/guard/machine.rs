//! What the machine has left, as the guard sees it.

use std::io;

use super::{
    descriptors,
    free_space::{FreeSpace, Place},
};

/// Room on file systems, and descriptors.
pub(crate) trait Machine: Send + Sync + 'static {
    /// How much room is left on a file system; may block for as long as the file system does.
    ///
    /// # Errors
    /// What the system says; it names no path.
    fn free_space(&self, place: &Place) -> io::Result<FreeSpace>;

    /// How many descriptors there are.
    fn descriptors(&self) -> Descriptors;
}

/// How many files and connections the process may open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Descriptors {
    /// At once; none where nothing limits it.
    pub most: Option<u64>,
    /// More than now; none where that cannot be told.
    pub free: Option<u64>,
}

/// The machine that the process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThisMachine;

impl Machine for ThisMachine {
    fn free_space(&self, place: &Place) -> io::Result<FreeSpace> {
        place.look()
    }

    fn descriptors(&self) -> Descriptors {
        Descriptors {
            most: descriptors::most(),
            free: descriptors::free(),
        }
    }
}
