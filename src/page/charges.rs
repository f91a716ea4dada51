//! What was charged, as the provider tells it, and whether its own sums agree.

use super::{
    Case,
    text::{Both, Two},
    words as w,
};
use crate::store::reports::AttemptReport;

/// The charges of all attempts.
pub(super) struct Charges<'a> {
    pub(super) rows: &'a [AttemptReport],
    /// The provider's own counts, by name.
    pub(super) counts: Vec<(Both, i64)>,
    /// Whether they agree with the attempts that are known; none where there are none.
    pub(super) agree: Option<bool>,
}

impl<'a> Charges<'a> {
    pub(super) fn of(case: &'a Case<'_>) -> Self {
        let rows = &case.whole.attempt_rows;
        let charged = |kind: &str| {
            let of_kind = |row: &&AttemptReport| {
                row.charged == Some(true) && row.charge_type.as_deref() == Some(kind)
            };
            number(rows.iter().filter(of_kind).count())
        };
        let counts = case.counts.unwrap_or_default();
        let all = [
            (w::COUNT_VERIFY, counts.verify, Some(number(rows.len()))),
            (
                w::COUNT_VERIFY_CHARGE,
                counts.verify_charge,
                Some(charged("verify")),
            ),
            (w::COUNT_MATCH, counts.match_charge, Some(charged("match"))),
            (w::COUNT_LIVE, counts.live_charge, Some(charged("live"))),
            // A card may have been read without an attempt.
            (w::COUNT_OCR, counts.ocr_charge, None),
        ];
        let compared = all
            .iter()
            .filter_map(|(_, told, counted)| told.zip(*counted));
        let agree = compared
            .map(|(told, counted)| told == counted)
            .reduce(|one, other| one && other);
        Self {
            rows,
            counts: all
                .into_iter()
                .filter_map(|(name, told, _)| told.map(|told| (name, told)))
                .collect(),
            agree,
        }
    }
}

fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// How many cards were read.
pub(super) fn pieces(row: &AttemptReport) -> Option<Two> {
    row.ocr_count
        .filter(|count| *count > 0)
        .map(|count| w::PIECES.with(&[Two::same(count)]))
}
