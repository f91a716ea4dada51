//! What rows and objects are called: identifiers of this program's own making, UUIDs of version 7.

use std::{error::Error, fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::{Uuid, fmt::Hyphenated};

use super::{random, time::Time};

macro_rules! identifiers {
    ($($(#[$about:meta])* $name:ident)*) => {$(
        $(#[$about])*
        ///
        /// Written in 36 characters: lower-case hex digits and hyphens. Sorts by the time it was
        /// made.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// One that nothing else has.
            #[must_use]
            pub fn fresh(now: Time) -> Self {
                Self(random::fresh_id(now))
            }

            /// Before all that are made at an instant or later.
            #[must_use]
            pub fn least(at: Time) -> Self {
                let ms = u64::try_from(at.0).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid())
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = NoId;

            fn from_str(text: &str) -> Result<Self, NoId> {
                read(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.0.as_hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

identifiers! {
    /// Of a verification: one verify_token and all that is kept of it.
    VerificationId
    /// Of an answer of the provider, and of the object that holds its bytes.
    AnswerId
    /// Of an image or video.
    MediaId
    /// Of a look for a person.
    AccessId
    /// Of a key of the API.
    KeyId
    /// Of an object that holds an image or video: each try to fetch one writes another.
    ObjectId
}

impl VerificationId {
    /// Which of so many parts it falls into, from 0. It is random: the end of the identifier is.
    #[must_use]
    pub fn part(self, parts: NonZeroU32) -> u32 {
        let part = self.0.as_u128() % u128::from(parts.get());
        u32::try_from(part).unwrap_or(0)
    }
}

/// An answer's object is called like the answer.
impl From<AnswerId> for ObjectId {
    fn from(answer: AnswerId) -> Self {
        Self(answer.0)
    }
}

/// A text that is no identifier as this program writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoId;

impl fmt::Display for NoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no UUID of 36 lower-case characters with hyphens")
    }
}

impl Error for NoId {}

/// The other forms that a UUID has are refused, so that one thing has one name.
fn read(text: &str) -> Result<Uuid, NoId> {
    let uuid = Uuid::try_parse(text).map_err(|_| NoId)?;
    let mut form = [0; Hyphenated::LENGTH];
    if uuid.as_hyphenated().encode_lower(&mut form) == text {
        Ok(uuid)
    } else {
        Err(NoId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "019ab2c4-7f00-7abc-8def-0123456789af";

    #[test]
    fn an_identifier_is_its_text_everywhere() {
        let id: VerificationId = TEXT.parse().unwrap();
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(format!("{id:?} {id:>38}"), format!("{TEXT}   {TEXT}"));
        assert_eq!(serde_json::to_value(id).unwrap(), TEXT);
    }

    #[test]
    fn identifiers_differ_and_sort_by_time() {
        let (early, late) = (
            MediaId::fresh(Time(1_700_000_000_000)),
            MediaId::fresh(Time(1_700_000_000_001)),
        );
        assert!(early < late && early.to_string() < late.to_string());
        assert_ne!(AnswerId::fresh(Time(1)), AnswerId::fresh(Time(1)));
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        for text in [
            "",
            "..",
            "../../etc/passwd",
            &TEXT.to_uppercase(),
            &format!("{{{TEXT}}}"),
            &format!("urn:uuid:{TEXT}"),
            &TEXT.replace('-', ""),
            "019ab2c4-7f00-7abc-8def-0123456789a\0",
            "０19ab2c4-7f00-7abc-8def-0123456789af",
        ] {
            assert_eq!(text.parse::<VerificationId>(), Err(NoId), "{text}");
        }
    }
}
