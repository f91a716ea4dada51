//! The one place that builds HTTP clients.
//!
//! Promised: certificates are always checked against the system's roots (`SSL_CERT_FILE` and
//! `SSL_CERT_DIR` are honoured), and there is no switch; no redirect is followed by itself; nothing
//! is retried; every wait has a limit; no proxy from the environment is used (`http_proxy`,
//! `https_proxy`, `all_proxy`), for it would resolve media hosts past our checks without anybody
//! having said so: the proxy is the one that is configured, or none (`proxy`). HTTP/1.1 only: the
//! provider's answers are few and large.
//!
//! Not promised: which addresses may be reached; that is `download`'s matter.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use reqwest::header::HeaderMap;

use crate::domain::{
    answer::{ErrorKind, ProviderError},
    secret::Secret,
    time::{Span, Time},
};

use super::{body_budget::BodyBudget, proxy::Proxy};

/// Limits of a client.
#[derive(Clone, Debug)]
pub struct Limits {
    /// To connect, TLS included.
    pub connect: Span,
    /// Between two reads, and from the request to the first byte.
    pub idle: Span,
    /// From the request to the last byte.
    pub total: Span,
    /// Longest body, in bytes after decoding; what goes beyond is cut off.
    pub body_bytes_max: usize,
    /// Idle connections kept for each host. With fewer than the calls that run at once, the rest
    /// of them begin with a handshake of TLS again and again.
    pub idle_connections_max: usize,
}

impl Limits {
    /// The same, with as many idle connections kept as calls run at once.
    #[must_use]
    pub fn for_calls_at_once(self, calls: usize) -> Self {
        Self {
            idle_connections_max: calls,
            ..self
        }
    }
}

/// For calls of the API: answers of `detail` are several MB.
impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Span::seconds(10),
            idle: Span::seconds(30),
            total: Span::seconds(60),
            body_bytes_max: 32 << 20,
            idle_connections_max: 16,
        }
    }
}

/// Installs the TLS provider (aws-lc-rs) for the whole process; the first thing in `main`. Calling
/// it again changes nothing.
pub fn install_crypto() {
    // It fails only when a provider is there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The client for calls, with its cap on bodies.
#[derive(Clone, Debug)]
pub struct Api {
    pub(super) client: reqwest::Client,
    limits: Limits,
    proxy: Option<Proxy>,
    /// Shared by every client that is made from this one.
    bodies: BodyBudget,
}

impl Api {
    /// Builds the client; apps without a proxy share it.
    ///
    /// # Errors
    /// `Misconfigured` when the system has no certificates to trust.
    pub fn new(limits: &Limits) -> Result<Self, ProviderError> {
        let client = builder(limits).gzip(true).build().map_err(problem)?;
        Ok(Self {
            client,
            limits: limits.clone(),
            proxy: None,
            bodies: BodyBudget::new(limits.body_bytes_max),
        })
    }

    /// Another client with the same limits that sends everything through the proxy at that URL,
    /// `http://user:password@host:port`.
    ///
    /// # Errors
    /// `Misconfigured` when the URL is none of a proxy, or as [`Api::new`].
    pub fn through(&self, proxy: &Secret) -> Result<Self, ProviderError> {
        let proxy = Proxy::new(proxy)?;
        let client = proxy
            .add(builder(&self.limits).gzip(true))
            .and_then(reqwest::ClientBuilder::build)
            .map_err(problem)?;
        Ok(Self {
            client,
            limits: self.limits.clone(),
            proxy: Some(proxy),
            bodies: self.bodies.clone(),
        })
    }

    /// Sends a request and reads the answer under the cap, whatever its status.
    ///
    /// # Errors
    /// When no whole answer arrived.
    pub(super) async fn exchange(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Exchange, ProviderError> {
        let proxy = self.proxy.as_ref();
        let mut response = request.send().await.map_err(|error| {
            proxy
                .and_then(|proxy| proxy.told(&error))
                .unwrap_or_else(|| problem(error))
        })?;
        if let Some(proxy) = proxy
            .filter(|_| response.status() == reqwest::StatusCode::PROXY_AUTHENTICATION_REQUIRED)
        {
            return Err(ProviderError::new(ErrorKind::Forbidden, proxy.asks_who()));
        }
        let http_status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let (body, truncated) = self.read(response).await?;
        Ok(Exchange {
            http_status,
            headers,
            body,
            truncated,
        })
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<(Bytes, bool), ProviderError> {
        let announced = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0);
        let mut body = self
            .bodies
            .body(announced.min(self.limits.body_bytes_max))
            .await;
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = self.limits.body_bytes_max - body.len();
                    if let Some(part) = chunk.get(..room).filter(|_| chunk.len() > room) {
                        body.push(part).await;
                        return Ok((body.finish(), true));
                    }
                    body.push(&chunk).await;
                }
                Ok(None) => return Ok((body.finish(), false)),
                // The answer came whole, but its compression is broken: what could be unpacked is
                // worth keeping.
                Err(error) if is_broken_encoding(&error) => return Ok((body.finish(), true)),
                Err(error) => return Err(problem(error)),
            }
        }
    }
}

