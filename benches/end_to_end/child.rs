//! The processes of a benchmark: this binary again, told by its arguments which part to play.
//!
//! A child says what it found in one line of JSON on its standard output.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde::{Deserialize, Serialize};

use crate::{Outcome, archive, bare, provider, syncs};

/// What one pass found; what it does not measure stays zero.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    /// From the start until the last token is settled.
    pub seconds: f64,
    /// User and system time of the process meanwhile.
    pub cpu_ms: f64,
    /// The same of the database server, where there is one.
    pub server_ms: f64,
    /// Telling the archive of the tokens, before.
    pub tracking_seconds: f64,
    /// Statements that sqlx ran.
    pub statements: u64,
    /// Transactions that wrote.
    pub commits: u64,
    /// Times that something was synced to disk, where that could be counted.
    pub syncs: Option<u64>,
    /// The most memory the process ever held.
    pub peak_bytes: u64,
    /// Calls of the interface, as the provider counted them.
    pub calls: u64,
    /// Media sent, as the provider counted them.
    pub media: u64,
}

/// What a pass has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The work.
    pub work: provider::Work,
    /// Where the provider is.
    pub base_url: String,
    /// The file with the tokens it made.
    pub tokens: PathBuf,
    /// The folder of the database and the objects.
    pub data: PathBuf,
    /// The database on the server; none for SQLite, which has it in that folder.
    pub database: Option<String>,
    /// Where strace writes what the process syncs, if it is to watch.
    pub trace: Option<PathBuf>,
    /// How many tokens wait beside.
    pub waiting: u32,
}

/// A part to play.
pub(crate) enum Role {
    /// The simulated provider.
    Provider(provider::Order),
    /// A pass, by name.
    Pass(String, Task),
}

impl Role {
    /// The part that the arguments name; none for the whole benchmark.
    pub(crate) fn of(words: &[String]) -> Outcome<Option<Self>> {
        Ok(match words {
            [first, name, text] if first == "child" && name == "provider" => {
                Some(Self::Provider(serde_json::from_str(text)?))
            }
            [first, name, text] if first == "child" => {
                Some(Self::Pass(name.clone(), serde_json::from_str(text)?))
            }
            _ => None,
        })
    }

    /// Plays it.
    pub(crate) fn play(self) -> Outcome<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        match self {
            Self::Provider(order) => runtime.block_on(provider::serve(order)),
            Self::Pass(name, task) => tell(&match name.as_str() {
                "bare" => runtime.block_on(bare::run(task))?,
                "archive" => runtime.block_on(archive::pass(task, None))?,
                "counted" => runtime.block_on(archive::pass(
                    task,
                    Some(
                        crate::statements::Statements::watch()
                            .ok_or("statements are told of already")?,
                    ),
                ))?,
                "fill" => runtime.block_on(archive::fill(task))?,
                "resident" => runtime.block_on(archive::resident(task))?,
                _ => return Err(format!("there is no pass {name}").into()),
            }),
        }
    }
}

/// Says `found` to the parent.
pub(crate) fn tell(found: &impl Serialize) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(found)?)?;
    Ok(out.flush()?)
}

/// Starts a child that lives until its standard input is closed or it is done.
pub(crate) fn start(name: &str, task: &impl Serialize) -> Outcome<Child> {
    begin(Command::new(std::env::current_exe()?), name, task)
}

fn begin(mut program: Command, name: &str, task: &impl Serialize) -> Outcome<Child> {
    let words = ["child", name, &serde_json::to_string(task)?];
    Ok(program
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?)
}

/// Runs a pass to its end and reads what it found.
pub(crate) fn run(name: &str, task: &Task) -> Outcome<Found> {
    let program = std::env::current_exe()?;
    let program = match &task.trace {
        Some(trace) => syncs::watched(&program, trace),
        None => Command::new(program),
    };
    let output = begin(program, name, task)?.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("the pass {name} failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
