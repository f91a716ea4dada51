//! What answers say of a message that was not delivered.

use crate::{domain::message::NotSent, provider::post::PostError};

impl NotSent {
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

impl From<PostError> for NotSent {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Forbidden(_) => Self::lasting(error.to_string()),
            PostError::Transient(text) => Self::for_now(text),
        }
    }
}
