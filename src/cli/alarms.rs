//! `alarms`: what is wrong at present, and a person's word that it was seen.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    actor::actor,
    losses,
    open::Access,
    place::Place,
    report::{Code, Failure},
    screen::Screen,
    table::Table,
    words::{
        ACKNOWLEDGED, ALARM_SEEN, ID, KIND, MEANS, NO_ALARM, NO_SUCH_ALARM, SEEN_BY, SINCE,
        SUBJECT, TEXT, TIMES, TODO,
    },
};
use crate::{
    desk::Desk,
    domain::{alarm::Kind, language::Language},
    store::reports::AlarmRow,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep alarms
  verikeep alarms ack 17 --note 'the quota is raised on Monday, ticket 4711'
An alarm is open until what it tells of is over; one that was acknowledged stays open, and `status` no longer ends with 1 for it. What was lost is
acknowledged by `verikeep losses ack`. Ends with 1 while an alarm is open that nobody has acknowledged.";

/// Show the open alarms, and take note of one.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Alarms {
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
    /// Show those that are open, the oldest first.
    List(List),
    /// Take note of one; who did is recorded.
    Ack(Ack),
}

/// How they are shown.
#[derive(Args, Debug, Default)]
pub struct List {
    /// A line of NDJSON for each.
    #[arg(long)]
    pub json: bool,
}

/// Which alarm was seen.
#[derive(Args, Debug)]
pub struct Ack {
    /// Its number, as `alarms` shows it.
    #[arg(value_name = "ID")]
    pub id: i64,
    /// What is to be said of it, for the record.
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

impl Alarms {
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
    args: &Alarms,
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
    let alarms = desk.alarms().await?;
    let heading = [ID, KIND, SUBJECT, SEEN_BY, SINCE, TIMES, TEXT, ACKNOWLEDGED];
    let mut table = Table::new(heading.map(|words| words.in_(screen.language)));
    for alarm in &alarms {
        if args.json {
            screen.ndjson(alarm)?;
        } else {
            table.row([
                alarm.alarm_id.map_or_else(String::new, |id| id.to_string()),
                alarm.kind.clone(),
                alarm.subject.clone(),
                alarm.instance.clone().unwrap_or_default(),
                alarm.since.to_string(),
                alarm.times.to_string(),
                alarm.text.clone(),
                seen(alarm, screen.language),
            ]);
        }
    }
    if !args.json && alarms.is_empty() {
        screen.note(NO_ALARM.in_(screen.language))?;
    } else if !args.json {
        table.print(screen)?;
        advise(&alarms, screen)?;
    }
    let is_open = alarms.iter().any(|alarm| alarm.acknowledged_at.is_none());
    Ok(if is_open { Code::Finding } else { Code::Done })
}

/// Who took note of an alarm, when, and what they said.
pub(super) fn seen(alarm: &AlarmRow, language: Language) -> String {
    let (by, note) = (alarm.acknowledged_by.as_deref(), alarm.note.as_deref());
    losses::seen(alarm.acknowledged_at, by, note, language)
}

/// Says of each kind once what it tells of and what to do.
fn advise(alarms: &[AlarmRow], screen: &mut Screen<'_>) -> std::io::Result<()> {
    let kinds: BTreeSet<Kind> = (alarms.iter())
        .filter_map(|alarm| Kind::named(&alarm.kind))
        .collect();
    let language = screen.language;
    let mut table = Table::new([KIND, MEANS, TODO].map(|words| words.in_(language)));
    for kind in kinds {
        let entry = kind.entry();
        let words = [entry.means, entry.todo].map(|words| words.in_(language));
        table.row([kind.name()].into_iter().chain(words));
    }
    if table.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    table.print(screen)
}

async fn acknowledge(
    args: &Ack,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let noted = desk
        .acknowledge_alarm(args.id, &actor(), &args.note)
        .await?;
    if args.json {
        screen.document(&json!({ "acknowledged": noted }))?;
    } else if noted {
        screen.line(ALARM_SEEN.filled(screen.language, &[&args.id.to_string()]))?;
    } else {
        screen.note(NO_SUCH_ALARM.filled(screen.language, &[&args.id.to_string()]))?;
    }
    Ok(if noted { Code::Done } else { Code::Finding })
}
