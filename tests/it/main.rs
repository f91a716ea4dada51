//! The one integration binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "helpers of tests may stop a test, show what they counted, and let real time and real tasks run, as tests may"
)]
#![allow(
    unreachable_pub,
    reason = "nothing outside sees a test, so that `pub` is as good a word as any"
)]

mod api;
mod archive;
mod arrows;
mod bucket;
mod cli;
mod config;
mod daemon;
mod databases;
mod deploy;
mod feed;
mod installation;
mod lab;
mod life;
mod notify;
mod provider;
mod simulator;
mod store;
mod stores;
mod vault;
mod web;
mod wire;
