//! What can go wrong at the object store, named by what the caller can do, and how the store's own
//! errors become that.
//!
//! The store's own texts may hold endpoints, signed URLs and whole answer bodies. None of it
//! passes: a reason is put together here from the kind of an I/O error, an HTTP status and the
//! store's error code.

use std::{error::Error as StdError, io};

use object_store::client::{HttpError, HttpErrorKind};

/// Why an object could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The store cannot be reached or failed: wait and try again.
    #[error("the object store is not available: {0}")]
    Unavailable(String),
    /// There is no space left: stop taking in, tell a person, try again later.
    #[error("the object store is full: {0}")]
    Full(String),
    /// The store refuses us: a person must mend credentials or modes; try again later.
    #[error("the object store refuses access: {0}")]
    Denied(String),
    /// No object lies under this key.
    #[error("no object lies under {0}")]
    Missing(String),
    /// Other bytes lie under this key already, and stay.
    #[error("other bytes lie under {0} already")]
    Different(String),
    /// The text is not an identifier or not an object key; the text is not repeated.
    #[error("not {0}")]
    BadKey(&'static str),
    /// The URL or an option is wrong: a person must act.
    #[error("{0}")]
    Config(String),
}

impl VaultError {
    /// The word for it on pages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Full(_) => "full",
            Self::Denied(_) => "denied",
            Self::Missing(_) => "missing",
            Self::Different(_) => "different",
            Self::BadKey(_) => "bad_key",
            Self::Config(_) => "config",
        }
    }
}

/// Why a stream was not taken in. Nothing of it lies in the vault then.
#[derive(Debug, thiserror::Error)]
pub enum IngestError<E> {
    /// The stream itself failed.
    #[error("{0}")]
    Stream(E),
    /// The stream brought more than was allowed.
    #[error("more than {bytes_max} bytes")]
    TooLarge {
        /// What was allowed.
        bytes_max: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What a failed write means.
pub(super) fn on_write(error: object_store::Error) -> VaultError {
    match error {
        // Nothing can be missing for a write but the bucket or container itself.
        object_store::Error::NotFound { .. } => VaultError::Unavailable(format!(
            "the bucket or folder does not exist ({})",
            reason(&error)
        )),
        other => on_any(&other),
    }
}

/// What a failed read of `key` means.
pub(super) fn on_read(error: object_store::Error, key: &str) -> VaultError {
    match error {
        object_store::Error::NotFound { .. } => VaultError::Missing(key.to_owned()),
        other => on_any(&other),
    }
}

/// What a refused URL or option means. Only our own words about it: the builder's may repeat a key.
pub(super) fn on_build(error: &object_store::Error) -> VaultError {
    VaultError::Config(match error {
        object_store::Error::UnknownConfigurationKey { key, .. } => format!("vault.options: `{key}` is not known to this store"),
        _ => "vault.url or vault.options are not usable for this store; check bucket, endpoint, region and credentials".to_owned(),
    })
}

fn on_any(error: &object_store::Error) -> VaultError {
    let text = reason(error);
    match error {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => VaultError::Denied(text),
        _ => match sources(error)
            .find_map(|source| source.downcast_ref::<io::Error>())
            .map(io::Error::kind)
        {
            Some(
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge,
            ) => VaultError::Full(text),
            Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
                VaultError::Denied(text)
            }
            _ if text.starts_with("HTTP 507") => VaultError::Full(text),
            _ => VaultError::Unavailable(text),
        },
    }
}

/// What a file that cannot be read to its end means.
pub(super) fn on_io(error: &io::Error) -> VaultError {
    VaultError::Unavailable(of_io(error))
}

/// The text of an operating system error is fixed; any other may name a path or an endpoint.
fn of_io(error: &io::Error) -> String {
    if error.raw_os_error().is_some() {
        error.to_string()
    } else {
        error.kind().to_string()
    }
}

/// The reason in our own words.
fn reason(error: &object_store::Error) -> String {
    for source in sources(error) {
        if let Some(http) = source.downcast_ref::<HttpError>() {
            return match http.kind() {
                HttpErrorKind::Connect => match cause(http) {
                    Some(cause) => format!("no connection: {cause}"),
                    None => "no connection".to_owned(),
                },
                HttpErrorKind::Timeout => "no answer in time".to_owned(),
                HttpErrorKind::Request | HttpErrorKind::Interrupted => cause(http).map_or_else(
                    || "the connection broke".to_owned(),
                    |cause| format!("the connection broke: {cause}"),
                ),
                HttpErrorKind::Decode => "the answer cannot be read".to_owned(),
                _ => "the request failed".to_owned(),
            };
        }
        if let Some(io) = source.downcast_ref::<io::Error>() {
            return of_io(io);
        }
    }
    // The type that carries the status is private to the library, so its text is searched for the
    // two harmless parts of it.
    let text = error.to_string();
    let status = behind(&text, "status code: ", |c| c.is_ascii_digit());
    let code = behind(&text, "<Code>", |c| c.is_ascii_alphanumeric());
    match (status, code) {
        (Some(status), Some(code)) => format!("HTTP {status}, {code}"),
        (Some(status), None) => format!("HTTP {status}"),
        (None, Some(code)) => code.to_owned(),
        (None, None) => kind(error).to_owned(),
    }
}

/// Why there is no connection, where the error says it in a form that holds no name of the far end.
fn cause(http: &HttpError) -> Option<String> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(http);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(tls(error).to_owned());
        }
        next = match error.downcast_ref::<io::Error>() {
            Some(io) if io.raw_os_error().is_some() => return Some(io.to_string()),
            Some(io) if io.to_string().starts_with("failed to lookup address") => {
                return Some("the name of its host cannot be resolved".to_owned());
            }
            // What such an error holds is skipped by its `source`.
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}

