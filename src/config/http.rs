//! `[http]`: where pages and API are served, and to how many.

use std::net::SocketAddr;

use super::{section::Section, shape::Http};

/// Reads the section.
pub(super) fn read(section: &Section<'_>) -> Http {
    let plain = Http::default();
    let max_connections = section
        .whole("max_connections", 16, 65_536)
        .and_then(|most| usize::try_from(most.value).ok());
    Http {
        listen: address(section, "listen", "127.0.0.1:8640").unwrap_or(plain.listen),
        max_connections: max_connections.unwrap_or(plain.max_connections),
    }
}

fn address(section: &Section<'_>, key: &str, example: &str) -> Option<SocketAddr> {
    let text = section.text(key)?.value;
    let address = text.parse::<SocketAddr>().ok();
    if address.is_none() {
        let todo = format!("write one such as \"{example}\" or \"[::]:8640\"");
        section.fail(key, "is no address with a port", todo);
    }
    address
}
