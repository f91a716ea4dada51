//! A folder with a configuration for a simulated provider, and the real binary at work in it.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use simulator::{AppCredential, Faults, Made, Simulator};
use tempfile::TempDir;
use verikeep::{
    app,
    archive::Archive,
    config::{Source, load},
    domain::{address::DatabaseUrl, token::State},
    worker::clock::SystemClock,
};

use crate::{
    bucket::Bucket,
    databases::Database,
    feed::feed,
    lab::{Db, options, short_windows, teach},
};

/// Longer than the grace of a stop, so that a daemon that overruns it is seen.
const STOP_MOST: Duration = Duration::from_secs(30);

pub(super) struct Place {
    folder: TempDir,
    simulator: Arc<Simulator>,
    database: Option<Database>,
}

/// How far the work is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) settled: usize,
    pub(super) media: i64,
}

impl Place {
    pub(super) async fn new(db: Db, seed: u64) -> Self {
        let simulator = simulator::start(options(seed)).await.unwrap();
        let apps = simulator.apps().to_vec();
        let base_url = simulator.base_url().to_owned();
        Self::beside(Arc::new(simulator), db, &base_url, &apps).await
    }

    /// With objects on an S3 server.
    pub(super) async fn over_s3(seed: u64) -> Self {
        let place = Self::new(Db::Sqlite, seed).await;
        let Bucket { url, options } = Bucket::part();
        let options = options.map(|(name, value)| format!("{name} = \"{value}\""));
        let file = place.path().join("verikeep.toml");
        let text = fs::read_to_string(&file).unwrap();
        let vault = format!(
            "[vault]\nurl = \"{url}\"\noptions = {{ {} }}\n",
            options.join(", ")
        );
        fs::write(file, format!("{text}\n{vault}")).unwrap();
        place
    }

