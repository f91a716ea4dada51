//! `explain`: what a kind of alarm means, what it threatens, what ends it, what to do.

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use serde::Serialize;

use super::{
    report::{Code, Failure},
    screen::Screen,
    table::Table,
};
use crate::domain::{
    alarm::{Ends, Kind, Scope, Severity},
    loss::Cause,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep explain
  verikeep explain quota
  verikeep explain --json | jq -r 'select(.severity == \"critical\") | .kind'
The alarms that are open are told by `verikeep alarms`; `verikeep status` tells of each how much it threatens.";

/// Say what a kind of alarm means, what it threatens and what to do; all kinds when none is named.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// The kind, as `alarms` and `status` show it.
    #[arg(value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub kind: Option<Kind>,
    /// One JSON document; a line of NDJSON for each when none is named.
    #[arg(long)]
    pub json: bool,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = Kind> {
    let names = Kind::ALL.iter().map(|kind| kind.name());
    PossibleValuesParser::new(names)
        .try_map(|name| Kind::named(&name).ok_or("there is no such kind"))
}

/// All there is to say of a kind.
#[derive(Serialize)]
struct Explanation {
    kind: Kind,
    severity: Severity,
    means: &'static str,
    /// Whose open verifications.
    threatens: &'static str,
    /// What is lost meanwhile is lost for this cause.
    cause: Option<Cause>,
    ends: &'static str,
    todo: &'static str,
}

impl Explanation {
    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            severity: kind.severity(),
            means: kind.means(),
            threatens: threatens(kind.scope()),
            cause: kind.cause(),
            ends: ends(kind.ends()),
            todo: kind.todo(),
        }
    }
}

const fn threatens(scope: Scope) -> &'static str {
    match scope {
        Scope::Past => "nothing further: it tells of what has happened",
        Scope::App => "everything open of the app it names",
        Scope::Verification => "the verification it names",
        Scope::Service => "everything open",
    }
}

const fn ends(ends: Ends) -> &'static str {
    match ends {
        Ends::Answered => {
            "with the next call of the app that is answered, or when nothing of the app is left to ask"
        }
        Ends::Fetched(_) => "when no medium of the app that is still wanted fails for it",
        Ends::Settled => "when its verification is settled or tried again",
        Ends::Assigned => {
            "when its verification is tried again, ends as something else than rejected, or is forgotten by the provider"
        }
        Ends::Seen => {
            "when the process that raised it sees that it is over, or is heard of no more"
        }
        Ends::Usual => "when the share of the last day is as usual again",
        Ends::Acknowledged => "by a person's word alone",
    }
}

/// Tells it.
///
/// # Errors
/// When the stream fails.
pub(super) fn run(args: &Explain, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    match args.kind.map(Explanation::of) {
        Some(told) if args.json => screen.document(&told)?,
        Some(told) => one(&told, screen)?,
        None => all(args.json, screen)?,
    }
    Ok(Code::Done)
}

fn one(told: &Explanation, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let soon = match told.severity {
        Severity::Critical => "critical: look now",
        Severity::Warning => "warning: look within the day",
    };
    let cause = told.cause.map_or_else(String::new, |cause| {
        format!(
            "; what cannot be had meanwhile is lost for `{}`",
            cause.name()
        )
    });
    screen.line(format!("{} ({soon})", told.kind.name()))?;
    screen.line(format!("  means      {}", told.means))?;
    screen.line(format!("  threatens  {}{cause}", told.threatens))?;
    screen.line(format!("  ends       {}", told.ends))?;
    screen.line(format!("  to do      {}", told.todo))
}

fn all(json: bool, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let mut table = Table::new(["kind", "severity", "means"]);
    for told in Kind::ALL.iter().copied().map(Explanation::of) {
        if json {
            screen.ndjson(&told)?;
        } else {
            let severity = match told.severity {
                Severity::Critical => "critical",
                Severity::Warning => "warning",
            };
            table.row([told.kind.name(), severity, told.means].map(str::to_owned));
        }
    }
    if json {
        return Ok(());
    }
    table.print(screen)?;
    screen.note("`verikeep explain KIND` says what it threatens, what ends it and what to do")
}
