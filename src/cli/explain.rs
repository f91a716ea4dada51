//! `explain`: what a kind of alarm means, what it threatens, what to do and what not, what ends it.

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use serde::Serialize;

use super::{
    report::{Code, Failure},
    screen::Screen,
    table::Table,
    words::{
        AVOID, CAUSE, ENDS, EXPLAIN, FIRST, HEAD, KIND, MEANS, PART, SCOPE, SEVERITY, THREATENS,
        TODO,
    },
};
use crate::domain::{
    alarm::{Kind, Severity},
    language::{Language, Words},
    loss::Cause,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep explain
  verikeep explain quota
  verikeep explain quota --lang zh
  verikeep explain --json | jq -r 'select(.severity == \"critical\") | .kind'
The alarms that are open are told by `verikeep alarms`; `verikeep status` tells of each how much it threatens. `docs/runbook.md` has the same for all kinds.";

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
    /// As the runbook has it.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = Kind> {
    let names = Kind::ALL.iter().map(|kind| kind.name());
    PossibleValuesParser::new(names)
        .try_map(|name| Kind::named(&name).ok_or("there is no such kind"))
}

/// All there is to say of a kind, in one language.
#[derive(Serialize)]
struct Explanation {
    kind: Kind,
    severity: Severity,
    means: &'static str,
    threatens: &'static str,
    /// Whose open verifications.
    scope: &'static str,
    /// What is lost meanwhile is lost for this cause.
    cause: Option<Cause>,
    first: &'static str,
    todo: &'static str,
    avoid: &'static str,
    ends: &'static str,
}

impl Explanation {
    const fn of(kind: Kind, language: Language) -> Self {
        let entry = kind.entry();
        Self {
            kind,
            severity: kind.severity(),
            means: entry.means.in_(language),
            threatens: entry.threatens.in_(language),
            scope: kind.scope().words().in_(language),
            cause: kind.cause(),
            first: entry.first,
            todo: entry.todo.in_(language),
            avoid: entry.avoid.in_(language),
            ends: kind.ends().words().in_(language),
        }
    }

    /// What is said below its name and what it means, each under its label.
    fn parts(&self) -> Vec<(Words, String)> {
        let mut parts = vec![
            (THREATENS, self.threatens.to_owned()),
            (SCOPE, self.scope.to_owned()),
            (FIRST, format!("`{}`", self.first)),
            (TODO, self.todo.to_owned()),
            (AVOID, self.avoid.to_owned()),
            (ENDS, self.ends.to_owned()),
        ];
        parts.extend(
            self.cause
                .map(|cause| (CAUSE, format!("`{}`", cause.name()))),
        );
        parts
    }
}

/// Tells it.
///
/// # Errors
/// When the stream fails.
pub(super) fn run(args: &Explain, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let language = screen.language;
    let told = |kind| Explanation::of(kind, language);
    match args.kind.map(told) {
        Some(told) if args.markdown => markdown(&told, screen)?,
        Some(told) if args.json => screen.document(&told)?,
        Some(told) => one(&told, screen)?,
        None if args.markdown => {
            for told in Kind::ALL.iter().copied().map(told) {
                markdown(&told, screen)?;
            }
        }
        None if args.json => {
            for told in Kind::ALL.iter().copied().map(told) {
                screen.ndjson(&told)?;
            }
        }
        None => all(screen)?,
    }
    Ok(Code::Done)
}

fn one(told: &Explanation, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let language = screen.language;
    let severity = told.severity.words().in_(language);
    let mut table = Table::new([told.kind.name(), severity]);
    table.row([MEANS.in_(language), told.means]);
    for (label, text) in told.parts() {
        table.row([label.in_(language).to_owned(), text]);
    }
    table.print(screen)
}

fn markdown(told: &Explanation, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let language = screen.language;
    let severity = told.severity.words().in_(language);
    let head = HEAD.filled(language, &[told.means, severity]);
    screen.line(format!("\n## {}\n\n{head}\n", told.kind.name()))?;
    for (label, text) in told.parts() {
        screen.line(PART.filled(language, &[label.in_(language), &text]))?;
    }
    Ok(())
}

fn all(screen: &mut Screen<'_>) -> std::io::Result<()> {
    let language = screen.language;
    let mut table = Table::new([KIND, SEVERITY, MEANS].map(|words| words.in_(language)));
    for kind in Kind::ALL {
        let severity = kind.severity().short().in_(language);
        let means = kind.entry().means.in_(language);
        table.row([kind.name(), severity, means]);
    }
    table.print(screen)?;
    screen.note(EXPLAIN.in_(language))
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    /// The commands of ours that a text names between backquotes.
    fn commands(text: &str) -> impl Iterator<Item = &str> {
        let quoted = text.split('`').skip(1).step_by(2);
        quoted.filter(|command| command.starts_with("verikeep "))
    }

    fn parse(command: &str) -> Result<(), ErrorKind> {
        let line = command.split(' ').map(Into::into);
        super::super::parse(line)
            .map(drop)
            .map_err(|error| error.kind())
    }

    #[test]
    fn every_command_of_the_runbook_is_there() {
        for kind in Kind::ALL {
            let (name, entry) = (kind.name(), kind.entry());
            assert_eq!(parse(entry.first), Ok(()), "{name}: {}", entry.first);
            for words in [entry.means, entry.threatens, entry.todo, entry.avoid] {
                for command in commands(words.en).chain(commands(words.zh)) {
                    // What it is to be used for may be left out.
                    let parsed = parse(command);
                    let is_there =
                        matches!(parsed, Ok(()) | Err(ErrorKind::MissingRequiredArgument));
                    assert!(is_there, "{name}: {command}: {parsed:?}");
                }
                let named = |text| commands(text).collect::<Vec<_>>();
                assert_eq!(named(words.en), named(words.zh), "{name}");
            }
        }
        assert!(
            parse("verikeep losses forget").is_err(),
            "the test can fail"
        );
    }
}
