//! Statements over rows of values.

use super::rows::{Cell, Col, Shape};

/// A statement over rows, their relation `t`.
pub(super) struct Over {
    pub(super) columns: &'static [(&'static str, Col)],
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) sql: String,
}

impl Over {
    /// Over these.
    pub(super) fn of<S: Shape>(rows: &[S], sql: String) -> Self {
        Self {
            columns: S::COLUMNS,
            rows: rows.iter().map(Shape::cells).collect(),
            sql,
        }
    }
}
