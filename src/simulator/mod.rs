//! The simulated provider: a real HTTP server with its own shapes.
#![allow(missing_docs)]
pub mod clock; pub mod content; pub mod dice; pub mod life; pub mod media; pub mod options; pub mod person; mod picture; pub mod token; pub mod verdict; pub mod faults;
