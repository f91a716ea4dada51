//! The main job on an embedded default, start to finish: simulated provider, daemon, a batch of
//! tokens of every kind of life.

mod example;
mod folder;
mod lives;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use example::Example;
use folder::{prepare, write_config};
use lives::{WINDOWS, apps, lives};
use serde::Serialize;
use simulator::{Made, MediaBytes, MediaStyle, Options, Simulator, Truth, UnusedAnswer};
use tokio_util::sync::CancellationToken;

use super::{AppError, RunOptions, Services};
use crate::{
    archive::Archive,
    config::Config,
    domain::{
        secret::Secret,
        time::{Clock, Span, Time},
        token::{State, TrackRequest},
    },
    store::{self, reports::Status},
    worker::{
        clock::SystemClock,
        spawn::{Ended, Runtime, Tasks},
    },
};

/// Where, within its folder, the next demonstration expects a case that somebody got, and clears it.
const CASE: &str = "case";

/// Why the demonstration could not be given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// The folder holds something that is not ours.
    #[error(
        "{0} holds something that no demonstration left there: move it away, or name another folder with --dir"
    )]
    Foreign(PathBuf),
    /// The folder cannot be written.
    #[error("{0}: {1}")]
    Folder(PathBuf, std::io::Error),
    /// The simulated provider cannot listen.
    #[error("the simulated provider cannot be started: {0}")]
    Simulator(std::io::Error),
    /// The configuration written for it is refused; ours to mend.
    #[error("the demonstration's own configuration is refused: {0}")]
    Config(String),
    /// The daemon.
    #[error(transparent)]
    App(#[from] AppError),
    /// It was asked to stop.
    #[error("stopped before the end; what was archived lies in the folder")]
    Stopped,
}

/// How one kind of life ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ending {
    /// What happened to the person.
    pub life: String,
    /// How many.
    pub tokens: usize,
    /// States and their counts.
    pub states: BTreeMap<String, usize>,
    /// Whether every one ended as the simulated provider's truth says it should.
    pub as_it_should: bool,
}

/// What a demonstration showed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// How each kind of life ended.
    pub endings: Vec<Ending>,
    /// The store's figures.
    pub status: Status,
    /// The configuration it left behind.
    pub config: PathBuf,
    /// The database it left behind.
    pub database: PathBuf,
    /// The folder of the objects.
    pub objects: PathBuf,
    /// A token worth looking at.
    pub example: Example,
    /// A folder to get it into.
    pub case: PathBuf,
    /// Windows: verification, media, records.
    pub windows: (Span, Span, Span),
}

/// A demonstration whose daemon and simulator still run.
pub(crate) struct Given {
    /// What it showed.
    pub report: Report,
    /// The simulated provider.
    pub simulator: Simulator,
    stop: CancellationToken,
    daemon: Tasks<Result<(), AppError>>,
}

impl Given {
    /// Ends daemon and simulator.
    ///
    /// # Errors
    /// As [`super::run`].
    pub(crate) async fn end(mut self) -> Result<(), AppError> {
        self.stop.cancel();
        let ended = self.daemon.next().await.map_or(Ok(()), result_of);
        self.simulator.shutdown().await;
        ended
    }

    /// Waits for `stop`, then ends as [`Given::end`].
    ///
    /// # Errors
    /// As [`Given::end`].
    pub(crate) async fn serve_until(mut self, stop: &CancellationToken) -> Result<(), AppError> {
        // A stop is no failure of the daemon.
        tokio::select! {
            biased;
            () = stop.cancelled() => self.end().await,
            Some(ended) = self.daemon.next() => {
                self.simulator.shutdown().await;
                result_of(ended)
            }
        }
    }
}

/// What the daemon ended with.
fn result_of((task, result): Ended<Result<(), AppError>>) -> Result<(), AppError> {
    result.unwrap_or_else(|lost| {
        Err(AppError::Task {
            task: task.to_string(),
            why: lost.to_string(),
        })
    })
}

