//! What an app's archived attempts and told tokens look like, and what about them is out of the
//! ordinary: figures and [`Rules`] in, alarms out ([`judge`]).
//!
//! An attempt counts in the hour in which it was captured, for that is when it can be told of; an
//! hour of the day and a weekend are those of Beijing, where the persons are.

mod judge;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use judge::{judge, rows_unknown};
pub use rules::{FailureRate, NoTokens, Risk, Rules, UnknownTokens, Volume};

use super::time::{Span, Time};

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// How long after its end an hour is added up: whatever was begun in it is committed by then.
const REST: Span = Span::minutes(5);

/// Hours whose sums are kept: four weeks.
pub const HOURS_KEPT: i64 = 28 * 24;

/// Hours that tell which share of attempts usually fails: a whole week, as weekends differ.
pub const HOURS_BEFORE: i64 = 7 * 24;

/// An hour, counted from 1970 (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(pub i64);

impl Hour {
    /// The one that an instant lies in.
    #[must_use]
    pub const fn of(at: Time) -> Self {
        Self(at.0.div_euclid(HOUR_MS))
    }

    /// The one after the last that is over for good at an instant.
    #[must_use]
    pub const fn open(now: Time) -> Self {
        Self::of(now.minus(REST))
    }

    /// When it begins.
    #[must_use]
    pub const fn begin(self) -> Time {
        Time(self.0.saturating_mul(HOUR_MS))
    }

    /// So many hours before it.
    #[must_use]
    pub const fn back(self, hours: i64) -> Self {
        Self(self.0.saturating_sub(hours))
    }

    /// The hour of the day in Beijing, from 0.
    #[must_use]
    pub const fn of_day(self) -> i64 {
        (self.0 + 8).rem_euclid(24)
    }

    /// Whether it lies in a Saturday or Sunday of Beijing.
    #[must_use]
    pub const fn is_weekend(self) -> bool {
        // The first of January 1970 was a Thursday.
        let day = (self.0 + 8).div_euclid(24);
        (day + 3).rem_euclid(7) >= 5
    }
}

/// Attempts of a time that ended one way or the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many.
    pub attempts: i64,
    /// How many of them failed.
    pub failed: i64,
}

impl Tried {
    /// Counts an attempt; one of which it is not known whether it passed does not count.
    pub fn add(&mut self, passed: Option<bool>) {
        if let Some(passed) = passed {
            self.attempts += 1;
            self.failed += i64::from(!passed);
        }
    }

    /// How many of a hundred failed.
    #[must_use]
    pub const fn percent(self) -> i64 {
        self.failed.saturating_mul(100) / if self.attempts > 0 { self.attempts } else { 1 }
    }
}

/// What came of an app in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Tokens told.
    pub told: i64,
    /// When the last of them was.
    pub told_last: Option<Time>,
    /// Attempts captured.
    pub tried: Tried,
}

/// What the provider's risk control said of the attempts of an hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Risky {
    /// Attempts with `risk_level` 1 or 2.
    pub attempts: i64,
    /// One of their tags, as it came.
    pub tag: Option<String>,
    /// The highest `spoofing_score` of all attempts.
    pub spoofing: Option<f64>,
}

/// The figures of an app at an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// The app.
    pub app: String,
    /// Attempts captured within the hour up to the instant.
    pub tried: Tried,
    /// Those of the [`HOURS_BEFORE`] hours before it.
    pub before: Tried,
    /// Risks within the hour up to the instant.
    pub risky: Risky,
    /// The last hour that is over for good.
    pub hour: Hour,
    /// Tokens told in it.
    pub told: i64,
    /// Tokens told in the hours that are [alike](usual).
    pub usual: Vec<i64>,
    /// When the last token was told, of the time whose sums are kept.
    pub told_last: Option<Time>,
}

/// What was told in the hours of the last four weeks that are like this one: the same hour of the
/// day, and of a weekend where this one is. An hour without a row had none, unless it lies before the
/// first of the app.
#[must_use]
pub fn usual(hour: Hour, first: Hour, told: &BTreeMap<Hour, i64>) -> Vec<i64> {
    let earlier = (1..=HOURS_KEPT / 24).map(|days| hour.back(days * 24));
    earlier
        .filter(|one| *one >= first && one.is_weekend() == hour.is_weekend())
        .map(|one| told.get(&one).copied().unwrap_or(0))
        .collect()
}
