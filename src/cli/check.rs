//! `check`: everything a first start can trip over, all findings at once; and what the provider
//! answers for one token ([`token`]).

mod channels;
pub(super) mod looks;
pub(super) mod token;
mod words;

use std::{fs, path::Path};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    report::{Code, Failure},
    screen::Screen,
    table::Table,
    words::Said,
};
use crate::{
    config::{self, Config, Finding, Level, Look, Source},
    domain::{language::Language, secret::Secret},
    telemetry::logs,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep check
  verikeep check --offline --config new.toml        # before it is put in place
  verikeep check --token TOKEN --app h5 > shape.txt  # the shape of the answers, to send to us
  verikeep check --json | jq '.rows[] | select(.level != \"ok\")'
A SQLite file is read through, some 10 seconds a gigabyte.
Ends with 3 when the configuration is wrong, 4 when something cannot be reached, 1 for other findings, 0 for warnings.";

/// Check everything a first start can trip over: configuration, files, database, object store,
/// channels, credentials, clock.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// Leave out the network.
    #[arg(long)]
    pub offline: bool,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
    /// Instead, ask every query once for this token and print the shape of each answer: names of
    /// fields, types and lengths, codes, the clock; never a value. It can be sent to others.
    /// Nothing is stored or tracked.
    #[arg(long, value_name = "TOKEN", value_parser = super::secret, conflicts_with_all = ["offline", "json"])]
    pub token: Option<Secret>,
    /// The app whose token it is; may be left out where there is one app only.
    #[arg(long, requires = "token")]
    pub app: Option<String>,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Grade {
    /// As it should be.
    Ok,
    /// Works, and somebody should look at it.
    Warn,
    /// Does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// How it stands.
    pub level: Grade,
    /// What: `database`, `object store`, `app h5`, a key of the configuration.
    pub what: String,
    /// How it was found; never a secret, a URL with credentials or a person.
    pub found: Said,
    /// What to do; empty when there is nothing to be done.
    pub todo: Said,
    /// What the process ends with because of it.
    pub code: Code,
}

impl Row {
    /// As it should be.
    pub(super) fn ok(what: impl Into<String>, found: impl Into<Said>) -> Self {
        Self {
            level: Grade::Ok,
            what: what.into(),
            found: found.into(),
            todo: String::new().into(),
            code: Code::Done,
        }
    }

    /// Works, and somebody should look at it.
    pub(super) fn warn(
        what: impl Into<String>,
        found: impl Into<Said>,
        todo: impl Into<Said>,
    ) -> Self {
        Self {
            level: Grade::Warn,
            what: what.into(),
            found: found.into(),
            todo: todo.into(),
            code: Code::Done,
        }
    }

    /// Does not work.
    pub(super) fn fail(
        code: Code,
        what: impl Into<String>,
        found: impl Into<Said>,
        todo: impl Into<Said>,
    ) -> Self {
        Self {
            level: Grade::Fail,
            what: what.into(),
            found: found.into(),
            todo: todo.into(),
            code,
        }
    }

    /// What a command would have said.
    #[must_use]
    pub(super) fn of_failure(failure: Failure) -> Vec<Self> {
        match failure {
            Failure::ReaderGone => Vec::new(),
            Failure::Configuration(findings) => findings.iter().map(Self::of_finding).collect(),
            Failure::Told {
                code,
                what,
                why,
                todo,
            } => vec![Self::fail(code, what, why, todo)],
        }
    }

    fn document(&self, language: Language) -> Value {
        json!({
            "level": self.level,
            "what": self.what,
            "found": self.found.in_(language),
            "todo": self.todo.in_(language),
        })
    }

    fn of_finding(finding: &Finding) -> Self {
        let what = if finding.path.is_empty() {
            finding.place.to_string()
        } else {
            format!("{} ({})", finding.path, finding.place)
        };
        let [found, todo] = [Finding::reason_in, Finding::todo_in].map(|text| Said::Told {
            en: text(finding, Language::En),
            zh: text(finding, Language::Zh),
        });
        match finding.level {
            Level::Warn => Self::warn(what, found, todo),
            Level::Fail => Self::fail(Code::Configuration, what, found, todo),
        }
    }
}

/// Looks, and tells.
///
/// # Errors
/// When the configuration cannot be read where a token is asked about, or the stream fails.
pub(super) async fn run(
    args: &Check,
    source: &Source,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if let Some(token) = &args.token {
        let config = config::load(source).map_err(Failure::Configuration)?.config;
        let app = token::app(&config, args.app.as_deref(), token)?;
        let looks = looks::looks(app, token).await?;
        return token::tell(app, &looks, token, screen);
    }
    let read = config::look(source);
    let mut rows = local(&read);
    if let Some(config) = &read.config {
        rows.extend(looks::all(config, &read.findings, args.offline).await);
    }
    tell(args, &rows, screen)
}

/// What is seen without anybody else: the configuration and the files it names.
#[must_use]
pub(super) fn local(read: &Look) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(config) = &read.config
        && !read.findings.iter().any(|one| one.level == Level::Fail)
    {
        let apps: Vec<&str> = config.apps.iter().map(|app| app.name.as_str()).collect();
        let apps = apps.join(", ");
        let found = match &config.file {
            Some(file) => Said::filled(words::CONFIGURED, [file.display().to_string(), apps]),
            None => Said::filled(words::ENVIRONMENT, [apps]),
        };
        rows.push(Row::ok("configuration", found));
    }
    rows.extend(read.findings.iter().map(Row::of_finding));
    rows.extend(logs::complaint().map(|found| {
        Row::warn(
            format!("environment {}", logs::VARIABLE),
            found.to_owned(),
            words::CORRECT_IT,
        )
    }));
    let places = ["data_dir", "database", "vault"];
    let is_known = |place: &str| !read.findings.iter().any(|one| one.spoils(place));
    if let Some(config) = &read.config
        && places.into_iter().all(is_known)
    {
        rows.extend(data_dir(config));
        rows.extend(database_file(config));
    }
    rows
}

