//! `index-number`: the index of an ID number, to ask the database with.

use std::io::{self, BufRead};

use clap::Args;

use super::{
    open::{self, load},
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    config::{Config, Source},
    domain::{
        identity::{IndexKey, normalise_id_number},
        installation::look_up,
        secret::Secret,
    },
    store::Store,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep index-number -                        # type or paste numbers, one a line; Ctrl-D ends
  verikeep index-number - < numbers.txt > indexes.txt
An index is `id_number_index` of report_attempts and report_persons. It is made with the key of identity.index_key_file: who has an index but not the key cannot tell the number.";

/// Print the index of ID numbers, which finds persons in SQL.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct IndexNumber {
    /// `-`: the numbers come on standard input, one a line. On the command line others could read
    /// them.
    #[arg(value_name = "-", value_parser = super::secret)]
    pub from: Secret,
}

/// Prints the index of each number, in order.
///
/// # Errors
/// When a number is on the command line, a line has none, there is no index key or the database
/// knows another.
pub(super) async fn run(
    args: &IndexNumber,
    source: &Source,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    check(args)?;
    let config = load(source)?;
    let store = open::reader(&config).await?;
    let key = key(&config, &*store).await;
    store.close().await;
    print(&key?, &mut io::stdin().lock(), screen)
}

pub(super) fn check(args: &IndexNumber) -> Result<(), Failure> {
    if args.from.reveal() == "-" {
        return Ok(());
    }
    Err(Failure::usage(
        "index-number",
        "a number on the command line stands in the list of processes and in the shell's history",
        "`verikeep index-number -` reads numbers from standard input, one a line",
    ))
}

/// The key that is configured, where the database knows no other.
pub(super) async fn key(config: &Config, store: &dyn Store) -> Result<IndexKey, Failure> {
    let known = store.installation().await?.installation;
    let known = known.and_then(|installation| installation.index_key_id);
    Ok(look_up(known.as_deref(), config.identity.index_key.as_ref())?.clone())
}

pub(super) fn print(
    key: &IndexKey,
    numbers: &mut dyn BufRead,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    for (at, line) in (1_u64..).zip(numbers.lines()) {
        let refuse = |why| {
            let todo = "write one ID number a line, as text in UTF-8";
            Failure::usage(format!("standard input, line {at}"), why, todo)
        };
        let number = line
            .map(Secret::new)
            .map_err(|_| refuse("cannot be read"))?;
        if normalise_id_number(number.reveal()).is_empty() {
            return Err(refuse("has no number"));
        }
        screen.line(key.id_number(number.reveal()))?;
    }
    Ok(Code::Done)
}
