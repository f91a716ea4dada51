//! What the value of an option may be.

use std::net::IpAddr;

use url::{Host, ParseError, Url};

use super::super::{address::Wrong, time::Span};

/// The forms of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Scheme, host, port and perhaps a path.
    Address,
    /// The same, and never plain http off loopback.
    Guarded,
    /// The same, or plain http to an address that never leaves the machine or its host.
    Metadata,
    /// The address of a proxy, which may hold a user and a password.
    Proxy,
    Flag,
    Span,
    Count,
    /// Letters, digits, `-` and `_`: becomes part of a host's name.
    Label,
    /// Visible ASCII without a space: becomes a header or part of a signature.
    Key,
    /// Visible ASCII and spaces.
    Text,
    Base64,
    /// A path of a URL.
    Path,
    /// The name of a file.
    File,
    Json,
    /// A certificate.
    Pem,
    Word(&'static [&'static str]),
}

const ADDRESS_TODO: &str =
    "write scheme, host and port, such as \"https://minio.example.com:9000\"";
const KEY_TODO: &str = "copy it again from where it was given out, as one line of visible ASCII";
/// No key or token is longer.
const BYTES_MAX: usize = 64 * 1024;

const fn wrong(reason: &'static str, todo: &'static str) -> Wrong {
    Wrong { reason, todo }
}

impl Says {
    pub(super) fn read(self, text: &str) -> Result<String, Wrong> {
        let is_document = matches!(self, Self::Json | Self::Pem);
        let text = if is_document {
            text.trim()
        } else {
            text.trim_matches(' ')
        };
        if text.is_empty() {
            return Err(wrong("is empty", "fill it in, or leave the option out"));
        }
        if text.len() > BYTES_MAX {
            return Err(wrong("is longer than 64 KiB", "see what was pasted there"));
        }
        if !is_document {
            one_line(text)?;
        }
        match self {
            Self::Address => address(text),
            Self::Guarded => address(text).and_then(guarded),
            Self::Metadata => address(text).and_then(metadata),
            Self::Proxy => proxy(text),
            Self::Flag => flag(text),
            Self::Span => span(text),
            Self::Count => count(text),
            Self::Label => kept(
                text,
                |c| c.is_ascii_alphanumeric() || "-_".contains(c),
                "holds more than letters, digits, `-` and `_`",
                "write the plain name",
            ),
            Self::Key => kept(
                text,
                |c| c.is_ascii_graphic(),
                "holds a space, or a character that is not ASCII",
                KEY_TODO,
            ),
            Self::Text => kept(
                text,
                |c| c.is_ascii_graphic() || c == ' ',
                "holds a character that is not ASCII",
                "write it in ASCII",
            ),
            Self::Base64 => base64(text),
            Self::Path => path(text),
            Self::File => Ok(text.to_owned()),
            Self::Json => json(text),
            Self::Pem => pem(text),
            Self::Word(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
                Some(word) => Ok((*word).to_owned()),
                None => Err(wrong("is none of the possible words", word_list(words))),
            },
        }
    }
}

fn one_line(text: &str) -> Result<(), Wrong> {
    if !text.chars().any(char::is_control) {
        return Ok(());
    }
    let inner = text.trim_end_matches(['\n', '\r']);
    Err(if inner.chars().any(char::is_control) {
        wrong(
            "holds a line break or another control character",
            "write it as one line",
        )
    } else {
        wrong(
            "ends with a line break",
            "write it without one: `printf %s` instead of `echo`, `base64 -w0` of that for a Kubernetes secret",
        )
    })
}

fn span(text: &str) -> Result<String, Wrong> {
    match Span::parse(text) {
        Ok(span) if (1..=86_400_000).contains(&span.0) => Ok(format!("{}ms", span.0)),
        Ok(_) => Err(wrong("is out of range", "write a duration from 1ms to 1d")),
        Err(_) => Err(wrong(
            "is not a duration",
            "write a number with its unit, such as \"5s\" or \"2m\"",
        )),
    }
}

fn count(text: &str) -> Result<String, Wrong> {
    match text.parse::<u32>() {
        Ok(count) if count <= 100_000 => Ok(count.to_string()),
        _ => Err(wrong(
            "is no count",
            "write a whole number from 0 to 100000",
        )),
    }
}

fn path(text: &str) -> Result<String, Wrong> {
    kept(
        text,
        |c| c.is_ascii_alphanumeric() || "/-._~".contains(c),
        "is no path of a URL",
        "write it as it was given out: /v2/credentials/…",
    )
    .and_then(|path| {
        if path.starts_with('/') {
            Ok(path)
        } else {
            Err(wrong(
                "does not begin with a slash",
                "write it as it was given out",
            ))
        }
    })
}