/// A whole answer.
pub(super) struct Exchange {
    pub(super) http_status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) truncated: bool,
}

impl Exchange {
    pub(super) fn date(&self) -> Option<Time> {
        http_date(header(&self.headers, "date")?)
    }

    /// `Retry-After`, in seconds or as a date, never negative.
    pub(super) fn retry_after(&self, now: Time) -> Option<Span> {
        let text = header(&self.headers, "retry-after")?;
        let wait = match text.parse::<u32>() {
            Ok(seconds) => Span::seconds(i64::from(seconds)),
            // Against the far end's own clock, so that a skew between us does not lengthen the
            // wait.
            Err(_) => http_date(text)?.since(self.date().unwrap_or(now)),
        };
        Some(Span(wait.0.max(0)))
    }
}

/// The client for media: no decoding, so that digests are those of what the far end stores.
///
/// # Errors
/// As [`Api::new`].
pub(super) fn media(
    limits: &Limits,
    resolver: Arc<dyn reqwest::dns::Resolve>,
) -> Result<reqwest::Client, ProviderError> {
    builder(limits)
        .no_gzip()
        .dns_resolver(resolver)
        .build()
        .map_err(problem)
}

/// The client for media that go through a proxy: it alone is looked up, so that its own address is
/// not for us to judge.
///
/// # Errors
/// As [`Api::new`].
pub(super) fn media_through(
    limits: &Limits,
    proxy: &Proxy,
) -> Result<reqwest::Client, ProviderError> {
    proxy
        .add(builder(limits).no_gzip())
        .and_then(reqwest::ClientBuilder::build)
        .map_err(problem)
}

