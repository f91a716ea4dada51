//! An attempt: what came of it, its pictures, who it was, and what can be checked.

use super::{
    Case,
    checks::{self, Check},
    identity::Identities,
    media::{Figure, figures},
    messages,
    text::figure,
};
use crate::store::reports::AttemptReport;

/// One attempt.
pub(super) struct Shown<'a> {
    pub(super) row: &'a AttemptReport,
    pub(super) english: Option<&'static str>,
    pub(super) figures: Vec<Figure<'a>>,
    pub(super) identities: Identities<'a>,
    pub(super) checks: Vec<Check>,
}

/// All of them, the last first: it decides.
pub(super) fn all<'a>(case: &'a Case<'_>) -> Vec<Shown<'a>> {
    let shown = |row: &'a AttemptReport| {
        let told = case
            .told
            .iter()
            .find(|one| one.attempt_no == row.attempt_no);
        Shown {
            row,
            english: row.message.as_deref().and_then(messages::in_english),
            figures: figures(case, |no| no == row.attempt_no),
            identities: Identities::of(case, row, told),
            checks: checks::all(row, told, case.whole.submitted.as_ref()),
        }
    };
    case.whole.attempt_rows.iter().rev().map(shown).collect()
}

impl Shown<'_> {
    pub(super) fn score(&self) -> Option<String> {
        self.row.score.map(figure)
    }

    pub(super) fn threshold(&self) -> Option<String> {
        self.row.threshold.map(figure)
    }

    pub(super) fn liveness(&self) -> Option<String> {
        self.row.liveness_score.map(figure)
    }

    pub(super) fn spoofing(&self) -> Option<String> {
        self.row.spoofing_score.map(figure)
    }

    /// Whether the provider's risk control saw one: levels 1 and 2 (part 二.5 of the original).
    pub(super) fn is_risky(&self) -> bool {
        matches!(self.row.risk_level.as_deref(), Some("1" | "2"))
    }
}