fn json(text: &str) -> Result<String, Wrong> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(wrong(
            "is no JSON object",
            "paste the whole key file, or name it by service_account",
        )),
    }
}

fn pem(text: &str) -> Result<String, Wrong> {
    let whole = text.starts_with("-----BEGIN CERTIFICATE-----")
        && text.ends_with("-----END CERTIFICATE-----")
        && text.is_ascii();
    if whole {
        Ok(text.to_owned())
    } else {
        Err(wrong(
            "is no PEM certificate",
            "paste it from its BEGIN line to its END line",
        ))
    }
}

fn word_list(words: &[&str]) -> &'static str {
    if words.contains(&"sha256") {
        "write \"sha256\" or \"crc64nvme\""
    } else {
        "write \"AES256\", \"aws:kms\", \"aws:kms:dsse\" or \"sse-c\""
    }
}

fn kept(
    text: &str,
    fits: impl Fn(char) -> bool,
    reason: &'static str,
    todo: &'static str,
) -> Result<String, Wrong> {
    if text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(wrong(reason, todo))
    }
}

fn flag(text: &str) -> Result<String, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "on" | "yes" | "y" => Ok("true".to_owned()),
        "0" | "false" | "off" | "no" | "n" => Ok("false".to_owned()),
        _ => Err(wrong("is neither true nor false", "write true or false")),
    }
}

fn base64(text: &str) -> Result<String, Wrong> {
    let body = text.trim_end_matches('=');
    let fits = text.len() - body.len() <= 2
        && text.len().is_multiple_of(4)
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(wrong(
            "is not base64",
            "copy it again from where it was given out, with the = at its end",
        ))
    }
}

/// The address in its one form: small letters, no default port, no slash at its end.
fn address(text: &str) -> Result<String, Wrong> {
    let url = parsed(text)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(wrong(
            "begins with neither https:// nor http://",
            ADDRESS_TODO,
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "holds a user name or a password",
            "take them out; credentials have options of their own",
        ));
    }
    if !url
        .path()
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/-._~".contains(c))
    {
        return Err(wrong("has a path that is none", ADDRESS_TODO));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn parsed(text: &str) -> Result<Url, Wrong> {
    if !text.is_ascii() {
        return Err(wrong(
            "has a host that is not written in ASCII",
            "write the host's ASCII form, which begins with xn--",
        ));
    }
    if !text.contains("://") {
        return Err(wrong(
            "has no scheme",
            "write https:// (or http://) before the host, such as \"https://minio.example.com:9000\"",
        ));
    }
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::InvalidPort => wrong("has a port that is none", "write a port from 1 to 65535"),
        ParseError::EmptyHost => wrong("names no host", ADDRESS_TODO),
        ParseError::InvalidIpv6Address => wrong(
            "has an IPv6 address that is none",
            "write it in brackets, such as \"https://[::1]:9000\"",
        ),
        ParseError::InvalidIpv4Address => wrong("has an IPv4 address that is none", ADDRESS_TODO),
        _ => wrong("is no web address", ADDRESS_TODO),
    })?;
    if url.port() == Some(0) {
        return Err(wrong(
            "has a port that is none",
            "write a port from 1 to 65535",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds more than an address", ADDRESS_TODO));
    }
    match url.host() {
        Some(Host::Domain(name))
            if !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) =>
        {
            Ok(url)
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => Ok(url),
        _ => Err(wrong("has a host that is no host name", ADDRESS_TODO)),
    }
}

fn guarded(address: String) -> Result<String, Wrong> {
    if address.starts_with("https://") || is_near(&address) {
        Ok(address)
    } else {
        Err(wrong(
            "is not https",
            "write https://: secrets are sent there",
        ))
    }
}

/// Where containers are told their credentials: the addresses that the cloud's own libraries take
/// over plain http.
fn metadata(address: String) -> Result<String, Wrong> {
    let of_the_host = Url::parse(&address).is_ok_and(|url| match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_link_local(),
        Some(Host::Ipv6(ip)) => ip == std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
        _ => false,
    });
    if of_the_host {
        Ok(address)
    } else {
        guarded(address)
    }
}

fn proxy(text: &str) -> Result<String, Wrong> {
    let url = parsed(text)?;
    if matches!(url.scheme(), "https" | "http") && url.path() == "/" {
        Ok(url.into())
    } else {
        Err(wrong(
            "is no proxy",
            "write \"http://proxy.example.com:3128\"",
        ))
    }
}

/// Whether an address that was read is this machine.
pub(super) fn is_near(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    })
}
