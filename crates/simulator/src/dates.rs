//! Instants, unix milliseconds, as the provider writes them.

use jiff::{Timestamp, tz};

fn timestamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Beijing wall time without offset, as the answers write it: `2023-10-10 10:10:10`, or with month
/// and day unpadded, `2023-6-20 18:00:00`.
pub(crate) fn beijing(at_ms: i64, padded: bool) -> String {
    let there = tz::Offset::constant(8).to_datetime(timestamp(at_ms));
    let (month, day) = (there.month(), there.day());
    let clock = format!(
        "{:02}:{:02}:{:02}",
        there.hour(),
        there.minute(),
        there.second()
    );
    if padded {
        format!("{:04}-{month:02}-{day:02} {clock}", there.year())
    } else {
        format!("{:04}-{month}-{day} {clock}", there.year())
    }
}

/// UTC to the second, as signatures write it: `2015-04-27T08:23:49Z`.
pub(crate) fn utc_seconds(at_ms: i64) -> String {
    timestamp(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The instant of `2015-04-27T08:23:49Z`, unix milliseconds.
pub(crate) fn parse_utc_seconds(text: &str) -> Option<i64> {
    let exact = text.len() == 20 && text.ends_with('Z');
    exact
        .then(|| text.parse::<Timestamp>().ok())
        .flatten()
        .map(|at| at.as_millisecond())
}

/// An HTTP date: `Mon, 27 Apr 2015 08:23:49 GMT`.
pub(crate) fn http_date(at_ms: i64) -> String {
    timestamp(at_ms)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_MS: i64 = 1_430_123_029_000;

    #[test]
    fn times_are_written_as_the_provider_writes_them() {
        assert_eq!(beijing(AT_MS, true), "2015-04-27 16:23:49");
        assert_eq!(beijing(AT_MS, false), "2015-4-27 16:23:49");
        assert_eq!(utc_seconds(AT_MS), "2015-04-27T08:23:49Z");
        assert_eq!(http_date(AT_MS), "Mon, 27 Apr 2015 08:23:49 GMT");
        assert_eq!(parse_utc_seconds("2015-04-27T08:23:49Z"), Some(AT_MS));
        assert_eq!(parse_utc_seconds("2015-04-27T08:23:49.5Z"), None);
    }
}
