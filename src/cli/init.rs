//! `init`: a commented configuration and fresh keys. Never overwrites anything.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use zeroize::Zeroizing;

use super::{
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    config::{self, COMMENTED, INDEX_KEY_FILE},
    domain::{
        digest::hex,
        identity::IndexKey,
        language::{Words, words},
        random,
    },
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep init                                     # here
  verikeep init /etc/verikeep
  verikeep init --lang zh                           # with Chinese comments
Then fill in the credentials of your app and run `verikeep check`.";

/// Write a commented configuration with safe defaults and fresh keys; overwrites nothing. Its
/// comments are in the language of --lang.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// Where; made when it is not there.
    #[arg(default_value = ".", value_name = "DIR")]
    pub dir: PathBuf,
}

words! { Words:
    WRITTEN = "written     {}", "已写入  {}";
    WRITTEN_KEY = "written     {}: looks up ID numbers; keep a copy of it, and no copy with the database",
        "已写入  {}：用于按证件号查找；请另存一份，不要与数据库放在一起";
    LEFT_ALONE = "left alone  {}: is there already", "未改动  {}：已存在";
    NEXT = "\nNext: fill in name, api_key and secret_key under [[apps]] in {}, then\n  verikeep check --config {}",
        "\n下一步：在 {} 的 [[apps]] 下填写 name、api_key 和 secret_key，然后运行\n  verikeep check --config {}";
    OTHER_FOLDER = "choose a folder that can be written to: verikeep init DIR", "换一个可写的目录：verikeep init DIR";
}

/// Writes what is not there yet.
///
/// # Errors
/// When a file or folder cannot be made.
pub(super) fn run(args: &Init, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    make_folder(&args.dir, 0o755)?;
    let file = if args.dir == Path::new(".") {
        PathBuf::from("verikeep.toml")
    } else {
        args.dir.join("verikeep.toml")
    };
    let fresh = write_new(&file, COMMENTED.in_(screen.language).as_bytes())?;
    tell(fresh, &file, WRITTEN, screen)?;
    let data_dir = config::data_dir_in(&file);
    make_folder(&data_dir, 0o700)?;
    let key_file = key_file(&file, &data_dir);
    let mut key = Zeroizing::new([0u8; IndexKey::BYTES]);
    random::fill(key.as_mut_slice());
    let text = Zeroizing::new(format!("{}\n", hex(key.as_slice())));
    let fresh_key = write_new(&key_file, text.as_bytes())?;
    tell(fresh_key, &key_file, WRITTEN_KEY, screen)?;
    if fresh {
        let given = file.display().to_string();
        screen.line(NEXT.filled(screen.language, &[&given, &given]))?;
    }
    Ok(Code::Done)
}

/// Beside the configuration, so that a copy of the data has no key in it; where an earlier version
/// put it, when it is there.
fn key_file(file: &Path, data_dir: &Path) -> PathBuf {
    let earlier = data_dir.join(INDEX_KEY_FILE);
    if earlier.exists() {
        return earlier;
    }
    file.with_file_name(INDEX_KEY_FILE)
}

fn tell(fresh: bool, file: &Path, written: Words, screen: &mut Screen<'_>) -> io::Result<()> {
    let words = if fresh { written } else { LEFT_ALONE };
    screen.line(words.filled(screen.language, &[&file.display().to_string()]))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let named = path.display().to_string();
    move |error| Failure::told(Code::Finding, named, error.to_string(), OTHER_FOLDER)
}

/// Makes a folder, unless it is there.
fn make_folder(folder: &Path, mode: u32) -> Result<(), Failure> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    builder.create(folder).map_err(failed(folder))
}

/// Writes a file for its owner alone, unless it is there; false when it was.
fn write_new(file: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(mut opened) => opened
            .write_all(bytes)
            .and_then(|()| opened.sync_all())
            .map(|()| true)
            .map_err(failed(file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(file)(error)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_is_said_in_both_languages_and_filled_in_alike() {
        crate::cli::words::tests::are_alike(super::ALL);
    }
}
