//! Alarms: what is wrong, since when, what it threatens, what to do. Each is a row, so that nobody has to read logs.

use serde::Serialize;

/// The kinds of alarm. One of a kind and subject is open at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A verification ended as a loss.
    Loss,
    /// Code 18 lasts: quota or billing.
    TooFast,
    /// The daily or total quota is spent.
    Quota,
    /// Credentials are refused.
    Credentials,
    /// Permission, signature or clock.
    Forbidden,
    /// A request or the configuration is wrong.
    Misconfigured,
    /// A token is refused and another app knows it.
    WrongApp,
    /// A medium's URL leads where we do not go.
    ForbiddenHost,
    /// The provider cannot be reached.
    ProviderDown,
    /// Objects cannot be written.
    VaultDown,
    /// A step dies again and again.
    Poison,
}

impl Kind {
    /// The name in tables and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::TooFast => "too_fast",
            Self::Quota => "quota",
            Self::Credentials => "credentials",
            Self::Forbidden => "forbidden",
            Self::Misconfigured => "misconfigured",
            Self::WrongApp => "wrong_app",
            Self::ForbiddenHost => "forbidden_host",
            Self::ProviderDown => "provider_down",
            Self::VaultDown => "vault_down",
            Self::Poison => "poison",
        }
    }
}

/// An alarm to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What kind.
    pub kind: Kind,
    /// What it is about: an app, an account, a verification_id.
    pub subject: String,
    /// What happened, what it threatens, what to do.
    pub text: String,
}
