//! Rows on their way into and out of a statement.
//!
//! A batch of rows goes in as one relation `t` ([`super::dialect::Dialect::execute_over`]): one
//! statement for any number of rows, and one text for both databases. U+0000, which PostgreSQL
//! cannot store, becomes U+FFFD in both.

use std::str::FromStr;

use serde::Serialize;
use sqlx::{ColumnIndex, Database, Decode, Row, Type};

use super::{Result, StoreError};
use crate::domain::{
    digest::Sha256,
    id::{AccessId, AnswerId, KeyId, MediaId, NoId, VerificationId},
    time::Time,
};

/// A value bound to a placeholder.
#[derive(Clone, Debug)]
pub(super) enum Bind {
    /// One value.
    Cell(Cell),
    /// Texts, to stand behind [`super::dialect::Dialect::among`].
    List(Vec<String>),
    /// A column of rows, of one type.
    Column(Col, Vec<Cell>),
}

/// One value, or null.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// A number, or an instant in unix milliseconds.
    Int(Option<i64>),
    /// Text without U+0000.
    Text(Option<String>),
    /// Yes or no.
    Bool(Option<bool>),
    /// A finite number.
    Float(Option<f64>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// Texts as a bound value.
pub(super) fn texts<T: ToString>(texts: &[T]) -> Bind {
    Bind::List(
        texts
            .iter()
            .map(|text| storable(&text.to_string()))
            .collect(),
    )
}

impl<T: Column> From<T> for Bind {
    fn from(value: T) -> Self {
        Self::Cell(value.cell())
    }
}

impl From<Json> for Bind {
    fn from(value: Json) -> Self {
        Self::Cell(Cell::Text(Some(value.0)))
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

/// The type of a column of rows.
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
    /// Bytes.
    Bytes,
}

/// A Rust type that can stand in a column of rows.
pub(super) trait Column {
    /// Its type there.
    const COL: Col;
    /// Its value there.
    fn cell(&self) -> Cell;
    /// Null in its place.
    fn null() -> Cell {
        match Self::COL {
            Col::Text => Cell::Text(None),
            Col::Int => Cell::Int(None),
            Col::Bool => Cell::Bool(None),
            Col::Float => Cell::Float(None),
            Col::Bytes => Cell::Bytes(None),
        }
    }
}

macro_rules! column {
    ($($ty:ty => $col:ident, $value:expr;)*) => { $(impl Column for $ty {
        const COL: Col = Col::$col;
        fn cell(&self) -> Cell {
            let value: fn(&Self) -> _ = $value;
            Cell::$col(value(self))
        }
    })* };
}
column! {
    &str => Text, |text| Some(storable(text));
    String => Text, |text| Some(storable(text));
    Sha256 => Text, |digest| Some(digest.to_string());
    VerificationId => Text, |id| Some(id.to_string());
    MediaId => Text, |id| Some(id.to_string());
    AnswerId => Text, |id| Some(id.to_string());
    KeyId => Text, |id| Some(id.to_string());
    AccessId => Text, |id| Some(id.to_string());
    i64 => Int, |number| Some(*number);
    Time => Int, |at| Some(at.0);
    bool => Bool, |flag| Some(*flag);
    f64 => Float, |number| number.is_finite().then_some(*number);
    &[u8] => Bytes, |bytes| Some(bytes.to_vec());
}

impl<T: Column> Column for Option<T> {
    const COL: Col = T::COL;
    fn cell(&self) -> Cell {
        self.as_ref().map_or_else(Self::null, T::cell)
    }
}

/// A struct whose values are rows of a statement.
pub(super) trait Shape {
    /// Names and types, in order.
    const COLUMNS: &'static [(&'static str, Col)];
    /// The values, in the same order.
    fn cells(&self) -> Vec<Cell>;
}

/// Declares a struct whose values are rows of a statement, its columns named like its fields.
macro_rules! rows {
    ($(#[$meta:meta])* struct $name:ident$(<$life:lifetime>)? { $($field:ident: $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        struct $name$(<$life>)? { $($field: $ty),* }

        impl$(<$life>)? $crate::store::rows::Shape for $name$(<$life>)? {
            const COLUMNS: &'static [(&'static str, $crate::store::rows::Col)] =
                &[$((stringify!($field), <$ty as $crate::store::rows::Column>::COL)),*];

            fn cells(&self) -> Vec<$crate::store::rows::Cell> {
                vec![$($crate::store::rows::Column::cell(&self.$field)),*]
            }
        }
    };
}
pub(super) use rows;

/// `insert into <table>` of the rows that are given, whose columns are named like the table's;
/// `tail` says what happens on a conflict.
pub(super) fn insert<S: Shape>(table: &str, tail: &str) -> String {
    let columns: Vec<&str> = S::COLUMNS.iter().map(|(name, _)| *name).collect();
    let values: Vec<String> = columns.iter().map(|name| format!("t.{name}")).collect();
    // `where true` keeps SQLite from reading `on conflict` as a join condition.
    format!(
        "insert into {table} ({}) select {} from t where true {tail}",
        columns.join(", "),
        values.join(", "),
    )
}

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
    /// Bytes or null.
    ///
    /// # Errors
    /// See [`Cells::text`].
    fn bytes_or_null(&self, name: &str) -> Result<Option<Vec<u8>>>;
}

impl<R> Cells for R
where
    R: Row,
    for<'n> &'n str: ColumnIndex<R>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> bool: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
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
    fn bytes_or_null(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.try_get(name)?)
    }
}

/// The column as an instant.
pub(super) fn instant(row: &impl Cells, name: &str) -> Result<Time> {
    row.int(name).map(Time)
}

/// The column as an instant, or null.
pub(super) fn instant_or_null(row: &impl Cells, name: &str) -> Result<Option<Time>> {
    Ok(row.int_or_null(name)?.map(Time))
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

    rows! { struct Sample<'a> { name: &'a str, count: Option<i64>, good: bool, share: f64 } }

    #[test]
    fn a_row_has_a_cell_a_column_and_no_number_that_a_database_would_not_give_back() {
        let row = Sample {
            name: "a\0",
            count: None,
            good: true,
            share: f64::NAN,
        };
        assert_eq!(
            Sample::COLUMNS,
            [
                ("name", Col::Text),
                ("count", Col::Int),
                ("good", Col::Bool),
                ("share", Col::Float)
            ]
        );
        let cells = row.cells();
        assert!(
            matches!(
                &cells[..],
                [
                    Cell::Text(Some(name)),
                    Cell::Int(None),
                    Cell::Bool(Some(true)),
                    Cell::Float(None)
                ] if name == "a\u{fffd}"
            ),
            "{cells:?}"
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
