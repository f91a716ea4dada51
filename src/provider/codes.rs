//! The provider's codes and what each asks of us: the table of provider.md §3, and nowhere else.

use std::ops::RangeInclusive;

use crate::domain::answer::ErrorKind;

struct Row {
    codes: RangeInclusive<u32>,
    kind: ErrorKind,
    /// What happened and the way out, in our own words.
    advice: &'static str,
}

const BUSY: &str = "the provider is busy or failed inside; asked again later";
const ACCESS_TOKEN: &str = "the access_token is not accepted; a new one is fetched, and if that does not help check api_key, secret_key and base_url of the app";
const REQUEST: &str = "the provider does not accept the request; check plan_id, the app's settings and that the app has H5 face verification";

const fn one(code: u32, kind: ErrorKind, advice: &'static str) -> Row {
    Row {
        codes: code..=code,
        kind,
        advice,
    }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    one(1, ErrorKind::Transient, BUSY),
    one(2, ErrorKind::Transient, BUSY),
    one(3, ErrorKind::Misconfigured, "the provider knows no such interface; check base_url of the app"),
    one(4, ErrorKind::Transient, BUSY),
    one(6, ErrorKind::Forbidden, "the app has no permission for this interface; grant it in the console (it takes effect after about an hour)"),
    one(13, ErrorKind::Transient, BUSY),
    one(14, ErrorKind::Forbidden, "the signature is not accepted; check ak and sk of the app and the clock of this machine"),
    one(15, ErrorKind::Misconfigured, "the interface is not open to this app; check base_url and the app's interfaces in the console"),
    one(17, ErrorKind::DailyQuota, "the daily quota is spent; it comes back at midnight in Beijing, or buy more"),
    one(18, ErrorKind::TooFast, "too many requests at once; slowing down. If it persists, check that 人脸实名认证V4 and 人脸对比V4 have free quota left or billing switched on, then qps of the account"),
    one(19, ErrorKind::TotalQuota, "the total quota is spent; buy more or switch billing on in the console"),
    one(100, ErrorKind::Unauthorised, ACCESS_TOKEN),
    one(110, ErrorKind::Unauthorised, ACCESS_TOKEN),
    one(111, ErrorKind::Unauthorised, ACCESS_TOKEN),
    Row { codes: 216_100..=216_102, kind: ErrorKind::Misconfigured, advice: REQUEST },
    one(216_110, ErrorKind::Misconfigured, "the provider knows no such app; check api_key of the app"),
    one(222_201, ErrorKind::Transient, BUSY),
    Row { codes: 222_205..=222_206, kind: ErrorKind::Transient, advice: BUSY },
    one(222_302, ErrorKind::Transient, BUSY),
    one(222_361, ErrorKind::Transient, BUSY),
    Row { codes: 222_901..=222_916, kind: ErrorKind::Transient, advice: BUSY },
    one(282_000, ErrorKind::Transient, BUSY),
    one(283_435, ErrorKind::Misconfigured, "the plan does not exist; check plan_id against the console of this app"),
    one(283_512, ErrorKind::Transient, BUSY),
    one(283_513, ErrorKind::Misconfigured, REQUEST),
    one(283_520, ErrorKind::Misconfigured, REQUEST),
];

/// Codes that are about the person's attempt, unless [`TABLE`] says otherwise.
const ABOUT_THE_PERSON: &[RangeInclusive<u32>] =
    &[222_000..=222_999, 223_000..=223_999, 216_500..=216_500];

/// What a code asks of us and the way out; `None` when the table does not know it.
pub(super) fn known(code: u32) -> Option<(ErrorKind, &'static str)> {
    TABLE
        .iter()
        .find(|row| row.codes.contains(&code))
        .map(|row| (row.kind, row.advice))
}

/// Whether a code says something of the person's attempt rather than of the call.
pub(super) fn is_about_the_person(code: u32) -> bool {
    known(code).is_none() && ABOUT_THE_PERSON.iter().any(|range| range.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_is_where_the_document_puts_it() {
        for (kind, codes) in [
            (
                ErrorKind::Transient,
                &[
                    1, 2, 4, 13, 282_000, 283_512, 222_201, 222_205, 222_206, 222_302, 222_361,
                    222_901, 222_910, 222_916,
                ][..],
            ),
            (ErrorKind::Unauthorised, &[100, 110, 111]),
            (ErrorKind::TooFast, &[18]),
            (ErrorKind::DailyQuota, &[17]),
            (ErrorKind::TotalQuota, &[19]),
            (ErrorKind::Forbidden, &[6, 14]),
            (
                ErrorKind::Misconfigured,
                &[
                    3, 15, 216_100, 216_101, 216_102, 216_110, 283_435, 283_513, 283_520,
                ],
            ),
        ] {
            for code in codes {
                assert_eq!(known(*code).map(|(kind, _)| kind), Some(kind), "{code}");
                assert!(!is_about_the_person(*code), "{code}");
            }
        }
        for code in [222_202, 222_350, 222_917, 223_114, 216_500] {
            assert!(known(code).is_none() && is_about_the_person(code), "{code}");
        }
        for code in [0, 5, 216_103, 283_436, 999_999] {
            assert!(
                known(code).is_none() && !is_about_the_person(code),
                "{code}"
            );
        }
    }

    #[test]
    fn no_code_stands_in_two_rows() {
        for pair in TABLE.windows(2) {
            assert!(
                pair[0].codes.end() < pair[1].codes.start(),
                "{:?} and {:?}",
                pair[0].codes,
                pair[1].codes
            );
        }
    }
}
