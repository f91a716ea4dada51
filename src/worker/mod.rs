//! Generic machinery that knows no tokens: the claim→step driver, periodic loops, named tasks, the
//! clock, the lifecycle.

pub mod clock;
pub mod driver;
pub mod lifecycle;
pub mod periodic;
pub mod spawn;
