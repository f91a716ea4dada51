//! Reading one table of the configuration: each accessor gives a value of the right kind or leaves
//! a finding, and goes on.

use super::{
    finding::{Findings, Place},
    keys,
    tree::{Node, Table, Value},
};
use crate::domain::{address::Wrong, time::Span};

/// A value with its path and the place it was written.
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) path: String,
    pub(super) place: Place,
}

impl<T> At<T> {
    pub(super) fn with<U>(&self, value: U) -> At<U> {
        At {
            value,
            path: self.path.clone(),
            place: self.place.clone(),
        }
    }
}

/// One table under its path.
pub(super) struct Section<'t> {
    table: Option<&'t Table>,
    path: String,
    pub(super) place: Place,
    pub(super) findings: &'t Findings,
}

impl<'t> Section<'t> {
    /// Opens a table; keys it does not know are findings at once.
    pub(super) fn open(
        table: Option<&'t Table>,
        path: &str,
        place: Place,
        known: &[&str],
        findings: &'t Findings,
    ) -> Self {
        for (key, node) in table.iter().flat_map(|table| &table.0) {
            if !known.contains(&key.as_str()) {
                findings.key(
                    &join(path, key),
                    &node.place,
                    "no such key",
                    keys::suggestion(key, known),
                );
            }
        }
        Self {
            table,
            path: path.to_owned(),
            place,
            findings,
        }
    }

