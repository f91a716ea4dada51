//! Panics planted in a whole daemon: what each of them comes to.

use std::{future::Future, pin::Pin};

use simulator::{AppCredential, Life, LifeSpec, MediaBytes, Options, Video, Windows};

use super::*;
use crate::{
    app::watch::Meter,
    archive::{App, Archive, ArchiveDeps},
    config::{self, Auth},
    domain::{
        address::BaseUrl, alarm::Kind, identity::Columns, policy::Policy, secret::Secret,
        time::Time, token::TrackRequest, traffic::Rules,
    },
    provider::{OverWorld, RateLimiters},
    store::{self, memory::MemoryStore},
    telemetry::{Format, metrics::Metrics},
    vault::Vault,
    worker::clock::SystemClock,
};

const APP: &str = "filmed";
/// How long a whole daemon may take for what it comes to.
const PATIENCE: Span = Span::seconds(40);

/// The machine's clock, so many times as fast.
struct Quick(i64);

impl Clock for Quick {
    fn now(&self) -> Time {
        SystemClock.now()
    }

    fn elapsed(&self) -> Span {
        SystemClock.elapsed().times(self.0)
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock.sleep(Span((span.0 / self.0).max(1)))
    }
}

/// Where the panic is planted.
#[derive(Clone, Copy)]
enum Plant {
    /// In this verb of the store, as what claims, steps and jobs call.
    Verb(&'static str),
    /// In the task that writes to the database.
    Writer,
    /// Nowhere: the scheduler calls no job for longer than it may, by a clock that is fast.
    Silence,
}

/// What it comes to.
enum Comes {
    /// An alarm of this part; it and the other go on.
    Alarm(&'static str, &'static str),
    /// The end of the process by this task's.
    End(&'static str, &'static str),
}

/// A daemon, and the one token that is open in it.
struct Planted {
    archive: Arc<Archive>,
    metrics: Arc<Metrics>,
    memory: Arc<MemoryStore>,
    token: Secret,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), AppError>>,
    _folder: tempfile::TempDir,
}

impl Planted {
    #[allow(
        clippy::disallowed_methods,
        reason = "a daemon is a process of its own"
    )]
    async fn start(plant: Plant) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(Quick(match plant {
            Plant::Silence => 100,
            Plant::Verb(_) | Plant::Writer => 1,
        }));
        let folder = tempfile::tempdir().unwrap();
        let (mut config, credential) = configured(&folder);
        if !matches!(plant, Plant::Silence) {
            config.schedule.tidy = "* * * * * *".to_owned();
        }
        let memory = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        if let Plant::Verb(verb) = plant {
            memory.set_breaking(Some(verb));
        }
        let store: Arc<dyn Store> = if matches!(plant, Plant::Writer) {
            store::migrate(&config.database.url).await.unwrap();
            store::open_dying(&config.database.url, Arc::clone(&clock)).await
        } else {
            memory.clone()
        };
        let options = Options {
            windows: windows(),
            apps: vec![credential.clone()],
            // What polls leave to downloads.
            media_bytes: MediaBytes {
                video: 4 << 20,
                ..MediaBytes::small()
            },
            ..Options::default()
        };
        let world = simulator::World::new(options, "http://provider.test".to_owned());
        let life = LifeSpec {
            video: Some(Video::One),
            ..LifeSpec::of(Life::Passed, 1)
        };
        let made = world.make(clock.now().0, APP, &[life]).remove(0);
        let metrics = Arc::new(Metrics::new());
        let provider = OverWorld::new(Arc::new(world), Arc::clone(&clock), credential);
        let archive = Arc::new(Archive::new(ArchiveDeps {
            instance: "here".to_owned(),
            store,
            vault: Arc::new(Vault::in_memory()),
            clock: Arc::clone(&clock),
            apps: vec![App {
                name: APP.to_owned(),
                account: "default".to_owned(),
                origin: BaseUrl::default().origin(),
                policy: config.apps[0].policy.clone(),
                rules: Rules::default(),
                provider: Arc::new(provider),
                media_bytes_max: 1 << 30,
            }],
            columns: Columns::default(),
            index_key: None,
            watcher: Meter::new(&metrics, &clock),
        }));
        let token = Secret::new(made.verify_token);
        let told = TrackRequest {
            verify_token: token.clone(),
            app: APP.to_owned(),
            issued_at: Some(Time(made.issued_at_ms)),
            plan_id: None,
            reference: None,
            tracked_by: "test".to_owned(),
            issued_here: false,
        };
        archive.tracker.track(vec![told]).await.unwrap();
        let services = Services {
            archive: Arc::clone(&archive),
            metrics: Arc::clone(&metrics),
            quotas: Arc::new(RateLimiters::new(clock)),
            joined: true,
        };
        let options = RunOptions {
            listen: None,
            grace: Span::seconds(6),
        };
        let stop = CancellationToken::new();
        let told = stop.clone();
        let daemon = async move { run(services, &config, options, told, None).await };
        Self {
            archive,
            metrics,
            memory,
            token,
            stop,
            task: tokio::spawn(daemon),
            _folder: folder,
        }
    }

    /// Waits until something holds.
    async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let began = SystemClock.elapsed();
        while !holds().await {
            assert!(!self.task.is_finished(), "the daemon ended before {what}");
            let waited = SystemClock.elapsed().0 - began.0;
            assert!(waited < PATIENCE.0, "{what} did not come");
            SystemClock.sleep(Span(20)).await;
        }
    }

    /// How often a loop came round well.
    fn rounds(&self, name: &str) -> u64 {
        let page = self.metrics.page(None, self.archive.now(), Format::Classic);
        let begin = format!("verikeep_loop_rounds_total{{loop=\"{name}\",result=\"ok\"}} ");
        let mut lines = page.lines();
        let count = lines.find_map(|line| line.strip_prefix(&begin));
        count.map_or(0, |count| count.parse().unwrap())
    }

    async fn is_whole(&self) -> bool {
        let shown = self.archive.store.show(self.token.reveal()).await.unwrap();
        shown.is_some_and(|shown| shown.summary.state == "archived")
    }

    /// The part is named, the other goes on, and once the defect is gone so does everything.
    async fn goes_on(self, label: &str, part: &str, other: &str) {
        let named = async || self.archive.alarms.stands(Kind::Panic, part);
        self.until(&format!("{label}: the alarm"), named).await;
        let before = self.rounds(other);
        let turned = async || self.rounds(other) > before + 1;
        self.until(&format!("{label}: a round of `{other}`"), turned)
            .await;
        self.memory.set_breaking(None);
        let whole = async || self.is_whole().await;
        self.until(&format!("{label}: all there is"), whole).await;
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// The process ends in order, with the task that did and why.
    async fn ends(self, label: &str, gone: &str, reason: &str) {
        let ended = crate::worker::clock::within(PATIENCE, self.task).await;
        let ended = ended.expect(label).unwrap();
        assert!(
            matches!(&ended, Err(AppError::Task { task, why }) if task == gone && why == reason),
            "{label}: {ended:?}"
        );
        assert!(self.stop.is_cancelled(), "{label}: all are told to stop");
    }
}

