//! `man`: the manual pages.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    report::{Code, Failure},
    screen::Screen,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep man | man -l -
  verikeep man --out /usr/local/share/man/man1      # a page for each command";

/// Print the manual page, or write one for each command.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Man {
    /// The folder to write verikeep.1, verikeep-run.1 and so on into.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Prints or writes them.
///
/// # Errors
/// When the folder cannot be written to or the stream fails.
pub(super) fn run(args: &Man, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let mut command = super::command();
    let Some(folder) = &args.out else {
        clap_mangen::Man::new(command).render(&mut *screen.out())?;
        return Ok(Code::Done);
    };
    command.build();
    let failed = |error: std::io::Error| {
        Failure::told(
            Code::Finding,
            folder.display().to_string(),
            error.to_string(),
            "choose a folder that can be written to",
        )
    };
    let is_new = !folder.exists();
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(command, folder).map_err(failed)?;
    for_everybody(folder, is_new).map_err(failed)?;
    screen.line(format!("written     {}", folder.display()))?;
    Ok(Code::Done)
}

/// Pages are to be read by whoever asks for them, unlike all else that is written here.
fn for_everybody(folder: &Path, is_new: bool) -> std::io::Result<()> {
    let open = |file: &Path, mode| {
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(mode))
    };
    if is_new {
        open(folder, 0o755)?;
    }
    for entry in fs::read_dir(folder)? {
        let page = entry?.path();
        if page
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("verikeep") && name.ends_with(".1"))
        {
            open(&page, 0o644)?;
        }
    }
    Ok(())
}
