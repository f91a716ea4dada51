//! The commands, one file each.
//!
//! A command reads its arguments, asks at the desk, and prints. What it needs comes in as
//! parameters; [`open`] knows where the desk comes from. Results go to standard output, everything
//! said beside them to standard error, and [`report`] is the one place that tells what went wrong
//! and with which exit code.

mod actor;
mod alarms;
mod check;
mod completions;
mod demo;
mod explain;
mod get;
mod index_key;
mod index_number;
mod init;
mod issue;
mod key;
mod language;
mod list;
mod losses;
mod man;
mod migrate;
mod notify;
mod open;
mod orphans;
mod panics;
mod people;
mod place;
mod progress;
mod reconcile;
mod report;
mod retry;
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
mod verify;
mod words;

use std::{
    convert::Infallible, ffi::OsString, io, path::PathBuf, process::ExitCode, sync::Arc,
    time::Duration,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{
    app,
    config::{self, Config, Finding, Loaded, Source},
    domain::{language::Language, secret::Secret, time::Clock},
    provider::http::install_crypto,
    worker::clock::SystemClock,
};
use open::{Access, at_desk, at_home, load};
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
    /// What `init`, `check`, `status`, `alarms`, `explain`, `verify` and `notify` speak, and how a
    /// wrong configuration is told of; else that of the locale (LC_ALL, LC_MESSAGES, LANG).
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language::parser())]
    pub lang: Option<Language>,
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
    Verify(verify::Verify),
    Orphans(orphans::Orphans),
    Key(key::Key),
    IndexNumber(index_number::IndexNumber),
    IndexKey(index_key::IndexKeyArgs),
    Notify(notify::Notify),
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
            words::LIMITS,
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
    screen.language = cli.lang.unwrap_or_else(language::of_process);
    let source = Source::of_process(cli.config);
    match cli.command {
        Command::Init(args) => init::run(&args, screen),
        Command::Completions(args) => completions::run(&args, screen),
        Command::Man(args) => man::run(&args, screen),
        Command::Explain(args) => explain::run(&args, screen),
        Command::Simulate(args) => simulate::run(&args, screen).await,
        Command::Demo(args) => Box::pin(demo::run(&args, screen)).await,
        Command::Check(args) => Box::pin(check::run(&args, &source, screen)).await,
        Command::Migrate(args) => migrate::run(&args, &load(&source)?, screen).await,
        Command::Run(args) => {
            let config = load_aloud(&source, screen)?;
            Box::pin(run::run(&source, config, &args)).await
        }
        Command::Issue(args) => {
            at_desk(&args.place, &source, Access::Archive, async |desk| {
                issue::run(&args, desk, screen).await
            })
            .await
        }
        Command::Track(args) => {
            at_desk(&args.place, &source, Access::Archive, async |desk| {
                track::run(&args, desk, screen).await
            })
            .await
        }
        Command::Reconcile(args) => match &args.bill {
            Some(bill) => {
                args.place
                    .must_be_here("--bill", reconcile::bill::NOT_TOLD)?;
                at_home(&load(&source)?, Access::Read, async |desk| {
                    reconcile::bill::run(&args, bill, desk, screen).await
                })
                .await
            }
            None => {
                at_desk(&args.place, &source, Access::Archive, async |desk| {
                    reconcile::run(&args, desk, screen).await
                })
                .await
            }
        },
        Command::Status(args) => Box::pin(status::at(&args, &source, screen)).await,
        Command::List(args) => {
            let person = list::told(args.id_number.as_ref())?;
            at_desk(&args.place, &source, args.access(), async |desk| {
                list::run(&args, person, desk, screen).await
            })
            .await
        }
        Command::Show(args) => {
            at_desk(&args.place, &source, Access::Read, async |desk| {
                show::run(&args, desk, screen).await
            })
            .await
        }
        Command::Get(args) => {
            let config = load(&source)?;
            let vault = app::vault(&config)?;
            let person = list::told(args.id_number.as_ref())?;
            at_home(&config, Access::Write, async |desk| {
                get::run(&args, person, desk, &vault, screen).await
            })
            .await
        }
        Command::Retry(args) => {
            at_desk(&args.place, &source, Access::Write, async |desk| {
                retry::run(&args, desk, screen).await
            })
            .await
        }
        Command::Alarms(args) => {
            at_desk(&args.place, &source, args.access(), async |desk| {
                alarms::run(&args, desk, screen).await
            })
            .await
        }
        Command::Losses(args) => {
            at_desk(&args.place, &source, args.access(), async |desk| {
                losses::run(&args, desk, screen).await
            })
            .await
        }
        Command::Verify(args) => verify::run(&args, &load(&source)?, screen).await,
        Command::Orphans(args) => orphans::run(&args, &load(&source)?, screen).await,
        Command::Notify(args) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            notify::run(&args, &load(&source)?, &clock, screen).await
        }
        Command::IndexNumber(args) => index_number::run(&args, &source, screen).await,
        Command::IndexKey(args) => index_key::run(&args, &load(&source)?, screen).await,
        Command::Key(args) => key::run(&args, &load(&source)?, screen).await,
    }
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
    let told = warning.in_(screen.language);
    screen.note(format!("warning: {told}"))
}

/// Arguments that are never printed: tokens, names, numbers.
#[allow(
    clippy::unnecessary_wraps,
    reason = "clap wants a parser that may fail"
)]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}
