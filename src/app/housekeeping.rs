//! Jobs by cron expression: what keeps the house in order but no record alive.
//!
//! A job is a plain function of what it works on and of the time; the scheduler only calls it, and
//! what came of it is a figure, a line in the log, and, after a panic, an alarm. A scheduler that
//! calls nothing any more is told of ([`Cron::silent`]): some job is due every minute.
//!
//! A job of the whole service is done once at each of its instants, by whichever process takes it
//! ([`store::Jobs`]); one of a process is done in each.

mod once;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::sync::Semaphore;
use tokio_cron_scheduler::{Job as Entry, JobScheduler, JobSchedulerError};

use self::once::{Instants, once};
use super::{AppError, guard::Guard};
use crate::{
    archive::{Archive, Notifier},
    config::Schedule,
    domain::{
        alarm::{Alarm, Kind},
        random::fresh_id,
        time::{Clock, Span, Time},
    },
    store::{self, ANYBODY, Turn},
    telemetry::metrics::Metrics,
    worker::spawn,
};

/// A job of the house.
struct Job {
    /// What it is called in the configuration's `[schedule]`, in logs, metrics and alarms.
    name: &'static str,
    /// When it is to run: cron, six fields, UTC.
    when: fn(&Schedule) -> &str,
    whose: Whose,
    run: for<'a> fn(&'a Archive, &'a Notifier, Time) -> BoxFuture<'a, store::Result<()>>,
}

/// For whom a job is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// For the whole service: once at each instant, whichever process does it.
    Service,
    /// For a process: in each.
    Process,
}

/// Every job there is.
const JOBS: [Job; 10] = [
    Job {
        name: "tidy",
        when: |schedule| &schedule.tidy,
        whose: Whose::Service,
        run: |archive, _, now| Box::pin(tidy(archive, now)),
    },
    Job {
        name: "relearn",
        when: |schedule| &schedule.relearn,
        whose: Whose::Process,
        run: |archive, _, now| Box::pin(relearn(archive, now)),
    },
    Job {
        name: "beat",
        when: |_| "*/20 * * * * *",
        whose: Whose::Process,
        run: |archive, _, now| Box::pin(beat(archive, now)),
    },
    Job {
        name: "alarms",
        when: |_| "15 * * * * *",
        whose: Whose::Service,
        run: |archive, _, now| Box::pin(alarms(archive, now)),
    },
    Job {
        name: "open_alarms",
        when: |_| "25 * * * * *",
        whose: Whose::Process,
        run: |archive, _, _| Box::pin(archive.alarms.relearn()),
    },
    Job {
        name: "unseen",
        when: |_| "30 7 * * * *",
        whose: Whose::Service,
        run: |archive, _, now| Box::pin(archive.look_for_unseen(now)),
    },
    Job {
        name: "tell",
        when: |_| TELL,
        whose: Whose::Service,
        run: |_, notifier, now| Box::pin(notifier.tell(now)),
    },
    Job {
        name: "tell_alone",
        when: |_| TELL,
        whose: Whose::Process,
        run: |_, notifier, now| Box::pin(notifier.tell_alone(now).map(Ok)),
    },
    Job {
        name: "data_alarms",
        when: |_| "35 * * * * *",
        whose: Whose::Service,
        run: |archive, _, now| Box::pin(archive.look_at_traffic(now)),
    },
    Job {
        name: "tell_well",
        when: |_| "50 * * * * *",
        whose: Whose::Service,
        run: |_, notifier, _| Box::pin(notifier.tell_well()),
    },
];

/// How often people are told of what has come up: a robot takes 20 messages a minute, and each
/// channel gets one at a time at most.
const TELL: &str = "*/5 * * * * *";

/// With no process seen for longer than this, none ran.
const ABSENT: Span = Span::minutes(1);

/// Says that this process is alive; the first time, it notes as an outage that none was before.
async fn beat(archive: &Archive, now: Time) -> store::Result<()> {
    let Some(last) = (archive.store)
        .beat(&archive.instance, archive.clock.skew(), now)
        .await?
    else {
        return Ok(());
    };
    if now.since(last) > ABSENT {
        let alarm = Alarm {
            kind: Kind::DaemonDown,
            subject: "daemon".to_owned(),
            text: format!("no daemon ran from {last} to {now}"),
        };
        tracing::warn!(alarm = alarm.kind.name(), "{}", alarm.text);
        let store = &archive.store;
        store.raise(&alarm, ANYBODY, last).await?;
        store
            .clear(alarm.kind, &alarm.subject, ANYBODY, now)
            .await?;
    }
    Ok(())
}

/// Ends alarms that are over without anybody having said so; not its own, as it is alive.
async fn alarms(archive: &Archive, now: Time) -> store::Result<()> {
    beat(archive, now).await?;
    archive.store.end_alarms(now).await.map(|_| ())
}

