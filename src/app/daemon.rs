//! The daemon: drivers, loops, housekeeping and pages under one roof, from the first claim to an
//! orderly end.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    AppError, Services,
    capacity::{Capacity, lease_of},
    drivers::{self, Shared},
    guard::{self, Guard},
    housekeeping::Cron,
    installation, notices,
    ready::{self, Pulse},
    servers::{self, Servers},
    supervise,
};
use crate::{
    archive::Archive,
    config::Config,
    domain::time::{Clock, Span, in_time},
    store::{Store, StoreError},
    web,
    worker::{
        driver, lifecycle, periodic,
        spawn::{Lost, Runtime, Spawn, Tasks},
    },
};

/// How the daemon runs, beyond the configuration.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where to serve the API, and the pages where the configuration has no listener for them; none
    /// serves nothing.
    pub listen: Option<SocketAddr>,
    /// How long a stop may take. Shortly before its end work under way is given back.
    pub grace: Span,
}

impl RunOptions {
    /// As the configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            listen: Some(config.http.listen),
            grace: Span::seconds(25),
        }
    }
}

/// How long giving back, and then closing, may take, both within the grace: a database that does not
/// answer holds up no end.
const LAST: Span = Span::seconds(2);

/// Runs until `stop`, then finishes what is under way within the grace and gives the rest back.
/// `ready` is told the address served on.
///
/// # Errors
/// [`AppError`] when it cannot start, and [`AppError::Task`] when one of its tasks is gone; other
/// faults are waited out.
pub async fn run(
    services: Services,
    config: &Config,
    options: RunOptions,
    stop: CancellationToken,
    ready: Option<oneshot::Sender<Option<SocketAddr>>>,
) -> Result<(), AppError> {
    let Services {
        archive,
        metrics,
        quotas,
        joined,
    } = services;
    let (lease, capacity) = (lease_of(config), Capacity::of(config));
    let guard = Guard::new(config, &archive, &metrics, lease, capacity.steps());
    let guard = Arc::new(guard);
    let first_look = async {
        archive.lessons.relearn().await?;
        guard.look().await;
        Ok(())
    };
    // A stop does not wait for a database that does not answer.
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        looked = first_look => looked.map_err(|error: StoreError| AppError::Store(error))?,
    }
    let shared = Shared::new(&archive, &metrics, &guard, (lease, Arc::clone(&quotas)));
    let pulse = Pulse::new(&archive, &metrics, quotas, &guard);
    let pulse = Arc::new(pulse);
    let (clock, spawn) = (&archive.clock, Arc::new(Runtime) as Arc<dyn Spawn>);
    let serve_stop = CancellationToken::new();
    let mut served = match options.listen {
        Some(listen) => {
            let parts = web::Parts {
                source: Arc::clone(&pulse) as Arc<dyn web::Source>,
                metrics: Arc::clone(&metrics),
                clock: Arc::clone(&archive.clock),
                api: None,
                stopping: stop.clone(),
                stop: serve_stop.clone(),
            };
            let api = servers::api(&archive, &config.http, listen, &guard);
            Some(Servers::start(listen, &config.http, parts, api).await?)
        }
        None => None,
    };
    let world = driver::World {
        clock: Arc::clone(clock),
        spawn: Arc::clone(&spawn),
        stop: stop.clone(),
    };
    let mut drivers = drivers::start(&shared, &capacity, &world);
    let mut loops = loops(&pulse, &guard, spawn, clock, &serve_stop);
    let told = (notices::notifier(config, &archive)?, &config.schedule);
    let cron = Cron::start(&archive, &metrics, &guard, told).await?;

    lifecycle::notify_ready();
    let address = served.as_ref().map(Servers::address);
    let pages = served.as_ref().map(|servers| servers.pages().to_string());
    tracing::info!(apps = config.apps.len(), address = address.map(|address| address.to_string()), pages, lease = %lease, "running");
    if let Some(ready) = ready {
        let _ = ready.send(address);
    }
    let failure = async {
        // Each is rare, and enough.
        tokio::select! {
            biased;
            foreign = foreign(joined, &archive) => foreign,
            lost = pages_gone(&mut served) => lost,
            lost = writer_gone(&*archive.store) => lost,
            () = cron.silent(&**clock) => supervise::lost(("cron".into(), Ok(()))),
        }
    };
    let failure = supervise::until_end(&stop, (&mut drivers, &mut loops), failure).await;
    if failure.is_some() {
        lifecycle::notify_stopping();
    }
    stop.cancel();
    drain(drivers, &shared, options.grace).await;
    // A job of it may wait for a database that does not answer.
    in_time(&**clock, LAST, cron.stop()).await;
    serve_stop.cancel();
    all_ended(&mut loops).await;
    if let Some(server) = served {
        server.ended().await;
    }
    if in_time(&**clock, LAST, archive.store.close())
        .await
        .is_none()
    {
        tracing::warn!("the database does not answer: its connections are left as they are");
    }
    tracing::info!("stopped");
    failure.map_or(Ok(()), Err)
}

