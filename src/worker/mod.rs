//! Generic machinery that knows no tokens: the claim→step driver, periodic loops, named tasks, the
//! clock, the lifecycle.

pub mod clock;
pub(crate) mod driver;
pub(crate) mod lifecycle;
pub(crate) mod periodic;
pub(crate) mod spawn;
