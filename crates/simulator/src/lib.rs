//! The simulated provider: a world of tokens that answers as data, and a real HTTP server around
//! it.
//!
//! It behaves as the documents of the H5 face verification say, with the quirks that real answers
//! have, and with faults on demand; and it knows the truth about every token, so that an archive
//! can be compared with it. `demo`, `simulate`, the end-to-end tests and the benchmarks talk to it
//! over loopback.
//!
//! It shares no type and no parser with the code that talks to the real provider: one mistake must
//! not be able to hide the other. Everything random follows from one seed. Tokens are small records
//! and media bytes are made as they are read, so memory stays flat.
//!
//! [`World`] does no input or output and reads no clock: whoever drives it says what time it is and
//! hands it requests, and a [`Reply`] says what is sent, after which wait, and where it is cut off.
//! [`start`] drives one over HTTP.
//!
//! What it does not do: verify anybody, keep anything over a restart, or speak TLS.
//!
//! ```no_run
//! use simulator::{Life, LifeSpec, Options};
//! # async fn example() -> std::io::Result<()> {
//! let simulator = simulator::start(Options::default()).await?;
//! let tokens = simulator.create("demo", &[LifeSpec::of(Life::Passed, 10)]);
//! println!("{} tokens at {}", tokens.len(), simulator.base_url());
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod answers;
mod auth;
mod clock;
mod connection;
mod content;
mod control;
mod dates;
mod dice;
mod drawing;
mod facts;
mod fault_kind;
mod faults;
mod gateway;
mod gzip;
mod life;
mod media;
mod objects;
mod options;
mod person;
mod picture;
mod quota;
mod reply;
mod server;
mod signature;
mod tallies;
mod token;
mod truth;
mod verdict;
mod world;

pub use control::Made;
pub use drawing::{FRAMES, FRAMES_A_SECOND, film_frame};
pub use facts::Facts;
pub use fault_kind::FaultKind;
pub use faults::Faults;
pub use life::{Life, LifeSpec, Video};
pub use media::Kind;
pub use options::{
    AppCredential, CountedFrom, MediaBytes, MediaStyle, Options, Pace, UnusedAnswer, Windows,
};
pub use reply::{Body, Piece, Reply};
pub use server::{Simulator, start};
pub use tallies::Counts;
pub use truth::{AttemptTruth, MediumTruth, TokenTruth, Truth};
pub use world::World;
