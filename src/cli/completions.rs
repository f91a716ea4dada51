//! `completions`: what a shell needs to complete commands and flags.

use clap::Args;
use clap_complete::Shell;

use super::{
    report::{Code, Failure},
    screen::Screen,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep completions bash > /etc/bash_completion.d/verikeep
  verikeep completions zsh  > ~/.zfunc/_verikeep
  verikeep completions fish > ~/.config/fish/completions/verikeep.fish";

/// Print the completions of a shell.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// Which.
    pub shell: Shell,
}

/// Prints them.
///
/// # Errors
/// When the stream fails.
pub(super) fn run(args: &Completions, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    // Into memory first: the generator panics when its writer fails.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "verikeep", &mut text);
    screen.out().write_all(&text)?;
    Ok(Code::Done)
}
