//! Instants, durations and the clock everything else is told the time by.

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use serde::{Deserialize, Serialize};

mod day;
mod limit;
mod offset;
pub mod rfc3339;
mod trusted;

pub use day::{begin_in_beijing, day_in_beijing, read_date};
pub use limit::in_time;
pub use offset::{Dated, Offset};
pub use trusted::TrustedClock;

/// An instant: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A span in milliseconds; never negative where it comes from configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Time {
    /// Nothing this service deals with is older: 2015-01-01T00:00:00Z. The provider sold no H5 face
    /// verification before.
    pub const EARLIEST: Self = Self(1_420_070_400_000);

    /// Whether somebody else's clock can have read this instant: from [`Time::EARLIEST`] to one day
    /// after `now`.
    ///
    /// Year 1 and 1970 are what programs write when they know no time; beyond a day no two clocks
    /// that are set at all differ, nor any two time zones.
    #[must_use]
    pub const fn is_believable(self, now: Self) -> bool {
        Self::EARLIEST.0 <= self.0 && self.0 <= now.plus(Span::hours(24)).0
    }

    /// When the next day begins in Beijing, where daily quotas are filled up again.
    #[must_use]
    pub const fn next_midnight_in_beijing(self) -> Self {
        const DAY: Span = Span::hours(24);
        const BEIJING: Span = Span::hours(8);
        let wall = self.plus(BEIJING);
        wall.minus(Span(wall.0.rem_euclid(DAY.0)))
            .plus(DAY)
            .minus(BEIJING)
    }

    /// The instant `span` later, held at the ends of the range instead of overflowing.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The instant `span` earlier, held at the ends of the range.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// From `earlier` to this instant; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// RFC 3339 in UTC, whole seconds, as the contract shows every instant
    /// (`2026-11-23T08:15:01Z`).
    #[must_use]
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(
            |_| self.0.to_string(),
            |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
    }

    /// Reads RFC 3339 with an offset.
    ///
    /// # Errors
    /// What is wrong with the text, without repeating it.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.trim()
            .parse::<jiff::Timestamp>()
            .map(|at| Self(at.as_millisecond()))
            .map_err(|_| {
                "not an RFC 3339 instant with an offset, such as 2026-11-23T08:15:01Z".to_owned()
            })
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Span {
    /// `n` milliseconds.
    #[must_use]
    pub const fn millis(n: i64) -> Self {
        Self(n)
    }

    /// `n` seconds.
    #[must_use]
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(1000))
    }

    /// `n` minutes.
    #[must_use]
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n.saturating_mul(60))
    }

    /// `n` hours.
    #[must_use]
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n.saturating_mul(60))
    }

    /// This many times longer.
    #[must_use]
    pub const fn times(self, n: i64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// The `n`th part; `n` of 0 counts as 1.
    #[must_use]
    pub const fn part(self, n: i64) -> Self {
        Self(self.0 / if n == 0 { 1 } else { n })
    }

    /// As the standard library's type; a negative span is zero.
    #[must_use]
    pub fn std(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }

    /// Reads a duration as people write it: `90s`, `2h`, `3d`, `250ms`, or several parts together
    /// (`1h30m`).
    ///
    /// # Errors
    /// What is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a duration; write a number with its unit, such as 250ms, 90s, 5m, 2h or 3d"
            )
        };
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(wrong());
        }
        let mut sum: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(digits);
            let number: i64 = number.parse().map_err(|_| wrong())?;
            let unit_end = tail
                .find(|c: char| c.is_ascii_digit() || c == ' ')
                .unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let factor = match unit {
                "ms" => 1,
                "s" => 1000,
                "m" | "min" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(wrong()),
            };
            sum = number
                .checked_mul(factor)
                .and_then(|part| sum.checked_add(part))
                .ok_or_else(wrong)?;
            rest = tail.trim_start();
        }
        Ok(Self(sum))
    }
}

