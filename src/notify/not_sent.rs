//! Why a message was not delivered.

/// Why a message was not delivered, or not to everybody: a text fit for logs, alarms and `status`,
/// without any URL, secret or person's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct NotSent {
    text: String,
    is_lasting: bool,
}

impl NotSent {
    /// Trying again may help.
    pub(super) fn for_now(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_lasting: false,
        }
    }

    /// Trying again does not help before a person has changed something; or some have it, and the
    /// others will not get it.
    pub(super) fn lasting(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_lasting: true,
        }
    }

    /// Whether trying again will not help: the message is not sent again, and whoever looks after
    /// the service has to know.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        self.is_lasting
    }

    /// What an HTTP status other than 2xx says.
    pub(super) fn of_status(status: u16) -> Self {
        let text = match status {
            300..=399 => {
                format!("HTTP {status}: it leads elsewhere; configure the URL it leads to")
            }
            401 | 403 => {
                format!("HTTP {status}: it does not accept the secret; correct url and secret")
            }
            404 | 410 => format!("HTTP {status}: nobody is there; correct the url"),
            429 => "HTTP 429: too often for now".to_owned(),
            _ => format!("HTTP {status}"),
        };
        match status {
            408 | 425 | 429 | 500.. => Self::for_now(text),
            _ => Self::lasting(text),
        }
    }
}

impl From<crate::provider::post::PostError> for NotSent {
    fn from(error: crate::provider::post::PostError) -> Self {
        use crate::provider::post::PostError;
        match error {
            PostError::Forbidden(_) => Self::lasting(error.to_string()),
            PostError::Transient(text) => Self::for_now(text),
        }
    }
}
