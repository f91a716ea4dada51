//! The edge to the cloud: authentication, calls, envelopes, parsing, quota, download.
//!
//! Promised here: one HTTP exchange a call, nothing retried, every answer handed on verbatim before
//! it is read; no token, URL or personal data in an error, a log or a `Debug`; certificates always
//! checked. Not promised: when to ask again and what an answer means for a verification, which
//! `archive` and `domain::plan` decide from [`crate::domain::answer::ProviderError`].
//!
//! The way of a call: [`rate_limiter`] (a permit) → [`auth`] (a token or a signature) → [`client`]
//! (one exchange) → [`envelope`] (data, or which error) → [`parse`] (bytes to domain types). The
//! way of a medium: [`download`]. [`OverHttp`] goes both; [`OverWorld`] asks a simulated world instead.
//! What an answer looks like, without what it says: [`shape`]. What people are told goes out by
//! [`post`].

pub mod auth;
mod body_budget;
pub(crate) mod client;
mod codes;
mod documented;
pub(crate) mod download;
pub mod envelope;
pub mod http;
mod image_size;
mod over_http;
mod over_world;
pub mod parse;
pub mod post;
mod proxy;
pub(crate) mod rate_limiter;
mod reply;
pub mod request;
pub(crate) mod shape;
pub mod sign;
mod tolerant;

pub use auth::Credentials;
pub use client::{AppAccess, Client, Probe, Reply, Timed};
pub use download::{Download, DownloadError, Downloader, MediaRules};
pub(crate) use over_http::OverHttp;
pub use over_world::OverWorld;
pub use rate_limiter::{RateLimiters, shared::Quota};

use async_trait::async_trait;

use crate::domain::{
    answer::{Endpoint, ErrorKind, ProviderError},
    secret::Secret,
};
use request::RequestBody;

/// What the stages may ask of the provider on behalf of one app. It never retries, and never reads
/// what comes.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// One exchange. Every whole answer is `Ok`, whatever it says.
    ///
    /// # Errors
    /// When no whole answer arrived, no access_token was to be had, or the quota is known to be
    /// spent (then nothing was sent).
    async fn call(&self, endpoint: Endpoint, body: &RequestBody) -> Result<Reply, ProviderError>;

    /// Hears how a reply was read (none: with data), which sets the pace of the calls to come. True
    /// when it was refused for its access_token and the next call gets a fresh one.
    fn heard(&self, reply: &Reply, error: Option<ErrorKind>) -> bool;

    /// Opens the medium at a URL that an answer named.
    ///
    /// # Errors
    /// Why there is none.
    async fn open(&self, url: &Secret) -> Result<Download, DownloadError>;

    /// Finds out whether the provider accepts the app.
    ///
    /// # Errors
    /// What keeps the app from working.
    async fn probe(&self) -> Result<Probe, ProviderError>;
}
