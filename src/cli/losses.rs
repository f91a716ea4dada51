//! `losses`: what was lost and why, and a person's word that it was seen.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    actor::actor,
    list::Since,
    open::Access,
    people::counted,
    place::Place,
    report::{Code, Failure},
    screen::Screen,
    table::Table,
    words::SEEN_WORD,
};
use crate::{
    desk::Desk,
    domain::{language::Language, loss::Cause, time::Time},
    store::reports::{LossFilter, LossReport},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep losses                                   # what nobody has taken note of yet
  verikeep losses list --all --app h5 --json
  verikeep losses ack --cause provider_unreachable --until 2026-11-26T08:00:00Z --note 'provider outage, ticket 4711'
Each loss is open until somebody acknowledges it: until then `status` ends with 1 and the alarm `loss` stands. Ends with 1 while what is listed is
open, or when there was nothing to acknowledge.";

/// Show what was lost and why, and take note of it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Losses {
    /// What to do; `list` when nothing is said.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// What `list` takes.
    #[command(flatten)]
    pub list: List,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

/// What is done.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Show them, the newest first.
    List(List),
    /// Take note of those that are open; who did is recorded.
    Ack(Ack),
}

/// Which losses are shown, and how.
#[derive(Args, Debug, Default)]
pub struct List {
    /// Also those that somebody has taken note of.
    #[arg(long)]
    pub all: bool,
    /// Only those of this app.
    #[arg(long)]
    pub app: Option<String>,
    /// Only those for this cause (provider_unreachable, quota, told_late, …).
    #[arg(long, value_parser = cause)]
    pub cause: Option<Cause>,
    /// How many at most; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(0..))]
    pub limit: i64,
    /// A line of NDJSON for each, with the columns of report_losses.
    #[arg(long)]
    pub json: bool,
}

/// Which losses were seen.
#[derive(Args, Debug)]
pub struct Ack {
    /// Only those of this app.
    #[arg(long)]
    pub app: Option<String>,
    /// Only those for this cause.
    #[arg(long, value_parser = cause)]
    pub cause: Option<Cause>,
    /// Those lost until then, an instant (RFC 3339) or how long ago (`1h`), so that what was lost
    /// since you looked stays open.
    #[arg(long, value_name = "TIME", value_parser = super::list::since)]
    pub until: Since,
    /// What is to be said of them, for the record.
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

fn cause(name: &str) -> Result<Cause, String> {
    Cause::named(name).ok_or_else(|| {
        let names: Vec<&str> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        format!("there are: {}", names.join(", "))
    })
}

impl Losses {
    /// What it does with the rows.
    pub(super) const fn access(&self) -> Access {
        match self.verb {
            Some(Verb::Ack(_)) => Access::Write,
            Some(Verb::List(_)) | None => Access::Read,
        }
    }
}

/// Does it.
///
/// # Errors
/// When the database cannot be reached.
pub(super) async fn run(
    args: &Losses,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    match &args.verb {
        Some(Verb::Ack(ack)) => acknowledge(ack, desk, screen).await,
        Some(Verb::List(list)) => show(list, desk, screen).await,
        None => show(&args.list, desk, screen).await,
    }
}

async fn show(args: &List, desk: &dyn Desk, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let filter = LossFilter {
        app: args.app.clone(),
        cause: args.cause,
        until: None,
        open: !args.all,
    };
    let most = if args.limit == 0 {
        i64::MAX - 1
    } else {
        args.limit
    };
    // One more than shown, so that it is known whether there are more.
    let mut losses = desk.losses(&filter, most + 1).await?;
    let more = i64::try_from(losses.len()).is_ok_and(|found| found > most);
    losses.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let is_open = losses.iter().any(|loss| loss.acknowledged_at.is_none());
    let mut table = Table::new(HEADING);
    for loss in &losses {
        if args.json {
            screen.ndjson(loss)?;
        } else {
            table.row(cells(loss));
        }
    }
    if !args.json && losses.is_empty() {
        screen.note("nothing was lost that fits")?;
    } else if !args.json {
        table.print(screen)?;
    }
    if more {
        screen.note(format!("only the newest {most}; --limit 0 shows all"))?;
    }
    Ok(if is_open { Code::Finding } else { Code::Done })
}

const HEADING: [&str; 9] = [
    "lost_at",
    "app",
    "verification_id",
    "reference",
    "what",
    "cause",
    "interval",
    "why",
    "acknowledged",
];

fn cells(loss: &LossReport) -> [String; 9] {
    let interval = match (loss.from_at, loss.to_at) {
        (None, None) => String::new(),
        (None, Some(to)) => format!("until {to}"),
        (Some(from), None) => format!("from {from}"),
        (Some(from), Some(to)) => format!("{from} to {to}"),
    };
    let attempt = (loss.attempt_no).map_or_else(String::new, |no| format!(" of attempt {no}"));
    [
        loss.lost_at.to_string(),
        loss.app.clone(),
        loss.verification_id.to_string(),
        loss.reference.clone().unwrap_or_default(),
        format!("{}{attempt}", loss.what),
        loss.cause.name().to_owned(),
        interval,
        loss.why.clone(),
        seen(
            loss.acknowledged_at,
            loss.acknowledged_by.as_deref(),
            loss.note.as_deref(),
            Language::En,
        ),
    ]
}

/// Who took note of a thing, when, and what they said.
pub(super) fn seen(
    at: Option<Time>,
    by: Option<&str>,
    note: Option<&str>,
    language: Language,
) -> String {
    at.map_or_else(String::new, |at| {
        let values = [
            &at.to_string(),
            by.unwrap_or_default(),
            note.unwrap_or_default(),
        ];
        SEEN_WORD.filled(language, &values)
    })
}

async fn acknowledge(
    args: &Ack,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let filter = LossFilter {
        app: args.app.clone(),
        cause: args.cause,
        until: Some(match args.until {
            Since::At(at) => at,
            Since::Ago(span) => desk.now().minus(span),
        }),
        open: true,
    };
    let noted = desk
        .acknowledge_losses(&filter, &actor(), &args.note)
        .await?;
    if args.json {
        screen.document(&json!({ "acknowledged": noted }))?;
    } else if noted == 0 {
        screen.note("nothing that is open fits: `verikeep losses` shows what is")?;
    } else {
        screen.line(format!("{} acknowledged", counted(noted, "lost thing")))?;
    }
    Ok(if noted == 0 {
        Code::Finding
    } else {
        Code::Done
    })
}
