//! Wall time in Beijing, as the provider writes it, to an instant (provider.md §7).

use jiff::{civil::DateTime, tz::Offset};

use crate::domain::time::Time;

/// China has had one zone and no summer time since 1992.
const BEIJING: Offset = jiff::tz::offset(8);

/// Reads `2023-6-20 18:00:00`, also with `/`, `.`, `T` or `年月日`, a fraction, without seconds, a
/// date alone, run together (`20230620`, `20230620180000`), or as Unix seconds or milliseconds. An
/// offset (`Z`, `+08:00`) is believed.
pub(super) fn instant(text: &str) -> Option<Time> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return run_together(text);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Time(at.as_millisecond()));
    }
    let (whole, fraction) = match text.rsplit_once('.') {
        // Without a clock time before it, a point separates the parts of a date.
        Some((whole, fraction)) if whole.contains(':') => (whole, fraction),
        _ => (text, ""),
    };
    let separators: &[char] = &[
        '-', '/', '.', ':', ' ', 'T', 't', '年', '月', '日', '时', '分', '秒',
    ];
    if !whole
        .chars()
        .all(|letter| letter.is_ascii_digit() || separators.contains(&letter))
    {
        return None;
    }
    let parts: Vec<i64> = whole
        .split(separators)
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let (date, clock) = match parts.as_slice() {
        [year, month, day] => ([*year, *month, *day], [0, 0, 0]),
        [year, month, day, hour, minute] => ([*year, *month, *day], [*hour, *minute, 0]),
        [year, month, day, hour, minute, second] => {
            ([*year, *month, *day], [*hour, *minute, *second])
        }
        _ => return None,
    };
    at(date, clock).map(|at| Time(at.0.saturating_add(milliseconds(fraction))))
}

fn run_together(digits: &str) -> Option<Time> {
    let number: i64 = digits.parse().ok()?;
    let date = |number: i64| [number / 10_000, number / 100 % 100, number % 100];
    match digits.len() {
        8 => at(date(number), [0, 0, 0]),
        14 => at(
            date(number / 1_000_000),
            [number / 10_000 % 100, number / 100 % 100, number % 100],
        ),
        10 => Some(Time(number.checked_mul(1000)?)),
        13 => Some(Time(number)),
        _ => None,
    }
}

fn at([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<Time> {
    let small = |number: i64| i8::try_from(number).ok();
    let wall = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()?;
    // An attempt in the year 1 is a placeholder, not a time.
    if wall.year() < 1970 {
        return None;
    }
    BEIJING
        .to_timestamp(wall)
        .ok()
        .map(|at| Time(at.as_millisecond()))
}

fn milliseconds(fraction: &str) -> i64 {
    let digits: String = fraction
        .chars()
        .take_while(char::is_ascii_digit)
        .chain("000".chars())
        .take(3)
        .collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_times_become_instants_however_they_are_written() {
        for (text, utc) in [
            ("2023-6-20 18:00:00", "2023-06-20T10:00:00Z"),
            ("2023-10-10 10:10:10", "2023-10-10T02:10:10Z"),
            ("2024-04-02 16:15:01", "2024-04-02T08:15:01Z"),
            ("2024/4/2 16:15:1", "2024-04-02T08:15:01Z"),
            ("2024-04-02T16:15:01", "2024-04-02T08:15:01Z"),
            ("2024.04.02 16:15:01", "2024-04-02T08:15:01Z"),
            ("2024年4月2日 16:15:01", "2024-04-02T08:15:01Z"),
            ("2024年4月2日16时15分01秒", "2024-04-02T08:15:01Z"),
            ("  2024-04-02   16:15  ", "2024-04-02T08:15:00Z"),
            ("2024-04-02", "2024-04-01T16:00:00Z"),
            ("2024.4.2", "2024-04-01T16:00:00Z"),
            ("20240402", "2024-04-01T16:00:00Z"),
            ("20240402161501", "2024-04-02T08:15:01Z"),
            ("1712045701", "2024-04-02T08:15:01Z"),
            ("1712045701000", "2024-04-02T08:15:01Z"),
            ("2024-04-02T16:15:01+08:00", "2024-04-02T08:15:01Z"),
            ("2024-04-02T08:15:01Z", "2024-04-02T08:15:01Z"),
            ("2024-02-29 00:00:00", "2024-02-28T16:00:00Z"),
        ] {
            assert_eq!(instant(text), Some(Time::parse(utc).unwrap()), "{text}");
        }
        assert_eq!(
            instant("2024-04-02 16:15:01.5"),
            Time::parse("2024-04-02T08:15:01.500Z").ok()
        );
        assert_eq!(
            instant("2024-04-02 16:15:01.123456"),
            Time::parse("2024-04-02T08:15:01.123Z").ok()
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "长期",
            "2023-13-01 00:00:00",
            "2023-02-29",
            "2024-04-02 25:00:00",
            "0001-01-01 00:00:00",
            "12",
            "2024-04",
            "999999999999999999999",
            "yesterday",
            "1-2-3-4-5-6-7",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
