//! Verikeep keeps what a cloud is about to forget.

pub mod app;
pub mod archive;
pub mod cli;
pub mod config;
pub mod domain;
pub mod provider;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod web;
pub mod worker;
