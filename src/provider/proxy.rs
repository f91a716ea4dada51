//! The way out through a proxy, where one is configured.
//!
//! Promised: with a proxy, nothing of the app goes any other way; it is never taken from the
//! environment; its user and password stand in no error and no `Debug`. An https address is reached
//! through a tunnel (CONNECT), so that the proxy sees host and port alone and certificates are
//! checked as ever. Not promised: that a name leads where it should, for the proxy resolves it. For
//! media the list of allowed hosts (`apps.media_hosts`) stands in for the check of addresses; hosts
//! that are written as addresses are still checked.

use std::{error::Error, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::header::HeaderValue;
use url::Url;

use crate::domain::{
    answer::{ErrorKind, ProviderError},
    secret::Secret,
};

/// Where it listens, and what it is told of us.
#[derive(Clone)]
pub(super) struct Proxy {
    /// Without user and password.
    url: Url,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Reads `http://user:password@host:port`.
    ///
    /// # Errors
    /// `Misconfigured` when it is none.
    pub(super) fn new(text: &Secret) -> Result<Self, ProviderError> {
        let wrong = || {
            ProviderError::new(
                ErrorKind::Misconfigured,
                "the proxy is none; write provider.proxy = \"http://proxy.example.com:3128\"",
            )
        };
        let mut url = Url::parse(text.reveal()).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong());
        }
        let authorization = if url.username().is_empty() && url.password().is_none() {
            None
        } else {
            let decoded = |part: &str| percent_decode_str(part).collect::<Vec<u8>>();
            let pair = [
                decoded(url.username()),
                b":".to_vec(),
                decoded(url.password().unwrap_or_default()),
            ]
            .concat();
            let mut header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
                .map_err(|_| wrong())?;
            header.set_sensitive(true);
            Some(header)
        };
        // The library shows the address in its own texts, so that it gets one without secrets.
        url.set_username("")
            .and_then(|()| url.set_password(None))
            .map_err(|()| wrong())?;
        Ok(Self { url, authorization })
    }

    /// Has a client send everything through it.
    pub(super) fn add(
        &self,
        client: reqwest::ClientBuilder,
    ) -> Result<reqwest::ClientBuilder, reqwest::Error> {
        let proxy = reqwest::Proxy::all(self.url.clone())?;
        Ok(client.proxy(match &self.authorization {
            Some(header) => proxy.custom_http_auth(header.clone()),
            None => proxy,
        }))
    }

    /// It wants to know who we are, or does not believe it (407).
    pub(super) fn asks_who(&self) -> String {
        let todo = "write user and password into provider.proxy (or proxy of the app or the channel): \"http://user:password@host:port\"";
        match self.authorization {
            Some(_) => {
                format!(
                    "the proxy {self} does not accept the user and password it is given (407); correct them in provider.proxy (or proxy of the app or the channel)"
                )
            }
            None => format!("the proxy {self} asks for a user and a password (407); {todo}"),
        }
    }

    /// What it did to a request that failed; `None` when the failure lies behind it.
    pub(super) fn told(&self, error: &reqwest::Error) -> Option<ProviderError> {
        if !error.is_connect() {
            return None;
        }
        let causes: Vec<String> =
            std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source())
                .map(ToString::to_string)
                .collect();
        let says = |words: &str| causes.iter().any(|cause| cause.contains(words));
        if says("proxy authorization required") {
            return Some(ProviderError::new(ErrorKind::Forbidden, self.asks_who()));
        }
        if says("tunnel error: unsuccessful") || says("tunnel error: unexpected end") {
            let detail = format!(
                "the proxy {self} does not let the connection through; have it allow the hosts of base_url, media_hosts and [[notify]], port 443"
            );
            return Some(ProviderError::new(ErrorKind::Transient, detail));
        }
        // Plain http is asked of the proxy itself; else what fails after the tunnel was made is the
        // far end's.
        let is_behind =
            error.url().is_some_and(|url| url.scheme() == "https") && !says("tunnel error");
        let cause = if error.is_timeout() {
            "no connection within the time limit"
        } else {
            causes.last().map_or("", String::as_str)
        };
        let todo = "see that it runs, and that provider.proxy (or proxy of the app or the channel) is right";
        (!is_behind).then(|| {
            ProviderError::new(
                ErrorKind::Transient,
                format!("the proxy {self} cannot be reached: {cause}; {todo}"),
            )
        })
    }
}

/// `host:port`, never its user or password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}",
            self.url.host_str().unwrap_or_default(),
            self.url.port_or_known_default().unwrap_or_default()
        )
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_kept_apart_and_decoded() {
        let proxy = Proxy::new(&"http://canary:p%40canary@proxy.example.com:3128".into()).unwrap();
        assert_eq!(
            proxy
                .authorization
                .as_ref()
                .map(|header| header.to_str().unwrap().to_owned()),
            Some(format!("Basic {}", STANDARD.encode("canary:p@canary")))
        );
        assert_eq!(
            format!("{proxy} {proxy:?}"),
            "proxy.example.com:3128 Proxy(proxy.example.com:3128)"
        );
        assert_eq!(proxy.url.as_str(), "http://proxy.example.com:3128/");
        assert!(
            Proxy::new(&"http://proxy".into())
                .unwrap()
                .authorization
                .is_none()
        );
        for text in [
            "",
            "proxy:3128",
            "socks5://canary:canary@proxy:1080",
            "http://",
        ] {
            let problem = Proxy::new(&text.into()).unwrap_err();
            assert!(
                problem.kind == ErrorKind::Misconfigured && !problem.to_string().contains("canary"),
                "{text}"
            );
        }
    }
}
