//! The proxies of the provider, of apps, of channels and of the heartbeat; and the usual variables that
//! name a proxy, which have no say.

use url::Url;

use super::{
    finding::Place,
    options::Variables,
    section::Section,
    shape::Config,
    tree::{Node, Value},
};
use crate::domain::secret::Secret;

/// The proxy that a section names by this key: `None` when it says nothing, or nothing right;
/// `Some(None)` when it says `""`, none.
pub(super) fn said(section: &Section<'_>, key: &str) -> Option<Option<Secret>> {
    let node = section.node(key)?;
    if matches!(&node.value, Value::Text(text) if text.trim().is_empty()) {
        return Some(None);
    }
    let text = section.text(key)?;
    match wrong(&text.value) {
        None => Some(Some(Secret::new(text.value))),
        // The URL may hold a password: no finding repeats it.
        Some((reason, todo)) => {
            section.fail(key, reason, todo);
            None
        }
    }
}

fn wrong(text: &str) -> Option<(&'static str, &'static str)> {
    const TODO: &str = "write \"http://proxy.example.com:3128\", with user:password@ before the host if it asks for them, or \"\" for none";
    const ENCODE: &str = "write \"http://user:password@host:port\"; in user and password @ is written %40, : %3A, / %2F, # %23, ? %3F and % %25";
    let Some((scheme, _)) = text.split_once("://") else {
        return Some(("has no scheme", TODO));
    };
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return Some((
            "is neither http:// nor https://",
            "name a proxy that speaks HTTP (CONNECT), or \"\" for none",
        ));
    }
    if text.chars().any(char::is_control) {
        return Some((
            "holds a line break or another control character",
            "write it on one line",
        ));
    }
    // A password as it stands may end the host too early.
    let todo = if text.contains('@') { ENCODE } else { TODO };
    let Ok(url) = Url::parse(text) else {
        return Some(("is no address", todo));
    };
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.port() != Some(0);
    if is_bare && url.has_host() {
        None
    } else {
        Some(("holds more or less than scheme, host and port", todo))
    }
}

/// Whether a proxy is written in the file with a user or a password.
pub(super) fn holds_secret(node: &Node) -> bool {
    matches!(node.place, Place::Line(..))
        && matches!(&node.value, Value::Text(text) if text.contains('@'))
}

/// What is set for other programs, and has no say here: whoever relies on it would find out at the
/// first call only.
pub(super) fn warn_of_variables(top: &Section<'_>, config: &Config, variables: &Variables) {
    let told =
        |node: &Node| matches!(&node.value, Value::Table(table) if table.get("proxy").is_some());
    let of_every_app = || matches!(top.node("apps").map(|node| &node.value), Some(Value::List(items)) if items.iter().all(told));
    let provider_told = top.node("provider").is_some_and(told) || of_every_app();
    let vault_told = config.vault.url.folder().is_some()
        || config
            .vault
            .options
            .iter()
            .any(|(name, _)| name == "proxy_url");
    let (whom, todo) = match (provider_told, vault_told) {
        (true, true) => return,
        (true, false) => (
            "the object store",
            "name the store's proxy by vault.options.proxy_url, if it has one",
        ),
        (false, true) => (
            "the provider",
            "name the proxy by provider.proxy, or say provider.proxy = \"\" for none",
        ),
        (false, false) => (
            "neither the provider nor the object store",
            "name proxies by provider.proxy (\"\" for none) and, if the store has one, by vault.options.proxy_url",
        ),
    };
    let not = if provider_told || vault_told {
        "is not used for"
    } else {
        "is used for"
    };
    for (variable, value) in variables {
        let Some(name) = variable.to_str().filter(|_| !value.is_empty()) else {
            continue;
        };
        if matches!(
            name.to_ascii_lowercase().as_str(),
            "http_proxy" | "https_proxy" | "all_proxy"
        ) {
            top.findings.warn(
                "",
                &Place::Env(name.to_owned()),
                format!("{not} {whom}"),
                todo,
            );
        }
    }
}
