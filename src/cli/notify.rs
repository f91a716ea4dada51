//! `notify`: the channels by which people are told, and whether messages arrive.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    report::{Code, Failure},
    screen::Screen,
    table::Table,
    words::{ALL_APPS, APPS, CHANNEL, DAILY, KIND, LANGUAGE, NO, NO_CHANNEL, SENT, SEVERITY, YES},
};
use crate::{
    app::notices,
    config::Config,
    domain::{channel::Channel, time::Clock},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep notify                    # the channels of the configuration
  verikeep notify test duty          # sends a message through the channel duty, now
  verikeep notify test --all
What a daemon tells goes through the same channels: it is kept in the database until it has gone out. Ends with 1 when a message did not go out.";

/// Show the channels by which people are told, and try them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Notify {
    /// What to do; `list` when nothing is said.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// What `list` takes.
    #[command(flatten)]
    pub list: List,
}

/// What is done.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Show the channels, without their addresses.
    List(List),
    /// Send a message that says that messages arrive.
    Test(Test),
}

/// How they are shown.
#[derive(Args, Debug, Default)]
pub struct List {
    /// A line of NDJSON for each.
    #[arg(long)]
    pub json: bool,
}

/// Which are tried.
#[derive(Args, Debug)]
pub struct Test {
    /// The channels' names.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub names: Vec<String>,
    /// Every channel.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// A line of NDJSON for each.
    #[arg(long)]
    pub json: bool,
}

/// Does it.
///
/// # Errors
/// When a channel is not configured, or cannot be made ready.
pub(super) async fn run(
    args: &Notify,
    config: &Config,
    clock: &std::sync::Arc<dyn Clock>,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    match &args.verb {
        Some(Verb::Test(test)) => try_out(test, config, clock, screen).await,
        Some(Verb::List(list)) => show(list, config, screen),
        None => show(&args.list, config, screen),
    }
}

fn show(args: &List, config: &Config, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let heading = [CHANNEL, KIND, SEVERITY, APPS, LANGUAGE, DAILY];
    let mut table = Table::new(heading.map(|words| words.in_(screen.language)));
    for channel in &config.notify {
        let Channel { name, way, .. } = channel;
        if args.json {
            screen.ndjson(&json!({
                "name": name,
                "kind": way.name(),
                "severity": channel.severity,
                "apps": channel.apps,
                "language": channel.language,
                "daily": channel.daily,
            }))?;
            continue;
        }
        let apps = match channel.apps.is_empty() {
            true => ALL_APPS.in_(screen.language).to_owned(),
            false => channel.apps.join(", "),
        };
        table.row([
            name.clone(),
            way.name().to_owned(),
            channel.severity.short().in_(screen.language).to_owned(),
            apps,
            channel.language.name().to_owned(),
            if channel.daily { YES } else { NO }
                .in_(screen.language)
                .to_owned(),
        ]);
    }
    if !args.json && table.is_empty() {
        screen.note(NO_CHANNEL.in_(screen.language))?;
    } else if !args.json {
        table.print(screen)?;
    }
    Ok(Code::Done)
}

async fn try_out(
    args: &Test,
    config: &Config,
    clock: &std::sync::Arc<dyn Clock>,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    // One of several recipients of mail has a name of its own, which alarms tell.
    let channels: Vec<Channel> = config
        .notify
        .iter()
        .flat_map(|channel| {
            let apart = channel.apart();
            let apart = apart.into_iter().filter(|one| one.name != channel.name);
            std::iter::once(channel.clone()).chain(apart)
        })
        .collect();
    let known = || channels.iter().map(|channel| channel.name.as_str());
    if let Some(unknown) = args
        .names
        .iter()
        .find(|name| !known().any(|known| known == name.as_str()))
    {
        let todo = match known().collect::<Vec<_>>() {
            none if none.is_empty() => "add a [[notify]] section to the configuration".to_owned(),
            known => format!("the configuration has {}", known.join(", ")),
        };
        let why = "the configuration has no channel of that name";
        return Err(Failure::usage(format!("notify test {unknown}"), why, todo));
    }
    let mut code = Code::Done;
    for channel in &channels {
        let is_all = args.all && config.notify.iter().any(|one| one.name == channel.name);
        if !(is_all || args.names.contains(&channel.name)) {
            continue;
        }
        let sent = notices::test(channel, clock).await;
        let error = sent.err().map(|error| error.to_string());
        if error.is_some() {
            code = Code::Finding;
        }
        if args.json {
            let ok = error.is_none();
            screen.ndjson(&json!({ "channel": channel.name, "ok": ok, "error": error }))?;
        } else {
            let result = error.unwrap_or_else(|| SENT.in_(screen.language).to_owned());
            screen.line(format!("{}: {result}", channel.name))?;
        }
    }
    Ok(code)
}
