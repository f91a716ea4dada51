//! `list`: tracked verifications, newest first.

mod csv;

pub(super) use csv::quoted;

use std::io::Read as _;

use clap::Args;

use super::{
    actor::actor,
    open::Access,
    people::{counted, yes},
    place::Place,
    report::{Code, Failure},
    screen::Screen,
    table::Table,
};
use crate::{
    desk::{Desk, Search},
    domain::{
        access::Who,
        secret::Secret,
        time::{Span, Time},
        token::State,
    },
    store::reports::{Filter, Summary},
};

/// How many rows are asked of the database at once.
const PAGE: i64 = 500;

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep list
  verikeep list --state incomplete --app h5 --since 2026-11-01T00:00:00Z
  verikeep list --since 2d --json | jq -r .verification_id
  verikeep list --limit 0 --csv --tokens > tracked.csv   # as `track` and `reconcile` read it, --json too
  verikeep list --id-number - --purpose \"dispute 4711\" < number.txt
Ends with 3 when an ID number is looked up with another index key than the database knows, with 1 when attempts were indexed otherwise.";

/// List tracked verifications, the newest first.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct List {
    /// Only those in this state: waiting, collecting, archived, abandoned, incomplete, missed or
    /// rejected.
    #[arg(long, value_parser = state)]
    pub state: Option<State>,
    /// Only those of this app.
    #[arg(long)]
    pub app: Option<String>,
    /// Only those issued since: an instant (RFC 3339) or how long ago (`2d`).
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Since>,
    /// Only those of this reference.
    #[arg(long)]
    pub reference: Option<String>,
    /// Only those of the person whose ID number stands on standard input.
    #[arg(long, value_name = "-", value_parser = super::secret, allow_hyphen_values = true)]
    pub id_number: Option<Secret>,
    /// What the person is looked for; kept with who looks and when (report_access).
    #[arg(long, value_name = "TEXT", requires = "id_number")]
    pub purpose: Option<String>,
    /// The verify_tokens whole, also of those of which the provider still keeps the results: whoever
    /// has one gets at them. Else they are shown by their last four characters until that is over.
    #[arg(long)]
    pub tokens: bool,
    /// How many at most; 0 for all. By default 100, with --json or --csv all.
    #[arg(long, value_name = "N")]
    pub limit: Option<i64>,
    /// A line of NDJSON for each, with the columns of report_verifications.
    #[arg(long)]
    pub json: bool,
    /// CSV that `track` and `reconcile` read, with --tokens.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

/// An instant, or how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// As told.
    At(Time),
    /// Counted back from now.
    Ago(Span),
}

impl Since {
    pub(super) fn before(self, now: Time) -> Time {
        match self {
            Self::Ago(span) => now.minus(span),
            Self::At(at) => at,
        }
    }
}

fn state(name: &str) -> Result<State, String> {
    State::named(name)
        .ok_or_else(|| format!("there are: {}", State::ALL.map(State::name).join(", ")))
}

pub(super) fn since(text: &str) -> Result<Since, String> {
    Span::parse(text)
        .map(Since::Ago)
        .or_else(|_| Time::parse(text).map(Since::At))
        .map_err(|why| format!("{why}, and no span such as 2d"))
}

/// Lists what the arguments name, of a person where one was [`told`].
///
/// # Errors
/// When an ID number is looked up without the index key that the database knows, or the database
/// cannot be reached.
pub(super) async fn run(
    args: &List,
    person: Option<Secret>,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    for (flag, is_said) in [("--csv", args.csv), ("--tokens", args.tokens)] {
        if is_said {
            let why = "verify_tokens are not told over the network";
            args.place.must_be_here(flag, why)?;
        }
    }
    let most = most(args)?;
    let mut missed = Some(0);
    let mut filter = filter(args, desk);
    if let Some(app) = &args.app {
        known(app, desk).await?;
    }
    let mut table = heading();
    if args.csv {
        screen.line(csv::heading())?;
    }
    let (is_table, mut shown) = (!args.json && !args.csv, 0);
    loop {
        // One more than wanted, so that it is known whether there are more.
        filter.limit = PAGE.min(most.saturating_sub(shown).saturating_add(1));
        let (page, more) = match &person {
            Some(number) => {
                let found = desk.search(search(args, number, &filter)).await?;
                missed = found.passed_over;
                (found.verifications, found.more)
            }
            None => {
                let page = desk.list(&filter).await?;
                let more = i64::try_from(page.len()).unwrap_or(i64::MAX) >= filter.limit;
                (page, more)
            }
        };
        for mut summary in page {
            if !args.tokens {
                summary.verify_token = summary.token_shown(desk.now());
            }
            if shown == most {
                if is_table {
                    table.print(screen)?;
                    screen.note(format!("only the newest {most}; --limit 0 shows all"))?;
                }
                return ended(missed, screen);
            }
            shown += 1;
            if args.json {
                screen.ndjson(&summary)?;
            } else if args.csv {
                screen.line(csv::row(&summary))?;
            } else {
                table.row(cells(&summary));
            }
            filter.after = Some(summary.verification_id);
        }
        if !more {
            break;
        }
    }
    if is_table && table.is_empty() {
        screen.note("nothing is tracked that fits")?;
    } else if is_table {
        table.print(screen)?;
    }
    ended(missed, screen)
}

