//! The quirks of one token's answers: which fields are null, empty or missing, which numbers are
//! strings, and so on. They are thrown per token and field, so that the same token always answers
//! in the same shape.

use serde_json::{Map, Value, json};

use crate::{dice::word, token::Token};

use super::Query;

/// How one token's answers look.
pub(super) struct Shape<'a> {
    token: &'a Token,
    quirks: bool,
}

impl<'a> Shape<'a> {
    /// The shape of the answers to `query`.
    pub(super) fn of(query: &Query<'a>) -> Self {
        Self {
            token: query.token,
            quirks: query.world.options.quirks,
        }
    }

    /// Whether this token has the quirk named `what`, which `percent` of tokens have.
    pub(super) fn has(&self, what: &str, percent: u64) -> bool {
        self.quirks && self.token.dice("quirk", word(what)).happens(percent)
    }

    /// One of `choices` for `what`; without quirks the first.
    pub(super) fn choice(&self, what: &str, choices: u64) -> u64 {
        if self.quirks {
            self.token.dice("choice", word(what)).within(0, choices)
        } else {
            0
        }
    }

    /// Sets `key`, or leaves it null, empty or out when there is no value.
    pub(super) fn put(&self, map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
        let value = match (value, self.choice(key, 3)) {
            (Some(value), _) => value,
            (None, 0) => Value::Null,
            (None, 1) => json!(""),
            _ => return,
        };
        map.insert(key.to_owned(), value);
    }

    /// A number that is usually written as one, and sometimes as a string.
    pub(super) fn number(&self, what: &str, number: i64) -> Value {
        if self.has(what, 25) {
            json!(number.to_string())
        } else {
            json!(number)
        }
    }

    /// A number that is usually written as a string, and sometimes as a number.
    pub(super) fn digits(&self, what: &str, number: i64) -> Value {
        if self.has(what, 25) {
            json!(number)
        } else {
            json!(number.to_string())
        }
    }

    /// Adds a field that no table knows.
    pub(super) fn surprise(&self, map: &mut Map<String, Value>, what: &str) {
        if self.has(what, 20) {
            map.insert(
                format!("x_{what}"),
                json!({"since": "2026", "list": [1, null, "二"]}),
            );
        }
    }
}

/// The members of `value`, which is an object.
pub(super) fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Adds a member to `value`, which is an object.
pub(super) fn add(value: &mut Value, key: &str, member: Value) {
    if let Value::Object(map) = value {
        map.insert(key.to_owned(), member);
    }
}