/// The two largest units that say something: `2d 3h`, `1h 5m`, `12s`, `250ms`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let ms = self.0.unsigned_abs();
        if ms < 1000 {
            return write!(f, "{ms}ms");
        }
        let units = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1000, "s"),
        ];
        let mut rest = ms;
        let mut shown = 0;
        for (size, name) in units {
            let count = rest / size;
            if shown == 1 {
                return if count > 0 {
                    write!(f, " {count}{name}")
                } else {
                    Ok(())
                };
            }
            if count > 0 {
                write!(f, "{count}{name}")?;
                shown = 1;
                rest %= size;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the time comes from. The real one lives in `worker::clock`; tests hold their own.
pub trait Clock: Send + Sync + 'static {
    /// The present instant. The machine's own jumps when somebody sets it; [`TrustedClock`] does
    /// not.
    fn now(&self) -> Time;
    /// What has passed since some instant in the past. It never jumps: for how long something took.
    fn elapsed(&self) -> Span;
    /// Completes after `span`.
    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>>;
    /// Hears an answer of the provider that is here just now. A clock that does not go by the
    /// provider's time is not changed by it.
    fn heard(&self, _answer: Dated) {}
    /// Whether what it shows is more than the host's word: an answer of the provider was heard, none
    /// was to be had for as long as `patience`, or none is needed.
    fn is_confirmed(&self, _patience: Span) -> bool {
        true
    }
    /// The host's clock less the provider's, to about a second; none where that is not known.
    fn skew(&self) -> Option<Span> {
        None
    }
}

/// A clock that stands still until it is set, for tests and simulations. Who sleeps sets it forward
/// and does not wait, but lets the others go on once.
#[derive(Debug)]
pub struct HeldClock {
    now: AtomicI64,
    elapsed: AtomicI64,
    holds_sleepers: AtomicBool,
}

impl HeldClock {
    /// It stands at `now`.
    #[must_use]
    pub fn at(now: Time) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(now.0),
            elapsed: AtomicI64::new(0),
            holds_sleepers: AtomicBool::new(false),
        })
    }

    /// From now on no time passes for who sleeps, and nobody wakes up.
    pub fn hold_sleepers(&self) {
        self.holds_sleepers.store(true, Ordering::SeqCst);
    }

    /// Sets it: forwards the time has passed, back it was only set.
    pub fn set(&self, now: Time) {
        let before = self.now.swap(now.0, Ordering::SeqCst);
        let passed = now.0.saturating_sub(before).max(0);
        self.elapsed.fetch_add(passed, Ordering::SeqCst);
    }

    /// Sets it so much forward, or back: no time has passed.
    pub fn jump(&self, span: Span) {
        self.now.fetch_add(span.0, Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn pass(&self, span: Span) {
        self.now.fetch_add(span.0, Ordering::SeqCst);
        self.elapsed.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Time {
        Time(self.now.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Span {
        Span(self.elapsed.load(Ordering::SeqCst))
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if self.holds_sleepers.load(Ordering::SeqCst) {
            return Box::pin(pending());
        }
        self.pass(span);
        let mut has_yielded = false;
        Box::pin(poll_fn(move |context| {
            if has_yielded {
                return Poll::Ready(());
            }
            has_yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, ms) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("2h", 7_200_000),
            ("3d", 259_200_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("0s", 0),
        ] {
            assert_eq!(Span::parse(text), Ok(Span(ms)), "{text}");
        }
        for text in ["", "5", "h", "-5s", "2 hours", "1.5h", "9999999999999d"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_show_their_two_largest_units() {
        for (ms, text) in [
            (250, "250ms"),
            (12_000, "12s"),
            (3_900_000, "1h 5m"),
            (86_400_000, "1d"),
            (183_600_000, "2d 3h"),
            (86_401_000, "1d"),
            (-5000, "-5s"),
        ] {
            assert_eq!(Span(ms).to_string(), text);
        }
    }

    #[test]
    fn only_times_of_the_service_are_believed() {
        let now = Time::parse("2026-11-23T08:15:01Z").unwrap();
        for (text, believed) in [
            ("-005000-01-01T00:00:00Z", false),
            ("0001-01-01T00:00:00Z", false),
            ("1970-01-01T00:00:00Z", false),
            ("2014-12-31T23:59:59.999Z", false),
            ("2015-01-01T00:00:00Z", true),
            ("2026-11-23T08:15:01Z", true),
            ("2026-11-24T08:15:01Z", true),
            ("2026-11-24T08:15:01.001Z", false),
            ("9999-12-30T00:00:00Z", false),
        ] {
            assert_eq!(
                Time::parse(text).unwrap().is_believable(now),
                believed,
                "{text}"
            );
        }
        assert!(!Time(i64::MAX).is_believable(now) && !Time(i64::MIN).is_believable(now));
    }

    #[test]
    fn the_daily_quota_heals_at_midnight_in_beijing() {
        let at = |text: &str| Time::parse(text).unwrap();
        for (now, midnight) in [
            ("2026-11-23T15:59:59Z", "2026-11-23T16:00:00Z"),
            ("2026-11-23T16:00:00Z", "2026-11-24T16:00:00Z"),
        ] {
            assert_eq!(at(now).next_midnight_in_beijing(), at(midnight), "{now}");
        }
    }

    #[test]
    fn instants_show_and_read_rfc_3339() {
        let at = Time(1_795_421_701_000);
        assert_eq!(Time::parse(&at.rfc3339()), Ok(at));
        assert_eq!(
            Time::parse("2026-11-23T16:15:01+08:00"),
            Time::parse("2026-11-23T08:15:01Z")
        );
        assert!(Time::parse("2026-11-23 08:15:01").is_err());
    }
}