/// What to do next: the first thing that does not work, or to start where all does.
fn next(rows: &[Row], language: Language) -> String {
    let way_out = |row: &&Row| row.level == Grade::Fail && !row.todo.is_empty();
    match rows.iter().find(way_out) {
        Some(row) => format!("{}: {}", row.what, row.todo.in_(language)),
        None if rows.iter().any(|row| row.level == Grade::Fail) => {
            words::SEE_ABOVE.in_(language).to_owned()
        }
        None if rows.iter().any(|row| row.found == words::RUNS.into()) => {
            words::NOTHING_RUNS.in_(language).to_owned()
        }
        None => "`verikeep run`".to_owned(),
    }
}

/// Whether the data directory can be used, where anything lies in it.
fn data_dir(config: &Config) -> Option<Row> {
    let embedded = config.database.url.file().is_some() || config.vault.url.folder().is_some();
    if !embedded {
        return None;
    }
    let (what, folder) = ("data_dir", config.data_dir.as_path());
    let shown = folder.display().to_string();
    let Ok(facts) = fs::metadata(folder) else {
        return Some(match nearest(folder).map(fs::metadata) {
            Some(Ok(above)) if above.is_dir() && !above.permissions().readonly() => {
                Row::ok(what, Said::filled(words::WILL_BE_MADE, [shown]))
            }
            _ => Row::fail(
                Code::Configuration,
                what,
                Said::filled(words::CANNOT_BE_MADE, [shown]),
                words::MAKE_FOLDER,
            ),
        });
    };
    if !facts.is_dir() {
        return Some(Row::fail(
            Code::Configuration,
            what,
            Said::filled(words::NO_FOLDER, [shown]),
            words::MOVE_FILE,
        ));
    }
    if let Err(error) = probe(folder) {
        return Some(Row::fail(
            Code::Configuration,
            what,
            Said::filled(words::CANNOT_WRITE, [shown, error.to_string()]),
            words::GIVE_FOLDER,
        ));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = facts.permissions().mode() & 0o777;
        if mode & !0o750 != 0 {
            return Some(Row::warn(
                what,
                Said::filled(words::OPEN_FOLDER, [shown.clone(), format!("{mode:03o}")]),
                Said::filled(words::CHMOD, [shown]),
            ));
        }
    }
    Some(Row::ok(what, Said::filled(words::CAN_WRITE, [shown])))
}

/// A database whose file others can read. Its group may, where somebody let it.
fn database_file(config: &Config) -> Option<Row> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = config.database.url.file()?;
    let mode = fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let shown = file.display().to_string();
    (mode & !0o640 != 0).then(|| {
        Row::warn(
            "database.url",
            Said::filled(words::OPEN_FOLDER, [shown.clone(), format!("{mode:03o}")]),
            Said::filled(words::CHMOD_FILE, [shown]),
        )
    })
}

/// The closest folder above that exists.
fn nearest(folder: &Path) -> Option<&Path> {
    folder.ancestors().skip(1).find(|above| above.exists())
}

fn probe(folder: &Path) -> std::io::Result<()> {
    let mut random = [0u8; 8];
    crate::domain::random::fill(&mut random);
    let file = folder.join(format!(
        ".verikeep-check-{}",
        crate::domain::digest::hex(&random)
    ));
    fs::write(&file, b"verikeep")?;
    fs::remove_file(&file)
}

/// Shows all rows; the worst decides the exit code, and a wrong configuration comes before
/// everything.
///
/// # Errors
/// When the stream fails.
pub(super) fn tell(args: &Check, rows: &[Row], screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let code = rows
        .iter()
        .map(|row| row.code)
        .max_by_key(|code| {
            if *code == Code::Configuration {
                9
            } else {
                code.number()
            }
        })
        .unwrap_or(Code::Done);
    let language = screen.language;
    if args.json {
        let sound = rows.iter().all(|row| row.level != Grade::Fail);
        let next = next(rows, language);
        let rows: Vec<Value> = rows.iter().map(|row| row.document(language)).collect();
        screen.document(
            &json!({ "ok": sound, "exit_code": code.number(), "next": next, "rows": rows }),
        )?;
        return Ok(code);
    }
    let mut table = Table::new([
        "",
        words::WHAT.in_(language),
        words::FOUND.in_(language),
        words::WHAT_TO_DO.in_(language),
    ]);
    for row in rows {
        let mark = match row.level {
            Grade::Ok => words::OK,
            Grade::Warn => words::WARN,
            Grade::Fail => words::FAIL,
        };
        table.row([
            mark.in_(language),
            &row.what,
            &row.found.in_(language),
            &row.todo.in_(language),
        ]);
    }
    table.print(screen)?;
    let number = |level: Grade| {
        let of_level = rows.iter().filter(|row| row.level == level);
        of_level.count().to_string()
    };
    let [good, look, wrong] = [Grade::Ok, Grade::Warn, Grade::Fail].map(number);
    let next = next(rows, language);
    screen.line("")?;
    screen.line(words::SUMMARY.filled(language, &[&good, &look, &wrong, &next]))?;
    Ok(code)
}
