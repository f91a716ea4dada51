//! What health, readiness and metrics show of the daemon.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;

use super::guard::Guard;
use crate::{
    archive::Archive,
    domain::time::Span,
    provider::RateLimiters,
    store::reports::{AlarmRow, Status},
    telemetry::metrics::Metrics,
    web::{Check, Source},
};

/// How often the heart beats, and how long it may be silent before the process counts as stuck.
pub(super) const BEAT: Span = Span::seconds(5);
const SILENCE_MAX: Span = Span::seconds(60);

/// The daemon as its pages see it.
pub(super) struct Pulse {
    archive: Arc<Archive>,
    metrics: Arc<Metrics>,
    quotas: Arc<RateLimiters>,
    guard: Arc<Guard>,
    /// When it last was seen to turn, milliseconds of [`crate::domain::time::Clock::elapsed`].
    beat: AtomicI64,
    /// Apps whose provider has accepted them since the start.
    accepted: Mutex<BTreeSet<String>>,
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
            accepted: Mutex::default(),
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

    async fn provider(&self, app: &crate::archive::App) -> Check {
        let name = format!("provider/{}", app.name);
        if let Some(until) = self.archive.breaker.until(&app.name, self.archive.now()) {
            return Check {
                name,
                ok: false,
                text: format!("not asked before {until}: `verikeep status` says why"),
            };
        }
        if self
            .accepted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&app.name)
        {
            return Check {
                name,
                ok: true,
                text: "accepted".to_owned(),
            };
        }
        match app.provider.probe().await {
            Ok(_) => {
                self.accepted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(app.name.clone());
                Check {
                    name,
                    ok: true,
                    text: "accepted".to_owned(),
                }
            }
            Err(problem) => Check {
                name,
                ok: false,
                text: problem.to_string(),
            },
        }
    }
}

#[async_trait]
impl Source for Pulse {
    fn alive(&self) -> bool {
        self.archive.clock.elapsed().0 - self.beat.load(Ordering::Relaxed) < SILENCE_MAX.0
    }

    async fn readiness(&self) -> Vec<Check> {
        let check = |name: &str, result: Result<(), String>| Check {
            name: name.to_owned(),
            ok: result.is_ok(),
            text: result.err().unwrap_or_else(|| "usable".to_owned()),
        };
        let mut checks = vec![
            check(
                "database",
                self.archive
                    .store
                    .ping()
                    .await
                    .map(|_| ())
                    .map_err(|error| error.to_string()),
            ),
            check(
                "object_store",
                self.archive
                    .vault
                    .ready()
                    .await
                    .map_err(|error| error.to_string()),
            ),
        ];
        checks.extend(self.guard.checks());
        for app in self.archive.apps.iter() {
            checks.push(self.provider(app).await);
        }
        checks
    }

    fn alarms(&self) -> Vec<AlarmRow> {
        self.archive.alarms.open()
    }

    async fn status(&self) -> Option<Status> {
        self.archive.store.status(self.archive.now()).await.ok()
    }
}
