//! `migrate`: brings the database schema up to date.

use clap::Args;
use serde::Serialize;

use super::{
    people::counted,
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
#[derive(Clone, Debug, Serialize)]
pub struct Migrated {
    /// The schema's version now.
    pub version: i64,
    /// The versions that were applied this time.
    pub applied: Vec<i64>,
}

/// Tells what was done.
///
/// # Errors
/// When the stream fails.
pub fn tell(args: &Migrate, done: &Migrated, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    if args.json {
        screen.document(done)?;
    } else if done.applied.is_empty() {
        screen.line(format!("the database is up to date (version {})", done.version))?;
    } else {
        let steps = counted(i64::try_from(done.applied.len()).unwrap_or(i64::MAX), "migration");
        screen.line(format!("the database is now at version {} ({steps} applied)", done.version))?;
    }
    Ok(Code::Done)
}
