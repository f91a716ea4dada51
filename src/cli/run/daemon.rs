//! The daemon in its process: from the configuration to its end, and at each SIGHUP anew.
//!
//! What is read again is put together whole beside what runs: only when nothing is wrong with it
//! does the one make place for the other. So a wrong configuration changes nothing.

use std::{future::Future, net::TcpListener, sync::Arc};

use tokio::sync::Notify;

use super::{
    super::{
        open::{heed_signals, migrate, sound},
        report::{Code, Failure},
    },
    Run,
};
use crate::{
    app::{self, RunOptions, Services},
    config::{self, Config, Source},
    domain::language::Language,
    store::Depth,
    telemetry::{logs, metrics::Metrics},
    worker::{clock::SystemClock, lifecycle},
};

/// A configuration, and what it makes.
type Made = (Config, Services);

/// The daemon, until a signal ends it.
pub(in crate::cli) async fn run(
    source: &Source,
    config: Config,
    args: &Run,
) -> Result<Code, Failure> {
    logs::init().map_err(|error| {
        Failure::told(
            Code::Finding,
            "logs",
            error.to_string(),
            "this is a fault of verikeep: report it",
        )
    })?;
    let (mut config, mut services) = make(config, args).await?;
    let hangup = Arc::new(Notify::new());
    let stop = heed_signals(Some(Arc::clone(&hangup)))?;
    loop {
        let (until, metrics) = (stop.child_token(), Arc::clone(&services.metrics));
        let options = RunOptions::of(&config);
        let mut daemon = Box::pin(app::run(services, &config, options, until.clone(), None));
        let again = || read_again(source, &config, args);
        let made = tokio::select! {
            biased;
            ended = &mut daemon => {
                ended?;
                return Ok(Code::Done);
            }
            made = at_hangup(&hangup, &metrics, again) => made,
        };
        tracing::info!("the configuration was read again: making place for it");
        until.cancel();
        daemon.await?;
        if stop.is_cancelled() {
            made.1.archive.store.close().await;
            return Ok(Code::Done);
        }
        (config, services) = made;
    }
}

/// Opens everything that a configuration names; calls nobody yet.
async fn make(config: Config, args: &Run) -> Result<Made, Failure> {
    if args.no_migrate {
        sound(&config, Depth::Quick).await?;
    } else {
        migrate(&config).await?;
    }
    let services = app::open(&config, Arc::new(SystemClock)).await?;
    Ok((config, services))
}

/// Waits for a SIGHUP upon which what is configured is right.
async fn at_hangup<F>(hangup: &Notify, metrics: &Metrics, again: impl Fn() -> F) -> Made
where
    F: Future<Output = Result<Made, Failure>>,
{
    loop {
        hangup.notified().await;
        lifecycle::notify_reloading();
        match Box::pin(again()).await {
            Ok(made) => return made,
            Err(failure) => {
                metrics.reload_failed();
                tell(failure);
                lifecycle::notify_ready();
            }
        }
    }
}

async fn read_again(source: &Source, now: &Config, args: &Run) -> Result<Made, Failure> {
    let loaded = config::load(source).map_err(Failure::Configuration)?;
    for warning in &loaded.warnings {
        tracing::warn!(%warning, "of the configuration read again");
    }
    let held = [Some(now.http.listen), now.http.ops_listen];
    let http = &loaded.config.http;
    let wanted = [
        ("http.listen", Some(http.listen)),
        ("http.ops_listen", http.ops_listen),
    ];
    for (key, address) in wanted {
        let Some(address) = address.filter(|_| !held.contains(&address)) else {
            continue;
        };
        // Let go of at once: it shows that it can be had.
        TcpListener::bind(address).map_err(|error| {
            Failure::told(
                Code::Finding,
                format!("cannot listen on {address} ({key})"),
                error.to_string(),
                "name another address",
            )
        })?;
    }
    make(loaded.config, args).await
}

/// What is wrong, in the log.
fn tell(failure: Failure) {
    const NOTHING: &str = "the configuration read again is wrong: nothing is changed";
    match failure {
        Failure::Configuration(findings) => {
            for finding in findings {
                tracing::error!(%finding, "{NOTHING}");
            }
        }
        Failure::Told {
            what, why, todo, ..
        } => tracing::error!(what, why, todo = todo.in_(Language::En), "{NOTHING}"),
        Failure::ReaderGone => {}
    }
}
