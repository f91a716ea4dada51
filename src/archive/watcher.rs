//! Who is told of what happens.

use crate::domain::{answer::Endpoint, time::Span};

/// Told of what happens, for metrics; never of what it happens to.
pub trait Watcher: Send + Sync + 'static {
    /// A call was made: `ok` or the name of the error's kind.
    fn call(&self, endpoint: Endpoint, result: &'static str);
    /// Media bytes were put into the vault.
    fn media_stored(&self, bytes: i64);
    /// Answer bytes were put into the vault.
    fn answer_stored(&self, bytes: i64);
    /// A download failed: the error's name.
    fn download_failed(&self, result: &'static str);
    /// A verification was settled.
    fn settled(&self, outcome: &'static str);
    /// Something was captured with this much time left by the earliest reading.
    fn time_left(&self, left: Span);
}
