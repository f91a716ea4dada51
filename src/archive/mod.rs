//! The use cases, one file a stage: a record walks through them once, forwards.
//!
//! | stage | file | hands over |
//! |---|---|---|
//! | track | [`track`] | a tracked token with its first due time |
//! | poll | [`poll`] (asks through [`fetch`], remembers through [`learn`]) | attempts, answers, wanted media, the next due time or the settlement |
//! | download | [`download`] | objects, or why not |
//!
//! Settling is what [`crate::domain::plan`] says in a poll step that finds nothing left to do.
//! Whether to retry is decided here, once, from typed errors. No stage calls the one before it;
//! what one leaves for the next is a committed row.

pub mod alarms;
mod apply;
pub mod breaker;
pub mod download;
pub mod failures;
pub mod fetch;
pub mod issue;
pub mod learn;
pub mod lessons;
pub mod poll;
pub mod track;
pub mod writes;

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

use crate::{
    domain::{
        answer::Endpoint,
        identity::{Columns, IndexKey},
        lessons::AppLessons,
        media::Slot,
        policy::Policy,
        secret::Secret,
        time::{Clock, Span, Time},
    },
    provider::Provider,
    store::Store,
    vault::Vault,
};

/// An app as the stages see it.
pub struct App {
    /// Its name in the config.
    pub name: String,
    /// Apps of one account share its quota.
    pub account: String,
    /// Scheme, host and port of its provider.
    pub origin: String,
    /// What is wanted of it, and for how long it is there.
    pub policy: Policy,
    /// The way to its provider.
    pub provider: Arc<dyn Provider>,
    /// The largest medium, in bytes.
    pub media_bytes_max: u64,
}

/// Told of what happens, for metrics; never of what it happens to.
pub trait Watcher: Send + Sync + 'static {
    /// A call was made: `ok` or the name of the error's kind.
    fn call(&self, endpoint: Endpoint, result: &'static str);
    /// Media bytes were put into the vault.
    fn media_stored(&self, bytes: i64);
    /// Answer bytes were put into the vault.
    fn answer_stored(&self, bytes: i64);
    /// A download failed: the error's name.
    fn download_failed(&self, result: &'static str);
    /// A verification was settled.
    fn settled(&self, outcome: &'static str);
    /// Something was captured with this much time left by the earliest reading.
    fn time_left(&self, left: Span);
}

/// What the poll stage found, handed to the download stage of the same process while the URLs are
/// fresh.
pub struct Handover {
    /// The right to the download, granted with the record that told of the media.
    pub work: crate::store::records::DownloadWork,
    /// The fresh URLs.
    pub urls: Vec<(Slot, Secret)>,
}

/// Everything the stages work with.
pub struct Archive {
    /// The rows.
    pub store: Arc<dyn Store>,
    /// The objects.
    pub vault: Arc<Vault>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// By name.
    pub apps: BTreeMap<String, Arc<App>>,
    /// Which identity columns the database may hold.
    pub columns: Columns,
    /// The key of the look-up index.
    pub index_key: Option<IndexKey>,
    /// Metrics.
    pub watcher: Arc<dyn Watcher>,
    /// Apps that must not be asked for a while, and until when.
    pub breaker: breaker::Breaker,
    /// Alarms of this process, also those that the database does not know yet.
    pub alarms: alarms::Alarms,
    /// How puts of objects went.
    writes: writes::Writes,
    /// What was learned, by app: a copy of the store's, refreshed at the start and with each poll
    /// that learns.
    lessons: RwLock<BTreeMap<String, AppLessons>>,
}

/// The parts an [`Archive`] is made of.
#[allow(missing_docs, reason = "each is explained in `Archive`")]
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub clock: Arc<dyn Clock>,
    pub apps: Vec<App>,
    pub columns: Columns,
    pub index_key: Option<IndexKey>,
    pub watcher: Arc<dyn Watcher>,
}

impl Archive {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let apps = parts
            .apps
            .into_iter()
            .map(|app| (app.name.clone(), Arc::new(app)))
            .collect();
        Self {
            store: parts.store,
            vault: parts.vault,
            clock: parts.clock,
            apps,
            columns: parts.columns,
            index_key: parts.index_key,
            watcher: parts.watcher,
            breaker: breaker::Breaker::default(),
            alarms: alarms::Alarms::default(),
            writes: writes::Writes::default(),
            lessons: RwLock::default(),
        }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The other apps that a token of `app` may be shown to: those of the same account at the same
    /// provider. A token is a bearer secret, and nobody else's business.
    pub(crate) fn siblings(&self, app: &App) -> impl Iterator<Item = &Arc<App>> {
        let (name, account, origin) = (app.name.clone(), app.account.clone(), app.origin.clone());
        self.apps.values().filter(move |other| {
            other.name != name && other.account == account && other.origin == origin
        })
    }

    /// The configured app of that name.
    #[must_use]
    pub fn app(&self, name: &str) -> Option<&Arc<App>> {
        self.apps.get(name)
    }
}
