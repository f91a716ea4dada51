//! Nobody counts.

use crate::{
    archive::Watcher,
    domain::{
        answer::{Endpoint, ErrorKind},
        time::Span,
    },
};

/// Takes note of nothing.
pub(super) struct Nobody;

impl Watcher for Nobody {
    fn call(&self, _app: &str, _endpoint: Endpoint, _result: Result<(), ErrorKind>) {}
    fn put(&self, _result: Result<(), &'static str>) {}
    fn media_stored(&self, _bytes: i64) {}
    fn answer_stored(&self, _bytes: i64) {}
    fn download_failed(&self, _result: &'static str) {}
    fn reassigned(&self) {}
    fn settled(&self, _outcome: &'static str) {}
    fn never_seen(&self, _app: &str) {}
    fn time_left(&self, _left: Span) {}
}
