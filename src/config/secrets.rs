//! Secrets, and the files they may lie in.
//!
//! A file is looked for among systemd's credentials (`$CREDENTIALS_DIRECTORY/<name>`, for plain
//! names), then from the folder of the configuration file. Its text is taken without white space and
//! what editors and copying leave at either end unseen ([`bare`]). Nothing of it ever reaches a
//! finding.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    paths,
    section::{At, Section},
};
use crate::domain::secret::Secret;

/// A secret file longer than this is none.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Where secret files are looked for.
pub(super) struct Folders {
    /// The folder of the configuration file.
    pub(super) base: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`.
    pub(super) credentials: Option<PathBuf>,
}

impl Folders {
    fn find(&self, name: &str) -> PathBuf {
        let plain = !name.contains('/');
        let credential = self
            .credentials
            .as_ref()
            .filter(|_| plain)
            .map(|folder| folder.join(name))
            .filter(|file| file.is_file());
        credential.unwrap_or_else(|| paths::absolute(&self.base, name))
    }

    /// Whether a file lies in a folder or below it, links followed.
    pub(super) fn lies_below(&self, name: &str, folder: &Path) -> bool {
        let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        whole(&self.find(name)).starts_with(whole(folder))
    }
}

/// A secret written in place (`key`) or in a file (`key_file`); the environment's word counts
/// before the file's. None leaves a finding.
pub(super) fn secret(
    section: &Section<'_>,
    key: &str,
    folders: &Folders,
    whence: &str,
) -> Option<Secret> {
    let file_key = format!("{key}_file");
    let (in_place, in_file) = (section.has(key), section.has(&file_key));
    let env = |key: &str| section.place_of(key).is_env();
    match (in_place, in_file) {
        (true, true) if env(key) == env(&file_key) => {
            section.fail(
                &file_key,
                format!("`{key}` is given as well"),
                format!("keep one of `{key}` and `{file_key}`"),
            );
            None
        }
        (true, both) if !both || env(key) => {
            let node = section.node(key)?;
            if matches!(&node.value, super::tree::Value::Text(text) if text.trim().is_empty()) {
                section.fail(
                    key,
                    "is empty",
                    format!("put {whence} here, or its file's name into `{file_key}`"),
                );
                return None;
            }
            let text = Zeroizing::new(section.text(key)?.value);
            match key_in(&text) {
                Ok(secret) => Some(Secret::new(secret)),
                Err((why, todo)) => {
                    section.fail(key, why, todo);
                    None
                }
            }
        }
        (_, true) => {
            let named = section.text(&file_key)?;
            read(section, &named, folders).map(|text| Secret::new(text.as_str()))
        }
        _ => {
            section.missing(key, format!("give `{key}` or `{file_key}`: {whence}"));
            None
        }
    }
}

/// A secret that need not be there.
pub(super) fn optional(
    section: &Section<'_>,
    key: &str,
    folders: &Folders,
    whence: &str,
) -> Option<Secret> {
    (section.has(key) || section.has(&format!("{key}_file")))
        .then(|| secret(section, key, folders, whence))
        .flatten()
}

/// The one line of visible ASCII that a secret file holds.
pub(super) fn read(
    section: &Section<'_>,
    named: &At<String>,
    folders: &Folders,
) -> Option<Zeroizing<String>> {
    let file = folders.find(&named.value);
    match read_file(&file) {
        Ok(text) => {
            if let Some(mode) = too_open(&file) {
                let todo = format!("chmod 600 {}", file.display());
                section.findings.warn(
                    &named.path,
                    &named.place,
                    format!("{} can be read by others (mode {mode:03o})", file.display()),
                    todo,
                );
            }
            Some(text)
        }
        Err((why, todo)) => {
            section.findings.fail(
                &named.path,
                &named.place,
                format!("{}: {why}", file.display()),
                todo,
            );
            None
        }
    }
}

/// The secret that a file holds, for those who are not configured by it.
///
/// # Errors
/// Why there is none, and the way out.
pub(crate) fn secret_file(file: &Path) -> Result<Secret, Wrong> {
    read_file(file).map(|text| Secret::new(text.as_str()))
}

const FILE_TODO: &str = "create the file, or correct its name and owner";
const KEY_TODO: &str = "copy it again from where it was given out, as one line of visible ASCII";

/// Why a text is no secret, and the way out.
pub(crate) type Wrong = (String, &'static str);

fn read_file(file: &Path) -> Result<Zeroizing<String>, Wrong> {
    let unread = |error| (reason(&error), FILE_TODO);
    let opened = fs::File::open(file).map_err(unread)?;
    if opened.metadata().is_ok_and(|facts| facts.is_dir()) {
        return Err(("is a folder".to_owned(), FILE_TODO));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    opened
        .take(SECRET_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unread)?;
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        let why = format!("is longer than {SECRET_BYTES_MAX} bytes");
        return Err((why, KEY_TODO));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| ("is not UTF-8 text".to_owned(), "save it as UTF-8"))?;
    key_in(text).map(|key| Zeroizing::new(key.to_owned()))
}

/// The key within a text. What no eye sees at its ends is not part of it; within it, nobody could
/// tell what was meant.
fn key_in(text: &str) -> Result<&str, Wrong> {
    let key = bare(text);
    if key.is_empty() {
        return Err(("is empty".to_owned(), FILE_TODO));
    }
    if key.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(key);
    }
    let why = if key.contains(['\r', '\n']) {
        "holds more than one line"
    } else if key.chars().any(is_unseen) {
        "holds a character inside that cannot be seen"
    } else {
        "holds a space, or a character that is not ASCII"
    };
    Err((why.to_owned(), KEY_TODO))
}

/// A text without what cannot be seen at its ends.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_unseen(c))
}

/// Control characters, and those of no width that come with a copy from a web page or a chat: soft
/// hyphen, joiners, directions, the byte order mark.
fn is_unseen(c: char) -> bool {
    let of_no_width = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || of_no_width
}

/// Why a file could not be used, in a few words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "may not be read".to_owned(),
        _ => error.to_string(),
    }
}

/// The mode of a file that more people can use than its owner and the readers of its group.
#[cfg(unix)]
pub(super) fn too_open(file: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(file).ok()?.permissions().mode() & 0o777;
    (mode & !0o640 != 0).then_some(mode)
}

/// Elsewhere files have no modes.
#[cfg(not(unix))]
pub(super) fn too_open(_: &Path) -> Option<u32> {
    None
}
