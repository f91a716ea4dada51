//! Logs and metrics.
//!
//! Promised: no line and no label holds a secret, a verify_token, a URL or a person, since nothing
//! that holds one is ever handed in; what libraries say below a warning is left out for the same
//! reason. Lines are written at once, none is dropped.

pub(crate) mod logs;
pub mod metrics;
mod process;
pub mod recent;
mod service;
mod settled;
mod state;
mod text;
mod zeros;

pub use text::Format;