/// Gives the demonstration in `folder`. `watch` is told now and then how many of how many are
/// settled.
///
/// # Errors
/// [`DemoError`].
pub(crate) async fn give(
    folder: &Path,
    stop: &CancellationToken,
    mut watch: impl FnMut(usize, usize),
) -> Result<Given, DemoError> {
    prepare(folder)?;
    let simulator = begin_provider().await?;
    let config = write_config(folder, &simulator)?;
    store::migrate(&config.database.url)
        .await
        .map_err(AppError::from)?;
    let opened = super::open(&config, Arc::new(SystemClock)).await?;
    let archive = Arc::clone(&opened.archive);
    let told_to_stop = CancellationToken::new();
    let mut daemon = begin_daemon(opened, config, told_to_stop.clone());
    let made: Vec<(&str, Made)> = lives()
        .flat_map(|(words, app, spec)| {
            simulator
                .create(app, &[spec])
                .into_iter()
                .map(move |made| (words, made))
        })
        .collect();
    let told = made.iter().map(|(words, one)| told(words, one)).collect();
    archive.tracker.track(told).await.map_err(AppError::from)?;
    let total = made.len();
    loop {
        let settled = settled(&status(&archive).await?);
        watch(settled, total);
        if settled >= total {
            break;
        }
        // A stop before another look; a daemon that is gone settles nothing more.
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                told_to_stop.cancel();
                let _ = daemon.next().await;
                return Err(DemoError::Stopped);
            }
            Some(ended) = daemon.next() => {
                result_of(ended)?;
                return Err(DemoError::Stopped);
            },
            () = SystemClock.sleep(Span::millis(100)) => {}
        }
    }
    Ok(Given {
        report: report(folder, &archive, &made, &simulator).await?,
        simulator,
        stop: told_to_stop,
        daemon,
    })
}

/// The simulated provider, with everybody's life before them.
async fn begin_provider() -> Result<Simulator, DemoError> {
    simulator::start(Options {
        seed: 20_261_123,
        windows: WINDOWS,
        apps: apps(),
        media_bytes: MediaBytes::default(),
        media_style: MediaStyle::Drawn,
        unused_answer: UnusedAnswer::EmptySuccess,
        ..Options::default()
    })
    .await
    .map_err(DemoError::Simulator)
}

/// The daemon, as a task that runs until it is told to stop.
fn begin_daemon(
    services: Services,
    config: Config,
    stop: CancellationToken,
) -> Tasks<Result<(), AppError>> {
    let mut daemon = Tasks::new(Arc::new(Runtime));
    daemon.spawn("daemon", async move {
        let options = RunOptions {
            listen: None,
            grace: Span::seconds(5),
        };
        super::run(services, &config, options, stop, None).await
    });
    daemon
}

async fn status(archive: &Archive) -> Result<Status, AppError> {
    Ok(archive.store.status(archive.now()).await?)
}

/// What there is to see once everything is settled.
async fn report(
    folder: &Path,
    archive: &Archive,
    made: &[(&str, Made)],
    simulator: &Simulator,
) -> Result<Report, AppError> {
    let truth = simulator.truth();
    Ok(Report {
        status: status(archive).await?,
        endings: endings(archive, made, &truth).await?,
        config: folder.join("verikeep.toml"),
        database: folder.join("data/verikeep.db"),
        objects: folder.join("data/objects"),
        example: Example::of(archive, made, &truth).await?,
        case: folder.join(CASE),
        windows: (
            Span(WINDOWS.verify_ms),
            Span(WINDOWS.media_ms),
            Span(WINDOWS.record_ms),
        ),
    })
}

fn told(words: &str, one: &Made) -> TrackRequest {
    TrackRequest {
        verify_token: Secret::new(one.verify_token.clone()),
        app: one.app.clone(),
        issued_at: Some(Time(one.issued_at_ms)),
        plan_id: None,
        reference: Some(words.to_owned()),
        tracked_by: "demo".to_owned(),
        issued_here: false,
    }
}

fn settled(status: &Status) -> usize {
    let settled = status
        .states
        .iter()
        .filter(|row| State::named(&row.state).is_some_and(State::is_settled));
    usize::try_from(settled.map(|row| row.count).sum::<i64>()).unwrap_or(0)
}

/// Groups what became of the tokens by what happened to the people, beside the truth.
async fn endings(
    archive: &Archive,
    made: &[(&str, Made)],
    truth: &Truth,
) -> Result<Vec<Ending>, AppError> {
    let mut endings: Vec<Ending> = Vec::new();
    for (words, one) in made {
        let state = archive
            .store
            .show(&one.verify_token)
            .await?
            .map_or_else(String::new, |whole| whole.summary.state);
        let right = truth
            .token(&one.verify_token)
            .is_some_and(|token| token.outcome == state);
        if endings.last().is_none_or(|ending| ending.life != *words) {
            endings.push(Ending {
                life: (*words).to_owned(),
                tokens: 0,
                states: BTreeMap::new(),
                as_it_should: true,
            });
        }
        if let Some(ending) = endings.last_mut() {
            ending.tokens += 1;
            *ending.states.entry(state).or_insert(0) += 1;
            ending.as_it_should &= right;
        }
    }
    Ok(endings)
}
