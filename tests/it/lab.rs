//! A whole archive beside a simulated provider: what end-to-end tests share.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use simulator::{AppCredential, Made, Options, Simulator, TokenTruth, Truth, Windows};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use verikeep::{
    app::{self, AppError, RunOptions},
    archive::{Archive, track::Tracked},
    config::{self as shape, Config, Schedule},
    domain::{
        address::DatabaseUrl,
        digest::Sha256,
        secret::Secret,
        time::{Clock, Span, Time},
        token::TrackRequest,
        traffic::Rules,
    },
    store::{self, records::TrackVerdict, reports::Whole},
    vault::ObjectKey,
    worker::clock::SystemClock,
};

use crate::databases::{Database, run_at};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Db {
    Sqlite,
    Postgres,
}

/// The name of the app whose account records videos, and of the one whose account does not.
pub const FILMED: &str = "filmed";
pub const PLAIN: &str = "plain";

/// Windows of seconds: a whole life in half a minute.
pub fn short_windows() -> Windows {
    Windows {
        verify_ms: 5_000,
        record_ms: 20_000,
        media_ms: 12_000,
        url_ms: 60_000,
        ..Windows::default()
    }
}

/// Half of the simulated people fail, and some look odd to the risk control: what is told of that is
/// tried where it is the point, and comes in between everywhere else.
const UNWATCHED: Rules = Rules {
    failure_rate: None,
    risk: None,
    volume: None,
    no_tokens: None,
    unknown_tokens: None,
};

/// Options of the simulator with the two apps of every test.
pub fn options(seed: u64) -> Options {
    let filmed = AppCredential::synthetic(FILMED, "default");
    let plain = AppCredential {
        records_video: false,
        ..AppCredential::synthetic(PLAIN, "default")
    };
    Options {
        seed,
        windows: short_windows(),
        apps: vec![filmed, plain],
        media_bytes: simulator::MediaBytes::small(),
        ..Options::default()
    }
}

pub struct Lab {
    _dir: TempDir,
    pub config: Config,
    pub simulator: Simulator,
    _database: Option<Database>,
}

impl Lab {
    pub async fn new(db: Db, options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let windows = options.windows;
        let simulator = simulator::start(options).await.unwrap();
        let apps = simulator
            .apps()
            .iter()
            .map(|app| configured(app, simulator.base_url(), windows))
            .collect();
        let mut config = Config::embedded(dir.path().join("data"), apps);
        std::fs::create_dir_all(&config.data_dir).unwrap();
        config.schedule = Schedule {
            first_poll: Span::millis(400),
            final_grace: Span::millis(800),
            ..Schedule::default()
        };
        let database = match db {
            Db::Sqlite => None,
            Db::Postgres => {
                let database = Database::postgres().await;
                config.database.url = database.url.clone();
                Some(database)
            }
        };
        store::migrate(&config.database.url).await.unwrap();
        let names = config.apps.iter().map(|app| app.name.as_str());
        teach(&config.database.url, names).await;
        Self {
            _dir: dir,
            config,
            simulator,
            _database: database,
        }
    }

    /// Starts the daemon in this process.
    pub async fn run(&self) -> Running {
        self.run_by(Arc::new(SystemClock)).await
    }

    /// The same on a host with this clock.
    pub async fn run_by(&self, clock: Arc<dyn Clock>) -> Running {
        let opened = app::open(&self.config, clock).await.unwrap();
        let archive = Arc::clone(&opened.archive);
        let stop = CancellationToken::new();
        // The port is free again when the probe is dropped.
        let listens = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let (config, options, told) = (
            self.config.clone(),
            RunOptions {
                listen: Some(listens),
                grace: Span::seconds(5),
            },
            stop.clone(),
        );
        let task =
            tokio::spawn(async move { app::run(opened, &config, options, told, None).await });
        let began = Instant::now();
        while std::net::TcpStream::connect(listens).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(20) && !task.is_finished(),
                "the daemon does not listen"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Running {
            archive,
            listens,
            stop,
            task,
        }
    }

