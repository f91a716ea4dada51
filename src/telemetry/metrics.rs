//! stub
use crate::domain::time::{Span, Time};
/// stub
#[derive(Default)]
pub struct Metrics;
#[allow(missing_docs)]
impl Metrics {
    pub fn new() -> Self { Self }
    pub fn call(&self, _: &str, _: &'static str) {}
    pub fn stored(&self, _: &'static str, _: i64) {}
    pub fn download_failed(&self, _: &'static str) {}
    pub fn settled(&self, _: &'static str) {}
    pub fn time_left(&self, _: Span) {}
    pub fn round(&self, _: &str, _: usize, _: bool, _: Time) {}
    pub fn step(&self, _: &'static str, _: &'static str) {}
}
