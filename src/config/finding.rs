//! What is wrong with a configuration: where, why, and the way out.
//!
//! A finding never repeats a value, with one exception: durations, which are no secrets. Everything
//! else is found by path and line.

use std::{cell::RefCell, fmt, path::PathBuf, sync::Arc};

use serde::Serialize;

use super::{chinese::in_chinese, keys};
use crate::domain::language::Language;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It works, and somebody should look at it; shown by `check`.
    Warn,
    /// Nothing starts with it.
    Fail,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Nowhere: it is a default, or absent.
    Nowhere,
    /// In a file as a whole.
    File(Arc<PathBuf>),
    /// In a line of a file, counted from 1.
    Line(Arc<PathBuf>, usize),
    /// In an environment variable.
    Env(String),
}

impl Place {
    /// Whether an environment variable brought it.
    #[must_use]
    pub const fn is_env(&self) -> bool {
        matches!(self, Self::Env(_))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("configuration"),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Line(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Env(variable) => write!(f, "environment {variable}"),
        }
    }
}

/// What a finding is about; decides which of them can be trusted when the file has syntax errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The file is no TOML.
    Syntax,
    /// A key nobody knows, or one that is missing: may only be debris of a syntax error.
    Key,
    /// A value.
    Value,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Which key: `apps[0].qps`; empty for the file as a whole.
    pub path: String,
    /// Where it was written.
    pub place: Place,
    /// Why it is wrong.
    pub reason: String,
    /// The way out.
    pub todo: String,
    pub(super) kind: Kind,
}

impl Finding {
    /// Whether what was read of that part (`database`, `apps[0]`) may not be what was meant, because
    /// of this. The data directory is where the other places begin, and a section that nobody
    /// knows counts as the one its name is close to.
    #[must_use]
    pub(crate) fn spoils(&self, part: &str) -> bool {
        if self.level != Level::Fail {
            return false;
        }
        let first = self.path.split(['.', '[']).next().unwrap_or_default();
        let first = match keys::meant(first, keys::TOP) {
            // The file as a whole.
            _ if first.is_empty() => return true,
            Some(meant) => meant,
            None => return false,
        };
        let whole = part.split('[').next().unwrap_or_default();
        if first == "data_dir" {
            return matches!(whole, "data_dir" | "database" | "vault" | "identity");
        }
        // Of an app that is counted otherwise (by a variable, or because it is no table) it is not
        // known which it is.
        let is_of_one = self.path.starts_with("apps[") && self.path.contains("].");
        first == whole
            && (!is_of_one
                || self
                    .path
                    .strip_prefix(part)
                    .is_some_and(|rest| rest.starts_with('.')))
    }
}

impl Finding {
    /// Why it is wrong, in a language: in English where there are no words for it in that one.
    #[must_use]
    pub fn reason_in(&self, language: Language) -> String {
        in_(&self.reason, language)
    }

    /// The way out, likewise.
    #[must_use]
    pub fn todo_in(&self, language: Language) -> String {
        in_(&self.todo, language)
    }

    /// All of it on one line: `verikeep.toml:12: apps[0].qps: must be above 0; write …`
    #[must_use]
    pub fn in_(&self, language: Language) -> String {
        let (colon, semicolon) = match language {
            Language::En => (": ", "; "),
            Language::Zh => ("：", "；"),
        };
        let mut told = format!("{}{colon}", self.place);
        if !self.path.is_empty() {
            told += &format!("{}{colon}", self.path);
        }
        told += &self.reason_in(language);
        if !self.todo.is_empty() {
            told += &format!("{semicolon}{}", self.todo_in(language));
        }
        told
    }
}

fn in_(text: &str, language: Language) -> String {
    let chinese = (language == Language::Zh).then(|| in_chinese(text));
    chinese.flatten().unwrap_or_else(|| text.to_owned())
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_(Language::En))
    }
}

/// Gathers findings from all over the walk.
#[derive(Default)]
pub(super) struct Findings(RefCell<Vec<Finding>>);

impl Findings {
    fn push(
        &self,
        level: Level,
        kind: Kind,
        path: &str,
        place: &Place,
        reason: impl Into<String>,
        todo: impl Into<String>,
    ) {
        self.0.borrow_mut().push(Finding {
            level,
            path: path.to_owned(),
            place: place.clone(),
            reason: reason.into(),
            todo: todo.into(),
            kind,
        });
    }

    /// A value that nothing starts with.
    pub(super) fn fail(
        &self,
        path: &str,
        place: &Place,
        reason: impl Into<String>,
        todo: impl Into<String>,
    ) {
        self.push(Level::Fail, Kind::Value, path, place, reason, todo);
    }

    /// Text that is no TOML.
    pub(super) fn syntax(&self, place: &Place, reason: impl Into<String>, todo: impl Into<String>) {
        self.push(Level::Fail, Kind::Syntax, "", place, reason, todo);
    }

    /// A key that is unknown or missing.
    pub(super) fn key(
        &self,
        path: &str,
        place: &Place,
        reason: impl Into<String>,
        todo: impl Into<String>,
    ) {
        self.push(Level::Fail, Kind::Key, path, place, reason, todo);
    }

    /// A value somebody should look at.
    pub(super) fn warn(
        &self,
        path: &str,
        place: &Place,
        reason: impl Into<String>,
        todo: impl Into<String>,
    ) {
        self.push(Level::Warn, Kind::Value, path, place, reason, todo);
    }

    /// All of them, in the order of the file, then of the environment.
    pub(super) fn into_sorted(self) -> Vec<Finding> {
        let mut all = self.0.into_inner();
        let broken = all.iter().any(|finding| finding.kind == Kind::Syntax);
        // What was recovered from a broken file may have lost or gained keys, and a scrap of a
        // secret may have become one.
        all.retain(|finding| !broken || finding.kind != Kind::Key || finding.place.is_env());
        all.sort_by(|one, other| one.place.cmp(&other.place));
        all
    }
}
