//! Addresses that an app's section holds: the provider's, and the hosts of media.

use std::net::IpAddr;

use super::section::{At, Section};
use crate::domain::address::BaseUrl;

/// Where the provider is: https, or a simulator on loopback.
pub(super) fn base_url(section: &Section<'_>, text: &At<String>) -> Option<BaseUrl> {
    let read = text.value.parse().and_then(|url: BaseUrl| {
        if url.is_guarded() {
            Ok(url)
        } else {
            Err(BaseUrl::IN_THE_OPEN)
        }
    });
    read.map_err(|wrong| section.wrong("base_url", wrong)).ok()
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
pub(super) fn is_host_pattern(text: &str) -> bool {
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
