//! The one integration binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests may stop a test, as tests may")]

mod archive;
mod arrows;
mod cli;
mod config;
mod daemon;
mod databases;
mod lab;
mod provider;
mod simulator;
mod store;
mod vault;
mod web;
