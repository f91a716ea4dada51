//! Generic machinery that knows no tokens: the claim→step driver, periodic loops, named tasks, the
//! clock, the lifecycle.

pub mod clock;
pub(crate) mod driver;
#[cfg(test)]
pub(crate) mod executor;
pub(crate) mod lifecycle;
pub(crate) mod periodic;
pub(crate) mod spawn;
