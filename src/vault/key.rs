//! Object keys: made of identifiers alone, so that no foreign text can ever lead anywhere.

use std::fmt;

use object_store::path::Path;

use super::{Result, VaultError};
use crate::domain::id::{AnswerId, ObjectId, VerificationId};

/// Where an object lies in the vault: `v/5f/<verification_id>/<object_id>.json`.
///
/// The folder of two digits spreads verifications over 256 folders; the digits are the last two of
/// the verification_id, which are random in a UUID of version 7. `.json` is an answer, `.bin` a
/// medium, whatever its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key of an answer's body.
    #[must_use]
    pub fn answer(of: VerificationId, answer: AnswerId) -> Self {
        Self::build(of, answer.into(), "json")
    }

    /// The key of an image or video.
    #[must_use]
    pub fn media(of: VerificationId, object: ObjectId) -> Self {
        Self::build(of, object, "bin")
    }

    /// Reads a key back, as it stands in `object_key` of the report views.
    ///
    /// # Errors
    /// [`VaultError::BadKey`] for every text that the other two would not have made.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || VaultError::BadKey("an object key");
        let mut parts = text.split('/');
        let (Some("v"), Some(_), Some(verification_id), Some(name), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(bad());
        };
        let Some((object_id, extension @ ("json" | "bin"))) = name.split_once('.') else {
            return Err(bad());
        };
        let key = Self::build(
            verification_id.parse().map_err(|_| bad())?,
            object_id.parse().map_err(|_| bad())?,
            extension,
        );
        if key.0 == text { Ok(key) } else { Err(bad()) }
    }

    /// Whose answer or medium it is; none of the keys apart from those.
    pub(crate) fn verification_id(&self) -> Option<VerificationId> {
        self.0.split('/').nth(2)?.parse().ok()
    }

    /// The key as it stands in the tables.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key for trying the store out; apart from all objects.
    pub(super) fn trial(name: &str) -> Self {
        Self(format!("probe/{name}"))
    }

    /// The key of the object that says to which installation the vault belongs.
    pub(super) fn installation() -> Self {
        Self("installation".to_owned())
    }

    pub(super) fn path(&self) -> Path {
        Path::from(self.0.as_str())
    }

    fn build(of: VerificationId, object: ObjectId, extension: &str) -> Self {
        let of = of.to_string();
        let fan = of.get(34..).unwrap_or_default();
        Self(format!("v/{fan}/{of}/{object}.{extension}"))
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERIFICATION: &str = "019ab2c4-7f00-7abc-8def-0123456789af";
    const OBJECT: &str = "019ab2c4-7f01-7abc-8def-0123456789b0";

    #[test]
    fn a_key_says_whose_it_is_and_reads_back() {
        let answer = ObjectKey::answer(VERIFICATION.parse().unwrap(), OBJECT.parse().unwrap());
        let media = ObjectKey::media(VERIFICATION.parse().unwrap(), OBJECT.parse().unwrap());
        assert_eq!(
            answer.as_str(),
            format!("v/af/{VERIFICATION}/{OBJECT}.json")
        );
        assert_eq!(media.as_str(), format!("v/af/{VERIFICATION}/{OBJECT}.bin"));
        for key in [answer, media] {
            assert_eq!(ObjectKey::parse(key.as_str()), Ok(key.clone()));
            assert_eq!(
                key.path().as_ref(),
                key.as_str(),
                "nothing in it needs escaping"
            );
        }
    }

    #[test]
    fn hostile_text_is_no_key() {
        for text in [
            String::new(),
            "probe/ready".to_owned(),
            format!("/v/af/{VERIFICATION}/{OBJECT}.json"),
            format!("v/00/{VERIFICATION}/{OBJECT}.json"),
            format!("v/../{VERIFICATION}/{OBJECT}.json"),
            format!("v/af/{VERIFICATION}/{OBJECT}.exe"),
            format!("v/af/{VERIFICATION}/{OBJECT}"),
            format!("v/af/{VERIFICATION}/{OBJECT}.json/x"),
            format!("v/af/{VERIFICATION}/{OBJECT}.json#1"),
            format!("v/AF/{}/{OBJECT}.json", VERIFICATION.to_uppercase()),
            format!("v/af/{VERIFICATION}/{{{OBJECT}}}.json"),
            format!("v/af/{VERIFICATION}/{}.json", OBJECT.replace('-', "")),
        ] {
            assert!(ObjectKey::parse(&text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_parses_is_plain_ascii_below_v(text in "(v|[./a-z0-9#%-]{0,3})/[./a-f0-9]{0,3}/[a-f0-9-]{30,40}/[a-f0-9-]{30,40}\\.(json|bin)|.*") {
            if let Ok(key) = ObjectKey::parse(&text) {
                prop_assert!(key.as_str().starts_with("v/"));
                prop_assert!(key.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/.-".contains(&byte)));
                prop_assert!(!key.as_str().contains(".."));
            }
        }
    }
}