/// Windows of seconds, so that a lease is one and a half.
fn windows() -> Windows {
    Windows {
        verify_ms: 5_000,
        record_ms: 60_000,
        media_ms: 12_000,
        url_ms: 60_000,
        ..Windows::default()
    }
}

fn configured(folder: &tempfile::TempDir) -> (Config, AppCredential) {
    let api_key = "k".into();
    let mut app = config::App::new(APP, BaseUrl::default(), Auth::ApiKey { api_key });
    let windows = windows();
    app.policy = Policy {
        verify_window: Span::millis(windows.verify_ms),
        record_retention: Span::millis(windows.record_ms),
        media_retention: Span::millis(windows.media_ms),
        first_poll: Span::millis(400),
        final_grace: Span::millis(800),
        video_expected: true,
        ..Policy::documented()
    };
    let mut config = Config::embedded(folder.path().to_owned(), vec![app]);
    config.limits.free_bytes_min = 0;
    (config, AppCredential::synthetic(APP, "default"))
}

#[tokio::test]
async fn a_panic_is_an_alarm_where_the_rest_can_go_on_and_the_end_where_it_cannot() {
    use Comes::{Alarm, End};
    let table = [
        (
            "a claim of polls",
            Plant::Verb("claim_polls"),
            Alarm("poll", "download"),
        ),
        (
            "a claim of downloads",
            Plant::Verb("claim_downloads"),
            Alarm("download", "poll"),
        ),
        (
            "a step of polls",
            Plant::Verb("record_poll"),
            Alarm("poll", "download"),
        ),
        (
            "a step of downloads",
            Plant::Verb("record_download"),
            Alarm("download", "poll"),
        ),
        ("a job", Plant::Verb("tidy"), Alarm("tidy", "poll")),
        (
            "the task that writes",
            Plant::Writer,
            End("commit", "it panicked"),
        ),
        (
            "a silent scheduler",
            Plant::Silence,
            End("cron", "it ended by itself"),
        ),
    ];
    let rows = table.map(|(label, plant, comes)| async move {
        let planted = Planted::start(plant).await;
        match comes {
            Alarm(part, other) => planted.goes_on(label, part, other).await,
            End(task, why) => planted.ends(label, task, why).await,
        }
    });
    futures::future::join_all(rows).await;
}
