//! Media: fetched from the URLs that answers name, which come from outside and are bearer secrets
//! (provider.md §6).
//!
//! Promised: only hosts and addresses the rules allow are ever connected to, redirects included,
//! and the address checked is the one connected to, except behind a proxy, which resolves names
//! itself: there the allowed hosts stand in for the addresses; only GET, the signed query byte for
//! byte as it came; every time and size has a limit; a body that is short, long or altered ends in
//! an error, so that a consumer never takes it for whole. No URL stands in an error or a `Debug`.
//! Not promised: that the bytes are what their content type says.

pub(super) mod addresses;
mod digests;
mod target;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream::BoxStream};
use reqwest::header::HeaderMap;

use crate::domain::{answer::ProviderError, media::Checked, secret::Secret, time::Span};

use super::{
    http::{self, Limits, describe, header},
    proxy::Proxy,
};
use addresses::{Blocked, CheckedDns, Reach, is_blocked};
use digests::Check;
use target::Target;

/// Redirects followed at most.
const REDIRECTS_MAX: usize = 3;

/// Where media may come from, and how large they may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRules {
    /// Host names, or `*.` before one for everything below it; private hosts with their port.
    pub hosts: Vec<String>,
    /// For a simulator: hosts that are named without `*`, as `host:port` or with the port that
    /// belongs to the scheme, are reached as the URL says, also at loopback and private addresses
    /// and over plain `http`. Link-local, metadata and multicast addresses never are.
    pub allow_private: bool,
    /// The largest medium, in bytes.
    pub media_bytes_max: u64,
    /// The proxy that all of it goes through, one of those of [`Downloader::through`]; none goes
    /// directly.
    pub proxy: Option<Secret>,
}

impl Default for MediaRules {
    fn default() -> Self {
        let hosts = ["*.bcebos.com", "*.baidu.com", "*.baidubce.com"]
            .map(str::to_owned)
            .to_vec();
        Self {
            hosts,
            allow_private: false,
            media_bytes_max: 4 << 30,
            proxy: None,
        }
    }
}

/// Why a medium is not here. Named by what the caller can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The URL is no longer good: query again for a fresh one.
    #[error("the URL has expired or is refused (HTTP {0})")]
    Expired(u16),
    /// The object is not there, or not there yet: query again for a fresh URL.
    #[error("the object is not there (HTTP 404)")]
    Gone,
    /// The URL leads where we do not go: alarm. Never with the URL itself.
    #[error("the URL is refused: {0}")]
    ForbiddenUrl(&'static str),
    /// The far end was not reached or did not finish: try again.
    #[error("{0}")]
    Transient(String),
    /// It came so slowly that it held up others: try again where it holds up nobody.
    #[error("it came more slowly than 16 KiB a second for a minute")]
    Slow,
    /// What arrived is not what the far end says it sent: try again, store nothing.
    #[error("the body is not whole: {0}")]
    Corrupt(&'static str),
    /// What arrived is empty or text, and so no image or video: try again, keep it as an answer.
    #[error("no image or video came: {0}")]
    NotMedia(&'static str),
    /// Larger than `media_bytes_max`: a person must decide.
    #[error("larger than media_bytes_max allows")]
    TooLarge,
}

impl DownloadError {
    /// What a status other than 200 says.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            // BOS answers a malformed or outdated signature with 400 as well.
            400 | 401 | 403 => Self::Expired(status),
            404 | 410 => Self::Gone,
            _ => Self::Transient(format!("HTTP {status}")),
        }
    }
}

/// Opens media. Cheap to share behind an `Arc`.
pub struct Downloader {
    /// Reaches public addresses only.
    public: reqwest::Client,
    /// Reaches private ones too; used for hosts the rules allow privately.
    near: reqwest::Client,
    /// Those that go through a proxy, by its URL.
    proxied: Vec<(Secret, Proxy, reqwest::Client)>,
    limits: Limits,
}

impl Downloader {
    /// Limits that fit media: half an hour for a video over a slow line.
    #[must_use]
    pub fn limits() -> Limits {
        Limits {
            total: Span::minutes(30),
            ..Limits::default()
        }
    }

    /// Makes a downloader; `body_bytes_max` of the limits is not used,
    /// [`MediaRules::media_bytes_max`] is.
    ///
    /// # Errors
    /// `Misconfigured` when the system has no certificates to trust.
    pub fn new(limits: &Limits) -> Result<Self, ProviderError> {
        let client = |farthest| {
            let nearest = Reach::Public;
            http::media(
                limits,
                std::sync::Arc::new(CheckedDns { nearest, farthest }),
            )
        };
        Ok(Self {
            public: client(Reach::Public)?,
            near: client(Reach::Private)?,
            proxied: Vec::new(),
            limits: limits.clone(),
        })
    }

    /// Opens the ways through these proxies, `http://user:password@host:port`, for
    /// [`MediaRules::proxy`].
    ///
    /// # Errors
    /// `Misconfigured` when a URL is none of a proxy.
    pub fn through(
        mut self,
        proxies: impl IntoIterator<Item = Secret>,
    ) -> Result<Self, ProviderError> {
        for url in proxies {
            if !self.proxied.iter().any(|(known, ..)| *known == url) {
                let proxy = Proxy::new(&url)?;
                let client = http::media_through(&self.limits, &proxy)?;
                self.proxied.push((url, proxy, client));
            }
        }
        Ok(self)
    }

