//! Looking for persons and at what is kept of them: for a purpose, and never without a trace.

use super::{
    id::{AccessId, KeyId, VerificationId},
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

/// That somebody looks at what is kept of persons: kept before anything of it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Its own.
    pub access_id: AccessId,
    /// When.
    pub at: Time,
    /// Who looks.
    pub who: Who,
    /// At what.
    pub what: What,
    /// What for, in their words.
    pub purpose: Option<String>,
}

/// Who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A key of the API.
    Key {
        /// Which.
        key_id: KeyId,
        /// What it was called then.
        name: String,
    },
    /// A user of the host, by a command.
    User(String),
}

impl Who {
    /// By which way: `api`, `command`.
    #[must_use]
    pub const fn via(&self) -> &'static str {
        match self {
            Self::Key { .. } => "api",
            Self::User(_) => "command",
        }
    }

    /// What people call them.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Key { name, .. } | Self::User(name) => name,
        }
    }

    /// The key, where it is one.
    #[must_use]
    pub const fn key_id(&self) -> Option<KeyId> {
        match self {
            Self::Key { key_id, .. } => Some(*key_id),
            Self::User(_) => None,
        }
    }
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// All verifications of a person.
    Search {
        /// Who is looked for
        /// ([`IndexKey::id_number`](super::identity::IndexKey::id_number)).
        id_number_index: String,
        /// The app looked at; none: all.
        app: Option<String>,
    },
    /// The answers, images and videos of a verification.
    Files(VerificationId),
    /// The same, with a page that shows the person in plain.
    Reveal(VerificationId),
}

impl What {
    /// `search`, `files`, `reveal`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Search { .. } => "search",
            Self::Files(_) => "files",
            Self::Reveal(_) => "reveal",
        }
    }

    /// The verification that is looked at.
    #[must_use]
    pub const fn verification_id(&self) -> Option<VerificationId> {
        match self {
            Self::Search { .. } => None,
            Self::Files(id) | Self::Reveal(id) => Some(*id),
        }
    }

    /// The person who is looked for.
    #[must_use]
    pub fn id_number_index(&self) -> Option<&str> {
        match self {
            Self::Search {
                id_number_index, ..
            } => Some(id_number_index),
            Self::Files(_) | Self::Reveal(_) => None,
        }
    }

    /// The app that is looked at alone.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        match self {
            Self::Search { app, .. } => app.as_deref(),
            Self::Files(_) | Self::Reveal(_) => None,
        }
    }
}

/// Whether those who look by a command have to say what for; a key of the API has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Purpose {
    /// They may say.
    #[default]
    Optional,
    /// They have to.
    Required,
}

impl Purpose {
    /// The purpose that is told, as it may be kept; of a search the number must not stand in it.
    ///
    /// # Errors
    /// What is wrong with it, or that there is none.
    pub fn check(
        self,
        told: Option<String>,
        id_number: Option<&Secret>,
    ) -> Result<Option<String>, WrongField> {
        match (self, told) {
            (Self::Optional, None) => Ok(None),
            (_, told) => {
                let told = told.unwrap_or_default();
                check_purpose(&told, id_number)?;
                Ok(Some(told))
            }
        }
    }
}

/// What is wrong with a question, without a value of it: the field, and why.
pub type WrongField = (&'static str, String);

/// Checks whom is asked for.
///
/// # Errors
/// What is wrong with the number.
pub fn check_number(id_number: &Secret) -> Result<(), WrongField> {
    let number = normalise_id_number(id_number.reveal());
    if number.is_empty() || id_number.reveal().chars().count() > NUMBER_MAX {
        return wrong("id_number", "id_number is empty, or no ID number");
    }
    Ok(())
}

fn check_purpose(purpose: &str, id_number: Option<&Secret>) -> Result<(), WrongField> {
    if purpose.trim().is_empty() {
        return wrong("purpose", "purpose is empty: say what it is looked at for");
    }
    if purpose.chars().count() > PURPOSE_MAX || purpose.chars().any(char::is_control) {
        return wrong(
            "purpose",
            "purpose is longer than 200 characters, or has control characters",
        );
    }
    let number = id_number.map(|number| normalise_id_number(number.reveal()));
    if number.is_some_and(|number| normalise_id_number(purpose).contains(&number)) {
        return wrong(
            "purpose",
            "purpose repeats the ID number, and is kept: leave it out",
        );
    }
    Ok(())
}

fn wrong<T>(field: &'static str, why: &str) -> Result<T, WrongField> {
    Err((field, why.to_owned()))
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
            let number = Secret::new(number);
            let checked =
                check_number(&number).and_then(|()| check_purpose(purpose, Some(&number)));
            let wrong = checked.err();
            assert_eq!(wrong.as_ref().map(|(field, _)| *field), field, "{purpose}");
            assert!(wrong.is_none_or(|(_, why)| !why.contains("1101")));
        }
    }
}
