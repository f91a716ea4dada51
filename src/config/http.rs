//! `[http]`: where pages and API are served, and to whom.

use std::net::SocketAddr;

use super::{addresses::is_host_pattern, section::Section, shape::Http};

/// Reads the section.
pub(super) fn read(section: &Section<'_>) -> Http {
    let plain = Http::default();
    let max_connections = section
        .whole("max_connections", 16, 65_536)
        .and_then(|most| usize::try_from(most.value).ok());
    let http = Http {
        listen: address(section, "listen", "127.0.0.1:8640").unwrap_or(plain.listen),
        ops_listen: address(section, "ops_listen", "127.0.0.1:8641"),
        behind_proxy: section.flag("behind_proxy").is_some_and(|flag| flag.value),
        hosts: hosts(section),
        max_connections: max_connections.unwrap_or(plain.max_connections),
    };
    if !http.listen.ip().to_canonical().is_loopback() && !http.behind_proxy {
        section.fail(
            "listen",
            "is reached from other machines, and keys and tokens would cross the network in clear",
            "put a proxy with TLS in front and say http.behind_proxy = true, or listen on 127.0.0.1; for health and metrics alone there is http.ops_listen",
        );
    }
    if http.ops_listen.is_some_and(|ops| are_one(ops, http.listen)) {
        section.fail(
            "ops_listen",
            "is the address of http.listen",
            "name another port, such as \"127.0.0.1:8641\", or leave the key out to have all on http.listen",
        );
    }
    http
}

fn address(section: &Section<'_>, key: &str, example: &str) -> Option<SocketAddr> {
    let text = section.text(key)?.value;
    let address = text.parse::<SocketAddr>().ok();
    if address.is_none() {
        let port = example.rsplit(':').next().unwrap_or_default();
        let todo = format!("write one such as \"{example}\" or \"[::]:{port}\"");
        section.fail(key, "is no address with a port", todo);
    }
    address
}

/// Whether one keeps the other from being listened on; free ports differ.
fn are_one(one: SocketAddr, other: SocketAddr) -> bool {
    let all = |address: SocketAddr| address.ip().is_unspecified();
    one.port() == other.port()
        && one.port() != 0
        && (one.ip() == other.ip() || all(one) || all(other))
}

fn hosts(section: &Section<'_>) -> Vec<String> {
    let mut kept = Vec::new();
    for host in section.texts("hosts").unwrap_or_default() {
        let name = host.value.to_lowercase();
        if is_host_pattern(&name) && !name.starts_with('*') {
            kept.push(name);
        } else {
            let todo = "write a name such as \"api.example.com\", without scheme, port, path or *";
            section
                .findings
                .fail(&host.path, &host.place, "is no name of a host", todo);
        }
    }
    kept
}