#[allow(clippy::disallowed_methods, reason = "the one place")]
fn builder(limits: &Limits) -> reqwest::ClientBuilder {
    install_crypto();
    reqwest::Client::builder()
        .user_agent(concat!("verikeep/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect.std())
        .read_timeout(limits.idle.std())
        .timeout(limits.total.std())
        .pool_max_idle_per_host(limits.idle_connections_max)
        // Shorter than any far end's own patience, so that a request is not sent into a connection
        // just being closed.
        .pool_idle_timeout(Span::seconds(15).std())
        .tcp_nodelay(true)
}

/// A client for others than providers, with the same rules.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn plain(limits: &Limits) -> Result<reqwest::Client, reqwest::Error> {
    builder(limits).build()
}

/// What kept an exchange from being whole, without the URL.
pub(super) fn problem(error: reqwest::Error) -> ProviderError {
    let trouble = if error.is_builder() {
        ErrorKind::Misconfigured
    } else {
        ErrorKind::Transient
    };
    ProviderError::new(trouble, describe(error))
}

/// The kind and the innermost cause: `connection failed: Connection refused (os error 111)`.
pub(crate) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let kind = if error.is_timeout() {
        if error.is_connect() {
            "no connection within the time limit"
        } else {
            "no whole answer within the time limit"
        }
    } else if error.is_connect() {
        "connection failed"
    } else if error.is_builder() {
        "the request or the client could not be made"
    } else if error.is_request() {
        "the exchange broke off before an answer"
    } else {
        "the answer broke off"
    };
    let mut cause: &(dyn Error + 'static) = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    // The outermost text would only repeat the kind.
    if error.is_timeout() || error.source().is_none() {
        kind.to_owned()
    } else if is_of_unknown_issuer(cause) {
        format!(
            "{kind}: its certificate is from an issuer that this machine does not know; name the issuer's certificate, as a PEM file, by the environment variable SSL_CERT_FILE"
        )
    } else {
        format!("{kind}: {cause}")
    }
}

/// Whether it is the handshake's refusal, which an I/O error may hold within.
fn is_of_unknown_issuer(cause: &(dyn Error + 'static)) -> bool {
    let within = cause
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
        .and_then(|inner| inner.downcast_ref());
    let refusal: Option<&rustls::Error> = cause.downcast_ref().or(within);
    matches!(
        refusal,
        Some(rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer
        ))
    )
}

/// Whether the bytes arrived and only their content encoding is broken. The decoder's complaint is
/// an I/O error at the outside; the network's lies within an error of the HTTP layer.
fn is_broken_encoding(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<reqwest::Error>() {
            source = inner.source();
        } else {
            return !error.is_timeout() && inner.is::<std::io::Error>();
        }
    }
    false
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The instant of a `Date` header, to the second (RFC 9110, 5.6.7; the preferred form only).
pub(super) fn http_date(text: &str) -> Option<Time> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser
        .parse_timestamp(text)
        .ok()
        .map(|at| Time(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_issuer_is_found_as_the_handshake_brings_it() {
        use rustls::CertificateError as Bad;
        let refused = rustls::Error::InvalidCertificate;
        let within = |bad| std::io::Error::other(refused(bad));
        assert!(is_of_unknown_issuer(&within(Bad::UnknownIssuer)));
        assert!(is_of_unknown_issuer(&refused(Bad::UnknownIssuer)));
        assert!(!is_of_unknown_issuer(&within(Bad::Expired)));
        assert!(!is_of_unknown_issuer(&std::io::Error::other("canary")));
    }

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(
            http_date("Tue, 02 Apr 2024 08:15:01 GMT"),
            Time::parse("2024-04-02T08:15:01Z").ok()
        );
        assert_eq!(
            http_date("Mon, 02 Apr 2024 08:15:01 GMT"),
            Time::parse("2024-04-02T08:15:01Z").ok(),
            "a wrong weekday does no harm"
        );
        for text in ["", "yesterday", "2024-04-02T08:15:01Z"] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn the_wish_to_wait_is_a_span_whatever_its_form() {
        let exchange = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            Exchange {
                http_status: 503,
                headers,
                body: Bytes::new(),
                truncated: false,
            }
        };
        let date = ("date", "Tue, 02 Apr 2024 08:15:01 GMT");
        for (pairs, wait) in [
            (vec![("retry-after", "7")], Some(Span::seconds(7))),
            (
                vec![date, ("retry-after", "Tue, 02 Apr 2024 08:16:01 GMT")],
                Some(Span::minutes(1)),
            ),
            (
                vec![date, ("retry-after", "Tue, 02 Apr 2024 08:00:00 GMT")],
                Some(Span(0)),
            ),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
        ] {
            assert_eq!(exchange(&pairs).retry_after(Time(0)), wait, "{pairs:?}");
        }
    }
}
