//! Jobs by cron expression: what keeps the house in order but no record alive.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt as _;
use tokio_cron_scheduler::{Job, JobScheduler};

use super::{AppError, guard::Guard};
use crate::{archive::Archive, config::Schedule, telemetry::metrics::Metrics};

/// Starts the scheduler with every job of the configuration.
pub(super) async fn start(
    archive: &Arc<Archive>,
    metrics: &Arc<Metrics>,
    guard: &Arc<Guard>,
    schedule: &Schedule,
) -> Result<JobScheduler, AppError> {
    let wrong =
        |error: tokio_cron_scheduler::JobSchedulerError| AppError::Schedule(error.to_string());
    let scheduler = JobScheduler::new().await.map_err(wrong)?;
    for (name, expression) in [("tidy", &schedule.tidy), ("relearn", &schedule.relearn)] {
        let (archive, metrics, guard) =
            (Arc::clone(archive), Arc::clone(metrics), Arc::clone(guard));
        let job = Job::new_async(expression.as_str(), move |_, _| {
            let (archive, metrics, guard) = (Arc::clone(&archive), Arc::clone(&metrics), Arc::clone(&guard));
            Box::pin(async move {
                let job = async {
                    match name {
                        "tidy" => archive.store.tidy().await,
                        _ => archive.relearn().await,
                    }
                };
                let Ok(done) = AssertUnwindSafe(job).catch_unwind().await else {
                    tracing::error!(job = name, "a housekeeping job panicked; it runs again at its time");
                    guard.panicked(name);
                    return metrics.round(name, 0, true, archive.now());
                };
                if let Err(error) = &done {
                    tracing::warn!(job = name, %error, "a housekeeping job failed; it runs again at its time");
                }
                metrics.round(name, usize::from(done.is_ok()), done.is_err(), archive.now());
            })
        })
        .map_err(wrong)?;
        scheduler.add(job).await.map_err(wrong)?;
    }
    scheduler.start().await.map_err(wrong)?;
    Ok(scheduler)
}

/// Ends the scheduler; jobs under way are short and finish by themselves.
pub(super) async fn stop(mut scheduler: JobScheduler) {
    if let Err(error) = scheduler.shutdown().await {
        tracing::warn!(%error, "the scheduler did not end in order");
    }
}
