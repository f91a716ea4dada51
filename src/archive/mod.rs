//! The use cases, one struct a stage that holds only what it may touch: a record walks through them
//! once, forwards.
//!
//! | stage | struct | hands over |
//! |---|---|---|
//! | track | [`Tracker`] | a tracked token with its first due time |
//! | poll | [`Poller`] | attempts, answers, small media, what else is wanted, the next due time or the settlement |
//! | download | [`MediaFetcher`] | objects, or why not |
//! | issue | [`Issuer`] | a token of the provider, tracked before anybody sees it |
//!
//! Every question goes through the [`Asker`]: admit (the [`breaker`] says whether the app may be
//! asked), call (the provider's side paces it), keep (the [`keeper`]), read once, note. When an item
//! asks again is said by [`crate::domain::plan`] and nobody else; settling is what it says in a poll
//! step that finds nothing left to do. No stage calls the one before it; what one leaves for the
//! next is a committed row.

pub(crate) mod alarms;
mod apps;
pub(crate) mod asker;
pub(crate) mod breaker;
pub(crate) mod call_log;
pub(crate) mod download;
mod duplicates;
mod error;
mod failures;
mod headway;
pub(crate) mod issue;
pub(crate) mod keeper;
pub(crate) mod lessons;
pub(crate) mod notifier;
pub(crate) mod poll;
pub mod track;
mod traffic;
mod unseen;
mod watcher;

use std::sync::Arc;

use crate::{
    domain::{
        identity::{Columns, IndexKey},
        time::{Clock, Span, Time},
    },
    store::Store,
    vault::Vault,
};
pub(crate) use alarms::Alarms;
pub use apps::App;
pub(crate) use apps::Apps;
pub(crate) use asker::Asker;
pub(crate) use breaker::Breaker;
pub(crate) use download::MediaFetcher;
pub(crate) use error::StepError;
pub use headway::Headway;
use headway::Objects;
pub(crate) use headway::Writing;
pub(crate) use issue::Issuer;
pub(crate) use keeper::{Keeper, VAULT};
pub(crate) use lessons::LessonBook;
pub use notifier::{Notifier, Sends};
pub use poll::Onward;
pub(crate) use poll::{Handover, Poller};
pub(crate) use track::Tracker;
pub use watcher::Watcher;

/// How long an object may still be written whose step is gone.
const WRITES_ON: Span = Span::seconds(1);

/// The stages, and what they share.
pub struct Archive {
    /// What this process is called among those that work on the database.
    pub instance: String,
    /// The rows.
    pub store: Arc<dyn Store>,
    /// The objects.
    pub vault: Arc<Vault>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configured apps.
    pub apps: Arc<Apps>,
    /// The key of the look-up index.
    pub index_key: Option<IndexKey>,
    /// Apps that must not be asked for a while, and until when.
    pub breaker: Arc<Breaker>,
    /// Alarms of this process, also those that the database does not know yet.
    pub alarms: Arc<Alarms>,
    /// What was learned of the apps.
    pub lessons: Arc<LessonBook>,
    /// Takes tokens on.
    pub tracker: Arc<Tracker>,
    /// Asks.
    pub poller: Poller,
    /// Downloads.
    pub media_fetcher: Arc<MediaFetcher>,
    /// Has tokens generated.
    pub issuer: Arc<Issuer>,
    keeper: Arc<Keeper>,
}

/// The parts an [`Archive`] is made of.
#[allow(missing_docs, reason = "each is explained in `Archive`")]
pub struct ArchiveDeps {
    pub instance: String,
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub clock: Arc<dyn Clock>,
    pub apps: Vec<App>,
    pub columns: Columns,
    pub index_key: Option<IndexKey>,
    pub watcher: Arc<dyn Watcher>,
}

impl Archive {
    /// Builds the stages.
    #[must_use]
    pub fn new(deps: ArchiveDeps) -> Self {
        let ArchiveDeps {
            instance,
            store,
            vault,
            clock,
            apps,
            columns,
            index_key,
            watcher,
        } = deps;
        let apps = Arc::new(Apps::new(apps));
        let breaker = Arc::new(Breaker::default());
        let alarms = Arc::new(Alarms::new(Arc::clone(&store) as _, &instance));
        let lessons = Arc::new(LessonBook::new(Arc::clone(&store) as _));
        let keeper = Arc::new(Keeper::new(
            Arc::clone(&vault),
            Arc::clone(&alarms),
            Arc::clone(&clock),
            Arc::clone(&watcher),
        ));
        let asker = Arc::new(Asker {
            clock: Arc::clone(&clock),
            keeper: Arc::clone(&keeper),
            breaker: Arc::clone(&breaker),
            alarms: Arc::clone(&alarms),
            watcher: Arc::clone(&watcher),
        });
        let tracker = Arc::new(Tracker {
            tracking: Arc::clone(&store) as _,
            clock: Arc::clone(&clock),
            apps: Arc::clone(&apps),
        });
        let media_fetcher = Arc::new(MediaFetcher {
            queue: Arc::clone(&store) as _,
            asker: Arc::clone(&asker),
            keeper: Arc::clone(&keeper),
            clock: Arc::clone(&clock),
            apps: Arc::clone(&apps),
            lessons: Arc::clone(&lessons),
            alarms: Arc::clone(&alarms),
            watcher: Arc::clone(&watcher),
            slow: download::SlowLane::default(),
        });
        let poller = Poller {
            queue: Arc::clone(&store) as _,
            outages: Arc::clone(&store) as _,
            asker: Arc::clone(&asker),
            keeper: Arc::clone(&keeper),
            fetcher: Arc::clone(&media_fetcher),
            clock: Arc::clone(&clock),
            apps: Arc::clone(&apps),
            lessons: Arc::clone(&lessons),
            columns,
            index_key: index_key.clone(),
            watcher: Arc::clone(&watcher),
        };
        let issuer = Issuer {
            asker,
            keeper: Arc::clone(&keeper),
            watcher,
            tracker: Arc::clone(&tracker),
            clock: Arc::clone(&clock),
            apps: Arc::clone(&apps),
            tracking: Arc::clone(&store) as _,
            columns,
            index_key: index_key.clone(),
        };
        let issuer = Arc::new(issuer);
        Self {
            instance,
            store,
            vault,
            clock,
            apps,
            index_key,
            breaker,
            alarms,
            lessons,
            tracker,
            poller,
            media_fetcher,
            issuer,
            keeper,
        }
    }

    /// Drops what a step put that ended before its record was on its way.
    pub(crate) async fn clear_up(&self, headway: &Headway) {
        let Objects { keys, is_under_way } = headway.put.take();
        self.keeper.drop_objects(&keys).await;
        if is_under_way && let Some(last) = keys.last() {
            // What writes it to a disk does not end with the step.
            self.clock.sleep(WRITES_ON).await;
            self.keeper.drop_object(last).await;
        }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }
}

#[cfg(test)]
pub(crate) mod lives;
