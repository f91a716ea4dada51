//! How a verification goes from one app to another.

use crate::domain::time::Time;

/// Who does what nobody asked for.
pub(super) const DAEMON: &str = "verikeep";

/// Another app of the account listed attempts of a token, which is that app's from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The app it was told under. One that a person has given to another app meanwhile stays there.
    pub from: String,
    /// The app it belongs to.
    pub to: String,
    /// Earliest end of that app's media retention.
    pub media_deadline: Time,
    /// Earliest end of that app's record retention.
    pub record_deadline: Time,
}

impl Moved {
    /// What the event of it says.
    pub(super) fn detail(&self) -> String {
        format!(
            "{}, which lists attempts of it",
            given(&self.from, &self.to)
        )
    }
}

/// From which app to which, for people.
pub(super) fn given(from: &str, to: &str) -> String {
    format!("given from app `{from}` to `{to}`")
}
