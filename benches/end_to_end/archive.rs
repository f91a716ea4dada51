//! The archive's passes: the library's own daemon, in this process, over tokens that were told
//! before.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use simulator::{AppCredential, Made};
use tokio_util::sync::CancellationToken;
use verikeep::{
    app::{self, RunOptions, Services},
    archive::Archive,
    config::{self as shape, Config},
    domain::{
        address::BaseUrl,
        answer::Endpoint,
        secret::Secret,
        time::{Span, Time},
        token::TrackRequest,
    },
    store,
    telemetry::{Format, metrics::Metrics},
    worker::clock::SystemClock,
};

use crate::{
    Outcome,
    child::{Found, Task},
    gauge,
    held::Held,
    provider::{APP, Work},
    statements::Statements,
    syncs,
};

/// The app whose tokens only wait.
const LATER: &str = "later";
/// TrackRequest at once.
const CHUNK: usize = 1_000;
/// How long a daemon may take for its tokens before something must be wrong.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a daemon is watched after its work.
const LINGER: Duration = Duration::from_secs(2);

/// Tracks every token, then runs the daemon until all are settled.
pub(crate) async fn pass(task: Task, statements: Option<Statements>) -> Outcome<Found> {
    let held = Held::of(&task).await?;
    held.create().await?;
    let watched = match task.trace {
        Some(_) => held.watch().await?,
        None => None,
    };
    let (config, tokens) = (config(&task, &held)?, tokens(&task)?);
    let opened = open(&config).await?;
    let tracking = Instant::now();
    track(&opened.archive, &tokens).await?;
    let tracking_seconds = tracking.elapsed().as_secs_f64();
    let own_syncs = || task.trace.as_deref().map_or(Ok(0), syncs::count);
    let count = || statements.as_ref().map_or(0, Statements::count);
    let (said, committed, synced) = (count(), held.commits(&config).await?, own_syncs()?);
    let server_ms = held.server_ms()?;
    let (started, cpu_ms) = (Instant::now(), gauge::cpu_ms()?);
    let daemon = Daemon::start(opened, &config);
    daemon.settled(tokens.len()).await?;
    let mut found = Found {
        seconds: started.elapsed().as_secs_f64(),
        cpu_ms: gauge::cpu_ms()? - cpu_ms,
        server_ms: held.server_ms()? - server_ms,
        tracking_seconds,
        statements: count() - said,
        commits: held.commits(&config).await? - committed,
        peak_bytes: gauge::peak_bytes()?,
        ..Found::default()
    };
    let synced = own_syncs()? - synced;
    daemon.stop().await?;
    if let Some(before) = watched {
        found.syncs = Some(synced + held.watched(before).await?);
    }
    held.remove().await?;
    Ok(found)
}

/// Tells an archive of the tokens, and of as many others as are to wait.
pub(crate) async fn fill(task: Task) -> Outcome<Found> {
    let held = Held::of(&task).await?;
    held.create().await?;
    let opened = open(&config(&task, &held)?).await?;
    track(&opened.archive, &tokens(&task)?).await?;
    let now = opened.archive.now();
    let waiting: Vec<TrackRequest> = (0..task.waiting)
        .map(|nth| told(format!("waiting{nth:017}"), LATER, now))
        .collect();
    for chunk in waiting.chunks(CHUNK) {
        opened.archive.tracker.track(chunk.to_vec()).await?;
    }
    opened.archive.store.close().await;
    Ok(Found::default())
}

/// Runs a daemon over what [`fill`] left, and a little longer.
pub(crate) async fn resident(task: Task) -> Outcome<Found> {
    let held = Held::of(&task).await?;
    let config = config(&task, &held)?;
    let busy = tokens(&task)?.len();
    let daemon = Daemon::start(open(&config).await?, &config);
    daemon.settled(busy).await?;
    tokio::time::sleep(LINGER).await;
    let found = Found {
        peak_bytes: gauge::peak_bytes()?,
        ..Found::default()
    };
    daemon.stop().await?;
    held.remove().await?;
    Ok(found)
}

struct Daemon {
    archive: Arc<Archive>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), app::AppError>>,
}

