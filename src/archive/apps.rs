//! The configured apps as the stages see them.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    domain::{address::Origin, policy::Policy, traffic::Rules},
    provider::Provider,
};

/// One app.
pub struct App {
    /// Its name in the config.
    pub name: String,
    /// Apps of one account share its quota.
    pub account: String,
    /// Scheme, host and port of its provider.
    pub origin: Origin,
    /// What is wanted of it, and for how long it is there.
    pub policy: Policy,
    /// What of its traffic is told of.
    pub rules: Rules,
    /// The way to its provider.
    pub provider: Arc<dyn Provider>,
    /// The largest medium, in bytes.
    pub media_bytes_max: u64,
}

/// All apps, by name.
pub struct Apps(BTreeMap<String, Arc<App>>);

impl Apps {
    /// These apps; of two with one name the last.
    #[must_use]
    pub fn new(apps: Vec<App>) -> Self {
        let by_name = |app: App| (app.name.clone(), Arc::new(app));
        Self(apps.into_iter().map(by_name).collect())
    }

    /// The app of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<App>> {
        self.0.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<App>> {
        self.0.values()
    }

    /// The other apps that a token of `app` may be shown to: those of the same account at the same
    /// provider. A token is a bearer secret, and nobody else's business.
    pub fn siblings(&self, app: &App) -> impl Iterator<Item = &Arc<App>> {
        let (name, account, origin) = (app.name.clone(), app.account.clone(), app.origin.clone());
        self.iter().filter(move |other| {
            other.name != name && other.account == account && other.origin == origin
        })
    }
}
