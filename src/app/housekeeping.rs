//! Jobs by cron expression: what keeps the house in order but no record alive.
//!
//! A job is a plain function of what it works on and of the time, and each turns in a task of its
//! own that is watched over like the others. What came of it is a figure, a line in the log, and,
//! after a panic, an alarm.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{AppError, guard::Guard};
use crate::{
    archive::Archive,
    config::Schedule,
    domain::{
        cron::Cron,
        time::{Span, Time},
    },
    store,
    telemetry::metrics::Metrics,
    worker::spawn::{self, Tasks},
};

/// How long at most until the clock is looked at again, as it may have been set.
const LOOK: Span = Span::seconds(30);

/// A job of the house.
struct Job {
    /// What it is called in the configuration's `[schedule]`, in logs, metrics and alarms.
    name: &'static str,
    /// When it is to run: cron, six fields, UTC.
    when: fn(&Schedule) -> &str,
    run: fn(&Archive, Time) -> BoxFuture<'_, store::Result<()>>,
}

/// Every job there is.
const JOBS: [Job; 3] = [
    Job {
        name: "tidy",
        when: |schedule| &schedule.tidy,
        run: |archive, now| Box::pin(tidy(archive, now)),
    },
    Job {
        name: "relearn",
        when: |schedule| &schedule.relearn,
        run: |archive, now| Box::pin(relearn(archive, now)),
    },
    Job {
        name: "alarms",
        when: |_| "15 * * * * *",
        run: |archive, now| Box::pin(alarms(archive, now)),
    },
];

/// Ends alarms that are over without anybody having said so.
async fn alarms(archive: &Archive, now: Time) -> store::Result<()> {
    archive.store.end_alarms(now).await.map(|_| ())
}

/// Has the database let go of what it gathers.
async fn tidy(archive: &Archive, _now: Time) -> store::Result<()> {
    archive.store.tidy().await
}

/// Reads again what other replicas may have learned.
async fn relearn(archive: &Archive, _now: Time) -> store::Result<()> {
    archive.lessons.relearn().await
}

/// Who hears what came of a job.
struct Ears {
    metrics: Arc<Metrics>,
    guard: Arc<Guard>,
}

impl Ears {
    /// Runs a job that was due at `now`, and tells what came of it.
    async fn hear(&self, job: &Job, archive: &Archive, now: Time) {
        let name = job.name;
        // The job is made inside, so that a panic in making it is caught as well.
        let result = spawn::caught(async { (job.run)(archive, now).await }).await;
        match &result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(job = name, %error, "a housekeeping job failed; it runs again at its time");
            }
            Err(_) => {
                tracing::error!(
                    job = name,
                    "a housekeeping job panicked; it runs again at its time"
                );
                self.guard.panicked(name);
            }
        }
        let ok = matches!(result, Ok(Ok(())));
        self.metrics.round(name, usize::from(ok), !ok, now);
    }
}

/// Lets every job turn at the times of the configuration, among `tasks`, until `stop`; one under
/// way then is let go of.
pub(super) fn start(
    tasks: &mut Tasks<()>,
    (archive, metrics, guard): (&Arc<Archive>, &Arc<Metrics>, &Arc<Guard>),
    schedule: &Schedule,
    stop: &CancellationToken,
) -> Result<(), AppError> {
    let ears = Arc::new(Ears {
        metrics: Arc::clone(metrics),
        guard: Arc::clone(guard),
    });
    for job in &JOBS {
        let cron = (job.when)(schedule).parse();
        let cron: Cron =
            cron.map_err(|wrong| AppError::Schedule(format!("{} {wrong}", job.name)))?;
        metrics.begin_loop(job.name);
        let (archive, ears, stop) = (Arc::clone(archive), Arc::clone(&ears), stop.clone());
        tasks.spawn(job.name, async move {
            // A stop before another turn.
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = turn(job, &cron, &archive, &ears) => {}
            }
        });
    }
    Ok(())
}

