//! Times as lists write them.

use jiff::{civil::DateTime, tz::TimeZone};

use crate::domain::time::Time;

/// How spreadsheets and databases write a time without its offset. Slashes are read as hyphens, a
/// `T` as a space.
const WALL: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];

/// A time zone, for times that do not tell their offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Reads a name (`Asia/Shanghai`) or an offset (`+08:00`).
    ///
    /// # Errors
    /// What is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
            return Ok(Self(TimeZone::UTC));
        }
        let zone = if text.starts_with(['+', '-']) {
            jiff::fmt::strtime::parse("%:z", text)
                .or_else(|_| jiff::fmt::strtime::parse("%z", text))
                .ok()
                .and_then(|told| told.offset())
                .map(TimeZone::fixed)
        } else {
            TimeZone::get(text).ok()
        };
        zone.map(Self).ok_or_else(|| {
            "is no time zone known here: write its offset, such as +08:00, or its name, such as Asia/Shanghai"
                .to_owned()
        })
    }
}

/// Reads a time: RFC 3339 with an offset, seconds or milliseconds since 1970, or without an offset
/// in `zone`.
///
/// # Errors
/// What is wrong and what would be right, without repeating the text.
pub fn instant(text: &str, zone: Option<&Zone>) -> Result<Time, String> {
    let text = text.trim();
    if let Some(at) = since_1970(text) {
        return Ok(at);
    }
    if let Ok(at) = Time::parse(text) {
        return Ok(at);
    }
    let plain = text.replace('/', "-").replacen('T', " ", 1);
    let wall = WALL
        .iter()
        .find_map(|form| DateTime::strptime(form, &plain).ok())
        .ok_or(
            "not a time: write it as 2026-11-23T08:15:01Z, as 2026-11-23 16:15:01 with --time-zone, or as seconds or milliseconds since 1970",
        )?;
    let zone = zone.ok_or(
        "a time without its offset: tell the time zone by --time-zone, such as --time-zone +08:00",
    )?;
    zone.0
        .to_timestamp(wall)
        .map(|at| Time(at.as_millisecond()))
        .map_err(|_| "out of range".to_owned())
}

/// Ten digits are seconds, with a fraction or without; thirteen are milliseconds. Between 2001 and
/// 2286 neither can be taken for the other.
fn since_1970(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match whole.len() {
        10 => {
            let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
            let thousandths: i64 = thousandths.parse().ok()?;
            Some(Time(number * 1000 + thousandths))
        }
        13 => Some(Time(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_lists_write_them() {
        let beijing = Zone::parse("+08:00").unwrap();
        for (text, expected) in [
            ("2026-11-26T11:20:00Z", "2026-11-26T11:20:00Z"),
            ("2026-11-26 19:20:00+08", "2026-11-26T11:20:00Z"),
            ("2026-11-26 19:20:00.123+08:00", "2026-11-26T11:20:00Z"),
            ("2026-11-26 19:20:00", "2026-11-26T11:20:00Z"),
            ("2026-11-26 19:20:00.5", "2026-11-26T11:20:00Z"),
            ("2026-11-26T19:20:00", "2026-11-26T11:20:00Z"),
            ("2026/11/26 19:20:00", "2026-11-26T11:20:00Z"),
            ("2026/11/26 9:05", "2026-11-26T01:05:00Z"),
            ("2026/1/2 9:05", "2026-01-02T01:05:00Z"),
            (" 1795692000 ", "2026-11-26T11:20:00Z"),
            ("1795692000.7", "2026-11-26T11:20:00Z"),
            ("1795692000123", "2026-11-26T11:20:00Z"),
        ] {
            let at = instant(text, Some(&beijing));
            assert_eq!(at.map(Time::rfc3339), Ok(expected.to_owned()), "{text}");
        }
        assert_eq!(instant("1795692000.7", None), Ok(Time(1_795_692_000_700)));
        assert_eq!(
            instant("1795692000.1234", None),
            Ok(Time(1_795_692_000_123))
        );
    }

    #[test]
    fn what_says_no_instant_is_told() {
        let zone = Zone::parse("Asia/Shanghai").unwrap();
        for (text, part) in [
            ("2026-11-26 19:20:00", "--time-zone"),
            ("2026/11/26 19:20", "--time-zone"),
            ("2026-11-26", "not a time"),
            ("yesterday", "not a time"),
            ("46352.8", "not a time"),
            ("17956920", "not a time"),
            ("2026-13-26 19:20:00", "not a time"),
        ] {
            let why = instant(text, None).unwrap_err();
            assert!(why.contains(part) && !why.contains(text), "{text}: {why}");
        }
        assert_eq!(
            instant("2026-11-26 19:20:00", Some(&zone)).map(Time::rfc3339),
            Ok("2026-11-26T11:20:00Z".to_owned())
        );
        for (text, good) in [
            ("+0800", true),
            ("-05:30", true),
            ("utc", true),
            ("Z", true),
            ("+8", false),
            ("Beijing", false),
            ("", false),
        ] {
            assert_eq!(Zone::parse(text).is_ok(), good, "{text}");
        }
    }
}