impl List {
    /// Whoever looks for a person leaves a trace.
    pub(super) const fn access(&self) -> Access {
        match self.id_number {
            Some(_) => Access::Write,
            None => Access::Read,
        }
    }
}

/// How many rows are shown at most.
fn most(args: &List) -> Result<i64, Failure> {
    match args.limit {
        Some(0) => Ok(i64::MAX),
        Some(limit) if limit > 0 => Ok(limit),
        Some(_) => Err(Failure::usage(
            "--limit",
            "is negative",
            "write how many at most, or 0 for all",
        )),
        None if args.json || args.csv => Ok(i64::MAX),
        None => Ok(100),
    }
}

/// Refuses an app of which nobody ever heard. Those that were taken out of the configuration still
/// have rows.
async fn known(app: &str, desk: &dyn Desk) -> Result<(), Failure> {
    let apps = desk.apps().await?;
    if apps.iter().any(|one| one == app) {
        return Ok(());
    }
    let any = Filter {
        app: Some(app.to_owned()),
        limit: 1,
        ..Filter::default()
    };
    if desk.list(&any).await?.is_empty() {
        return Err(Failure::usage(
            "--app",
            "no app of that name is configured, and none of its verifications is tracked",
            format!("there are: {}", apps.join(", ")),
        ));
    }
    Ok(())
}

/// The end of a look-up that `missed` attempts.
fn ended(missed: Option<i64>, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let attempts = match missed {
        Some(0) => return Ok(Code::Done),
        Some(missed) => counted(missed, "attempt"),
        None => "attempts".to_owned(),
    };
    screen.note(format!("not looked through: {attempts} with an ID number indexed with another key or none (identity.index_key_file); `verikeep index-key rotate` gives them this one"))?;
    Ok(Code::Finding)
}

fn filter(args: &List, desk: &dyn Desk) -> Filter {
    Filter {
        state: args.state,
        app: args.app.clone(),
        since: args.since.map(|since| since.before(desk.now())),
        reference: args.reference.clone(),
        limit: PAGE,
        ..Filter::default()
    }
}

fn search(args: &List, id_number: &Secret, filter: &Filter) -> Search {
    Search {
        id_number: id_number.clone(),
        filter: filter.clone(),
        purpose: args.purpose.clone(),
        who: Who::User(actor()),
    }
}

/// The ID number that `--id-number -` means: every user of the machine can read a command line.
///
/// # Errors
/// When the number itself stands there, or nothing can be read.
pub(super) fn told(place: Option<&Secret>) -> Result<Option<Secret>, Failure> {
    match place.map(Secret::reveal) {
        None => Ok(None),
        Some("-") => from_input().map(Some),
        Some(_) => Err(Failure::usage(
            "--id-number",
            "a number in the command line is seen by every user of this machine",
            "write `--id-number -`, and the number on standard input",
        )),
    }
}

fn from_input() -> Result<Secret, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(1024).read_to_string(&mut text);
    read.map_err(|error| {
        Failure::usage(
            "standard input",
            error.to_string(),
            "write the ID number as one line of text",
        )
    })?;
    Ok(Secret::new(text.trim()))
}

fn heading() -> Table {
    Table::new([
        "verify_token",
        "verification_id",
        "app",
        "state",
        "issued_at",
        "attempts",
        "passed",
        "reference",
        "note",
    ])
}

fn cells(row: &Summary) -> [String; 9] {
    // A column without a word is not shown.
    let named = if row.verify_token.is_empty() {
        row.verification_id.to_string()
    } else {
        String::new()
    };
    [
        row.verify_token.clone(),
        named,
        row.app.clone(),
        row.state.clone(),
        row.issued_at.to_string(),
        row.attempts.to_string(),
        yes(row.passed),
        row.reference.clone().unwrap_or_default(),
        note(row),
    ]
}

/// What is missing, or else what fails.
fn note(row: &Summary) -> String {
    let missing: Vec<&str> = row
        .missing
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("what").and_then(serde_json::Value::as_str))
        .collect();
    if missing.is_empty() {
        row.last_error.clone().unwrap_or_default()
    } else {
        format!("missing: {}", missing.join(", "))
    }
}