    /// Waits until every token is settled.
    pub async fn settled(
        &self,
        archive: &Archive,
        tokens: usize,
        within: Duration,
    ) -> BTreeMap<String, i64> {
        let started = Instant::now();
        loop {
            let status = archive.store.status(archive.now()).await.unwrap();
            let mut states = BTreeMap::new();
            for row in &status.states {
                *states.entry(row.state.clone()).or_insert(0) += row.count;
            }
            let open: i64 =
                states.get("waiting").unwrap_or(&0) + states.get("collecting").unwrap_or(&0);
            let all: i64 = states.values().sum();
            if open == 0 && usize::try_from(all).unwrap() == tokens {
                return states;
            }
            assert!(
                started.elapsed() < within,
                "not settled within {within:?}: {states:?}; {:?}",
                status.errors
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// As in an archive that is some days old: what unused tokens answer is known.
pub async fn teach(url: &DatabaseUrl, apps: impl IntoIterator<Item = &str>) {
    // Days of two to whatever windows an archive goes by: none has a longer one.
    let length_of_day = Span::hours(24);
    for app in apps {
        for (token, day) in [1, 2, 3].into_iter().zip([1, 2, 2]) {
            let sql = format!(
                "insert into unused_signatures (app, signature, verification_id, seen_at, origin)
                values ('{}', 'refused', '{}', {}, 'verified_later')",
                app,
                uuid::Uuid::from_u128(token),
                1_700_000_000_000 + day * length_of_day.0
            );
            run_at(url, &sql).await;
        }
    }
}

/// Sets the times of all files below a folder, so that they look as old.
pub fn age(folder: &Path, to: SystemTime) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age(&path, to);
        } else {
            let file = fs::File::options().append(true).open(path).unwrap();
            file.set_modified(to).unwrap();
        }
    }
}

fn configured(app: &AppCredential, base_url: &str, windows: Windows) -> shape::App {
    let auth = shape::Auth::AccessToken {
        api_key: Secret::new(app.api_key.clone()),
        secret_key: Secret::new(app.secret_key.clone()),
    };
    let mut made = shape::App::new(&app.name, base_url.parse().unwrap(), auth);
    made.qps = 2_000.0;
    made.policy.verify_window = Span::millis(windows.verify_ms);
    made.policy.record_retention = Span::millis(windows.record_ms);
    made.policy.media_retention = Span::millis(windows.media_ms);
    made.policy.first_poll = Span::millis(400);
    made.policy.final_grace = Span::millis(800);
    made.policy.video_expected = app.records_video;
    made.media_hosts = vec!["127.0.0.1".to_owned()];
    made.allow_private_media_hosts = true;
    made.rules = UNWATCHED;
    made
}

pub struct Running {
    pub archive: Arc<Archive>,
    /// Where it serves health and metrics.
    pub listens: std::net::SocketAddr,
    pub stop: CancellationToken,
    pub task: JoinHandle<Result<(), AppError>>,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// Tells the archive of tokens the simulator made; every one must be new.
pub async fn track(archive: &Archive, made: &[Made]) {
    let told = made
        .iter()
        .map(|one| TrackRequest {
            verify_token: Secret::new(one.verify_token.clone()),
            app: one.app.clone(),
            issued_at: Some(Time(one.issued_at_ms)),
            plan_id: None,
            reference: Some(one.life.clone()),
            tracked_by: "test".to_owned(),
            issued_here: false,
        })
        .collect();
    for tracked in archive.tracker.track(told).await.unwrap() {
        assert!(
            matches!(tracked, Tracked::Verdict(TrackVerdict::New { .. })),
            "{tracked:?}"
        );
    }
}

/// What a comparison with the truth counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub tokens: usize,
    pub attempts: usize,
    pub media: usize,
    pub media_bytes: i64,
    pub answers: usize,
    pub wrong: Vec<String>,
}

/// Compares everything that was kept with what really was, byte for byte.
pub async fn compare(archive: &Archive, truth: &Truth) -> Found {
    let mut found = Found::default();
    for token in &truth.tokens {
        let whole = archive
            .store
            .show(&token.verify_token)
            .await
            .unwrap()
            .expect("tracked");
        found.tokens += 1;
        let mut wrong = Vec::new();
        if whole.summary.state != token.outcome {
            wrong.push(format!(
                "is {}, should be {}: missing {}",
                whole.summary.state, token.outcome, whole.summary.missing
            ));
        }
        let seen = !matches!(token.outcome, "missed" | "rejected" | "abandoned");
        if seen {
            compare_attempts(&whole, token, &mut wrong);
            compare_media(archive, &whole, token, &mut wrong).await;
        } else if !whole.attempt_rows.is_empty() || !whole.media.is_empty() {
            wrong.push("something was captured of it".to_owned());
        }
        for answer in &whole.answers {
            let bytes = match (&answer.packed, &answer.object_key) {
                (Some(packed), None) => packed.open().unwrap().into(),
                (None, Some(key)) => archive
                    .vault
                    .get(&ObjectKey::parse(key).unwrap())
                    .await
                    .unwrap(),
                both => panic!("{both:?}"),
            };
            if Sha256::of(&bytes) != answer.sha256 {
                wrong.push(format!("answer {} differs from its row", answer.endpoint));
            }
        }
        found.attempts += whole.attempt_rows.len();
        found.media += whole.media.len();
        found.media_bytes += whole.media.iter().filter_map(|row| row.bytes).sum::<i64>();
        found.answers += whole.answers.len();
        found.wrong.extend(
            wrong
                .into_iter()
                .map(|what| format!("{} ({}): {what}", token.life, token.app)),
        );
    }
    found
}

fn compare_attempts(whole: &Whole, token: &TokenTruth, wrong: &mut Vec<String>) {
    if whole.attempt_rows.len() != token.attempts.len() {
        wrong.push(format!(
            "{} attempts instead of {}",
            whole.attempt_rows.len(),
            token.attempts.len()
        ));
        return;
    }
    for (row, truth) in whole.attempt_rows.iter().zip(&token.attempts) {
        let verified_at = Time(truth.verified_at_ms);
        let same = row.attempt_no == i64::from(truth.order)
            && row.passed == Some(truth.passed)
            && row.code.as_deref() == Some(truth.code)
            && row.verified_at == Some(verified_at)
            && row.charge_type.as_deref() == truth.facts.charge_type
            && row.verify_log_id == truth.facts.verify_log_id;
        if !same {
            wrong.push(format!(
                "attempt {} differs: {row:?} from {truth:?}",
                truth.order
            ));
        }
    }
}

async fn compare_media(
    archive: &Archive,
    whole: &Whole,
    token: &TokenTruth,
    wrong: &mut Vec<String>,
) {
    let mut expected: BTreeMap<(i64, String, i64), Sha256> = BTreeMap::new();
    let mut lucky = BTreeMap::new();
    for medium in &token.media {
        if medium.served_by == ["simple"] {
            continue;
        }
        let kind = serde_json::to_value(medium.kind)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        let slot = (i64::from(medium.attempt), kind, i64::from(medium.position));
        if medium.replaced {
            lucky.insert(slot, medium.sha256.parse::<Sha256>().unwrap())
        } else {
            expected.insert(slot, medium.sha256.parse().unwrap())
        };
    }
    for row in &whole.media {
        let slot = (row.attempt_no, row.kind.clone(), row.position);
        // media/query does not say whose media it lists: asked while a person was trying again,
        // what it lists of the new attempt stands with the last one that getall had told of.
        let nearby = (1..=3)
            .map(|later| (slot.0 + later, slot.1.clone(), slot.2))
            .find(|slot| expected.contains_key(slot) || lucky.contains_key(slot));
        let listed_early = row.kind.starts_with("liveness") || row.kind.ends_with("video");
        let truth = match expected.get(&slot).or_else(|| lucky.get(&slot)) {
            Some(sha256) if Some(*sha256) == row.sha256 || !listed_early => {
                expected.remove(&slot).or_else(|| lucky.remove(&slot))
            }
            _ if listed_early => {
                nearby.and_then(|nearby| expected.remove(&nearby).or_else(|| lucky.remove(&nearby)))
            }
            _ => None,
        };
        let Some(sha256) = truth else {
            wrong.push(format!(
                "{slot:?} is there though it should not be, or twice"
            ));
            continue;
        };
        let Some(key) = &row.object_key else {
            wrong.push(format!("{slot:?} is {}: {:?}", row.state, row.lost_reason));
            continue;
        };
        let bytes = archive
            .vault
            .get(&ObjectKey::parse(key).unwrap())
            .await
            .unwrap();
        if Sha256::of(&bytes) != sha256 || row.sha256 != Some(sha256) {
            wrong.push(format!(
                "{slot:?} has other bytes: {} of {:?}, {:?}",
                bytes.len(),
                row.content_type,
                String::from_utf8_lossy(bytes.get(..60).unwrap_or(&bytes))
            ));
        }
    }
    wrong.extend(expected.keys().map(|slot| format!("{slot:?} is missing")));
}
