//! What health, dependencies and metrics show of the daemon.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;

use super::{guard::Guard, turns::SILENCE_MAX};
use crate::{
    archive::{Archive, VAULT},
    domain::{alarm::Kind, time::Span},
    provider::RateLimiters,
    store::reports::{AlarmRow, Status},
    telemetry::{
        metrics::Metrics,
        recent::{Calls, Dependency},
    },
    web::{Check, Source},
};

/// How often the heart beats.
pub(super) const BEAT: Span = Span::seconds(5);
/// The name of the heart among the loops.
const HEARTBEAT: &str = "heartbeat";
/// How long something that nobody called is asked whether it can be used.
const PROBE_MAX: Span = Span::seconds(5);

/// The daemon as its pages see it.
pub(super) struct Pulse {
    archive: Arc<Archive>,
    metrics: Arc<Metrics>,
    quotas: Arc<RateLimiters>,
    guard: Arc<Guard>,
    /// When it last was seen to turn, milliseconds of [`crate::domain::time::Clock::elapsed`].
    beat: AtomicI64,
}

impl Pulse {
    pub(super) fn new(
        archive: &Arc<Archive>,
        metrics: &Arc<Metrics>,
        quotas: Arc<RateLimiters>,
        guard: &Arc<Guard>,
    ) -> Self {
        let beat = AtomicI64::new(archive.clock.elapsed().0);
        Self {
            archive: Arc::clone(archive),
            metrics: Arc::clone(metrics),
            quotas,
            guard: Arc::clone(guard),
            beat,
        }
    }

    /// The runtime turns: notes it, and refreshes the figures that nobody reports by himself.
    pub(super) fn beat(&self) {
        let now = self.archive.now();
        let elapsed = self.archive.clock.elapsed();
        self.beat.store(elapsed.0, Ordering::Relaxed);
        for app in self.archive.apps.iter() {
            let is_paused = self.archive.breaker.until(&app.name, now).is_some();
            self.metrics.paused(&app.name, is_paused);
        }
        for figures in self.quotas.figures() {
            if figures.endpoint == crate::domain::answer::Endpoint::Getall {
                self.metrics.quota(&figures.account, figures.rate);
            }
        }
    }

    fn calls(&self, of: &Dependency) -> Calls {
        let elapsed = self.archive.clock.elapsed();
        self.metrics.recent.calls(of, elapsed)
    }

    /// A dependency that may be asked by the way, where nobody has called it lately.
    async fn probed(
        &self,
        of: Dependency,
        name: &str,
        probe: impl Future<Output = Result<(), String>>,
    ) -> Check {
        let calls = self.calls(&of);
        if calls.calls > 0 {
            return met(name.to_owned(), calls);
        }
        let found = tokio::select! {
            biased;
            found = probe => found,
            () = self.archive.clock.sleep(PROBE_MAX) => Err(format!("no answer within {PROBE_MAX}")),
        };
        let text = match &found {
            Ok(()) => format!("{NOT_CALLED}; it answers"),
            Err(why) => format!("{NOT_CALLED}; asked now: {why}"),
        };
        Check {
            ok: Some(found.is_ok()),
            text,
            ..met(name.to_owned(), calls)
        }
    }

    /// Puts of the last minute may have gone well before they failed.
    fn object_store(&self, found: Check) -> Check {
        if !self.archive.alarms.stands(Kind::VaultDown, VAULT) {
            return found;
        }
        Check {
            ok: Some(false),
            text: format!("objects cannot be written; {}", found.text),
            ..found
        }
    }

    /// The provider of an app is never asked for a page: a call costs quota.
    fn provider(&self, app: &str) -> Check {
        let calls = self.calls(&Dependency::Provider(app.to_owned()));
        let found = met(format!("provider/{app}"), calls);
        match self.archive.breaker.until(app, self.archive.now()) {
            Some(until) => Check {
                ok: Some(false),
                text: format!(
                    "not asked before {until} (`verikeep status` says why); {}",
                    found.text
                ),
                ..found
            },
            None => found,
        }
    }
}

const NOT_CALLED: &str = "no call in the last minute";

/// What calls met: bad is what none of them could use.
fn met(name: String, calls: Calls) -> Check {
    let Calls {
        calls: made,
        failed,
        last_failure,
    } = &calls;
    let ok = (*made > 0).then_some(failed < made);
    let text = match last_failure {
        _ if *made == 0 => NOT_CALLED.to_owned(),
        None => format!("all calls of the last minute went well ({made})"),
        Some(last) => format!(
            "{failed} of {made} calls of the last minute failed, the last at {} ({})",
            last.at, last.kind
        ),
    };
    Check {
        name,
        ok,
        text,
        calls: Some(calls),
    }
}

#[async_trait]
impl Source for Pulse {
    fn silent(&self) -> Vec<String> {
        let elapsed = self.archive.clock.elapsed();
        let mut silent = self.guard.turns.silent(elapsed);
        if elapsed.0 - self.beat.load(Ordering::Relaxed) >= SILENCE_MAX.0 {
            silent.push(HEARTBEAT.to_owned());
        }
        silent
    }

    async fn dependencies(&self) -> Vec<Check> {
        let archive = &self.archive;
        let database = async {
            let asked = archive.store.ping().await;
            asked.map(|_| ()).map_err(|error| error.to_string())
        };
        let vault = async {
            let asked = archive.vault.ready().await;
            asked.map_err(|error| error.to_string())
        };
        let (database, vault) = futures::join!(
            self.probed(Dependency::Database, "database", database),
            self.probed(Dependency::ObjectStore, "object_store", vault),
        );
        let mut checks = vec![database, self.object_store(vault)];
        checks.extend(self.guard.checks());
        checks.extend(archive.apps.iter().map(|app| self.provider(&app.name)));
        checks
    }

    fn alarms(&self) -> Vec<AlarmRow> {
        self.archive.alarms.open()
    }

    async fn status(&self) -> Option<Status> {
        let status = self.archive.store.status(self.archive.now()).await;
        self.guard.met(status.as_ref().map(|_| ()));
        status.ok()
    }
}

#[cfg(test)]
#[path = "ready/tests.rs"]
mod tests;
