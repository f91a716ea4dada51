//! What can be checked of an attempt by whoever reads it.

use jiff::civil::Date;

use super::{
    identity::{same_by_index, same_name, same_number},
    text::Both,
    words as w,
};
use crate::{
    domain::{
        attempt::{Attempt, OcrIdentity},
        identity::check_card_number,
        secret::Secret,
        time::{Time, day_in_beijing, read_date},
    },
    store::reports::{AttemptReport, Submitted},
};

/// Something that holds, or does not.
pub(super) struct Check {
    pub(super) name: Both,
    pub(super) holds: bool,
}

/// All that there is something to check by.
pub(super) fn all(
    row: &AttemptReport,
    told: Option<&Attempt>,
    submitted: Option<&Submitted>,
) -> Vec<Check> {
    let ocr = told.and_then(|told| told.ocr.as_ref());
    let confirmed = told.map(|told| &told.confirmed);
    let number = confirmed.and_then(|one| one.id_number.as_ref());
    let is_card = confirmed
        .and_then(|one| one.id_type.as_deref())
        .is_none_or(|kind| kind == "0");
    // What the provider itself masked has no check digit.
    let whole = number.filter(|number| is_card && !number.reveal().contains('*'));
    let both = |read: Option<&Secret>, sure: Option<&Secret>, same: fn(&str, &str) -> bool| {
        read.zip(sure)
            .map(|(read, sure)| same(read.reveal(), sure.reveal()))
    };
    let checks = [
        (
            w::CHECK_SCORE,
            row.score
                .zip(row.threshold)
                .map(|(score, threshold)| score >= threshold),
        ),
        (
            w::CHECK_DIGIT,
            whole.map(|number| check_card_number(number.reveal()).is_ok()),
        ),
        (
            w::CHECK_VALID,
            ocr.zip(row.verified_at)
                .and_then(|(ocr, at)| was_valid(ocr, at)),
        ),
        (
            w::CHECK_NAME,
            both(
                ocr.and_then(|ocr| ocr.name.as_ref()),
                confirmed.and_then(|one| one.name.as_ref()),
                same_name,
            ),
        ),
        (
            w::CHECK_NUMBER,
            both(
                ocr.and_then(|ocr| ocr.id_number.as_ref()),
                number,
                same_number,
            ),
        ),
        (w::CHECK_SUBMITTED, same_by_index(submitted, row)),
    ];
    let found = checks.into_iter();
    found
        .filter_map(|(name, holds)| holds.map(|holds| Check { name, holds }))
        .collect()
}

/// Whether the card was valid on that day; none where it does not say until when.
fn was_valid(card: &OcrIdentity, at: Time) -> Option<bool> {
    let day = |text: &Secret| read_date(text.reveal().trim().split([' ', 'T']).next()?);
    let to = card.expires.as_ref()?;
    let until = match to.reveal().trim() {
        "长期" => Date::MAX,
        _ => day(to)?,
    };
    let from = card.issued.as_ref().and_then(day);
    let then = day_in_beijing(at);
    Some(then <= until && from.is_none_or(|from| from <= then))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_valid_from_its_first_day_to_its_last() {
        // The 24th of November in Beijing.
        let at = Time::parse("2026-11-23T16:30:00Z").unwrap();
        for (from, to, valid) in [
            (Some("20161124"), Some("20261124"), Some(true)),
            (Some("20161124"), Some("20261123"), Some(false)),
            (Some("20261124"), Some("长期"), Some(true)),
            (Some("20261125"), Some("长期"), Some(false)),
            (None, Some("2028-10-10 10:10:10"), Some(true)),
            (None, Some("2026-1-5"), Some(false)),
            (None, Some("2026.12.31"), Some(true)),
            (Some("?"), Some("20301231"), Some(true)),
            (Some("20161124"), Some("20**1124"), None),
            (Some("20161124"), Some("2026-13-01"), None),
            (Some("20161124"), None, None),
        ] {
            let secret = |text: Option<&str>| text.map(Secret::new);
            let card = OcrIdentity {
                issued: secret(from),
                expires: secret(to),
                ..OcrIdentity::default()
            };
            assert_eq!(was_valid(&card, at), valid, "{from:?} {to:?}");
        }
    }
}