/// Has the database let go of what it gathers, and its sums compared with a count.
async fn tidy(archive: &Archive, _now: Time) -> store::Result<()> {
    archive.store.tidy().await?;
    for wrong in archive.store.recount().await? {
        tracing::error!(
            what = wrong.what,
            name = wrong.name,
            state = wrong.state,
            kept = ?wrong.kept,
            counted = ?wrong.counted,
            "a sum of `status` was wrong and is mended: somebody else wrote to the tables, or a trigger is gone"
        );
    }
    Ok(())
}

/// Reads again what other replicas may have learned.
async fn relearn(archive: &Archive, _now: Time) -> store::Result<()> {
    archive.lessons.relearn().await
}

/// Does a job that is due at this instant of its schedule, unless it is for the whole service and
/// another process does it; brings whether this one did.
async fn turn(
    job: &Job,
    (archive, notifier): (&Archive, &Notifier),
    (due, now): (Time, Time),
) -> store::Result<bool> {
    let run = async { (job.run)(archive, notifier, now).await };
    match job.whose {
        Whose::Process => run.await.map(|()| true),
        Whose::Service => {
            let turn = Turn {
                job: job.name.to_owned(),
                scheduled_at: due,
                token: fresh_id(now).to_string(),
            };
            once(&*archive.store, &*archive.clock, &turn, run).await
        }
    }
}

/// Who hears what came of a job.
struct Ears {
    notifier: Arc<Notifier>,
    metrics: Arc<Metrics>,
    guard: Arc<Guard>,
    /// When a job was last called, milliseconds of [`crate::domain::time::Clock::elapsed`].
    called: AtomicI64,
}

impl Ears {
    fn called(&self, archive: &Archive) {
        let elapsed = archive.clock.elapsed();
        self.called.store(elapsed.0, Ordering::Relaxed);
    }

