//! Rows on their way into and out of a statement.
//!
//! A batch of rows goes in as one JSON text, which the database expands
//! ([`super::dialect::Dialect::rows`]): one statement for any number of rows, and one text for both
//! databases. U+0000, which PostgreSQL cannot store, becomes U+FFFD in both.

use std::str::FromStr;

use serde::Serialize;
use sqlx::{ColumnIndex, Database, Decode, Row, Type};

use super::{Result, StoreError};
use crate::domain::{
    digest::Sha256,
    id::{AccessId, AnswerId, KeyId, MediaId, NoId, VerificationId},
};

/// A value bound to a placeholder.
#[derive(Clone)]
pub(super) enum Bind {
    /// A number, or an instant in unix milliseconds.
    Int(i64),
    /// Text without U+0000.
    Text(String),
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<crate::domain::time::Time> for Bind {
    fn from(value: crate::domain::time::Time) -> Self {
        Self::Int(value.0)
    }
}

impl From<AccessId> for Bind {
    fn from(value: AccessId) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<KeyId> for Bind {
    fn from(value: KeyId) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<VerificationId> for Bind {
    fn from(value: VerificationId) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<&str> for Bind {
    fn from(value: &str) -> Self {
        Self::Text(storable(value))
    }
}

impl From<Json> for Bind {
    fn from(value: Json) -> Self {
        Self::Text(value.0)
    }
}

/// The bound values of a statement, `$1` first.
macro_rules! binds {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::rows::Bind::from($value)),*] };
}
pub(super) use binds;

/// `text` as both databases can store it.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// JSON text without an escaped U+0000.
pub(super) struct Json(String);

impl Json {
    /// Serialises `value`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], which no value of this module's types brings about.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let text =
            serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(Self(without_nul(text)))
    }

    /// The text, to be a column of a row itself.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Replaces `\u0000`, but not `\\u0000`, which is a backslash followed by letters.
fn without_nul(json: String) -> String {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return json;
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some((before, behind)) = rest.split_once('\\') {
        clean.push_str(before);
        if let Some(tail) = behind.strip_prefix("u0000") {
            clean.push('\u{fffd}');
            rest = tail;
        } else {
            let mut letters = behind.chars();
            clean.push('\\');
            clean.extend(letters.next());
            rest = letters.as_str();
        }
    }
    clean.push_str(rest);
    clean
}

/// The type of a column of JSON rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Col {
    /// Text.
    Text,
    /// 64-bit integer.
    Int,
    /// Boolean.
    Bool,
    /// Double.
    Float,
}

/// A Rust type that can stand in a column of JSON rows.
pub(super) trait Column: Serialize {
    /// Its type there.
    const COL: Col;
    /// Whether it is null, and so left out of the text.
    fn is_null(&self) -> bool {
        false
    }
}

macro_rules! column {
    ($($ty:ty => $col:ident),* $(,)?) => { $(impl Column for $ty { const COL: Col = Col::$col; })* };
}
column!(&str => Text, String => Text, Sha256 => Text, VerificationId => Text, MediaId => Text, AnswerId => Text, KeyId => Text, AccessId => Text, i64 => Int, bool => Bool, f64 => Float);

impl<T: Column> Column for Option<T> {
    const COL: Col = T::COL;
    fn is_null(&self) -> bool {
        self.is_none()
    }
}

/// A struct whose values are rows of a statement.
pub(super) trait Shape: Serialize {
    /// Names and types, in order.
    const COLUMNS: &'static [(&'static str, Col)];
}

/// Declares a struct whose values are rows of a statement, its columns named like its fields.
macro_rules! rows {
    ($(#[$meta:meta])* struct $name:ident$(<$life:lifetime>)? { $($field:ident: $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        struct $name$(<$life>)? { $($field: $ty),* }

        impl$(<$life>)? $crate::store::rows::Shape for $name$(<$life>)? {
            const COLUMNS: &'static [(&'static str, $crate::store::rows::Col)] =
                &[$((stringify!($field), <$ty as $crate::store::rows::Column>::COL)),*];
        }

        impl$(<$life>)? serde::Serialize for $name$(<$life>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(if !$crate::store::rows::Column::is_null(&self.$field) {
                    map.serialize_entry(stringify!($field), &self.$field)?;
                })*
                map.end()
            }
        }
    };
}
pub(super) use rows;