    /// Asks for a medium and reads the head of the answer; the body is the stream of [`Download`].
    ///
    /// # Errors
    /// Why there is none. `ForbiddenUrl` means nothing was connected to, or no further.
    pub async fn open(&self, url: &Secret, rules: &MediaRules) -> Result<Download, DownloadError> {
        let mut target = Target::check(url.reveal(), rules)?;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.get(&target, rules.proxy.as_ref()).await?;
            let status = response.status().as_u16();
            match status {
                200 => {
                    let headers = response.headers().clone();
                    let body = response.bytes_stream().map(|chunk| {
                        chunk.map_err(|error| DownloadError::Transient(describe(error)))
                    });
                    return Download::new(status, &headers, body.boxed(), rules.media_bytes_max);
                }
                301 | 302 | 303 | 307 | 308 => {
                    let location = response
                        .headers()
                        .get("location")
                        .and_then(|location| std::str::from_utf8(location.as_bytes()).ok());
                    target = target.redirected(location.unwrap_or_default(), rules)?;
                }
                _ => return Err(DownloadError::of_status(status)),
            }
        }
        Err(DownloadError::ForbiddenUrl("too many redirects"))
    }

    async fn get(
        &self,
        target: &Target,
        proxy: Option<&Secret>,
    ) -> Result<reqwest::Response, DownloadError> {
        if let Some(url) = proxy {
            return self.get_through(target, url).await;
        }
        let client = if target.is_near {
            &self.near
        } else {
            &self.public
        };
        client
            .get(target.url.clone())
            .send()
            .await
            .map_err(|error| {
                if is_blocked(&error) {
                    DownloadError::ForbiddenUrl(Blocked::TEXT)
                } else {
                    DownloadError::Transient(describe(error))
                }
            })
    }

    /// Never any other way, whatever is amiss.
    async fn get_through(
        &self,
        target: &Target,
        url: &Secret,
    ) -> Result<reqwest::Response, DownloadError> {
        let Some((_, proxy, client)) = self.proxied.iter().find(|(known, ..)| known == url) else {
            return Err(DownloadError::Transient(
                "the way through the proxy is not open".to_owned(),
            ));
        };
        let sent = client.get(target.url.clone()).send().await;
        let response = sent.map_err(|error| {
            DownloadError::Transient(
                proxy
                    .told(&error)
                    .map_or_else(|| describe(error), |problem| problem.detail),
            )
        })?;
        if response.status() == reqwest::StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(DownloadError::Transient(proxy.asks_who()));
        }
        Ok(response)
    }
}

impl fmt::Debug for Downloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Downloader")
    }
}

/// A medium on its way: a stream of its bytes that ends with an error when they are not all and
/// exactly what the far end says it sent.
pub struct Download {
    /// `Content-Type`, as the far end has it; not to be trusted.
    pub content_type: Option<String>,
    /// `Content-Length`.
    pub expected_bytes: Option<u64>,
    /// `ETag`, as the far end has it.
    pub etag: Option<String>,
    /// HTTP status.
    pub http_status: u16,
    body: BoxStream<'static, Result<Bytes, DownloadError>>,
    /// `None` once the end, good or bad, was handed out.
    check: Option<Check>,
    /// Once the end was good.
    checked: Option<Checked>,
    bytes_max: u64,
}

impl Download {
    /// A body of at most `bytes_max` that is on its way under these headers.
    ///
    /// # Errors
    /// `TooLarge` by its own word.
    pub fn new(
        http_status: u16,
        headers: &HeaderMap,
        body: BoxStream<'static, Result<Bytes, DownloadError>>,
        bytes_max: u64,
    ) -> Result<Self, DownloadError> {
        let text = |name| header(headers, name).map(str::to_owned);
        let (content_type, etag) = (text("content-type"), text("etag"));
        let check = Check::new(headers);
        let expected_bytes = check.expected_bytes();
        if expected_bytes.is_some_and(|bytes| bytes > bytes_max) {
            return Err(DownloadError::TooLarge);
        }
        Ok(Self {
            content_type,
            expected_bytes,
            etag,
            http_status,
            body,
            check: Some(check),
            checked: None,
            bytes_max,
        })
    }

    /// The next bytes; `None` after the last, and then all of it was verified.
    ///
    /// # Errors
    /// Why the medium is not whole; nothing follows.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, DownloadError>> {
        self.next().await
    }

    /// How far the far end vouched for the bytes; none before the stream has ended well.
    #[must_use]
    pub const fn checked(&self) -> Option<Checked> {
        self.checked
    }

    fn end(&mut self, error: DownloadError) -> Poll<Option<Result<Bytes, DownloadError>>> {
        self.check = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for Download {
    type Item = Result<Bytes, DownloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(check) = &mut this.check else {
            return Poll::Ready(None);
        };
        match std::task::ready!(this.body.poll_next_unpin(context)) {
            Some(Ok(chunk)) => {
                check.take(&chunk);
                if check.bytes() > this.bytes_max {
                    return this.end(DownloadError::TooLarge);
                }
                Poll::Ready(Some(Ok(chunk)))
            }
            Some(Err(error)) => this.end(error),
            None => match this.check.take().map(Check::finish) {
                Some(Err(what)) => Poll::Ready(Some(Err(DownloadError::Corrupt(what)))),
                Some(Ok(checked)) => {
                    this.checked = Some(checked);
                    Poll::Ready(None)
                }
                None => Poll::Ready(None),
            },
        }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("content_type", &self.content_type)
            .field("expected_bytes", &self.expected_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_turns_out_to_lead_inside_is_refused_at_the_connection() {
        let downloader = Downloader::new(&Downloader::limits()).unwrap();
        // As if the rules had let it pass: only the name resolution stands in the way now.
        let target = Target {
            url: "https://localhost/canary?canary".parse().unwrap(),
            is_near: false,
        };
        assert_eq!(
            downloader.get(&target, None).await.err(),
            Some(DownloadError::ForbiddenUrl(Blocked::TEXT))
        );
    }
}