    /// Runs a job whose instant `due` has come, and tells what came of it.
    async fn hear(&self, job: &Job, archive: &Archive, due: Time, now: Time) {
        let name = job.name;
        self.called(archive);
        // The job is made inside, so that a panic in making it is caught as well.
        let result = spawn::caught(turn(job, (archive, &self.notifier), (due, now))).await;
        match &result {
            Ok(Ok(_)) => self.guard.did(name, Ok(())),
            Ok(Err(error)) => {
                self.guard.did(name, Err(error));
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
        // What another process did is in order as well.
        let (done, ok) = (matches!(result, Ok(Ok(true))), matches!(result, Ok(Ok(_))));
        self.metrics.round(name, usize::from(done), !ok, now);
    }
}

async fn silent(called: &AtomicI64, clock: &dyn Clock) {
    while clock.elapsed().0 - called.load(Ordering::Relaxed) < SILENCE_MAX.0 {
        clock.sleep(Span::seconds(30)).await;
    }
}

/// The scheduler with its jobs.
pub(super) struct Cron {
    scheduler: JobScheduler,
    ears: Arc<Ears>,
}

/// A scheduler that has called no job for so long calls none any more.
const SILENCE_MAX: Span = Span::minutes(5);

impl Cron {
    /// Starts the scheduler with every job of the configuration.
    pub(super) async fn start(
        archive: &Arc<Archive>,
        metrics: &Arc<Metrics>,
        guard: &Arc<Guard>,
        (notifier, schedule): (Notifier, &Schedule),
    ) -> Result<Self, AppError> {
        let wrong = |error: JobSchedulerError| AppError::Schedule(error.to_string());
        let scheduler = JobScheduler::new().await.map_err(wrong)?;
        let ears = Arc::new(Ears {
            notifier: Arc::new(notifier),
            metrics: Arc::clone(metrics),
            guard: Arc::clone(guard),
            called: AtomicI64::new(archive.clock.elapsed().0),
        });
        for job in &JOBS {
            metrics.begin_loop(job.name);
            let (archive, ears) = (Arc::clone(archive), Arc::clone(&ears));
            let alone = Arc::new(Semaphore::new(1));
            let schedule = (job.when)(schedule);
            let unread = || AppError::Schedule(format!("{} is no cron expression", job.name));
            let instants = Arc::new(Instants::of(schedule).ok_or_else(unread)?);
            let entry = Entry::new_async(schedule, move |_, _| {
                let (archive, ears) = (Arc::clone(&archive), Arc::clone(&ears));
                let now = archive.now();
                let due = instants.nearest(now).unwrap_or(now);
                // One that has not ended when it is due again is not begun beside itself.
                let turn = Arc::clone(&alone).try_acquire_owned();
                Box::pin(async move {
                    if turn.is_ok() {
                        ears.hear(job, &archive, due, now).await;
                    } else {
                        ears.called(&archive);
                    }
                })
            });
            scheduler.add(entry.map_err(wrong)?).await.map_err(wrong)?;
        }
        scheduler.start().await.map_err(wrong)?;
        Ok(Self { scheduler, ears })
    }

    /// Ends when no job is called any more.
    pub(super) async fn silent(&self, clock: &dyn Clock) {
        silent(&self.ears.called, clock).await;
    }

    /// Ends the scheduler; jobs under way are short and finish by themselves.
    pub(super) async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "the scheduler did not end in order");
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{collections::BTreeSet, future::Future, pin::Pin};

    use super::*;
    use crate::{
        app,
        config::{App, Auth, Config},
        domain::loss::{Cause, Outage},
        store::StoreError,
        telemetry::Format,
    };

    const NOON: Time = Time(1_712_030_400_000);

    /// Stands still; nobody here waits.
    struct HeldClock;

    impl Clock for HeldClock {
        fn now(&self) -> Time {
            NOON
        }

        fn elapsed(&self) -> Span {
            Span(0)
        }

        fn sleep(&self, _span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(std::future::pending())
        }
    }

    struct House {
        archive: Arc<Archive>,
        ears: Ears,
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
            let opened = app::open(&config, Arc::new(HeldClock)).await.unwrap();
            let (archive, metrics) = (opened.archive, opened.metrics);
            let guard = Guard::new(&config, &archive, &metrics, Span::seconds(1), 1);
            let guard = Arc::new(guard);
            let notifier = Arc::new(app::notices::notifier(&config, &archive).unwrap());
            Self {
                archive,
                ears: Ears {
                    notifier,
                    metrics,
                    guard,
                    called: AtomicI64::new(0),
                },
                _folder: folder,
            }
        }

        async fn run(&self, job: &Job) {
            self.ears.hear(job, &self.archive, NOON, NOON).await;
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
            whose: Whose::Service,
            run: |_, _, _| Box::pin(async { Err(StoreError::Unavailable("away".to_owned())) }),
        };
        let panics = Job {
            name: "panics",
            when: |_| "",
            whose: Whose::Service,
            run: |_, _, now| {
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
    async fn a_scheduler_that_calls_nothing_any_more_is_told_of() {
        let clock = crate::domain::time::HeldClock::at(NOON);
        silent(&AtomicI64::new(0), &*clock).await;
        assert_eq!(clock.elapsed(), SILENCE_MAX);
    }

    #[tokio::test]
    async fn a_time_without_a_daemon_is_an_outage_that_is_over() {
        for (label, last, is_one) in [
            ("nobody ever", None, false),
            ("another that is alive", Some(Span::seconds(40)), false),
            ("ten minutes ago", Some(Span::minutes(10)), true),
        ] {
            let house = House::new().await;
            let store = &house.archive.store;
            let before = last.map(|span| NOON.minus(span));
            if let Some(before) = before {
                store.beat("another", None, before).await.unwrap();
            }
            beat(&house.archive, NOON).await.unwrap();
            beat(&house.archive, NOON.plus(Span::hours(1)))
                .await
                .unwrap();
            let outages = store
                .outages("h5", Time(0), NOON.plus(Span::hours(2)))
                .await;
            let expected: Vec<Outage> = (before.filter(|_| is_one).into_iter())
                .map(|from| Outage {
                    cause: Cause::DaemonDown,
                    from,
                    to: Some(NOON),
                })
                .collect();
            assert_eq!(outages.unwrap(), expected, "{label}");
            assert!(store.alarms().await.unwrap().is_empty(), "{label}");
        }
    }

    #[tokio::test]
    async fn an_alarm_that_is_over_without_a_word_is_so_for_the_process_too() {
        let house = House::new().await;
        let open = |kind: Kind, subject: &str| Alarm {
            kind,
            subject: subject.to_owned(),
            text: "wrong".to_owned(),
        };
        let known = &house.archive.alarms;
        known.raise(&open(Kind::ProviderDown, "h5"), NOON).await;
        known.raise(&open(Kind::VaultDown, "objects"), NOON).await;
        alarms(&house.archive, NOON).await.unwrap();
        known.relearn().await.unwrap();
        // Nothing of the app is open, so that nobody would ever ask whether it is over.
        assert!(!known.stands(Kind::ProviderDown, "h5"));
        assert!(known.stands(Kind::VaultDown, "objects"));
        let rows = house.archive.store.alarms().await.unwrap();
        assert_eq!((rows.len(), rows[0].kind.as_str()), (1, "vault_down"));
    }

    /// It is over when it is told of: what was open while nobody ran, and now.
    pub(crate) async fn of_a_time_without_a_daemon() -> [Vec<String>; 2] {
        let house = House::new().await;
        let store = &house.archive.store;
        let last = NOON.minus(Span::minutes(10));
        store.beat("another", None, last).await.unwrap();
        beat(&house.archive, NOON).await.unwrap();
        let outages = store.outages("h5", last, NOON).await.unwrap();
        let down = |outage: &Outage| match outage.cause {
            Cause::DaemonDown => Kind::DaemonDown.name().to_owned(),
            other => other.name().to_owned(),
        };
        let open = store.alarms().await.unwrap().into_iter();
        [
            outages.iter().map(down).collect(),
            open.map(|alarm| alarm.kind).collect(),
        ]
    }
}
