//! What the provider charged, as sums.

use jiff::civil::Date;

/// What one app was charged for on a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Charge {
    /// The app.
    pub app: String,
    /// The day in Beijing.
    pub day: Date,
    /// `verify`, `match`, `live`, `ocr`, or another that the provider named; none where it named
    /// none.
    pub charge_type: Option<String>,
    /// How often; of `ocr` pieces.
    pub charged: i64,
}

/// Tokens of an app whose charges are not, or not all, known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// The app.
    pub app: String,
    /// Those that are open.
    pub open: i64,
    /// Those whose record was lost, or the last state of it.
    pub lost: i64,
}
