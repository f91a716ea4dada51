//! A part of all verifications, by their identifiers alone: the parts are alike in size, and together
//! they are all.

use std::{fmt, num::NonZeroU32, str::FromStr};

use super::id::VerificationId;

/// More parts than this make none smaller that is of use.
const PARTS_MAX: u32 = 1_000_000;

/// The `nth` of so many parts, written `3/30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// From 1.
    nth: u32,
    parts: NonZeroU32,
}

impl Sample {
    /// Whether it is in the part.
    #[must_use]
    pub fn has(&self, id: VerificationId) -> bool {
        id.part(self.parts) == self.nth - 1
    }
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (nth, parts) = text.split_once('/')?;
            let (nth, parts) = (nth.parse().ok()?, parts.parse::<NonZeroU32>().ok()?);
            let is_one = (1..=parts.get()).contains(&nth) && parts.get() <= PARTS_MAX;
            is_one.then_some(Self { nth, parts })
        };
        read().ok_or_else(|| format!("like 3/30, the third of thirty parts; at most {PARTS_MAX}"))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.nth, self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    #[test]
    fn every_verification_is_in_one_part() {
        let parts: Vec<Sample> = (1..=7)
            .map(|nth| format!("{nth}/7").parse().unwrap())
            .collect();
        let mut sizes = [0; 7];
        for _ in 0..700 {
            let id = VerificationId::fresh(Time(1_800_000_000_000));
            let of: Vec<usize> = (0..7).filter(|nth| parts[*nth].has(id)).collect();
            assert_eq!(of.len(), 1, "{id}");
            sizes[of[0]] += 1;
        }
        assert!(sizes.iter().all(|size| *size > 50), "{sizes:?}");
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in [
            "",
            "3",
            "0/3",
            "4/3",
            "1/0",
            "-1/3",
            "1/3/5",
            "1/1000001",
            "a/b",
        ] {
            assert!(text.parse::<Sample>().is_err(), "{text}");
        }
        assert_eq!("1/1".parse::<Sample>().unwrap().to_string(), "1/1");
    }
}
