//! The real binary: killed in the middle, stopped in order, and watched for what must never be shown.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use verikeep::simulator::{Life, LifeSpec, Made, Video};

use crate::lab::{Db, FILMED, Lab, PLAIN, compare, options};

const VERIKEEP: &str = env!("CARGO_BIN_EXE_verikeep");

/// A laboratory whose archive is run by the binary, from a file.
struct Outside {
    lab: Lab,
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Outside {
    async fn new(db: Db, seed: u64) -> Self {
        let lab = Lab::new(db, options(seed)).await;
        let folder = tempfile::tempdir().unwrap();
        let mut text = format!(
            "data_dir = {:?}\n[database]\nurl = {:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[schedule]\nfirst_poll = \"400ms\"\nfinal_grace = \"800ms\"\n",
            lab.config.data_dir,
            lab.config.database.url.reveal()
        );
        for app in lab.simulator.apps() {
            let windows = crate::lab::short_windows();
            write!(
                text,
                "[[apps]]\nname = {:?}\nbase_url = {:?}\napi_key = {:?}\nsecret_key = {:?}\nqps = 2000\nverify_window = \"{}ms\"\nrecord_retention = \"{}ms\"\n\
                 media_retention = \"{}ms\"\nvideo = {:?}\nmedia_hosts = [\"127.0.0.1\"]\nallow_private_media_hosts = true\n",
                app.name,
                lab.simulator.base_url(),
                app.api_key,
                app.secret_key,
                windows.verify_ms,
                windows.record_ms,
                windows.media_ms,
                if app.records_video { "expected" } else { "optional" },
            )
            .unwrap();
        }
        let config = folder.path().join("verikeep.toml");
        std::fs::write(&config, text).unwrap();
        Self { lab, folder, config }
    }

    fn make(&self, each: u32) -> Vec<Made> {
        let mut made = Vec::new();
        for (app, life, video) in [
            (FILMED, Life::Passed, Video::One),
            (FILMED, Life::Passed, Video::Late),
            (FILMED, Life::FailedThenPassed, Video::One),
            (FILMED, Life::Failed, Video::One),
            (FILMED, Life::Unused, Video::None),
            (PLAIN, Life::Passed, Video::None),
        ] {
            made.extend(self.lab.simulator.create(app, &[LifeSpec { video: Some(video), ocr: Some(true), ..LifeSpec::of(life, each) }]));
        }
        made
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(VERIKEEP);
        command.args(arguments).arg("--config").arg(&self.config).current_dir(self.folder.path()).env("VERIKEEP_LOG", "trace").stdin(Stdio::null());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts `run`; what it says is added to a file.
    fn run(&self) -> Child {
        let log = || std::fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        self.command(&["run"]).stdout(log()).stderr(log()).spawn().unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn track(&self, made: &[Made]) {
        let mut child = self.command(&["track", "--file", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = String::new();
        for one in made {
            writeln!(lines, "{}", serde_json::json!({ "verify_token": one.verify_token, "app": one.app, "issued_at": one.issued_at })).unwrap();
        }
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until the number of settled tokens satisfies the condition.
    async fn until_settled(&self, enough: impl Fn(usize) -> bool) -> usize {
        let archive = self.lab.open().await.archive;
        let began = Instant::now();
        loop {
            let status = archive.store.status(archive.now()).await.unwrap();
            let open = ["waiting", "collecting"];
            let settled = status.states.iter().filter(|row| !open.contains(&row.state.as_str())).map(|row| row.count).sum::<i64>();
            let settled = usize::try_from(settled).unwrap();
            if enough(settled) {
                return settled;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "only {settled} settled; {}", std::fs::read_to_string(self.log()).unwrap_or_default());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn terminate(child: &mut Child) -> i32 {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap().code().unwrap()
}

async fn a_kill_in_the_middle_costs_time_and_nothing_else(db: Db) {
    let outside = Outside::new(db, 11).await;
    let made = outside.make(4);
    let mut child = outside.run();
    outside.track(&made);
    let before = outside.until_settled(|settled| settled > 0).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let mut child = outside.run();
    outside.until_settled(|settled| settled == made.len()).await;
    assert_eq!(terminate(&mut child), 0);
    let found = compare(&outside.lab.open().await.archive, &outside.lab.simulator.truth()).await;
    println!("{db:?}: killed with {before} of {} settled; afterwards {found:?}", made.len());
    assert!(before < made.len(), "it was killed in the middle");
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_costs_time_and_nothing_else_on_sqlite() {
    a_kill_in_the_middle_costs_time_and_nothing_else(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_costs_time_and_nothing_else_on_postgres() {
    a_kill_in_the_middle_costs_time_and_nothing_else(Db::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_tokens_urls_and_persons_are_never_shown() {
    let outside = Outside::new(Db::Sqlite, 13).await;
    let made = outside.make(1);
    let mut child = outside.run();
    outside.track(&made);
    let settled = outside.until_settled(|settled| settled == made.len());
    settled.await;
    assert_eq!(terminate(&mut child), 0);
    let mut shown = std::fs::read_to_string(outside.log()).unwrap();
    assert!(shown.contains("running"), "the daemon logs: {shown}");
    // Errors: a wrong secret, and an unknown token.
    for arguments in [&["check"][..], &["status"], &["track", "--app", "nobody", &made[0].verify_token], &["issue", "--app", FILMED, "--plan", "no-such-plan"]]
    {
        let output = outside.command(arguments).env("VERIKEEP_APPS__1__SECRET_KEY", "canary-of-a-wrong-secret").output().unwrap();
        shown.push_str(&String::from_utf8_lossy(&output.stderr));
        if arguments[0] != "track" {
            shown.push_str(&String::from_utf8_lossy(&output.stdout));
        }
    }
    let mut names = Vec::new();
    file_names(&outside.lab.config.data_dir, &mut names);
    shown.push_str(&names.join("\n"));
    let truth = outside.lab.simulator.truth();
    let mut canaries: BTreeSet<String> = made.iter().map(|one| one.verify_token.clone()).collect();
    canaries.extend(["canary-of-a-wrong-secret", "authorization=", "access_token="].map(str::to_owned));
    canaries.extend(outside.lab.simulator.apps().iter().flat_map(|app| [app.api_key.clone(), app.secret_key.clone()]));
    let persons: BTreeSet<String> =
        truth.tokens.iter().flat_map(|token| &token.attempts).flat_map(|attempt| [attempt.facts.name.clone(), attempt.facts.id_number.clone()]).collect();
    for canary in canaries.iter().chain(&persons) {
        assert!(!shown.contains(canary.as_str()), "a canary got out: {:?}", shown.lines().find(|line| line.contains(canary.as_str())));
    }
    // The database holds masks: no full name, no full number.
    let mut database = Vec::new();
    for name in ["verikeep.db", "verikeep.db-wal"] {
        if let Ok(mut file) = std::fs::File::open(outside.lab.config.data_dir.join(name)) {
            file.read_to_end(&mut database).unwrap();
        }
    }
    assert!(database.windows(8).any(|bytes| bytes == b"archived"), "the database was read");
    for person in &persons {
        assert!(!database.windows(person.len()).any(|bytes| bytes == person.as_bytes()), "a person is in the database in full");
    }
    // And the commands that show tokens by contract show them.
    let list = outside.output(&["list", "--json"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains(&made[0].verify_token));
}

fn file_names(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.display().to_string());
        if path.is_dir() {
            file_names(&path, names);
        }
    }
}
