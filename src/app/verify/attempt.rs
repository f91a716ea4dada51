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

/// The columns in which a row says something else than an answer. Texts in which the person is masked are left out,
/// for they depend on what is known of persons, and so is the index, for it depends on a key.
fn differing(row: &AttemptReport, told: &AttemptReport) -> Vec<&'static str> {
    macro_rules! differing {
        (values $($value:ident)+; texts $($text:ident)+) => {
            [
                $((stringify!($value), row.$value.is_some() && row.$value != told.$value),)+
                $((stringify!($text), is_other(row.$text.as_deref(), told.$text.as_deref())),)+
            ]
        };
    }
    let columns = differing!(
        values passed verified_at charged charged_at ocr_charged ocr_count ocr_charged_at
            score threshold liveness_score spoofing_score demoted;
        texts verify_log_id id_type name_masked id_number_masked name id_number
            ocr_name_masked ocr_id_number_masked ocr_name ocr_id_number
    );
    let columns = columns.into_iter().filter(|(_, differs)| *differs);
    columns.map(|(name, _)| name).collect()
}

/// U+0000 cannot be stored.
fn is_other(row: Option<&str>, told: Option<&str>) -> bool {
    let storable = |text: &str| text.replace('\0', "\u{fffd}");
    row.is_some_and(|row| told.map(storable).as_deref() != Some(row))
}
