//! What was charged.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::data::{Data, Kept};
use crate::{
    domain::{
        attempt::Attempt,
        time::{Time, day_in_beijing},
        token::State,
    },
    store::reports::{Charge, Unread},
};

impl Data {
    pub(super) fn charges(&self, from: Date, to: Date) -> Vec<Charge> {
        let mut sums: BTreeMap<(&str, Date, Option<&str>), i64> = BTreeMap::new();
        for kept in self.verifications.values() {
            let issued_at = kept.told.verification.issued_at;
            let app = kept.told.verification.app.as_str();
            for (attempt, _) in kept.attempts.values() {
                let mut add = |told: Option<Time>, charge_type, pieces| {
                    let at = told.or(attempt.verified_at).unwrap_or(issued_at);
                    let day = day_in_beijing(at);
                    if pieces > 0 && from <= day && day < to {
                        *sums.entry((app, day, charge_type)).or_default() += pieces;
                    }
                };
                let charge_type = attempt.charge_type.as_deref();
                let charged = i64::from(attempt.charged == Some(true));
                add(attempt.charged_at, charge_type, charged);
                add(attempt.ocr_charged_at, Some("ocr"), cards(attempt));
            }
        }
        let charge =
            |((app, day, charge_type), charged): ((&str, Date, Option<&str>), i64)| Charge {
                app: app.to_owned(),
                day,
                charge_type: charge_type.map(str::to_owned),
                charged,
            };
        sums.into_iter().map(charge).collect()
    }

    pub(super) fn unread(&self, from: Time, to: Time) -> Vec<Unread> {
        let mut apps: BTreeMap<&str, Unread> = BTreeMap::new();
        for kept in self.verifications.values() {
            let facts = &kept.told.verification;
            let (open, lost) = (!kept.state.is_settled(), kept.has_lost_charges());
            if !(open || lost) || facts.issued_at < from || facts.issued_at >= to {
                continue;
            }
            let unread = apps.entry(&facts.app).or_insert_with(|| Unread {
                app: facts.app.clone(),
                open: 0,
                lost: 0,
            });
            unread.open += i64::from(open);
            unread.lost += i64::from(lost);
        }
        apps.into_values().collect()
    }
}

impl Kept {
    fn has_lost_charges(&self) -> bool {
        let mut missing = self.missing.iter();
        match self.state {
            State::Missed => true,
            State::Incomplete => missing.any(|thing| thing.what.ends_with("getall")),
            _ => false,
        }
    }
}

/// The cards that were charged for.
fn cards(attempt: &Attempt) -> i64 {
    if attempt.ocr_charged == Some(true) {
        attempt.ocr_count.unwrap_or(1)
    } else {
        0
    }
}
