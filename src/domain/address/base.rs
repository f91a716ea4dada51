//! Where a provider is.

use std::{fmt, str::FromStr};

use url::{Host, Origin, Url};

use super::Wrong;

const TODO: &str = "write one such as \"https://aip.baidubce.com\"";

/// Scheme, host, port and perhaps a path, without a slash at its end: `https`, or `http` where the
/// far end cannot be on the internet, so that no credential crosses it in the open.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: &'static str,
    host: Host,
    /// None for that of the scheme.
    port: Option<u16>,
    path: String,
}

impl BaseUrl {
    /// What is wrong with plain http.
    pub(crate) const IN_THE_OPEN: Wrong = Wrong {
        reason: "is not https, so that credentials and identities would cross the network in the open",
        todo: "write https:// (http:// is for a simulator on loopback)",
    };

    /// Scheme, host and port: who the provider is, wherever the paths behind it lead.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::Tuple(self.scheme.to_owned(), self.host.clone(), self.any_port())
    }

    /// Host, and port unless it is that of the scheme: as it goes into the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        self.port.map_or_else(
            || self.host.to_string(),
            |port| format!("{}:{port}", self.host),
        )
    }

    /// Host and port, be it that of the scheme.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.any_port())
    }

    /// Whatever path the provider is behind: empty, or `/a/b`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The URL of a path below, which begins with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether nobody on the way can listen: https, or this machine.
    pub(crate) fn is_guarded(&self) -> bool {
        self.scheme == "https" || self.is_loopback()
    }

    /// Whether it leads to this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        }
    }

    fn any_port(&self) -> u16 {
        let of_the_scheme = if self.scheme == "https" { 443 } else { 80 };
        self.port.unwrap_or(of_the_scheme)
    }
}

/// That of the provider itself.
impl Default for BaseUrl {
    fn default() -> Self {
        Self {
            scheme: "https",
            host: Host::Domain("aip.baidubce.com".to_owned()),
            port: None,
            path: String::new(),
        }
    }
}

impl FromStr for BaseUrl {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let wrong = |reason| Wrong { reason, todo: TODO };
        let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
        let (scheme, host) = match (url.scheme(), url.host()) {
            ("https", Some(host)) => ("https", host.to_owned()),
            ("http", Some(host)) => ("http", host.to_owned()),
            _ => return Err(wrong("is no web address")),
        };
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(Wrong {
                reason: "holds more than an address",
                todo: "write scheme, host and port only; credentials have keys of their own",
            });
        }
        if scheme == "http" && !is_off_the_internet(&host) {
            return Err(Self::IN_THE_OPEN);
        }
        Ok(Self {
            scheme,
            host,
            port: url.port(),
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority(), self.path)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What names end with that nobody on the internet can have: RFC 6761, ICANN's `.internal`, and
/// those of services within a Kubernetes cluster.
const OFF_THE_INTERNET: [&str; 4] = [".localhost", ".internal", ".svc", ".svc.cluster.local"];

fn is_off_the_internet(host: &Host) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback() || ip.is_private(),
        Host::Ipv6(ip) => ip.is_loopback() || ip.is_unique_local(),
        Host::Domain(name) => {
            !name.contains('.') || OFF_THE_INTERNET.iter().any(|end| name.ends_with(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_once_and_tells_all_its_parts() {
        for (text, shown, authority, host_and_port, path) in [
            (
                "https://aip.baidubce.com",
                "https://aip.baidubce.com",
                "aip.baidubce.com",
                "aip.baidubce.com:443",
                "",
            ),
            (
                " https://AIP.baidubce.com:443/ ",
                "https://aip.baidubce.com",
                "aip.baidubce.com",
                "aip.baidubce.com:443",
                "",
            ),
            (
                "https://gw.example.com:8443/baidu/",
                "https://gw.example.com:8443/baidu",
                "gw.example.com:8443",
                "gw.example.com:8443",
                "/baidu",
            ),
            (
                "http://127.0.0.1:8641",
                "http://127.0.0.1:8641",
                "127.0.0.1:8641",
                "127.0.0.1:8641",
                "",
            ),
            ("http://[::1]:1", "http://[::1]:1", "[::1]:1", "[::1]:1", ""),
            (
                "http://10.1.2.3",
                "http://10.1.2.3",
                "10.1.2.3",
                "10.1.2.3:80",
                "",
            ),
            (
                "http://simulator:8641",
                "http://simulator:8641",
                "simulator:8641",
                "simulator:8641",
                "",
            ),
            (
                "http://verikeep-api.verikeep.svc:8640",
                "http://verikeep-api.verikeep.svc:8640",
                "verikeep-api.verikeep.svc:8640",
                "verikeep-api.verikeep.svc:8640",
                "",
            ),
            (
                "http://localhost",
                "http://localhost",
                "localhost",
                "localhost:80",
                "",
            ),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!(
                (
                    url.to_string().as_str(),
                    url.authority().as_str(),
                    url.host_and_port().as_str(),
                    url.path()
                ),
                (shown, authority, host_and_port, path),
                "{text}"
            );
            assert_eq!(url.origin(), Url::parse(text).unwrap().origin(), "{text}");
            assert_eq!(url.join("/x"), format!("{shown}/x"), "{text}");
        }
        assert_eq!("https://aip.baidubce.com".parse(), Ok(BaseUrl::default()));
    }

    #[test]
    fn credentials_go_only_where_nobody_listens() {
        for (text, reason) in [
            ("http://aip.baidubce.com", "is not https"),
            ("http://8.8.8.8", "is not https"),
            ("ftp://x", "is no web address"),
            ("aip.baidubce.com", "is no URL"),
            ("https://user:canary@aip.baidubce.com", "holds more"),
            ("https://aip.baidubce.com?x=canary", "holds more"),
            ("https://aip.baidubce.com/#canary", "holds more"),
            ("", "is no URL"),
        ] {
            let wrong = text.parse::<BaseUrl>().unwrap_err().to_string();
            assert!(
                wrong.contains(reason) && !wrong.contains("canary"),
                "{text}: {wrong}"
            );
        }
    }

    #[test]
    fn plain_http_is_guarded_on_this_machine_alone() {
        for (text, guarded) in [
            ("https://h", true),
            ("http://localhost", true),
            ("http://127.0.0.9", true),
            ("http://[::1]", true),
            ("http://10.1.2.3", false),
            ("http://simulator", false),
        ] {
            assert_eq!(
                text.parse::<BaseUrl>().unwrap().is_guarded(),
                guarded,
                "{text}"
            );
        }
    }
}