/// Runs a job whenever it is due. What was missed while it ran, or while the machine slept, is not
/// made up for.
async fn turn(job: &Job, cron: &Cron, archive: &Archive, ears: &Ears) {
    let clock = &archive.clock;
    loop {
        let Some(next) = cron.after(clock.now()) else {
            // Nobody asked for it ever to run.
            return std::future::pending().await;
        };
        loop {
            let left = next.since(clock.now());
            if left <= Span(0) {
                break;
            }
            clock.sleep(left.min(LOOK)).await;
        }
        ears.hear(job, archive, archive.now()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use futures::FutureExt as _;

    use super::*;
    use crate::{
        app,
        config::{App, Auth, Config},
        domain::{
            alarm::Kind,
            time::{Clock as _, HeldClock},
        },
        store::StoreError,
        telemetry::Format,
        worker::{executor::Executor, spawn::Spawn as _},
    };

    const NOON: Time = Time(1_712_030_400_000);

    struct House {
        archive: Arc<Archive>,
        ears: Ears,
        executor: Executor,
        _folder: tempfile::TempDir,
    }

    impl House {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let api_key = "k".into();
            let app = App::new(
                "h5",
                "http://127.0.0.1:9".parse().unwrap(),
                Auth::ApiKey { api_key },
            );
            let config = Config::embedded(folder.path().to_owned(), vec![app]);
            store::migrate(&config.database.url).await.unwrap();
            let executor = Executor::new(HeldClock::at(NOON), 1);
            let clock = Arc::new(executor.clone());
            let opened = app::open(&config, clock).await.unwrap();
            let (archive, metrics) = (opened.archive, opened.metrics);
            let guard = Guard::new(&config, &archive, &metrics, Span::seconds(1), 1);
            let guard = Arc::new(guard);
            Self {
                archive,
                ears: Ears { metrics, guard },
                executor,
                _folder: folder,
            }
        }

        async fn run(&self, job: &Job) {
            self.ears.hear(job, &self.archive, NOON).await;
        }

        /// The lines of the page of metrics that speak of this loop's rounds.
        fn rounds(&self, name: &str) -> Vec<String> {
            let page = self.ears.metrics.page(None, NOON, Format::Classic);
            let of_it = format!("loop=\"{name}\"");
            let lines = page.lines();
            lines
                .filter(|line| line.contains(&of_it) && line.contains("result="))
                .map(str::to_owned)
                .collect()
        }
    }

    #[tokio::test]
    async fn every_job_of_the_table_runs_at_the_time_it_is_given_and_is_seen() {
        let house = House::new().await;
        let names: BTreeSet<_> = JOBS.iter().map(|job| job.name).collect();
        assert_eq!(names.len(), JOBS.len(), "a name is one job's");
        for job in &JOBS {
            house.run(job).await;
            let rounds = house.rounds(job.name);
            assert_eq!(rounds.len(), 1, "{}: {rounds:?}", job.name);
            assert!(
                rounds[0].contains("result=\"ok\"") && rounds[0].ends_with(" 1"),
                "{rounds:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_job_that_fails_or_panics_is_a_failed_round_and_a_panic_is_an_alarm() {
        let house = House::new().await;
        let fails = Job {
            name: "fails",
            when: |_| "",
            run: |_, _| Box::pin(async { Err(StoreError::Unavailable("away".to_owned())) }),
        };
        let panics = Job {
            name: "panics",
            when: |_| "",
            run: |_, now| {
                assert_ne!(now, NOON, "poison");
                Box::pin(async { Ok(()) })
            },
        };
        for job in [&fails, &panics] {
            house.run(job).await;
            let rounds = house.rounds(job.name);
            assert!(
                matches!(&rounds[..], [one] if one.contains("result=\"failed\"")),
                "{rounds:?}"
            );
        }
        let alarms = &house.archive.alarms;
        house.ears.guard.look().await;
        assert!(alarms.stands(Kind::Panic, "panics"));
        assert!(!alarms.stands(Kind::Panic, "fails"));
    }

    #[tokio::test]
    async fn a_job_turns_at_its_times_and_one_that_panicked_runs_again_at_the_next() {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        static JOB: Job = Job {
            name: "hourly",
            when: |_| "0 30 * * * *",
            run: |_, now| {
                assert_ne!(RUNS.fetch_add(1, Ordering::SeqCst), 1, "poison");
                assert_eq!(now.since(NOON).0 % 3_600_000, 1_800_000);
                Box::pin(async { Ok(()) })
            },
        };
        let house = House::new().await;
        let executor = house.executor.clone();
        let (archive, ears) = (Arc::clone(&house.archive), house.ears);
        let guard = Arc::clone(&ears.guard);
        let cron: Cron = (JOB.when)(&Schedule::default()).parse().unwrap();
        let turning = async move { turn(&JOB, &cron, &archive, &ears).await };
        executor.spawn("hourly", turning.boxed());
        for (minutes, runs) in [(29, 0), (2, 1), (58, 1), (1, 2), (60, 3), (60, 4)] {
            executor.run_for(Span::minutes(minutes));
            assert_eq!(RUNS.load(Ordering::SeqCst), runs, "{}", executor.now());
        }
        guard.look().await;
        assert!(house.archive.alarms.stands(Kind::Panic, "hourly"));
    }
}
