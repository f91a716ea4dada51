//! The provider edge against real local servers that misbehave.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, which the test attribute does not reach"
)]

mod api;
mod canary;
mod connections;
mod fuzz_parse;
mod media;
mod plans;
mod proxy;
pub mod server;
mod tls;
mod token;
