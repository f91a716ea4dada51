//! Who is told of what happens.

use crate::domain::{
    answer::{Endpoint, ErrorKind},
    time::Span,
};

/// Told of what happens, for metrics; never of what it happens to.
pub trait Watcher: Send + Sync + 'static {
    /// A call was made on behalf of an app.
    fn call(&self, app: &str, endpoint: Endpoint, result: Result<(), ErrorKind>);
    /// Something was put into the object store, or why not: the error's name.
    fn put(&self, result: Result<(), &'static str>);
    /// Media bytes were put into the vault.
    fn media_stored(&self, bytes: i64);
    /// Answer bytes were put into the vault.
    fn answer_stored(&self, bytes: i64);
    /// A download failed: the error's name.
    fn download_failed(&self, result: &'static str);
    /// A token was given to the app that it belongs to.
    fn reassigned(&self);
    /// A verification was settled.
    fn settled(&self, outcome: &'static str);
    /// A verification of this app was settled whose token was never seen to exist.
    fn never_seen(&self, app: &str);
    /// Something was captured with this much time left by the earliest reading.
    fn time_left(&self, left: Span);
}
