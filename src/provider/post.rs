//! JSON posted to a URL that a person configured, such as that of a robot.
//!
//! Promised: only addresses on the internet are connected to, and private ones where they are
//! allowed, by the same rules as media; plain http to private ones alone, and never through a proxy,
//! for these URLs hold keys; no redirect is followed; every wait and the answer's length have a limit;
//! the URL stands in no error and no `Debug`. Not promised: that what it was posted to likes it;
//! callers judge the answer; nor, behind a proxy, which resolves names itself, where a name leads.

use std::{fmt, net::IpAddr, sync::Arc};

use bytes::Bytes;
use url::{Host, Url};

use super::{
    download::addresses::{Blocked, CheckedDns, Reach, is_blocked, reach},
    http::{self, Limits, describe},
    proxy::Proxy,
};
use crate::domain::{answer::ProviderError, channel::Post, secret::Secret, time::Span};

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Whom it goes to, with a client that goes nowhere else. Cheap to share behind an `Arc`.
pub struct Poster {
    url: Url,
    client: reqwest::Client,
    proxy: Option<Proxy>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub http_status: u16,
    /// The body.
    pub body: Bytes,
}

/// Why nothing was answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// It leads where nothing is sent: a person must correct it. Never with the URL itself.
    #[error("the URL is refused: {0}")]
    Forbidden(&'static str),
    /// Not reached, or no whole answer: trying again may help.
    #[error("{0}")]
    Transient(String),
}

impl Poster {
    /// Ten seconds for all of it.
    #[must_use]
    pub fn limits() -> Limits {
        Limits {
            connect: Span::seconds(10),
            idle: Span::seconds(10),
            total: Span::seconds(10),
            body_bytes_max: ANSWER_BYTES_MAX,
            idle_connections_max: 1,
        }
    }

    /// Makes one for the URL of a channel; nothing is connected to yet.
    ///
    /// # Errors
    /// Why the URL, its proxy, or this machine, is not fit for it.
    pub fn new(post: &Post, limits: &Limits) -> Result<Self, PostError> {
        let url =
            Url::parse(post.url.reveal()).map_err(|_| PostError::Forbidden("it is no address"))?;
        let reaches = allowed(&url, post.allow_private).map_err(PostError::Forbidden)?;
        let unfit = |problem: ProviderError| PostError::Transient(problem.detail);
        let proxy = post.proxy.as_ref().map(Proxy::new).transpose();
        let proxy = proxy.map_err(unfit)?;
        if proxy.is_some() && url.scheme() != "https" {
            return Err(PostError::Forbidden(
                "it is plain http, which its proxy could read",
            ));
        }
        let client = match &proxy {
            Some(proxy) => http::media_through(limits, proxy),
            None => http::media(limits, Arc::new(reaches)),
        };
        Ok(Self {
            url,
            client: client.map_err(unfit)?,
            proxy,
        })
    }

    /// Posts JSON, with these parameters added to the URL's query.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(
        &self,
        json: Vec<u8>,
        query: &[(&str, &str)],
        bearer: Option<&Secret>,
    ) -> Result<Answer, PostError> {
        let mut url = self.url.clone();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self
            .client
            .post(url)
            .header("content-type", "application/json; charset=utf-8")
            .body(json);
        if let Some(secret) = bearer {
            request = request.bearer_auth(secret.reveal());
        }
        self.answer(request).await
    }

    /// Gets it, for the sake of having asked.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn get(&self) -> Result<Answer, PostError> {
        self.answer(self.client.get(self.url.clone())).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer, PostError> {
        let of_proxy = |error: &reqwest::Error| self.proxy.as_ref()?.told(error);
        let mut response = request.send().await.map_err(|error| {
            of_proxy(&error).map_or_else(
                || problem(error),
                |problem| PostError::Transient(problem.detail),
            )
        })?;
        let http_status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(problem)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(PostError::Transient(format!(
                    "HTTP {http_status} with an answer longer than {ANSWER_BYTES_MAX} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            http_status,
            body: body.into(),
        })
    }
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Poster")
    }
}

/// Which addresses its host may have; an error when it may not be posted to at all.
fn allowed(url: &Url, allow_private: bool) -> Result<CheckedDns, &'static str> {
    let is_plain = match url.scheme() {
        "https" => false,
        "http" if allow_private => true,
        "http" => return Err("it is plain http, and the host is not allowed to be private"),
        _ => return Err("its scheme is not https"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a user name or a password");
    }
    let reaches = CheckedDns {
        nearest: if is_plain {
            Reach::Private
        } else {
            Reach::Public
        },
        farthest: if allow_private {
            Reach::Private
        } else {
            Reach::Public
        },
    };
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        Some(Host::Domain(_)) => return Ok(reaches),
        None => return Err("it has no host"),
    };
    match reach(ip) {
        Reach::Public if is_plain => Err("it is plain http to a public address"),
        Reach::Private if !allow_private => Err("its host is an address that is not public"),
        Reach::Never => Err("its host is an address that is never connected to"),
        _ => Ok(reaches),
    }
}

fn problem(error: reqwest::Error) -> PostError {
    if is_blocked(&error) {
        PostError::Forbidden(Blocked::TEXT)
    } else {
        PostError::Transient(describe(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(url: &str, allow_private: bool, proxy: Option<Secret>) -> Post {
        Post {
            url: url.into(),
            secret: None,
            allow_private,
            proxy,
        }
    }

    #[test]
    fn a_url_leads_to_the_internet_or_where_it_was_allowed_to() {
        for (url, plainly, privately) in [
            (
                "https://oapi.dingtalk.com/robot/send?access_token=canary",
                true,
                true,
            ),
            ("https://8.8.8.8/canary", true, true),
            ("https://10.0.0.7/canary", false, true),
            ("https://127.0.0.1:9/canary", false, true),
            ("http://127.0.0.1:9/canary", false, true),
            ("http://[::1]:9/canary", false, true),
            ("http://alerts.internal/canary", false, true),
            ("http://8.8.8.8/canary", false, false),
            ("https://169.254.169.254/canary", false, false),
            ("https://0x7f000001/canary", false, true),
            ("https://canary:canary@example.com/", false, false),
            ("ftp://example.com/canary", false, false),
            ("canary", false, false),
        ] {
            for (allow_private, is_fine) in [(false, plainly), (true, privately)] {
                let made = Poster::new(&post(url, allow_private, None), &Poster::limits());
                assert_eq!(made.is_ok(), is_fine, "{url} {allow_private}");
                assert!(!format!("{made:?}").contains("canary"), "{url}");
                let proxy = Some("http://canary:canary@10.0.0.1:3128".into());
                let made = Poster::new(&post(url, allow_private, proxy), &Poster::limits());
                let is_fine = is_fine && url.starts_with("https");
                assert_eq!(made.is_ok(), is_fine, "{url} {allow_private} by a proxy");
                assert!(!format!("{made:?}").contains("canary"), "{url} by a proxy");
            }
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_up_before_anything_is_sent() {
        for (url, allow_private) in [("https://localhost:9/canary", false)] {
            let post = post(url, allow_private, None);
            let poster = Poster::new(&post, &Poster::limits()).unwrap();
            assert_eq!(
                poster.post(Vec::new(), &[], None).await,
                Err(PostError::Forbidden(Blocked::TEXT))
            );
        }
    }
}
