//! How long a lease runs, and how many polls and downloads of each app run at once.

use crate::{
    config::{App, Config},
    domain::time::Span,
};

/// Downloads at once, shared out among the apps; the vault's byte budget bounds their memory. So many
/// that what small media bring is written together.
const DOWNLOADS: usize = 32;
/// Downloads waiting in memory with fresh URLs, shared out among the apps.
const HANDOVERS: usize = 512;
/// Polls at once beyond the slots of the apps, shared out among them, while the quota waits for
/// polls: calls of two seconds at 50 a second need them.
const MORE: usize = 320;
/// See [`Capacity::idle`].
const IDLE: Span = Span(1000);
/// What an app gets of everything, however many there are.
const LEAST: usize = 4;

/// A lease: five minutes, less where windows are so short that a crash could not be made good
/// within them.
pub(super) fn lease_of(config: &Config) -> Span {
    let shortest = config
        .apps
        .iter()
        .map(|app| {
            app.policy
                .media_retention
                .0
                .min(app.policy.record_retention.0)
        })
        .min()
        .unwrap_or(i64::MAX);
    Span((shortest / 8).clamp(1000, 300_000))
}

/// What runs at once. Each app has its own slots, so that one whose provider or whose media hang
/// holds up no other; the account only sets the pace.
pub(super) struct Capacity {
    pub(super) apps: Vec<Slots>,
    /// Polls of each app beyond its slots.
    pub(super) more: usize,
    /// Of each app.
    pub(super) downloads: usize,
    /// Of each app.
    pub(super) handovers: usize,
    /// How often the database is looked at for what others have left there.
    pub(super) idle: Span,
}

/// The slots of one app.
pub(super) struct Slots {
    pub(super) app: String,
    pub(super) account: String,
    /// Together with those of the other apps of the account about three seconds' worth of its quota.
    pub(super) polls: usize,
}

impl Capacity {
    pub(super) fn of(config: &Config) -> Self {
        let slots = |one: &App| {
            let of_account = || config.apps.iter().filter(|app| app.account == one.account);
            let qps = of_account().map(App::pace).fold(0.0, f64::max);
            Slots {
                app: one.name.clone(),
                account: one.account.clone(),
                polls: share(seconds_of(qps), of_account().count()),
            }
        };
        Self {
            apps: config.apps.iter().map(slots).collect(),
            more: share(MORE, config.apps.len()),
            downloads: share(DOWNLOADS, config.apps.len()),
            handovers: share(HANDOVERS, config.apps.len()),
            idle: IDLE,
        }
    }

    /// All slots together.
    pub(super) fn steps(&self) -> usize {
        let polls: usize = self.apps.iter().map(|slots| slots.polls).sum();
        polls + self.downloads_at_once()
    }

    /// Polls that may run at once, of all apps, beyond their slots as well.
    pub(super) fn calls_at_once(&self) -> usize {
        let polls = self.apps.iter().map(|slots| slots.polls + self.more);
        polls.sum()
    }

    /// Downloads that may run at once, of all apps.
    pub(super) fn downloads_at_once(&self) -> usize {
        self.apps.len() * self.downloads
    }
}

/// Calls in three seconds.
fn seconds_of(qps: f64) -> usize {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to small positive numbers"
    )]
    let calls = (qps * 3.0).clamp(4.0, 64.0) as usize;
    calls
}

fn share(all: usize, among: usize) -> usize {
    (all / among.max(1)).max(LEAST)
}