/// Reads the columns of a row that came out.
pub(super) trait Cells {
    /// Text that is never null.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for another type or a name that is not there; so in every method
    /// here.
    fn text(&self, name: &str) -> Result<String>;
    /// Text or null.
    ///
    /// # Errors
    /// See [`Cells::text`].
    fn text_or_null(&self, name: &str) -> Result<Option<String>>;
    /// An integer that is never null.
    ///
    /// # Errors
    /// See [`Cells::text`].
    fn int(&self, name: &str) -> Result<i64>;
    /// An integer or null.
    ///
    /// # Errors
    /// See [`Cells::text`].
    fn int_or_null(&self, name: &str) -> Result<Option<i64>>;
    /// A boolean that is never null.
    ///
    /// # Errors
    /// See [`Cells::text`].
    fn flag(&self, name: &str) -> Result<bool>;
    /// A boolean or null.
    ///
    /// # Errors
    /// See [`Cells::text`].
    fn flag_or_null(&self, name: &str) -> Result<Option<bool>>;
    /// A double or null.
    ///
    /// # Errors
    /// See [`Cells::text`].
    fn float_or_null(&self, name: &str) -> Result<Option<f64>>;
}

impl<R> Cells for R
where
    R: Row,
    for<'n> &'n str: ColumnIndex<R>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> bool: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    R::Database: Database<Row = R>,
{
    fn text(&self, name: &str) -> Result<String> {
        Ok(self.try_get(name)?)
    }
    fn text_or_null(&self, name: &str) -> Result<Option<String>> {
        Ok(self.try_get(name)?)
    }
    fn int(&self, name: &str) -> Result<i64> {
        Ok(self.try_get(name)?)
    }
    fn int_or_null(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.try_get(name)?)
    }
    fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.try_get(name)?)
    }
    fn flag_or_null(&self, name: &str) -> Result<Option<bool>> {
        Ok(self.try_get(name)?)
    }
    fn float_or_null(&self, name: &str) -> Result<Option<f64>> {
        Ok(self.try_get(name)?)
    }
}

/// The column as an instant.
pub(super) fn instant(row: &impl Cells, name: &str) -> Result<crate::domain::time::Time> {
    row.int(name).map(crate::domain::time::Time)
}

/// The column as an instant, or null.
pub(super) fn instant_or_null(
    row: &impl Cells,
    name: &str,
) -> Result<Option<crate::domain::time::Time>> {
    Ok(row.int_or_null(name)?.map(crate::domain::time::Time))
}

/// The column as an identifier; a text that is none is [`StoreError::Corrupt`].
pub(super) fn id<I: FromStr<Err = NoId>>(row: &impl Cells, name: &str) -> Result<I> {
    row.text(name)?
        .parse()
        .map_err(|why| StoreError::Corrupt(format!("`{name}` {why}")))
}

/// The column as a digest; a text that is none is [`StoreError::Corrupt`].
pub(super) fn digest(row: &impl Cells, name: &str) -> Result<Sha256> {
    read_digest(&row.text(name)?, name)
}

/// The column as a digest, or null.
pub(super) fn digest_or_null(row: &impl Cells, name: &str) -> Result<Option<Sha256>> {
    row.text_or_null(name)?
        .map(|text| read_digest(&text, name))
        .transpose()
}

fn read_digest(text: &str, name: &str) -> Result<Sha256> {
    text.parse()
        .map_err(|why| StoreError::Corrupt(format!("`{name}` {why}")))
}

/// What a named value of a closed list is; a name outside of it is [`StoreError::Corrupt`].
pub(super) fn known<T>(value: Option<T>, column: &str) -> Result<T> {
    value.ok_or_else(|| {
        StoreError::Corrupt(format!(
            "`{column}` holds a name this program does not know"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    rows! { struct Sample<'a> { name: &'a str, count: Option<i64>, good: bool } }

    #[test]
    fn nulls_are_left_out_of_the_text() {
        let json = Json::of(&[Sample {
            name: "a",
            count: None,
            good: true,
        }])
        .unwrap();
        assert_eq!(json.0, r#"[{"name":"a","good":true}]"#);
        assert_eq!(
            Sample::COLUMNS,
            [
                ("name", Col::Text),
                ("count", Col::Int),
                ("good", Col::Bool)
            ]
        );
    }

    #[test]
    fn only_the_escape_of_nul_is_replaced() {
        for (text, clean) in [
            ("a\0b", "a\u{fffd}b"),
            ("\\u0000", "\\u0000"),
            ("\\\0\\\\\0", "\\\u{fffd}\\\\\u{fffd}"),
            ("\"\0\"", "\"\u{fffd}\""),
            ("\n\t\u{1}", "\n\t\u{1}"),
        ] {
            let json = Json::of(text).unwrap().0;
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), clean);
        }
    }
}
