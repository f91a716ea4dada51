//! Instants in JSON as people and reports read them: RFC 3339 in UTC, `#[serde(with = "rfc3339")]`.

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

use super::Time;

/// Writes one.
///
/// # Errors
/// Those of the serializer.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
pub fn serialize<S: Serializer>(at: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// Reads one.
///
/// # Errors
/// When it is none.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    let text = String::deserialize(deserializer)?;
    Time::parse(&text).map_err(D::Error::custom)
}

/// One that may be null, `#[serde(with = "rfc3339::or_null")]`.
pub mod or_null {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Time;

    /// Writes one.
    ///
    /// # Errors
    /// Those of the serializer.
    #[allow(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's form"
    )]
    pub fn serialize<S: Serializer>(at: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.collect_str(at),
            None => serializer.serialize_none(),
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is neither one nor null.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Time>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Time::parse(&text).map_err(D::Error::custom))
            .transpose()
    }
}
