//! The quota of an account's interface where several processes share it: one row, and the rule by
//! which permits are taken from it.
//!
//! The row knows when its next permit may be used, on its own clock. Who wants some moves that
//! instant on and has the permits before it, each with an instant of its own: what is not used at
//! its time lapses. So no second sees more permits than the rate, whoever uses them and whoever
//! ends with some in hand. What one holder hears of the provider changes the pace of all.

use super::{answer::Endpoint, time::Span};

/// The full pace, in parts of a million.
pub const PACE: i64 = 1_000_000;
/// The slowest pace: enough to notice when things are well again.
pub const PACE_MIN: i64 = PACE / 16;
/// What a good answer gives back.
pub const RECOVERY: i64 = PACE / 32;
/// Calls under way when the first "too fast" comes back bring more of them: they count as one.
pub const SLOWDOWN_GAP_US: i64 = 1_000_000;
/// How late a permit may be used: the spacing makes room for it in every second.
pub const LATE: Span = Span(22);
/// That, and what two readings of a clock in milliseconds may hide.
const ROOM_US: i64 = 25_000;
/// The row's next instant is believed to be so far ahead at most, and as many permits more: beyond
/// that the clock of the database was set back.
pub const AHEAD_US: i64 = 60_000_000;
/// See [`AHEAD_US`].
pub const AHEAD_PERMITS: i64 = 64;

/// A wish for permits of an account's interface.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whose quota.
    pub account: String,
    /// Which interface.
    pub endpoint: Endpoint,
    /// Calls a second that the account may make, all processes together.
    pub qps: f64,
    /// How many.
    pub permits: i64,
    /// How late they may be used; [`LATE`] at least.
    pub late: Span,
    /// What was heard since the last wish.
    pub news: News,
}

/// What a holder heard of the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Answers to calls that got through the quota.
    pub good: i64,
    /// It was called too fast, and asked to wait so long.
    pub too_fast: Option<Span>,
}

/// Permits. Instants are microseconds since 1970 on the clock of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// When they were reserved.
    pub at_us: i64,
    /// When the first may be used.
    pub first_us: i64,
    /// How long after it the next, and so on.
    pub interval_us: i64,
    /// The pace of all, in parts of a million of the full one.
    pub pace: i64,
}

impl Wish {
    /// The time between two permits at full pace, microseconds: of a whole number of calls a second,
    /// each with what it may be late.
    #[must_use]
    pub fn interval_us(&self) -> i64 {
        let qps = self.qps.max(0.001);
        let spaced = (1_000_000.0 / qps).max(exact(1_000_000 + ROOM_US) / qps.floor().max(1.0));
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the rate is at least a thousandth, so the interval is below 10^10"
        )]
        let spaced = spaced.ceil() as i64;
        spaced
    }

    /// What later use than usual costs once, microseconds: then the permits a second later stay a
    /// second apart from the last use of these.
    #[must_use]
    pub fn extra_us(&self) -> i64 {
        (self.late.0 - LATE.0).max(0).saturating_mul(1000)
    }

    /// How long nobody may call because the provider asked to wait, microseconds.
    #[must_use]
    pub fn hold_us(&self) -> i64 {
        let asked = self.news.too_fast.map_or(0, |wait| wait.0);
        asked.max(0).saturating_mul(1000).min(AHEAD_US)
    }
}

/// The time between two permits at a pace.
#[must_use]
pub const fn paced(interval_us: i64, pace: i64) -> i64 {
    interval_us.saturating_mul(PACE) / pace
}

#[allow(clippy::cast_precision_loss, reason = "small")]
const fn exact(number: i64) -> f64 {
    number as f64
}

/// The row of an account's interface.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// When the next permit may be used.
    pub next_us: i64,
    /// In parts of a million of the full pace.
    pub pace: i64,
    /// When it was last slowed.
    pub slowed_us: Option<i64>,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            next_us: 0,
            pace: PACE,
            slowed_us: None,
        }
    }
}

impl Row {
    /// Takes permits, now.
    pub fn reserve(&mut self, at_us: i64, wish: &Wish) -> Reserved {
        let is_slower = wish.news.too_fast.is_some()
            && self
                .slowed_us
                .is_none_or(|slowed| at_us >= slowed + SLOWDOWN_GAP_US);
        if is_slower {
            self.pace = (self.pace / 2).max(PACE_MIN);
            self.slowed_us = Some(at_us);
        } else {
            self.pace = (self.pace + wish.news.good * RECOVERY).min(PACE);
        }
        let interval_us = paced(wish.interval_us(), self.pace);
        let believed = at_us + AHEAD_US + AHEAD_PERMITS * interval_us;
        // What was just refused would be refused again at once.
        let held = at_us + wish.hold_us() + if is_slower { interval_us } else { 0 };
        let first_us = self.next_us.min(believed).max(held);
        self.next_us = first_us + wish.permits * interval_us + wish.extra_us();
        Reserved {
            at_us,
            first_us,
            interval_us,
            pace: self.pace,
        }
    }
}