const fn tls(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "its certificate is from an issuer that this machine does not know; name the issuer's certificate, as a PEM file, by the environment variable SSL_CERT_FILE"
        }
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "its certificate has expired"
        }
        rustls::Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "its certificate is not valid yet; see that this machine's clock is right"
        }
        rustls::Error::InvalidCertificate(
            Bad::NotValidForName | Bad::NotValidForNameContext { .. },
        ) => "its certificate is for another name than vault.options.endpoint says",
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            "its certificate cannot be accepted"
        }
        rustls::Error::InvalidMessage(_) => {
            "it speaks no TLS on this port; if it is plain http, write http:// and allow_http = true"
        }
        _ => "TLS could not be agreed on",
    }
}

/// What follows `mark` in `text` for as long as the characters fit, at most 64 of them.
fn behind<'a>(text: &'a str, mark: &str, fits: impl Fn(char) -> bool) -> Option<&'a str> {
    let (_, tail) = text.split_once(mark)?;
    let end = tail
        .char_indices()
        .find(|&(at, c)| at >= 64 || !fits(c))
        .map_or(tail.len(), |(at, _)| at);
    tail.get(..end).filter(|found| !found.is_empty())
}

const fn kind(error: &object_store::Error) -> &'static str {
    use object_store::Error;
    match error {
        Error::NotFound { .. } => "not found",
        Error::AlreadyExists { .. } => "the key exists already",
        Error::Precondition { .. } | Error::NotModified { .. } => {
            "a condition of the request did not hold"
        }
        Error::NotSupported { .. } | Error::NotImplemented { .. } => {
            "the store does not support this request"
        }
        Error::PermissionDenied { .. } => "permission denied",
        Error::Unauthenticated { .. } => "credentials not accepted",
        Error::InvalidPath { .. } => "the path is not possible in this store",
        Error::JoinError { .. } => "the work was broken off",
        _ => "the store gives no reason that could be shown",
    }
}

fn sources<'a>(
    error: &'a object_store::Error,
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let first: &'a (dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl Into<Box<dyn StdError + Send + Sync>>) -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: source.into(),
        }
    }

    #[test]
    fn the_kind_of_an_io_error_decides() {
        for (raw, expected) in [
            (28, "full"),
            (122, "full"),
            (13, "denied"),
            (30, "denied"),
            (5, "unavailable"),
        ] {
            let found = match on_write(generic(io::Error::from_raw_os_error(raw))) {
                VaultError::Full(_) => "full",
                VaultError::Denied(_) => "denied",
                VaultError::Unavailable(_) => "unavailable",
                other => panic!("{other}"),
            };
            assert_eq!(found, expected, "os error {raw}");
        }
    }

    #[test]
    fn why_there_is_no_connection_is_told() {
        let connect = |source: io::Error| {
            on_write(generic(HttpError::new(HttpErrorKind::Connect, source))).to_string()
        };
        let certificate = |bad| connect(io::Error::other(rustls::Error::InvalidCertificate(bad)));
        for (told, part) in [
            (
                connect(io::Error::from_raw_os_error(111)),
                "no connection: Connection refused",
            ),
            (
                connect(io::Error::other(
                    "failed to lookup address information: canary",
                )),
                "cannot be resolved",
            ),
            (connect(io::Error::other("canary")), "no connection"),
            (
                certificate(rustls::CertificateError::UnknownIssuer),
                "SSL_CERT_FILE",
            ),
            (
                certificate(rustls::CertificateError::Expired),
                "has expired",
            ),
            (
                certificate(rustls::CertificateError::NotValidForName),
                "another name",
            ),
            (
                connect(io::Error::other(rustls::Error::InvalidMessage(
                    rustls::InvalidMessage::InvalidContentType,
                ))),
                "speaks no TLS",
            ),
        ] {
            assert!(told.contains(part) && !told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn no_text_of_the_store_passes() {
        let text = "Error performing PUT https://user:canary@host/b?sig=canary in 1s - Server returned non-2xx status code: 503: <Error><Code>SlowDown</Code><Message>canary</Message></Error>";
        let sources = [
            generic(text),
            generic(io::Error::other(text)),
            object_store::Error::PermissionDenied {
                path: "canary".to_owned(),
                source: text.into(),
            },
            object_store::Error::NotFound {
                path: "canary".to_owned(),
                source: "canary".into(),
            },
        ];
        for error in sources {
            let shown = on_write(error);
            assert!(!format!("{shown} {shown:?}").contains("canary"), "{shown}");
        }
        assert_eq!(
            on_write(generic(text)),
            VaultError::Unavailable("HTTP 503, SlowDown".to_owned())
        );
    }

    #[test]
    fn a_missing_bucket_is_waited_for_and_a_missing_object_is_not() {
        let missing = || object_store::Error::NotFound {
            path: String::new(),
            source: "".into(),
        };
        assert!(matches!(on_write(missing()), VaultError::Unavailable(_)));
        assert_eq!(
            on_read(missing(), "v/1"),
            VaultError::Missing("v/1".to_owned())
        );
    }
}