    /// Another archive of the same provider, or of none, with credentials of its own.
    pub(super) async fn beside(
        simulator: Arc<Simulator>,
        db: Db,
        base_url: &str,
        apps: &[AppCredential],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match db {
            Db::Sqlite => None,
            Db::Postgres => Some(Database::postgres().await),
        };
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("index.key"), INDEX_KEY).unwrap();
        fs::write(
            folder.path().join("verikeep.toml"),
            configuration(base_url, apps, database.as_ref()),
        )
        .unwrap();
        let place = Self {
            folder,
            simulator,
            database,
        };
        let migrated = place.verikeep(&["migrate"]);
        assert_eq!(code(&migrated), 0, "{}", err(&migrated));
        teach(&place.database(), apps.iter().map(|app| app.name.as_str())).await;
        place
    }

    pub(super) fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    pub(super) fn provider(&self) -> Arc<Simulator> {
        Arc::clone(&self.simulator)
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where its database is.
    pub(super) fn database(&self) -> DatabaseUrl {
        self.database.as_ref().map_or_else(
            || DatabaseUrl::of_file(&self.path().join("data/verikeep.db")),
            |database| database.url.clone(),
        )
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        self.simulator.set_faults(faults);
    }

    fn command(&self, line: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_verikeep"), line)
    }

    fn program(&self, program: &str, line: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(line)
            .current_dir(self.folder.path())
            .env_clear()
            .env("VERIKEEP_LOG", "trace")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(super) fn verikeep(&self, line: &[&str]) -> Output {
        self.command(line).output().unwrap()
    }

    /// Runs a command that reads `text`.
    pub(super) fn verikeep_reading(&self, line: &[&str], text: &str) -> Output {
        feed(&mut self.command(line), text)
    }

    /// Tells of tokens the simulator made; every one must be new.
    pub(super) fn track(&self, made: &[Made]) -> Output {
        let mut text = String::new();
        for one in made {
            let line = serde_json::json!({ "verify_token": one.verify_token, "app": one.app, "issued_at": one.issued_at, "reference": one.life });
            writeln!(text, "{line}").unwrap();
        }
        let tracked = self.verikeep_reading(&["track", "--file", "-"], &text);
        assert_eq!(code(&tracked), 0, "{}", err(&tracked));
        assert!(
            out(&tracked)
                .replace(',', "")
                .starts_with(&format!("{} new 0 known", made.len())),
            "{}",
            out(&tracked)
        );
        tracked
    }

    /// Starts the daemon and waits until it runs.
    pub(super) async fn start(&self) -> Daemon {
        self.start_under(&[]).await
    }

    /// The same by a program that becomes the daemon: `prlimit`, a shell that ends with `exec
    /// "$@"`.
    pub(super) async fn start_under(&self, wrapper: &[&str]) -> Daemon {
        let number = fs::read_dir(self.path()).unwrap().count();
        let log = self.path().join(format!("daemon-{number}.log"));
        let file = fs::File::create(&log).unwrap();
        let line = [wrapper, &[env!("CARGO_BIN_EXE_verikeep"), "run"]].concat();
        let child = self
            .program(line[0], &line[1..])
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let mut daemon = Daemon {
            child,
            log,
            address: String::new(),
        };
        let started = Instant::now();
        while daemon.address.is_empty() {
            let said = daemon.said();
            assert!(
                daemon.child.try_wait().unwrap().is_none(),
                "ended at once: {said}"
            );
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "does not run: {said}"
            );
            daemon.address = addresses(&said).pop().unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        daemon
    }

    /// Opens the same archive in this process, to look at it.
    pub(super) async fn archive(&self) -> Arc<Archive> {
        let source = Source {
            file: Some(self.path().join("verikeep.toml")),
            variables: Vec::new(),
            here: self.path().to_owned(),
        };
        let config = load(&source).unwrap().config;
        app::open(&config, Arc::new(SystemClock))
            .await
            .unwrap()
            .archive
    }

    pub(super) async fn progress(&self, archive: &Archive) -> Progress {
        let status = archive.store.status(archive.now()).await.unwrap();
        let settled: i64 = status
            .states
            .iter()
            .filter(|row| State::named(&row.state).unwrap().is_settled())
            .map(|row| row.count)
            .sum();
        let media = status
            .media
            .iter()
            .filter(|row| row.state == "stored")
            .map(|row| row.count)
            .sum();
        Progress {
            settled: usize::try_from(settled).unwrap(),
            media,
        }
    }

    /// Waits for a condition; when it does not come, tells what the daemons said last.
    pub(super) async fn until(
        &self,
        what: &str,
        most: Duration,
        mut condition: impl AsyncFnMut() -> bool,
    ) {
        let started = Instant::now();
        while !condition().await {
            assert!(
                started.elapsed() < most,
                "not within {most:?}: {what}; {}",
                out(&self.verikeep(&["status"]))
            );
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// The key of the look-up index, which is a secret too.
pub(super) const INDEX_KEY: &str =
    "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";

fn configuration(base_url: &str, apps: &[AppCredential], database: Option<&Database>) -> String {
    let windows = short_windows();
    let mut text = String::from(
        "data_dir = \"data\"\n[http]\nlisten = \"127.0.0.1:0\"\n[identity]\ncolumns = \"masked\"\nindex_key_file = \"index.key\"\n",
    );
    text.push_str("[schedule]\nfirst_poll = \"400ms\"\nfinal_grace = \"800ms\"\n");
    // Half of the simulated people fail, and some look odd to the risk control.
    text.push_str(
        "[alarms]\nfailure_rate = false\nrisk = false\nvolume = false\nunknown_tokens = false\n",
    );
    if let Some(database) = database {
        writeln!(text, "[database]\nurl = \"{}\"", database.url.reveal()).unwrap();
    }
    for app in apps {
        let video = if app.records_video {
            "expected"
        } else {
            "optional"
        };
        writeln!(
            text,
            "[[apps]]\nname = \"{}\"\nbase_url = \"{base_url}\"\napi_key = \"{}\"\nsecret_key = \"{}\"\nqps = 2000\nverify_window = \"{}ms\"\n\
             record_retention = \"{}ms\"\nmedia_retention = \"{}ms\"\nvideo = \"{video}\"\nmedia_hosts = [\"127.0.0.1\"]\nallow_private_media_hosts = true",
            app.name, app.api_key, app.secret_key, windows.verify_ms, windows.record_ms, windows.media_ms
        )
        .unwrap();
    }
    text
}

/// Where the daemon says that it listens, each time that it has begun to.
fn addresses(said: &str) -> Vec<String> {
    let lines = said
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines
        .filter(|line| line["message"] == "running")
        .filter_map(|line| line["address"].as_str().map(str::to_owned))
        .collect()
}

/// A daemon of its own process, killed when it is dropped.
pub(super) struct Daemon {
    child: Child,
    log: PathBuf,
    address: String,
}

impl Daemon {
    /// What it wrote so far.
    pub(super) fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        assert_eq!(
            self.child.wait().unwrap().code(),
            None,
            "ended by the signal, not by itself"
        );
    }

    fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let mut kill = Command::new("kill");
        assert!(kill.args(["-s", name, &pid]).status().unwrap().success());
    }

    /// SIGHUP.
    pub(super) fn hang_up(&self) {
        self.signal("HUP");
    }

    /// SIGSTOP: it does nothing more, and does not know it.
    pub(super) fn stand_still(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub(super) fn go_on(&self) {
        self.signal("CONT");
    }

    /// Whether it runs, now for the `times`th time in its process.
    pub(super) fn runs_again(&mut self, times: usize) -> bool {
        assert!(self.child.try_wait().unwrap().is_none(), "{}", self.said());
        let addresses = addresses(&self.said());
        self.address = addresses.last().cloned().unwrap_or_default();
        addresses.len() == times
    }

    /// SIGTERM; it must end with 0 within the grace. Returns all it said.
    pub(super) fn stop(mut self) -> String {
        self.signal("TERM");
        let asked = Instant::now();
        let ended = loop {
            if let Some(ended) = self.child.try_wait().unwrap() {
                break ended;
            }
            assert!(asked.elapsed() < STOP_MOST, "does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        };
        let said = self.said();
        assert_eq!(ended.code(), Some(0), "{said}");
        said
    }

    /// Connections that never say what they want.
    pub(super) fn half_open(&self, count: usize) -> Vec<TcpStream> {
        let hold = |_| {
            let mut stream = TcpStream::connect(&self.address).unwrap();
            // It may have been cut off already.
            let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost:");
            stream
        };
        (0..count).map(hold).collect()
    }

    /// Status line, headers and body of a page.
    pub(super) fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(super) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(super) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}
