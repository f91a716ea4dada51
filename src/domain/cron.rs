//! Instants that come again and again: cron expressions of six fields, seconds first, in UTC.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::parser::{CronParser, Seconds};

use super::time::Time;

/// A cron expression: seconds, minutes, hours, day of the month, month, day of the week. Where both
/// days are given, both must hold.
#[derive(Clone, Debug)]
pub struct Cron(croner::Cron);

/// It is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no cron expression of six fields, seconds first")]
pub struct NoCron;

impl FromStr for Cron {
    type Err = NoCron;

    fn from_str(text: &str) -> Result<Self, NoCron> {
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .dom_and_dow(true)
            .build();
        parser.parse(text).map(Self).map_err(|_| NoCron)
    }
}

impl Cron {
    /// The first instant after `at`; none where there never is one (a 30th of February).
    #[must_use]
    pub fn after(&self, at: Time) -> Option<Time> {
        let at = DateTime::<Utc>::from_timestamp_millis(at.0)?;
        let next = self.0.find_next_occurrence(&at, false).ok()?;
        Some(Time(next.timestamp().saturating_mul(1000)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    /// In UTC it is four o'clock.
    const NOON: Time = Time(1_712_030_400_000);

    #[test]
    fn the_next_instant_is_after_the_last_in_utc() {
        let cases = [
            ("0 17 3 * * *", Span::minutes(23 * 60 + 17)),
            ("0 0 4 * * *", Span::hours(24)),
            ("30 */10 * * * *", Span::seconds(30)),
            ("* * * * * *", Span::seconds(1)),
        ];
        for (text, after) in cases {
            let cron: Cron = text.parse().unwrap();
            assert_eq!(cron.after(NOON), Some(NOON.plus(after)), "{text}");
        }
        let between: Cron = "* * * * * *".parse().unwrap();
        assert_eq!(
            between.after(NOON.plus(Span(250))),
            Some(NOON.plus(Span(1000)))
        );
        let never: Cron = "0 0 0 30 2 *".parse().unwrap();
        assert_eq!(never.after(NOON), None);
    }

    #[test]
    fn what_is_no_expression_of_six_fields_is_refused() {
        for text in ["", "daily", "17 3 * * *", "0 17 25 * * *"] {
            assert_eq!(text.parse::<Cron>().err(), Some(NoCron), "{text}");
        }
    }
}