impl Daemon {
    fn start(services: Services, config: &Config) -> Self {
        let (archive, metrics, stop) = (
            Arc::clone(&services.archive),
            Arc::clone(&services.metrics),
            CancellationToken::new(),
        );
        let (config, options, told) = (
            config.clone(),
            RunOptions {
                listen: None,
                grace: Span::seconds(5),
            },
            stop.clone(),
        );
        let task =
            tokio::spawn(async move { app::run(services, &config, options, told, None).await });
        Self {
            archive,
            metrics,
            stop,
            task,
        }
    }

    /// Waits until `tokens` are archived. The daemon's figures, which cost the database nothing,
    /// say when to look; the rows decide. Not too often: a page of figures costs half a millisecond,
    /// which would be counted as the archive's.
    async fn settled(&self, tokens: usize) -> Outcome<()> {
        let started = Instant::now();
        while self.told_archived()? < tokens || self.rows_archived().await? < tokens {
            if started.elapsed() > PATIENCE {
                return Err(format!(
                    "{} of {tokens} tokens were archived within {PATIENCE:?}",
                    self.rows_archived().await?
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    fn told_archived(&self) -> Outcome<usize> {
        let page = self.metrics.page(None, Time(0), Format::Classic);
        Ok(page
            .lines()
            .find_map(|line| line.strip_prefix("verikeep_settled_total{outcome=\"archived\"} "))
            .map_or(Ok(0), str::parse)?)
    }

    async fn rows_archived(&self) -> Outcome<usize> {
        let states = self.archive.store.status(self.archive.now()).await?.states;
        let archived: i64 = states
            .iter()
            .filter(|row| row.state == "archived")
            .map(|row| row.count)
            .sum();
        Ok(usize::try_from(archived)?)
    }

    async fn stop(self) -> Outcome<()> {
        self.stop.cancel();
        Ok(self.task.await??)
    }
}

async fn open(config: &Config) -> Outcome<Services> {
    fs::create_dir_all(&config.data_dir)?;
    store::migrate(&config.database.url).await?;
    Ok(app::open(config, Arc::new(SystemClock)).await?)
}

fn config(task: &Task, held: &Held) -> Outcome<Config> {
    let base_url: BaseUrl = task.base_url.parse()?;
    let app = |name: &str, first_poll: Span| {
        let known = AppCredential::synthetic(APP, "default");
        let auth = shape::Auth::AccessToken {
            api_key: Secret::new(known.api_key),
            secret_key: Secret::new(known.secret_key),
        };
        let mut app = shape::App::new(name, base_url.clone(), auth);
        app.qps = 10_000.0;
        app.policy.first_poll = first_poll;
        app.policy.fetch = match task.work {
            Work::Answers => vec![Endpoint::Getall, Endpoint::Detail, Endpoint::Stat],
            Work::Media => vec![Endpoint::Getall, Endpoint::Detail, Endpoint::Media],
        };
        app.media_hosts = vec!["127.0.0.1".to_owned()];
        app.allow_private_media_hosts = true;
        app
    };
    // Everything that is worked on is due at once, everything that waits only after the benchmark.
    let mut apps = vec![app(APP, Span(1))];
    if task.waiting > 0 {
        apps.push(app(LATER, Span::minutes(15)));
    }
    let mut config = Config::embedded(PathBuf::from(&task.data), apps);
    if let Some(url) = held.url()? {
        config.database.url = url;
    }
    Ok(config)
}

fn tokens(task: &Task) -> Outcome<Vec<Made>> {
    Ok(serde_json::from_slice(&fs::read(&task.tokens)?)?)
}

fn told(verify_token: String, app: &str, issued_at: Time) -> TrackRequest {
    TrackRequest {
        verify_token: Secret::new(verify_token),
        app: app.to_owned(),
        issued_at: Some(issued_at),
        plan_id: None,
        reference: None,
        tracked_by: "bench".to_owned(),
        issued_here: false,
    }
}

async fn track(archive: &Archive, tokens: &[Made]) -> Outcome<()> {
    for chunk in tokens.chunks(CHUNK) {
        archive
            .tracker
            .track(
                chunk
                    .iter()
                    .map(|one| told(one.verify_token.clone(), &one.app, Time(one.issued_at_ms)))
                    .collect(),
            )
            .await?;
    }
    Ok(())
}
