//! A key as it is shown: without its secret and the digest of it.

use ipnet::IpNet;
use serde::Serialize;

use crate::domain::{
    id::KeyId,
    key::{ApiKey, Apps},
    time::Time,
};

/// A key as it is shown.
#[derive(Serialize)]
pub(super) struct Shown<'k> {
    pub(super) key_id: KeyId,
    pub(super) name: &'k str,
    /// `good`, `expired` or `revoked`.
    pub(super) state: &'static str,
    pub(super) scopes: Vec<&'static str>,
    pub(super) all_apps: bool,
    pub(super) apps: &'k [String],
    pub(super) networks: Vec<String>,
    /// Calls a second.
    pub(super) rate: u32,
    pub(super) tokens_a_day: u32,
    pub(super) issues_a_day: u32,
    pub(super) created_at: String,
    pub(super) created_by: &'k str,
    pub(super) expires_at: String,
    pub(super) last_used_at: Option<String>,
    pub(super) revoked_at: Option<String>,
    pub(super) revoked_by: Option<&'k str>,
}

impl<'k> Shown<'k> {
    pub(super) fn of(key: &'k ApiKey, now: Time) -> Self {
        let (all_apps, apps) = match &key.apps {
            Apps::All => (true, [].as_slice()),
            Apps::Only(apps) => (false, apps.as_slice()),
        };
        let state = if key.revoked_at.is_some() {
            "revoked"
        } else if now >= key.expires_at {
            "expired"
        } else {
            "good"
        };
        Self {
            key_id: key.key_id,
            name: &key.name,
            state,
            scopes: key.scopes.iter().map(|scope| scope.name()).collect(),
            all_apps,
            apps,
            networks: key.networks.iter().map(IpNet::to_string).collect(),
            rate: key.rate,
            tokens_a_day: key.tokens_a_day,
            issues_a_day: key.issues_a_day,
            created_at: key.created_at.rfc3339(),
            created_by: &key.created_by,
            expires_at: key.expires_at.rfc3339(),
            last_used_at: key.last_used_at.map(Time::rfc3339),
            revoked_at: key.revoked_at.map(Time::rfc3339),
            revoked_by: key.revoked_by.as_deref(),
        }
    }

    pub(super) fn whose(&self) -> String {
        if self.all_apps {
            "all".to_owned()
        } else {
            self.apps.join(" ")
        }
    }
}
