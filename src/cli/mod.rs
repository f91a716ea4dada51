//! The commands, one file each.
//!
//! A command reads its arguments, asks the rooms behind it, and prints. What it needs comes in as
//! parameters; `rooms` alone knows where those come from. Results go to standard output, everything
//! said beside them to standard error, and [`report`] is the one place that tells what went wrong
//! and with which exit code.

mod alarms;
mod check;
mod completions;
mod demo;
mod explain;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unimplemented,
    clippy::indexing_slicing,
    reason = "helpers of tests may stop a test, as tests may"
)]
mod fake;
mod get;
mod init;
mod issue;
mod key;
mod list;
mod losses;
mod man;
mod migrate;
mod panics;
mod people;
mod progress;
mod reconcile;
mod report;
mod retry;
mod rooms;
mod run;
mod screen;
mod show;
mod simulate;
mod status;
mod table;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may stop a test, as tests may"
)]
mod tests;
mod track;

use std::{
    convert::Infallible, ffi::OsString, io, path::PathBuf, process::ExitCode, sync::Arc,
    time::Duration,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{
    config::{self, Config, Finding, Loaded, Source},
    domain::secret::Secret,
    provider::http::install_crypto,
};
use report::{Code, EXIT_CODES, Failure};
use screen::Screen;

/// Keeps what a cloud is about to forget: archives Baidu AI Cloud H5 face verifications, whole,
/// before the provider deletes them.
#[derive(Parser, Debug)]
#[command(
    name = "verikeep",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 110
)]
pub struct Cli {
    /// The configuration; else verikeep.toml here, else /etc/verikeep/verikeep.toml.
    #[arg(long, global = true, value_name = "FILE", env = "VERIKEEP_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
#[allow(missing_docs, reason = "each is described where its arguments are")]
pub enum Command {
    Init(init::Init),
    Check(check::Check),
    Migrate(migrate::Migrate),
    Run(run::Run),
    Issue(issue::Issue),
    Track(track::Track),
    Reconcile(reconcile::Reconcile),
    Status(status::Status),
    List(list::List),
    Show(show::Show),
    Get(get::Get),
    Retry(retry::Retry),
    Alarms(alarms::Alarms),
    Losses(losses::Losses),
    Key(key::Key),
    Explain(explain::Explain),
    Simulate(simulate::Simulate),
    Demo(demo::Demo),
    Completions(completions::Completions),
    Man(man::Man),
}

/// The command line as clap knows it: exit codes stand below every help.
#[must_use]
pub fn command() -> clap::Command {
    let names: Vec<String> = Cli::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    let with_codes = |command: clap::Command| {
        let help = command.get_after_help().map_or_else(
            || EXIT_CODES.to_owned(),
            |examples| format!("{examples}\n\n{EXIT_CODES}"),
        );
        command.after_help(help)
    };
    names.iter().fold(with_codes(Cli::command()), |all, name| {
        all.mut_subcommand(name, with_codes)
    })
}

/// How long work that blocks a thread may still take once a command has ended.
const LAST: Duration = Duration::from_secs(1);

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    install_crypto();
    let (mut out, mut err) = (io::BufWriter::new(io::stdout()), io::stderr());
    let mut screen = Screen::of_process(&mut out, &mut err);
    panics::tell_plainly();
    let (cli, name) = match parsed(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version are no errors, and clap knows which.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Code::Usage.number()));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = panics::caught(&name, || {
                runtime.block_on(Box::pin(dispatch(cli, &mut screen)))
            });
            // A file system that hangs holds up no end.
            runtime.shutdown_timeout(LAST);
            outcome
        }
        Err(error) => Err(Failure::told(
            Code::Finding,
            "threads",
            error.to_string(),
            "raise the limits of the process",
        )),
    };
    report::finish(outcome, &mut screen)
}

/// Reads the command line.
///
/// # Errors
/// What clap has to say: wrong usage, and help and version as well.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    parsed(line).map(|(cli, _)| cli)
}

/// The command line, and the name of its command.
fn parsed(line: impl IntoIterator<Item = OsString>) -> Result<(Cli, String), clap::Error> {
    let matches = command().try_get_matches_from(line)?;
    let name = matches.subcommand_name().unwrap_or_default().to_owned();
    Ok((Cli::from_arg_matches(&matches)?, name))
}

