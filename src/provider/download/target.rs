//! Whether a URL may be fetched, and what exactly is asked for. Pure.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{
    DownloadError, MediaRules,
    addresses::{Reach, reach},
};

/// A checked URL.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) url: Url,
    /// Whether private addresses are fine for it.
    pub(super) is_near: bool,
}

/// Why not, without the URL.
type Forbidden = &'static str;

impl Target {
    /// Checks a URL of an answer.
    pub(super) fn check(text: &str, rules: &MediaRules) -> Result<Self, DownloadError> {
        let url =
            Url::parse(text.trim()).map_err(|_| DownloadError::ForbiddenUrl("it is no URL"))?;
        if !is_unaltered(text.trim(), &url) {
            return Err(DownloadError::ForbiddenUrl(
                "it cannot be asked for exactly as it is written",
            ));
        }
        Self::allowed(url, rules).map_err(DownloadError::ForbiddenUrl)
    }

    /// Checks where this one redirects to.
    pub(super) fn redirected(
        &self,
        location: &str,
        rules: &MediaRules,
    ) -> Result<Self, DownloadError> {
        let url = self
            .url
            .join(location)
            .map_err(|_| DownloadError::ForbiddenUrl("it redirects to what is no URL"))?;
        let next = Self::allowed(url, rules).map_err(DownloadError::ForbiddenUrl)?;
        if self.url.scheme() == "https" && next.url.scheme() != "https" {
            return Err(DownloadError::ForbiddenUrl(
                "it redirects from https to http",
            ));
        }
        if next.is_near && !self.is_near {
            return Err(DownloadError::ForbiddenUrl(
                "it redirects from a public host to a private one",
            ));
        }
        Ok(next)
    }

    fn allowed(mut url: Url, rules: &MediaRules) -> Result<Self, Forbidden> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err("its scheme is neither https nor http");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it has a user name or a password");
        }
        let is_near = host_is_near(&url, rules)?;
        if !is_near {
            // The signature covers neither the scheme nor the port (provider.md §6).
            match (url.scheme(), url.port()) {
                ("https", None) => {}
                ("http", None) => url
                    .set_scheme("https")
                    .map_err(|()| "its scheme cannot be changed to https")?,
                _ => return Err("its port is odd"),
            }
        }
        url.set_fragment(None);
        Ok(Self { url, is_near })
    }
}

/// Whether host and port are ones that may be private; an error when the host is none we go to.
fn host_is_near(url: &Url, rules: &MediaRules) -> Result<bool, Forbidden> {
    // The parser has already turned decimal, hexadecimal, octal and shortened forms into the
    // address they stand for.
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        Some(Host::Domain(name)) => return name_is_near(name.trim_end_matches('.'), url, rules),
        None => return Err("it has no host"),
    };
    match reach(ip) {
        Reach::Private if !rules.allow_private => Err("its host is an address that is not public"),
        Reach::Private if is_named_with_port(&ip.to_string(), url, rules) => Ok(true),
        Reach::Private => {
            Err("its host is a private address that media_hosts does not name with this port")
        }
        Reach::Public if is_named(&ip.to_string(), rules) => Ok(false),
        Reach::Public => Err("its host is an address that media_hosts does not name"),
        Reach::Never => Err("its host is an address that is not public"),
    }
}

fn name_is_near(name: &str, url: &Url, rules: &MediaRules) -> Result<bool, Forbidden> {
    let may_be_near = rules.allow_private && is_named_with_port(name, url, rules);
    if name == "localhost" || name.ends_with(".localhost") {
        return if may_be_near {
            Ok(true)
        } else {
            Err("its host is this machine")
        };
    }
    if may_be_near || is_named(name, rules) {
        return Ok(may_be_near);
    }
    let is_below = |pattern: &String| {
        pattern.strip_prefix('*').is_some_and(|suffix| {
            suffix.starts_with('.') && name.len() > suffix.len() && ends_with(name, suffix)
        })
    };
    if rules.hosts.iter().any(is_below) {
        Ok(false)
    } else {
        Err("its host is none that media_hosts names")
    }
}

fn is_named(host: &str, rules: &MediaRules) -> bool {
    rules
        .hosts
        .iter()
        .any(|pattern| pattern.eq_ignore_ascii_case(host))
}

