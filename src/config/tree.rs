//! The configuration as it was written, each value with the place it came from.
//!
//! Says nothing of which keys exist. Values may be secrets, so that nothing here can be printed.

use std::{path::PathBuf, sync::Arc};

use toml::de::{DeTable, DeValue};

use super::finding::{Findings, Place};

/// A value and where it was written.
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A value as TOML, or an environment variable, tells it.
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Date,
    List(Vec<Node>),
    Table(Table),
}

/// Keys and their nodes, in the order they were written.
#[derive(Default)]
pub(super) struct Table(pub(super) Vec<(String, Node)>);

impl Value {
    /// What it is, for people.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0
            .iter_mut()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// The table below `key`, made when there is none; none when something else is there.
    pub(super) fn table_mut(&mut self, key: &str, place: &Place) -> Option<&mut Self> {
        if self.get(key).is_none() {
            self.0.push((
                key.to_owned(),
                Node {
                    value: Value::Table(Self::default()),
                    place: place.clone(),
                },
            ));
        }
        match self.get_mut(key) {
            Some(Node {
                value: Value::Table(table),
                ..
            }) => Some(table),
            _ => None,
        }
    }

    /// Puts a value in place of what was there.
    pub(super) fn set(&mut self, key: &str, node: Node) {
        match self.get_mut(key) {
            Some(old) => *old = node,
            None => self.0.push((key.to_owned(), node)),
        }
    }
}

/// Reads TOML as far as it can be read; what cannot becomes findings.
pub(super) fn parse(text: &str, file: &Arc<PathBuf>, findings: &Findings) -> Table {
    let lines = Lines::of(text, file);
    let (table, errors) = DeTable::parse_recoverable(text.strip_prefix('\u{feff}').unwrap_or(text));
    for error in errors {
        let place = error.span().map_or_else(
            || Place::File(Arc::clone(file)),
            |span| lines.place(span.start),
        );
        // The message only: the full text of the error repeats the line, which may hold a secret.
        findings.syntax(
            &place,
            format!("not valid TOML: {}", first_line(error.message())),
            "quote texts and close every quote and bracket on its line",
        );
    }
    convert_table(table.get_ref(), &lines)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

fn convert_table(table: &DeTable<'_>, lines: &Lines<'_>) -> Table {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    Table(
        entries
            .into_iter()
            .map(|(key, value)| {
                (
                    key.get_ref().to_string(),
                    Node {
                        value: convert(value.get_ref(), lines),
                        place: lines.place(key.span().start),
                    },
                )
            })
            .collect(),
    )
}

fn convert(value: &DeValue<'_>, lines: &Lines<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or(Value::Float(f64::INFINITY), Value::Integer),
        DeValue::Float(digits) => Value::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: convert(item.get_ref(), lines),
                    place: lines.place(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, lines)),
    }
}

/// Turns byte offsets into line numbers.
struct Lines<'f> {
    ends: Vec<usize>,
    skipped: usize,
    file: &'f Arc<PathBuf>,
}

impl<'f> Lines<'f> {
    fn of(text: &str, file: &'f Arc<PathBuf>) -> Self {
        let skipped = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            ends: text
                .bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at)
                .collect(),
            skipped,
            file,
        }
    }

    fn place(&self, offset: usize) -> Place {
        let offset = offset + self.skipped;
        Place::Line(
            Arc::clone(self.file),
            self.ends.partition_point(|end| *end < offset) + 1,
        )
    }
}