/// What runs by itself beside the drivers: the heartbeat and the guard's look.
fn loops(
    pulse: &Arc<Pulse>,
    guard: &Arc<Guard>,
    spawn: Arc<dyn Spawn>,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> Tasks<()> {
    let mut loops = Tasks::new(spawn);
    let broken = |part: &'static str| {
        let guard = Arc::clone(guard);
        move || {
            tracing::error!(part, "a periodic job panicked; it runs again at its time");
            guard.panicked(part);
        }
    };
    let period = lifecycle::watchdog_period().map_or(ready::BEAT, |half| {
        let half_ms = i64::try_from(half.as_millis()).unwrap_or(i64::MAX);
        Span(ready::BEAT.0.min(half_ms))
    });
    let pulse = Arc::clone(pulse);
    let beat = move || {
        pulse.beat();
        lifecycle::notify_watchdog();
        std::future::ready(())
    };
    let (clock, name) = (Arc::clone(clock), "heartbeat");
    let beats = periodic::every(period, Arc::clone(&clock), stop.clone(), beat, broken(name));
    loops.spawn(name, beats);

    let (looking, looker, name) = (stop.clone(), Arc::clone(guard), "guard");
    let look = move || {
        let (guard, stop) = (Arc::clone(&looker), looking.clone());
        async move {
            // An alarm on its way to a database that is away must not hold up the end.
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = guard.look() => {}
            }
        }
    };
    let looks = periodic::every(guard::PERIOD, clock, stop.clone(), look, broken(name));
    loops.spawn(name, looks);
    loops
}

/// Ends when database and vault turn out not to belong together; they are compared later where the
/// vault could not be asked at the start.
async fn foreign(joined: bool, archive: &Archive) -> AppError {
    if joined {
        std::future::pending().await
    } else {
        installation::compare_later(archive).await
    }
}

/// Ends when the server of the pages does.
async fn pages_gone(served: &mut Option<Servers>) -> AppError {
    match served {
        Some(server) => server.gone().await,
        None => std::future::pending().await,
    }
    supervise::lost(("http".into(), Ok(())))
}

/// Ends when the task that writes to the database does.
async fn writer_gone(store: &dyn Store) -> AppError {
    store.gone().await;
    // It ends only when it is closed, unless it panicked.
    supervise::lost(("commit".into(), Err(Lost::Panicked)))
}

/// Lets steps under way finish within the grace; what has not finished then is given back, as far as
/// the database answers.
async fn drain(mut drivers: Tasks<()>, shared: &Shared, grace: Span) {
    let clock = &*shared.archive.clock;
    let work = Span((grace.0 - LAST.times(2).0).max(0));
    if in_time(clock, work, all_ended(&mut drivers))
        .await
        .is_some()
    {
        return;
    }
    tracing::warn!(%grace, "work under way is given back");
    shared.hard_stop.cancel();
    if in_time(clock, LAST, all_ended(&mut drivers))
        .await
        .is_none()
    {
        let lease = shared.lease;
        tracing::warn!(%lease, "the database does not answer: what is under way is not given back, and due again when its leases end");
    }
    // Whoever has not ended is cut off here.
}

async fn all_ended(tasks: &mut Tasks<()>) {
    while tasks.next().await.is_some() {}
}

#[cfg(test)]
mod tests;
