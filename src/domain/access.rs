//! Looking for a person: for a purpose, so often a day, and never without a trace.

use super::{
    id::{AccessId, KeyId},
    identity::normalise_id_number,
    secret::Secret,
    settled::DAY,
    time::{Span, Time},
};

/// How often a key may look for persons from one midnight (UTC) to the next.
pub const SEARCHES_MAX: i64 = 200;

/// How many characters a purpose has at most.
const PURPOSE_MAX: usize = 200;

/// How many characters an ID number has at most, with what people write between its digits.
const NUMBER_MAX: usize = 64;

/// That somebody looked for a person, kept before anything is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Its own.
    pub access_id: AccessId,
    /// When.
    pub at: Time,
    /// The key that was shown.
    pub key_id: KeyId,
    /// What it was called then.
    pub by: String,
    /// What for, in their words.
    pub purpose: String,
    /// The app looked at; none: all.
    pub app: Option<String>,
    /// Who was looked for
    /// ([`IndexKey::id_number`](super::identity::IndexKey::id_number)).
    pub id_number_index: String,
}

/// What is wrong with a question, without a value of it: the field, and why.
pub type WrongField = (&'static str, String);

/// Checks for whom is asked, and what for.
///
/// # Errors
/// The first field that is wrong.
pub fn check(id_number: &Secret, purpose: &str) -> Result<(), WrongField> {
    let wrong = |field, why: &str| Err((field, why.to_owned()));
    let number = normalise_id_number(id_number.reveal());
    if number.is_empty() || id_number.reveal().chars().count() > NUMBER_MAX {
        return wrong("id_number", "id_number is empty, or no ID number");
    }
    if purpose.trim().is_empty() {
        return wrong(
            "purpose",
            "purpose is empty: say what the person is looked for",
        );
    }
    if purpose.chars().count() > PURPOSE_MAX || purpose.chars().any(char::is_control) {
        return wrong(
            "purpose",
            "purpose is longer than 200 characters, or has control characters",
        );
    }
    if normalise_id_number(purpose).contains(&number) {
        return wrong(
            "purpose",
            "purpose repeats the ID number, and is kept: leave it out",
        );
    }
    Ok(())
}

/// The last midnight, from when on searches count.
#[must_use]
pub const fn day_of(now: Time) -> Time {
    Time(now.0 - now.0.rem_euclid(DAY.0))
}

/// How long it is until they count anew.
#[must_use]
pub const fn day_left(now: Time) -> Span {
    day_of(now).plus(DAY).since(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_utc() {
        let now = Time::parse("2026-11-26T23:59:59Z").unwrap();
        assert_eq!(day_of(now), Time::parse("2026-11-26T00:00:00Z").unwrap());
        assert_eq!(day_left(now), Span::seconds(1));
        assert_eq!(day_left(day_of(now)), DAY);
    }

    #[test]
    fn who_asks_says_what_for_and_does_not_repeat_the_number() {
        let long = "审".repeat(200);
        for (number, purpose, field) in [
            ("110101199003070003", "case 17", None),
            ("110101199003070003", long.as_str(), None),
            (" - ", "case 17", Some("id_number")),
            ("", "case 17", Some("id_number")),
            (&"1".repeat(65), "case 17", Some("id_number")),
            ("110101199003070003", " ", Some("purpose")),
            ("110101199003070003", "case\n17", Some("purpose")),
            ("110101199003070003", &"审".repeat(201), Some("purpose")),
            (
                "11010119900307000x",
                "of 110101 19900307 000X",
                Some("purpose"),
            ),
        ] {
            let checked = check(&Secret::new(number), purpose);
            let wrong = checked.err();
            assert_eq!(wrong.as_ref().map(|(field, _)| *field), field, "{purpose}");
            assert!(wrong.is_none_or(|(_, why)| !why.contains("1101")));
        }
    }
}
