//! Days in Beijing, by which the provider counts.

use jiff::{
    Timestamp,
    civil::{Date, Time as Wall},
    tz::{TimeZone, offset},
};

use super::Time;

/// The day in Beijing of an instant; the first of all days where it is beyond any calendar.
#[must_use]
pub fn day_in_beijing(at: Time) -> Date {
    Timestamp::from_millisecond(at.0)
        .map(|at| offset(8).to_datetime(at).date())
        .unwrap_or(Date::MIN)
}

/// How days are written. Slashes are read as hyphens.
const DAYS: [&str; 2] = ["%Y-%m-%d", "%Y%m%d"];

/// A day as people and cards write it: `2026-11-24`, `2026/1/2`, `2026.11.24`, `20261124`.
#[must_use]
pub fn read_date(text: &str) -> Option<Date> {
    let text = text.trim().replace(['/', '.'], "-");
    DAYS.iter()
        .find_map(|form| Date::strptime(form, &text).ok())
}

/// When a day begins in Beijing.
#[must_use]
pub fn begin_in_beijing(day: Date) -> Time {
    TimeZone::fixed(offset(8))
        .to_timestamp(day.to_datetime(Wall::midnight()))
        .map_or(Time(i64::MIN), |at| Time(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_beijing_begins_eight_hours_early() {
        for (at, day) in [
            ("2026-11-23T15:59:59.999Z", "2026-11-23"),
            ("2026-11-23T16:00:00Z", "2026-11-24"),
            ("2026-11-24T15:59:59Z", "2026-11-24"),
        ] {
            assert_eq!(day_in_beijing(Time::parse(at).unwrap()).to_string(), day);
        }
        assert_eq!(
            begin_in_beijing("2026-11-24".parse().unwrap()).rfc3339(),
            "2026-11-23T16:00:00Z"
        );
        assert_eq!(day_in_beijing(Time(i64::MAX)), Date::MIN);
    }
}
