//! `migrate`: brings the database schema up to date.

use clap::Args;
use serde::Serialize;

use super::{
    report::{Code, Failure},
    screen::Screen,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep migrate                                  # before the new version is started with `run --no-migrate`
`run` does it too unless told not to. Of two at once one does it and the other waits. There is no way back: keep a backup.";

/// Bring the database schema up to date.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Migrate {
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Migrated {
    /// The schema's version before; 0 for an empty database.
    pub from: i64,
    /// The schema's version now.
    pub to: i64,
}

/// Tells what was done.
///
/// # Errors
/// When the stream fails.
pub(super) fn tell(
    args: &Migrate,
    done: Migrated,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let Migrated { from, to } = done;
    if args.json {
        screen.document(&done)?;
    } else if from == to {
        screen.line(format!("the database is up to date (version {to})"))?;
    } else if from == 0 {
        screen.line(format!("the tables are made (version {to})"))?;
    } else {
        screen.line(format!("the database went from version {from} to {to}"))?;
    }
    Ok(Code::Done)
}
