//! `index-key`: another key for the index of ID numbers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    open,
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    app::{self, reindex::reindex},
    config::{self, Config},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  (umask 077; openssl rand -hex 32 > /etc/verikeep/new.key)
  verikeep index-key rotate --new-key-file /etc/verikeep/new.key
  mv /etc/verikeep/new.key /etc/verikeep/identity-index.key      # what identity.index_key_file names; then restart every daemon
  verikeep index-key rotate --new-key-file /etc/verikeep/identity-index.key   # once more: what was written meanwhile
The key of before is not needed, so that a lost one is replaced in the same way: the numbers come from the verbatim answers.
The service goes on keeping meanwhile. From the first moment the database knows the new key: look-ups with the key of before are refused, and those with the
new one say how many attempts they passed over, until all are done. Cut off, run it again: it goes on. Once it is done, destroy the key of before.
Ends with 1 when rows are left: of a submission the number is known from an attempt of the same person alone. In the trail, searches for people of whom
nothing is kept stay under the index of before.";

/// Exchange the key by which ID numbers are looked up.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct IndexKeyArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What is done.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Index every attempt, submission and search of the trail with another key.
    Rotate(Rotate),
}

/// With which key.
#[derive(Args, Debug)]
pub struct Rotate {
    /// The file of the new key, 64 hex digits; what is wrong with it is said before anything is
    /// changed.
    #[arg(long, value_name = "FILE")]
    pub new_key_file: PathBuf,
}

/// Does it.
///
/// # Errors
/// When the file holds no key, or database or object store cannot be reached.
pub(super) async fn run(
    args: &IndexKeyArgs,
    config: &Config,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let Verb::Rotate(Rotate { new_key_file }) = &args.verb;
    let key = config::index_key_in(new_key_file).map_err(|(why, todo)| {
        let file = new_key_file.display().to_string();
        Failure::told(Code::Configuration, file, why, todo)
    })?;
    let vault = app::vault(config)?;
    let store = open::store(config).await?;
    let mut told = Ok(());
    let done = reindex(&*store, &vault, &key, &mut |verifications| {
        if verifications % 10_000 == 0 && told.is_ok() {
            told = screen.note(format!("{verifications} verifications so far"));
        }
    })
    .await;
    store.close().await;
    let done = done?;
    screen.line(format!(
        "{} verifications indexed with the key {}",
        done.verifications,
        key.id()
    ))?;
    if done.left == 0 {
        return Ok(Code::Done);
    }
    screen.line(format!(
        "not indexed: {} attempts and submissions. Where a daemon ran with the key of before, restart it with the new one and run this again; of the others \
         no answer that is kept has the number",
        done.left
    ))?;
    Ok(Code::Finding)
}
