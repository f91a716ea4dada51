//! `migrate`: brings the database schema up to date.

use clap::Args;

use super::{
    open::migrate,
    report::{Code, Failure},
    screen::Screen,
};
use crate::{config::Config, store::MigrationReport};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep migrate                                  # before the new version is started with `run --no-migrate`
`run` does it too unless told not to. Of two at once one does it and the other waits. There is no way back: keep a backup.
Programs of the version before go on working meanwhile, unless the new one says otherwise: migrate first, then replace them one after another.";

/// Bring the database schema up to date.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Migrate {
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Does it, and tells what was done.
///
/// # Errors
/// When the database is damaged, cannot be reached, or belongs to others.
pub(super) async fn run(
    args: &Migrate,
    config: &Config,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let done = migrate(config).await?;
    let MigrationReport { from, to, known } = done;
    if args.json {
        screen.document(&done)?;
    } else if to > known {
        screen.line(format!("nothing to do: the database has version {to}, newer than this program's {known}, which may go on working with it"))?;
    } else if from == to {
        screen.line(format!("the database is up to date (version {to})"))?;
    } else if from == 0 {
        screen.line(format!("the tables are made (version {to})"))?;
    } else {
        screen.line(format!("the database went from version {from} to {to}"))?;
    }
    Ok(Code::Done)
}
