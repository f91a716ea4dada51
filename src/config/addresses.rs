//! Addresses that an app's section holds: the provider's, and the hosts of media.

use std::net::IpAddr;

use url::{Host, Url};

use super::section::{At, Section};

/// Where the provider is: https, or a simulator on loopback.
pub(super) fn base_url(section: &Section<'_>, text: &At<String>) -> Option<String> {
    let Ok(url) = Url::parse(&text.value) else {
        section.fail(
            "base_url",
            "is no URL",
            "write one such as \"https://aip.baidubce.com\"",
        );
        return None;
    };
    if !url.has_host() || !matches!(url.scheme(), "https" | "http") {
        section.fail(
            "base_url",
            "is no web address",
            "write one such as \"https://aip.baidubce.com\"",
        );
    } else if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        section.fail(
            "base_url",
            "holds more than an address",
            "write scheme, host and port only; credentials have keys of their own",
        );
    } else if url.scheme() == "http" && !is_loopback(&url) {
        section.fail(
            "base_url",
            "is not https, so that credentials and identities would cross the network in the open",
            "write https:// (http:// is for a simulator on loopback)",
        );
    } else {
        return Some(url.as_str().trim_end_matches('/').to_owned());
    }
    None
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// The hosts that media may be fetched from, in lower case; a port only where they are `near`.
pub(super) fn media_hosts(section: &Section<'_>, near: bool) -> Option<Vec<String>> {
    let hosts = section.texts("media_hosts")?;
    if hosts.is_empty() {
        section.warn(
            "media_hosts",
            "is empty, so that no image and no video can be fetched",
            "leave the key out for the provider's own hosts",
        );
    }
    let mut kept = Vec::with_capacity(hosts.len());
    for host in hosts {
        let lower = host.value.to_lowercase();
        let (name, port) = split_port(&lower);
        if !is_host_pattern(name) {
            let todo = "write a host such as \"bj.bcebos.com\" or \"*.bcebos.com\", without scheme or path";
            section
                .findings
                .fail(&host.path, &host.place, "is no host", todo);
        } else if port.is_some() && (!near || name.starts_with('*')) {
            let todo = "take the port out: media of public hosts are fetched over https alone";
            section.findings.fail(
                &host.path,
                &host.place,
                "has a port, which is only for private hosts (allow_private_media_hosts)",
                todo,
            );
        } else {
            kept.push(lower);
        }
    }
    Some(kept)
}

/// `host:port`, `[::1]:port` or a host alone.
fn split_port(text: &str) -> (&str, Option<u16>) {
    if text.parse::<IpAddr>().is_ok() {
        return (text, None);
    }
    match text
        .rsplit_once(':')
        .map(|(host, port)| (host, port.parse::<u16>()))
    {
        Some((host, Ok(port))) if port > 0 => (
            host.strip_prefix('[')
                .and_then(|inner| inner.strip_suffix(']'))
                .unwrap_or(host),
            Some(port),
        ),
        _ => (text, None),
    }
}

/// `host`, `*.host` or an address; `*` alone would allow everything.
fn is_host_pattern(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    let is_name = |host: &str| {
        host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    host.parse::<IpAddr>().is_ok() && host == text || (is_name(host) && !host.is_empty())
}