async fn dispatch(cli: Cli, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let source = Source::of_process(cli.config);
    match cli.command {
        Command::Init(args) => init::run(&args, screen),
        Command::Completions(args) => completions::run(&args, screen),
        Command::Man(args) => man::run(&args, screen),
        Command::Explain(args) => explain::run(&args, screen),
        Command::Simulate(args) => rooms::simulate(&args, screen).await,
        Command::Demo(args) => Box::pin(rooms::demo(&args, screen)).await,
        Command::Check(check::Check {
            token: Some(token),
            app,
            ..
        }) => {
            let config = load(&source)?;
            let app = check::token::app(&config, app.as_deref(), &token)?;
            let looks = Box::pin(rooms::checks::looks(app, &token)).await?;
            check::token::tell(app, &looks, &token, screen)
        }
        Command::Check(args) => {
            let read = config::look(&source);
            let mut rows = check::local(&read);
            if let Some(config) = &read.config {
                let beyond = rooms::checks::all(config, &read.findings, args.offline);
                rows.extend(Box::pin(beyond).await);
            }
            check::tell(&args, &rows, screen)
        }
        Command::Migrate(args) => {
            migrate::tell(&args, rooms::migrate(&load(&source)?).await?, screen)
        }
        Command::Run(args) => {
            let config = load_aloud(&source, screen)?;
            Box::pin(rooms::run(&source, config, &args)).await
        }
        other => with_store(other, &load(&source)?, screen).await,
    }
}

/// The commands that need the database.
async fn with_store(
    command: Command,
    config: &Config,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    match &command {
        Command::Issue(args) => {
            let wish = issue::wish(args, config)?;
            let archive = rooms::archive(config).await?;
            let issued = rooms::issue(&archive, wish).await;
            archive.store.close().await;
            return issue::tell(args, &issued?, screen);
        }
        Command::Track(args) => {
            let archive = rooms::archive(config).await?;
            let track = |told| -> futures::future::BoxFuture<'_, _> {
                Box::pin(rooms::track(Arc::clone(&archive), told))
            };
            let outcome = Box::pin(track::run(args, config, &track, screen)).await;
            archive.store.close().await;
            return outcome;
        }
        Command::Reconcile(args) => {
            let archive = rooms::archive(config).await?;
            let track = |told| -> futures::future::BoxFuture<'_, _> {
                Box::pin(rooms::track(Arc::clone(&archive), told))
            };
            let outcome = Box::pin(reconcile::run(
                args,
                config,
                archive.store.as_ref(),
                &track,
                screen,
            ))
            .await;
            archive.store.close().await;
            return outcome;
        }
        Command::Status(args) => return Box::pin(status(args, config, screen)).await,
        _ => {}
    }
    let writes = match &command {
        Command::Retry(_) => true,
        Command::Alarms(args) => args.writes(),
        Command::Losses(args) => args.writes(),
        Command::Key(args) => args.writes(),
        _ => false,
    };
    let store = if writes {
        rooms::store(config).await?
    } else {
        rooms::reader(config).await?
    };
    let outcome = match &command {
        Command::List(args) => list::run(args, config, store.as_ref(), screen).await,
        Command::Show(args) => show::run(args, store.as_ref(), screen).await,
        Command::Get(args) => match rooms::objects(config) {
            Ok(open) => Box::pin(get::run(args, store.as_ref(), &open, screen)).await,
            Err(failure) => Err(failure),
        },
        Command::Retry(args) => retry::run(args, config, store.as_ref(), screen).await,
        Command::Alarms(args) => alarms::run(args, store.as_ref(), screen).await,
        Command::Losses(args) => losses::run(args, store.as_ref(), screen).await,
        Command::Key(args) => key::run(args, config, store.as_ref(), screen).await,
        _ => Ok(Code::Done),
    };
    store.close().await;
    outcome
}

/// `status`, which has something to tell without the database as well.
async fn status(
    args: &status::Status,
    config: &Config,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let beside = || -> futures::future::BoxFuture<'_, _> { Box::pin(rooms::beside(config)) };
    let outcome = match rooms::reader(config).await {
        Ok(store) => {
            let outcome = Box::pin(status::run(args, store.as_ref(), &beside, screen)).await;
            store.close().await;
            outcome
        }
        Err(failure) => Err(failure),
    };
    // The daemon knows its alarms by heart.
    if let Err(failure @ Failure::Told { what, .. }) = &outcome
        && what == "database"
    {
        status::without_database(args, failure, &beside, screen).await?;
    }
    outcome
}

/// The configuration; warnings are for `check` and `run` to tell.
fn load(source: &Source) -> Result<Config, Failure> {
    config::load(source)
        .map(|loaded| loaded.config)
        .map_err(Failure::Configuration)
}

/// The configuration, its warnings told.
fn load_aloud(source: &Source, screen: &mut Screen<'_>) -> Result<Config, Failure> {
    let Loaded { config, warnings } = config::load(source).map_err(Failure::Configuration)?;
    for warning in &warnings {
        tell_warning(warning, screen)?;
    }
    Ok(config)
}

fn tell_warning(warning: &Finding, screen: &mut Screen<'_>) -> io::Result<()> {
    screen.note(format!("warning: {warning}"))
}

/// Arguments that are never printed: tokens, names, numbers.
#[allow(
    clippy::unnecessary_wraps,
    reason = "clap wants a parser that may fail"
)]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}
