//! The lines of a list: NDJSON, CSV or a bare list, told apart by the first line.
//!
//! A wrong line is told by its number and what is wrong, never by what it holds, and never stops
//! the lines after it. A record is one line: a quote that is left open spoils its own line only.

use std::{collections::BTreeSet, io::BufRead};

use super::lines::Lines;
use crate::domain::listed::{self, Alias, Field, Layout, Named};

/// How many names that are not known here are told of an input.
const NAMES_TOLD: usize = 20;

/// The lines of a file or a pipe, each as what its fields say.
pub(crate) struct Rows<R, F: Named = Field> {
    lines: Lines<R>,
    layout: Layout<F>,
    /// A first line that is data already.
    first: Option<(u64, String)>,
    aliases: Vec<Alias<F>>,
    /// Names that are not known here and were told.
    ignored: BTreeSet<String>,
    notes: Vec<String>,
}

impl<R: BufRead, F: Named> Rows<R, F> {
    /// Opens an input.
    ///
    /// # Errors
    /// What is wrong with its first line, which decides how all others are read; never what it
    /// holds.
    pub(crate) fn open(input: R, aliases: Vec<Alias<F>>) -> Result<Self, String> {
        let mut lines = Lines::of(input);
        let mut first = first_line(&mut lines)?;
        let separator = first
            .as_ref()
            .and_then(|(_, line)| listed::told_separator(line));
        if separator.is_some() {
            first = first_line(&mut lines)?;
        }
        let (layout, unknown) = match &first {
            Some((_, line)) => listed::layout(line, separator, &aliases)?,
            None => (Layout::Bare, Vec::new()),
        };
        let first = first.filter(|_| !matches!(layout, Layout::Columns { .. }));
        let mut rows = Self {
            lines,
            layout,
            first,
            aliases,
            ignored: BTreeSet::new(),
            notes: Vec::new(),
        };
        rows.ignore("columns", unknown);
        Ok(rows)
    }

    /// How much of the input has been read, in bytes.
    #[must_use]
    pub(crate) const fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// What a person should hear of how it is read, once each.
    pub(crate) fn notes(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.lines.note());
        notes
    }

    /// What a line says; none when nothing stands in it.
    fn read(&mut self, line: &str) -> Result<Option<F::Line>, String> {
        match &self.layout {
            Layout::Columns { separator, fields } => listed::row(line, *separator, fields),
            Layout::Objects => {
                let (fields, unknown) = listed::object(line, &self.aliases)?;
                self.ignore("fields", unknown);
                Ok(Some(fields))
            }
            Layout::Bare => {
                let mut fields = F::Line::default();
                *F::KEY.of(&mut fields) = Some(line.trim().to_owned());
                Ok(Some(fields))
            }
        }
    }

    fn ignore(&mut self, what: &str, names: Vec<String>) {
        let mut new = Vec::new();
        for name in names {
            if self.ignored.len() < NAMES_TOLD && self.ignored.insert(name.clone()) {
                new.push(name);
            }
        }
        if !new.is_empty() {
            self.notes.push(format!(
                "{what} not known here and left out: {}; --map NAME=FIELD reads one as one of {}",
                new.join(", "),
                listed::field_names::<F>()
            ));
        }
    }
}

/// The first line that holds something.
fn first_line<R: BufRead>(lines: &mut Lines<R>) -> Result<Option<(u64, String)>, String> {
    loop {
        match lines.next() {
            Some((_, Ok(line))) if line.trim().is_empty() => {}
            Some((number, Ok(line))) => return Ok(Some((number, line))),
            Some((number, Err(why))) => return Err(format!("line {number}: {why}")),
            None => return Ok(None),
        }
    }
}

impl<R: BufRead, F: Named> Iterator for Rows<R, F> {
    type Item = (u64, Result<F::Line, String>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (number, line) = match self.first.take() {
                Some((number, line)) => (number, Ok(line)),
                None => self.lines.next()?,
            };
            let read = match line {
                Ok(line) if line.trim().is_empty() => Ok(None),
                Ok(line) => self.read(&line),
                Err(why) => Err(why),
            };
            if let Some(read) = read.transpose() {
                return Some((number, read));
            }
        }
    }
}
