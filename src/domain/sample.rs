//! A part of all verifications, by their identifiers alone: the parts are alike in size, and together
//! they are all.

use std::{fmt, num::NonZeroU32, str::FromStr};

use super::{
    id::VerificationId,
    time::{Span, Time},
};

/// More parts than this make none smaller that is of use.
const PARTS_MAX: u32 = 1_000_000;

/// Which part of so many is meant: `3/30`, or `today/30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Always the same.
    Of(Sample),
    /// Another one each day (UTC): so many days are all of them.
    Today(NonZeroU32),
}

impl Part {
    /// The one that is meant at an instant.
    #[must_use]
    pub fn at(self, now: Time) -> Sample {
        match self {
            Self::Of(sample) => sample,
            Self::Today(parts) => {
                let day = now.0.div_euclid(Span::hours(24).0);
                let nth = day.rem_euclid(i64::from(parts.get()));
                Sample {
                    nth: u32::try_from(nth).unwrap_or(0) + 1,
                    parts,
                }
            }
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("today/") {
            Some(parts) => format!("1/{parts}")
                .parse()
                .map(|Sample { parts, .. }| Self::Today(parts)),
            None => text.parse().map(Self::Of),
        }
    }
}

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
        read().ok_or_else(|| {
            format!("like 3/30, the third of thirty parts, or today/30; at most {PARTS_MAX}")
        })
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

    #[test]
    fn each_day_has_its_part_and_so_many_days_have_all() {
        let part: Part = "today/30".parse().unwrap();
        let midnight = Time(1_795_478_400_000);
        let day = |n: i64| part.at(midnight.plus(Span::hours(24 * n))).to_string();
        let days: std::collections::BTreeSet<String> = (0..30).map(day).collect();
        assert_eq!((days.len(), day(0)), (30, day(30)));
        assert_eq!(part.at(midnight.plus(Span(86_399_999))).to_string(), day(0));
        assert_ne!(part.at(midnight.minus(Span(1))).to_string(), day(0));
        assert_eq!(
            "2/3".parse::<Part>().unwrap().at(midnight).to_string(),
            "2/3"
        );
        for text in ["today", "today/0", "today/x", "yesterday/30"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