/// Whether a host stands on the list with the port of the URL; without one it stands for those of
/// https and http.
fn is_named_with_port(host: &str, url: &Url, rules: &MediaRules) -> bool {
    let port = url.port_or_known_default();
    rules.hosts.iter().any(|pattern| {
        if pattern.eq_ignore_ascii_case(host) {
            return url.port().is_none();
        }
        let Some((named, its_port)) = pattern.rsplit_once(':') else {
            return false;
        };
        let named = named
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(named);
        named.eq_ignore_ascii_case(host) && its_port.parse().ok() == port
    })
}

fn ends_with(name: &str, suffix: &str) -> bool {
    name.len()
        .checked_sub(suffix.len())
        .and_then(|start| name.get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
}

/// Whether parsing left path and query what they say: characters that cannot stand in a request may
/// have been percent-encoded, which a signature over their meaning survives; dot segments,
/// backslashes and line breaks that were resolved may not.
fn is_unaltered(text: &str, url: &Url) -> bool {
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    let tail = after_scheme
        .find(['/', '?', '#', '\\'])
        .and_then(|start| after_scheme.get(start..))
        .unwrap_or("");
    let written = tail.split('#').next().unwrap_or("");
    let parsed = url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    );
    let written = if written.starts_with('/') {
        written.to_owned()
    } else {
        format!("/{written}")
    };
    written == parsed || percent_decode_str(&written).eq(percent_decode_str(&parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow_private: bool) -> MediaRules {
        let near = [
            "127.0.0.1:8641",
            "localhost:8641",
            "10.0.0.1:8443",
            "[::1]:1",
            "192.168.0.7",
        ];
        let hosts = MediaRules::default()
            .hosts
            .into_iter()
            .chain(
                near.map(str::to_owned)
                    .into_iter()
                    .filter(|_| allow_private),
            )
            .collect();
        MediaRules {
            allow_private,
            hosts,
            ..MediaRules::default()
        }
    }

    fn check(url: &str, allow_private: bool) -> Result<String, &'static str> {
        match Target::check(url, &rules(allow_private)) {
            Ok(target) => Ok(target.url.to_string()),
            Err(DownloadError::ForbiddenUrl(why)) => Err(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn signed_urls_are_asked_for_byte_for_byte() {
        let signed = "https://bj.bcebos.com/v1/b/k%2Fx/face-00.jpg?authorization=bce-auth-v1%2Faa%2F2024-04-02T08%3A19%3A23Z%2F86400%2F%2F00ff&x=a+b%20c&y=%7e~!*()&empty=&flag";
        assert_eq!(check(signed, false).as_deref(), Ok(signed));
        assert_eq!(
            check("http://bj.bcebos.com/v1/aa.mp4?a=%2f", false).as_deref(),
            Ok("https://bj.bcebos.com/v1/aa.mp4?a=%2f"),
            "fetched over https"
        );
        assert_eq!(
            check("http://bj.bcebos.com:80/v1/aa.mp4", false).as_deref(),
            Ok("https://bj.bcebos.com/v1/aa.mp4")
        );
        assert_eq!(
            check(
                "https://brain.baidu.com:443/solution/faceprint/image/query?verify_token=x#top",
                false
            )
            .as_deref(),
            Ok("https://brain.baidu.com/solution/faceprint/image/query?verify_token=x")
        );
        assert_eq!(
            check(" HTTPS://BJ.BCEBOS.COM/人.jpg?q='\"\n", false).as_deref(),
            Ok("https://bj.bcebos.com/%E4%BA%BA.jpg?q=%27%22"),
            "what cannot stand in a request is encoded"
        );
    }

    #[test]
    fn urls_that_would_be_altered_or_lead_elsewhere_are_refused() {
        for url in [
            "",
            "xxx.jpg",
            "//bj.bcebos.com/x",
            "ftp://bj.bcebos.com/x",
            "file:///etc/passwd",
            "data:image/png;base64,AA",
            "javascript:alert(1)",
            "https://user@bj.bcebos.com/x",
            "https://user:pw@bj.bcebos.com/x",
            "https://bj.bcebos.com@evil.example/x",
            "https://:@evil.example/",
            "https://bj.bcebos.com:8443/x",
            "http://bj.bcebos.com:443/x",
            "https://bj.bcebos.com:80/x",
            "http://bj.bcebos.com:22/x",
            "https://bcebos.com/x",
            "https://evilbcebos.com/x",
            "https://bj.bcebos.com.evil.example/x",
            "https://.bcebos.com/x",
            "https://evil.example/bj.bcebos.com",
            "https://bj.bcebos.com/a/../b",
            "https://bj.bcebos.com/a/%2e%2e/b",
            "https://bj.bcebos.com/a\\b",
            "https://bj.bcebos.com/a\tb",
            "https:bj.bcebos.com/x",
            "https:\\\\bj.bcebos.com\\x",
            "https://bj.bcebos.com\\@evil.example/x",
        ] {
            assert!(check(url, false).is_err(), "{url}");
        }
    }

    #[test]
    fn every_way_to_write_an_inner_address_is_seen_through() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.０.０.１",
            "127。0。0。1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "10.0.0.1",
            "192.168.0.1",
            "172.16.0.1",
            "0.0.0.0",
            "0",
            "[::]",
            "169.254.169.254",
            "0xa9fea9fe",
            "[::ffff:a9fe:a9fe]",
            "100.100.100.200",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "224.0.0.1",
            "255.255.255.255",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "8.8.8.8",
            "[2400:da00::1]",
        ] {
            for scheme in ["http", "https"] {
                assert!(
                    check(&format!("{scheme}://{host}/x"), false).is_err(),
                    "{scheme}://{host}"
                );
            }
        }
    }

    #[test]
    fn a_simulator_is_reached_as_its_urls_say_when_it_is_named() {
        for url in [
            "http://127.0.0.1:8641/v1/x?a=b",
            "http://localhost:8641/x",
            "https://10.0.0.1:8443/x",
            "http://[::1]:1/x",
            "http://192.168.0.7/x",
        ] {
            assert_eq!(check(url, true).as_deref(), Ok(url));
        }
        for url in [
            "http://127.0.0.1:8642/x",
            "http://127.0.0.1/x",
            "http://127.0.0.2:8641/x",
            "http://localhost:6379/x",
            "http://10.0.0.1/x",
            "https://10.0.0.2:8443/x",
            "http://192.168.0.7:9200/x",
            "http://[::ffff:127.0.0.1]:8641/x",
            "http://[::1]:2/x",
        ] {
            assert!(check(url, true).is_err(), "{url} is private and not named");
        }
        for url in [
            "http://169.254.169.254/latest",
            "http://[fe80::1]/x",
            "http://100.100.100.200/x",
            "http://224.0.0.1/x",
            "http://0.0.0.0/x",
            "http://evil.example/x",
            "http://redis:6379/x",
        ] {
            assert!(check(url, true).is_err(), "{url}");
        }
        assert_eq!(
            check("http://bj.bcebos.com/x", true).as_deref(),
            Ok("https://bj.bcebos.com/x"),
            "public hosts keep their rules"
        );
        let named = MediaRules {
            hosts: vec!["simulator:8641".to_owned()],
            allow_private: true,
            ..MediaRules::default()
        };
        let target = Target::check("http://simulator:8641/x", &named).unwrap();
        assert_eq!(
            (target.url.as_str(), target.is_near),
            ("http://simulator:8641/x", true)
        );
        let named = MediaRules {
            allow_private: false,
            ..named
        };
        assert!(Target::check("http://simulator:8641/x", &named).is_err());
    }

    #[test]
    fn redirects_are_checked_like_urls_and_lose_nothing() {
        let public = Target::check("https://bj.bcebos.com/a/b?x=1", &rules(true)).unwrap();
        let to = |location: &str| {
            public
                .redirected(location, &rules(true))
                .map(|target| target.url.to_string())
        };
        assert_eq!(
            to("/c?y=%2F").as_deref(),
            Ok("https://bj.bcebos.com/c?y=%2F")
        );
        assert_eq!(
            to("http://gz.bcebos.com/c").as_deref(),
            Ok("https://gz.bcebos.com/c"),
            "never losing https"
        );
        for location in [
            "http://127.0.0.1:8641/x",
            "https://127.0.0.1/x",
            "http://169.254.169.254/",
            "https://evil.example/",
            "//evil.example/",
            "https://user@bj.bcebos.com/",
            "ftp://bj.bcebos.com/",
            "https://bj.bcebos.com:1/",
            "http://[",
        ] {
            assert!(
                matches!(to(location), Err(DownloadError::ForbiddenUrl(_))),
                "{location}"
            );
        }
        let near = Target::check("http://127.0.0.1:8641/x", &rules(true)).unwrap();
        assert!(near.redirected("/y", &rules(true)).is_ok());
        let guarded = Target::check("https://127.0.0.1:8641/x", &rules(true)).unwrap();
        assert!(
            guarded
                .redirected("http://127.0.0.1:8641/x", &rules(true))
                .is_err(),
            "not even within a private network"
        );
    }
}
