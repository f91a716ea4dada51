//! Who looked.

use serde::{Deserialize, Serialize};

use crate::domain::{
    access::Access,
    time::{Time, rfc3339},
};

/// That somebody looked at a verification, or for a person of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessReport {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Time,
    /// Who.
    pub who: String,
    /// `command` or `api`.
    pub via: String,
    /// `search`, `files`, `reveal`.
    pub what: String,
    /// In their words.
    pub purpose: Option<String>,
}

impl AccessReport {
    /// What is told of it.
    #[must_use]
    pub fn of(access: &Access) -> Self {
        Self {
            at: access.at,
            who: access.who.name().to_owned(),
            via: access.who.via().to_owned(),
            what: access.what.name().to_owned(),
            purpose: access.purpose.clone(),
        }
    }
}
