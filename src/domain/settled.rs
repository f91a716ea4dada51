//! How many verifications of an app were settled in a time, and how many of them were never seen to
//! exist.

use serde::{Deserialize, Serialize};

use super::time::Span;

/// The time whose share is looked at.
pub const DAY: Span = Span::hours(24);

/// The days before it that tell what is usual: a whole week, as weekends differ.
pub const BEFORE: Span = Span::hours(7 * 24);

/// Fewer may be chance, or one person's slip; where nothing else is configured.
pub const FEW: i64 = 20;

/// So many times the usual is sudden, where nothing else is configured: working days and weekends do not differ by that.
pub const TIMES: i64 = 3;

/// Those of an app that were settled in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The app.
    pub app: String,
    /// How many.
    pub settled: i64,
    /// Those of them of which nothing ever showed that the provider issued them.
    pub never_seen: i64,
}

impl Settled {
    /// How many of a hundred were never seen to exist.
    #[must_use]
    pub const fn percent(&self) -> i64 {
        self.never_seen.saturating_mul(100) / if self.settled > 0 { self.settled } else { 1 }
    }

    const fn seen(&self) -> i64 {
        self.settled - self.never_seen
    }

    /// Whether a day's share is beyond what the days before had. Compared is how many there are to
    /// each one that was seen, so that a share that is usually high can still leap. Where the days
    /// before had too few to tell, more than half is too many. Fewer than `few` are never sudden.
    #[must_use]
    pub const fn is_sudden(&self, before: &Self, few: i64, times: i64) -> bool {
        if self.never_seen < few || self.percent() < 1 {
            return false;
        }
        if before.settled < FEW {
            return self.never_seen > self.seen();
        }
        let now = self.never_seen.saturating_mul(before.seen());
        let usual = before.never_seen.saturating_mul(self.seen());
        now > usual.saturating_mul(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_sudden_beside_what_is_usual() {
        let of = |(never_seen, settled)| Settled {
            app: "a".to_owned(),
            settled,
            never_seen,
        };
        for (label, day, before, is_sudden) in [
            ("none", (0, 1000), (0, 7000), false),
            ("few", (19, 19), (0, 7000), false),
            ("some where there were none", (20, 1000), (0, 7000), true),
            ("few among very many", (20, 10_000), (0, 70_000), false),
            ("as usual", (300, 1000), (2100, 7000), false),
            ("twice as many", (460, 1000), (2100, 7000), false),
            ("a leap from a third", (600, 1000), (2100, 7000), true),
            (
                "a leap from three quarters",
                (910, 1000),
                (5250, 7000),
                true,
            ),
            ("all, always", (1000, 1000), (7000, 7000), false),
            ("a first day, half", (20, 40), (0, 0), false),
            ("a first day, more than half", (21, 40), (0, 0), true),
            ("a first day, all", (20, 20), (0, 19), true),
        ] {
            assert_eq!(
                of(day).is_sudden(&of(before), FEW, TIMES),
                is_sudden,
                "{label}"
            );
        }
    }
}
