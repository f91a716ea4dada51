//! By which names the API is asked: a page of a stranger that has its own name lead here (DNS
//! rebinding) is not answered.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};

use super::api::misdirected;

const FORWARDED: &str = "x-forwarded-for";

/// The names that are answered: those of this machine itself, the address listened on, and those that
/// were listed.
#[derive(Clone, Debug)]
pub struct Hosts {
    listen: IpAddr,
    listed: Vec<String>,
}

impl Hosts {
    /// For a listener there, beside its own address these names, in lower case and without a port.
    #[must_use]
    pub fn new(listen: SocketAddr, listed: Vec<String>) -> Self {
        Self {
            listen: listen.ip(),
            listed,
        }
    }

    /// Whether it is one of them, whatever its case and port.
    fn has(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let own = bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback() || address == self.listen);
        own || name == "localhost" || self.listed.iter().any(|listed| listed == bare)
    }
}

/// `host:port` and `[::1]:port` without the port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Lets through what is asked of a name that is answered.
pub(super) async fn check(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    // Where the line of the request names the host, the header has no say.
    let named = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let mut headers = request.headers().get_all(header::HOST).iter();
    let one = headers.next().filter(|_| headers.next().is_none());
    let said = named.or_else(|| one?.to_str().ok());
    if said.is_some_and(|host| hosts.has(host)) {
        next.run(request).await
    } else {
        misdirected(request.headers())
    }
}

/// The client's address as the proxy in front says it: the last entry of `X-Forwarded-For`. What
/// stands before it came from the client.
pub(super) fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED).iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?.trim();
    let address = last.parse::<IpAddr>().ok();
    let with_port = || Some(last.parse::<SocketAddr>().ok()?.ip());
    address
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_port_and_strangers_are_none() {
        let listed = vec!["api.example.com".to_owned(), "192.0.2.7".to_owned()];
        let hosts = Hosts::new(SocketAddr::from(([10, 1, 2, 3], 8640)), listed);
        for (host, found) in [
            ("localhost", true),
            ("LocalHost:8640", true),
            ("127.0.0.1:1", true),
            ("127.9.9.9", true),
            ("[::1]:8640", true),
            ("[::1]", true),
            ("10.1.2.3:8640", true),
            ("10.1.2.4:8640", false),
            ("api.example.com", true),
            ("API.Example.Com.:443", true),
            ("192.0.2.7:80", true),
            ("other.example.com", false),
            ("api.example.com.evil.example", false),
            ("localhost.evil.example", false),
            ("0.0.0.0", false),
            ("", false),
        ] {
            assert_eq!(hosts.has(host), found, "{host}");
        }
        let all = Hosts::new(SocketAddr::from(([0, 0, 0, 0], 8640)), Vec::new());
        assert!(all.has("127.0.0.1") && !all.has("10.1.2.3"));
    }

    #[test]
    fn the_last_entry_is_the_proxys() {
        for (headers, found) in [
            (&["192.0.2.1"][..], Some("192.0.2.1")),
            (&["10.0.0.1, 192.0.2.1"], Some("192.0.2.1")),
            (&["10.0.0.1", "10.0.0.2,192.0.2.1"], Some("192.0.2.1")),
            (&["2001:db8::1"], Some("2001:db8::1")),
            (&["::ffff:192.0.2.1"], Some("192.0.2.1")),
            (&["192.0.2.1:4711"], Some("192.0.2.1")),
            (&["[2001:db8::1]:4711"], Some("2001:db8::1")),
            (&["192.0.2.1, unknown"], None),
            (&[], None),
        ] {
            let mut map = HeaderMap::new();
            for header in headers {
                map.append(FORWARDED, header.parse().unwrap());
            }
            let found = found.map(|found| found.parse::<IpAddr>().unwrap());
            assert_eq!(forwarded(&map), found, "{headers:?}");
        }
    }
}
