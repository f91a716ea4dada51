//! Pure rules and types: no tokio, sqlx, reqwest or axum here.
//!
//! Everything another module hands to its neighbour is a type of this one, and the one decision the
//! whole program turns on ([`plan`]: what to ask next, when, or how a verification is settled) is a
//! function of this module's types alone.

pub mod access;
pub mod address;
pub mod alarm;
pub mod answer;
pub mod attempt;
pub mod channel;
pub mod digest;
pub mod id;
pub mod identity;
pub mod installation;
pub mod key;
pub mod language;
pub mod lease;
pub mod lessons;
pub mod listed;
pub mod loss;
pub mod mask;
pub mod media;
pub mod message;
pub mod notice;
pub mod once;
pub mod packed;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod quota;
pub mod random;
pub mod sample;
pub mod secret;
pub mod settled;
pub mod size;
pub mod spent;
pub(crate) mod storage;
pub mod submission;
pub mod time;
pub mod token;
pub mod traffic;
