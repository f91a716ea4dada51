//! The rows of attempts, and what the answers say of them.

use std::collections::HashMap;

use super::{
    finding::{Finding, Name},
    words,
};
use crate::{
    domain::{
        attempt::Attempt,
        id::VerificationId,
        identity::{Columns, IdentityRow},
        mask::may_hide,
    },
    store::reports::{AttemptReport, Kept},
};

/// What the answers of some verifications say.
#[derive(Default)]
pub(super) struct Heard {
    attempts: HashMap<VerificationId, Vec<AttemptReport>>,
    /// Those of which an answer could not be heard: it may say what no other does.
    deaf: Vec<VerificationId>,
}

impl Heard {
    /// Takes note of what an answer that tells of attempts says, where it could be read.
    pub(super) fn hear(&mut self, of: VerificationId, attempts: Option<Vec<Attempt>>) {
        match attempts {
            Some(attempts) => {
                let rows = attempts.iter().map(row);
                self.attempts.entry(of).or_default().extend(rows);
            }
            None => self.deaf.push(of),
        }
    }

    /// Rows of attempts that say what no answer says. A column that is empty says nothing.
    pub(super) fn altered(&self, kept: &Kept) -> Vec<Finding> {
        let of = kept.verification_id;
        let Some(told) = self.attempts.get(&of).filter(|_| !self.deaf.contains(&of)) else {
            return Vec::new();
        };
        let rows = kept.attempt_rows.iter();
        rows.filter_map(|row| {
            let same = told.iter().filter(|one| one.attempt_no == row.attempt_no);
            let differs = same.map(|one| differing(row, one)).min_by_key(Vec::len);
            let why = match differs {
                Some(columns) if columns.is_empty() => return None,
                Some(columns) => words::SAID_BY_NONE.with(&[&columns.join(", ")]),
                None => words::TOLD_BY_NONE.with(&[]),
            };
            Some(Finding {
                what: Some(words::ATTEMPT.with(&[&row.attempt_no])),
                ..Finding::of(Name::AttemptAltered, Some(of), why)
            })
        })
        .collect()
    }
}

/// As a row would have it that keeps everything.
fn row(attempt: &Attempt) -> AttemptReport {
    AttemptReport::of(attempt, &IdentityRow::of(attempt, Columns::Plain, None))
}

/// The columns in which a row says something else than an answer. The provider's own words are left out, for persons
/// are masked in them by rules that may change, and so is the index, which depends on a key.
fn differing(row: &AttemptReport, told: &AttemptReport) -> Vec<&'static str> {
    macro_rules! differing {
        (values $($value:ident)+; texts $($text:ident)+; masks $($mask:ident of $plain:ident)+) => {
            [
                $((stringify!($value), row.$value.is_some() && row.$value != told.$value),)+
                $((stringify!($text), is_other(row.$text.as_deref(), told.$text.as_deref(), |row, told| row == told)),)+
                $((stringify!($mask), is_other(row.$mask.as_deref(), told.$plain.as_deref(), may_hide)),)+
            ]
        };
    }
    let columns = differing!(
        values passed verified_at charged charged_at ocr_charged ocr_count ocr_charged_at
            score threshold liveness_score spoofing_score demoted;
        texts verify_log_id id_type name id_number ocr_name ocr_id_number;
        masks name_masked of name id_number_masked of id_number
            ocr_name_masked of ocr_name ocr_id_number_masked of ocr_id_number
    );
    let columns = columns.into_iter().filter(|(_, differs)| *differs);
    columns.map(|(name, _)| name).collect()
}

/// Whether a row says what does not agree with what is told.
fn is_other(row: Option<&str>, told: Option<&str>, agree: fn(&str, &str) -> bool) -> bool {
    // U+0000 cannot be stored.
    let told = told.map(|told| told.replace('\0', "\u{fffd}"));
    row.is_some_and(|row| !told.is_some_and(|told| agree(row, &told)))
}
