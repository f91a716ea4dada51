//! The main job on an embedded default, start to finish: simulated provider, daemon, a batch of
//! tokens of every kind of life.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;
use simulator::{
    AppCredential, Life, LifeSpec, Made, MediaBytes, Options, Simulator, UnusedAnswer, Video,
    Windows,
};
use tokio_util::sync::CancellationToken;

use super::{AppError, Opened, RunOptions};
use crate::{
    config::{Config, Source, load},
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

/// Why the demonstration could not be given.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
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
pub struct Ending {
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
pub struct Report {
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
    /// A token worth looking at: several attempts, with ID card and video.
    pub example: String,
    /// Windows: verification, media, records.
    pub windows: (Span, Span, Span),
}

/// A demonstration whose daemon and simulator still run.
pub struct Given {
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
    pub async fn end(mut self) -> Result<(), AppError> {
        self.stop.cancel();
        let ended = self.daemon.next().await.map_or(Ok(()), result_of);
        self.simulator.shutdown().await;
        ended
    }

    /// Waits for `stop`, then ends as [`Given::end`].
    ///
    /// # Errors
    /// As [`Given::end`].
    pub async fn serve_until(mut self, stop: &CancellationToken) -> Result<(), AppError> {
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

/// The file that says a folder was made by a demonstration.
const MARK: &str = "made-by-verikeep-demo";

const WINDOWS: Windows = Windows {
    verify_ms: 4_000,
    record_ms: 15_000,
    media_ms: 9_000,
    url_ms: 60_000,
    access_token_ms: 86_400_000,
    access_token_works_ms: None,
    counted_from: simulator::CountedFrom::Verification,
};

/// Two apps of one company: loans, whose account records videos, and signatures, whose account does
/// not.
fn apps() -> Vec<AppCredential> {
    vec![
        AppCredential::synthetic("loan-h5", "default"),
        AppCredential {
            records_video: false,
            ..AppCredential::synthetic("sign-h5", "default")
        },
    ]
}

/// What happens to people: (in words, app, life, how many).
fn lives() -> Vec<(&'static str, &'static str, LifeSpec)> {
    let of = |life, video, ocr, count| LifeSpec {
        video: Some(video),
        ocr: Some(ocr),
        ..LifeSpec::of(life, count)
    };
    vec![
        (
            "passed at once, with ID card and video",
            "loan-h5",
            of(Life::Passed, Video::One, true, 6),
        ),
        (
            "passed at once, without ID card",
            "loan-h5",
            of(Life::Passed, Video::One, false, 6),
        ),
        (
            "passed, spoken consent: two videos",
            "loan-h5",
            of(Life::Passed, Video::Two, false, 4),
        ),
        (
            "passed, recorded video",
            "loan-h5",
            of(Life::Passed, Video::Recorded, true, 3),
        ),
        (
            "passed, video came late",
            "loan-h5",
            of(Life::Passed, Video::Late, false, 4),
        ),
        (
            "passed, account without video",
            "sign-h5",
            of(Life::Passed, Video::None, true, 5),
        ),
        (
            "failed, then passed",
            "loan-h5",
            of(Life::FailedThenPassed, Video::One, true, 6),
        ),
        (
            "failed only",
            "loan-h5",
            of(Life::Failed, Video::One, false, 4),
        ),
        (
            "never used",
            "loan-h5",
            of(Life::Unused, Video::None, false, 4),
        ),
        (
            "told under the wrong app",
            "sign-h5",
            LifeSpec {
                owner: Some("loan-h5".to_owned()),
                ..of(Life::WrongApp, Video::One, false, 2)
            },
        ),
        (
            "told too late",
            "loan-h5",
            of(Life::ToldLate, Video::One, false, 2),
        ),
    ]
}

/// Gives the demonstration in `folder`. `watch` is told now and then how many of how many are
/// settled.
///
/// # Errors
/// [`DemoError`].
pub async fn give(
    folder: &Path,
    stop: &CancellationToken,
    mut watch: impl FnMut(usize, usize),
) -> Result<Given, DemoError> {
    prepare(folder)?;
    let simulator = simulator::start(Options {
        seed: 20_261_123,
        windows: WINDOWS,
        apps: apps(),
        media_bytes: MediaBytes::default(),
        unused_answer: UnusedAnswer::EmptySuccess,
        ..Options::default()
    })
    .await
    .map_err(DemoError::Simulator)?;
    let config = write_config(folder, &simulator)?;
    store::migrate(&config.database.url)
        .await
        .map_err(AppError::from)?;
    let opened = super::open(&config, Arc::new(SystemClock)).await?;
    let archive = Arc::clone(&opened.archive);
    let told_to_stop = CancellationToken::new();
    let mut daemon = Tasks::new(Arc::new(Runtime));
    {
        let (config, stop) = (config.clone(), told_to_stop.clone());
        daemon.spawn("daemon", async move {
            super::run(
                Opened { ..opened },
                &config,
                RunOptions {
                    listen: None,
                    grace: Span::seconds(5),
                },
                stop,
                None,
            )
            .await
        });
    }
    let made: Vec<(&str, Made)> = lives()
        .into_iter()
        .flat_map(|(words, app, spec)| {
            simulator
                .create(app, &[spec])
                .into_iter()
                .map(move |made| (words, made))
        })
        .collect();
    let told = made.iter().map(|(words, one)| told(words, one)).collect();
    archive.track(told).await.map_err(AppError::from)?;
    let total = made.len();
    loop {
        let status = archive
            .store
            .status(archive.now())
            .await
            .map_err(AppError::from)?;
        let settled = settled(&status);
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
    let status = archive
        .store
        .status(archive.now())
        .await
        .map_err(AppError::from)?;
    let endings = endings(&archive, &made, &simulator).await?;
    let example = made
        .iter()
        .find(|(words, _)| words.starts_with("failed, then"))
        .map(|(_, one)| one.verify_token.clone())
        .unwrap_or_default();
    let windows = (
        Span(WINDOWS.verify_ms),
        Span(WINDOWS.media_ms),
        Span(WINDOWS.record_ms),
    );
    let report = Report {
        endings,
        status,
        config: folder.join("verikeep.toml"),
        database: folder.join("data/verikeep.db"),
        objects: folder.join("data/objects"),
        example,
        windows,
    };
    Ok(Given {
        report,
        simulator,
        stop: told_to_stop,
        daemon,
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
    archive: &crate::archive::Archive,
    made: &[(&str, Made)],
    simulator: &Simulator,
) -> Result<Vec<Ending>, AppError> {
    let truth = simulator.truth();
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

/// An empty folder, a new one, or one an earlier demonstration left, which is cleared.
fn prepare(folder: &Path) -> Result<(), DemoError> {
    let failed = |error| DemoError::Folder(folder.to_owned(), error);
    if folder.exists() {
        let empty = folder.read_dir().map_err(failed)?.next().is_none();
        if !empty && !folder.join(MARK).exists() {
            return Err(DemoError::Foreign(folder.to_owned()));
        }
        if folder.join("data").exists() {
            std::fs::remove_dir_all(folder.join("data")).map_err(failed)?;
        }
    }
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
        .create(folder.join("data"))
        .map_err(failed)?;
    std::fs::write(
        folder.join(MARK),
        "A demonstration may clear this folder.\n",
    )
    .map_err(failed)
}

fn write_config(folder: &Path, simulator: &Simulator) -> Result<Config, DemoError> {
    let mut text = String::from(
        "# Left by `verikeep demo`: windows of seconds, and a simulated provider on loopback.\ndata_dir = \"data\"\n\n[schedule]\nfirst_poll = \"400ms\"\nfinal_grace = \"800ms\"\n",
    );
    for app in simulator.apps() {
        let video = if app.records_video {
            "expected"
        } else {
            "optional"
        };
        let _ = write!(
            text,
            "\n[[apps]]\nname = \"{}\"\nbase_url = \"{}\"\napi_key = \"{}\"\nsecret_key = \"{}\"\nqps = 500\nverify_window = \"{}ms\"\nrecord_retention = \"{}ms\"\nmedia_retention = \"{}ms\"\nvideo = \"{video}\"\nmedia_hosts = [\"127.0.0.1\"]\nallow_private_media_hosts = true\n",
            app.name,
            simulator.base_url(),
            app.api_key,
            app.secret_key,
            WINDOWS.verify_ms,
            WINDOWS.record_ms,
            WINDOWS.media_ms,
        );
    }
    let file = folder.join("verikeep.toml");
    write_private(&file, text.as_bytes())
        .map_err(|error| DemoError::Folder(file.clone(), error))?;
    let here =
        std::env::current_dir().map_err(|error| DemoError::Folder(folder.to_owned(), error))?;
    load(&Source {
        file: Some(file),
        variables: Vec::new(),
        here,
    })
    .map(|loaded| loaded.config)
    .map_err(|findings| {
        DemoError::Config(
            findings
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        )
    })
}

/// Writes a file that only its owner may read.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?
        .write_all(bytes)
}
