//! The edge to the cloud: authentication, calls, envelopes, parsing, quota, download.
//!
//! Promised here: one HTTP exchange a call, nothing retried, every answer handed on verbatim before it is read; no token, URL or
//! personal data in an error, a log or a `Debug`; certificates always checked. Not promised: when to ask again and what an answer
//! means for a verification, which `archive` and `domain::plan` decide from [`crate::domain::answer::ProviderError`].
//!
//! The way of a call: [`quota`] (a permit) → [`auth`] (a token or a signature) → [`client`] (one exchange) → [`envelope`] (data, or
//! which trouble) → [`parse`] (bytes to domain types). The way of a medium: [`download`]. What an answer looks like, without what it says: [`shape`].

pub mod auth;
mod body_budget;
pub mod client;
mod codes;
mod documented;
pub mod download;
pub mod envelope;
pub mod http;
mod image_size;
pub mod parse;
mod proxy;
pub mod rate_limiter;
mod reply;
pub mod request;
pub mod shape;
pub mod sign;
mod tolerant;

pub use auth::Credentials;
pub use client::{AppAccess, Client, Probe, Reply};
pub use download::{Download, DownloadError, Downloader, MediaRules};
pub use rate_limiter::RateLimiters;