    /// Opens the table below `key`; absent is empty.
    pub(super) fn section(&self, key: &str, known: &[&str]) -> Section<'t> {
        let (table, place) = match self.node(key) {
            Some(Node {
                value: Value::Table(table),
                place,
            }) => (Some(table), place.clone()),
            Some(node) => {
                self.wrong_type(key, node, "a table");
                (None, node.place.clone())
            }
            None => (None, self.place.clone()),
        };
        Section::open(table, &join(&self.path, key), place, known, self.findings)
    }

    pub(super) fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    pub(super) fn node(&self, key: &str) -> Option<&'t Node> {
        self.table.and_then(|table| table.get(key))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// Where the key was written, or else the table.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.node(key)
            .map_or_else(|| self.place.clone(), |node| node.place.clone())
    }

    /// A finding about a key.
    pub(super) fn fail(&self, key: &str, reason: impl Into<String>, todo: impl Into<String>) {
        self.findings
            .fail(&self.path(key), &self.place_of(key), reason, todo);
    }

    /// A value that is none.
    pub(super) fn wrong(&self, key: &str, wrong: Wrong) {
        self.fail(key, wrong.reason, wrong.todo);
    }

    /// Something about a key that somebody should look at.
    pub(super) fn warn(&self, key: &str, reason: impl Into<String>, todo: impl Into<String>) {
        self.findings
            .warn(&self.path(key), &self.place_of(key), reason, todo);
    }

    pub(super) fn missing(&self, key: &str, todo: impl Into<String>) {
        self.findings
            .key(&self.path(key), &self.place, "is missing", todo);
    }

    pub(super) fn wrong_type(&self, key: &str, node: &Node, wanted: &str) {
        self.findings.fail(
            &self.path(key),
            &node.place,
            format!("must be {wanted}, and is {}", node.value.type_name()),
            format!("write {wanted}"),
        );
    }

    pub(super) fn at<T>(&self, key: &str, node: &Node, value: T) -> At<T> {
        At {
            value,
            path: self.path(key),
            place: node.place.clone(),
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<At<String>> {
        let node = self.node(key)?;
        let Value::Text(text) = &node.value else {
            self.wrong_type(key, node, "a text in quotes");
            return None;
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.fail(key, "is empty", "fill it in, or leave the key out");
            return None;
        }
        Some(self.at(key, node, trimmed.to_owned()))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<At<T>> {
        let text = self.text(key)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text.value)
            .map(|(_, value)| text.with(*value));
        if found.is_none() {
            let listed: Vec<String> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            self.fail(
                key,
                "is none of the possible words",
                format!("write {}", listed.join(" or ")),
            );
        }
        found
    }

    /// A duration; zero only where `zero` allows it.
    pub(super) fn span(&self, key: &str, zero: bool) -> Option<At<Span>> {
        let node = self.node(key)?;
        let Value::Text(text) = &node.value else {
            self.wrong_type(
                key,
                node,
                "a duration in quotes, such as \"90s\", \"2h\" or \"3d\"",
            );
            return None;
        };
        match Span::parse(text) {
            Ok(span) if span.0 > 0 || zero => Some(self.at(key, node, span)),
            Ok(_) => {
                self.fail(
                    key,
                    "is zero",
                    "give it a length, such as \"90s\", \"2h\" or \"3d\"",
                );
                None
            }
            Err(reason) => {
                // A text that long is no slip of a duration; who knows what was pasted there.
                let (why, todo) = if text.len() <= 16 {
                    reason.split_once("; ").unwrap_or((&reason, ""))
                } else {
                    (
                        "is not a duration",
                        "write a number with its unit, such as 90s",
                    )
                };
                self.fail(key, why, todo);
                None
            }
        }
    }

    /// A number of bytes: a whole number, or a text such as "512MiB".
    pub(super) fn bytes(&self, key: &str) -> Option<At<u64>> {
        let node = self.node(key)?;
        let bytes = match &node.value {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::Text(text) => bytes(text),
            _ => None,
        };
        if bytes.is_none() {
            self.fail(
                key,
                "is no number of bytes",
                "write a whole number with its unit in quotes, such as \"512MiB\" or \"2GiB\"",
            );
        }
        bytes.map(|bytes| self.at(key, node, bytes))
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, key: &str, least: i64, most: i64) -> Option<At<i64>> {
        let number = self.number(key, "a whole number")?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "the bounds are small"
        )]
        if number.value.fract() == 0.0 && (least as f64..=most as f64).contains(&number.value) {
            return Some(number.with(number.value as i64));
        }
        self.fail(
            key,
            "is out of range",
            format!("write a whole number from {least} to {most}"),
        );
        None
    }

    /// A number, whole or not.
    pub(super) fn number(&self, key: &str, wanted: &str) -> Option<At<f64>> {
        let node = self.node(key)?;
        #[allow(clippy::cast_precision_loss, reason = "configured numbers are small")]
        let number = match &node.value {
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Text(text) if node.place.is_env() => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number| !number.is_nan()) {
            Some(number) => Some(self.at(key, node, number)),
            None if node.place.is_env() => {
                self.fail(key, format!("must be {wanted}"), format!("write {wanted}"));
                None
            }
            None => {
                self.wrong_type(key, node, wanted);
                None
            }
        }
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str) -> Option<At<bool>> {
        let node = self.node(key)?;
        match &node.value {
            Value::Flag(flag) => Some(self.at(key, node, *flag)),
            Value::Text(text) if node.place.is_env() && matches!(text.trim(), "true" | "false") => {
                Some(self.at(key, node, text.trim() == "true"))
            }
            _ => {
                self.wrong_type(key, node, "true or false, without quotes");
                None
            }
        }
    }

    /// A list of texts, each with its own path and place; from the environment with commas between
    /// them.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<At<String>>> {
        let node = self.node(key)?;
        match &node.value {
            Value::Text(text) if node.place.is_env() => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(|part| self.at(key, node, part.to_owned()))
                    .collect(),
            ),
            Value::List(items) => {
                let mut texts = Vec::with_capacity(items.len());
                for (place, item) in items.iter().enumerate() {
                    let path = format!("{}[{place}]", self.path(key));
                    match &item.value {
                        Value::Text(text) => texts.push(At {
                            value: text.trim().to_owned(),
                            path,
                            place: item.place.clone(),
                        }),
                        other => self.findings.fail(
                            &path,
                            &item.place,
                            format!("must be a text in quotes, and is {}", other.type_name()),
                            "write it in quotes",
                        ),
                    }
                }
                Some(texts)
            }
            _ => {
                self.wrong_type(key, node, "a list of texts, such as [\"a\", \"b\"]");
                None
            }
        }
    }
}

/// Reads `1048576`, `512MiB`, `2 GB`.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = text.split_at(
        text.find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_people_write_them() {
        for (text, found) in [
            ("0", Some(0)),
            ("512MiB", Some(536_870_912)),
            (" 2 GB ", Some(2_000_000_000)),
            ("1TiB", Some(1 << 40)),
            ("7B", Some(7)),
            ("MiB", None),
            ("-1", None),
            ("1.5GiB", None),
            ("5 stones", None),
            ("99999999999TiB", None),
        ] {
            assert_eq!(bytes(text), found, "{text}");
        }
    }
}
