//! The pace of one interface in this process: what was given, and when the next may be.

use std::collections::VecDeque;

use super::shared::{AWAY, Hand, Next, Share, after};
use crate::domain::{
    answer::{ErrorKind, ProviderError},
    quota::{PACE, Reserved, Wish},
    time::{Clock, Span, Time},
};

/// The provider counts calls in seconds.
pub(super) const SECOND: Span = Span::seconds(1);
/// What was not taken and may be caught up with, as time, in whole intervals.
const BURST_US: i64 = 250_000;
/// The slowest an interface is called, as a part of its full rate: enough to notice when things are
/// well again.
const FLOOR_PART: f64 = 16.0;
/// What a good answer gives back, as a part of the full rate.
const RECOVERY_PART: f64 = 32.0;
/// Without the quota that processes share, each calls at this part of the rate.
const ALONE_PART: f64 = 4.0;
/// How long nobody calls who can ask for it again.
const BACK: Span = Span(AWAY.0 + SECOND.0);
/// Calls under way when the first "too fast" comes back bring more of them: they count as one.
const SLOWDOWN_GAP: Span = Span::seconds(1);
/// The longest a wish to wait (`Retry-After`) holds back every caller; beyond that the archive's
/// own schedule does.
const HOLD_MAX: Span = Span::seconds(60);
/// How long an interface whose total quota is spent is left alone; somebody may have bought more.
const TOTAL_PAUSE: Span = Span::hours(1);
/// How often one call tries whether a spent quota was filled up by hand.
const PROBE_EVERY: Span = Span::minutes(15);

pub(super) struct State {
    /// Calls a second, as configured.
    pub(super) qps: f64,
    /// Calls a second, at present.
    pub(super) rate: f64,
    /// When the last permits were given, as what had elapsed: of a second at most.
    granted: VecDeque<Span>,
    /// GCRA's theoretical arrival time, in microseconds of [`Clock::elapsed`].
    tat_us: i64,
    /// No permit before this much has elapsed, because the provider asked to wait.
    not_before: Span,
    slowed_at: Option<Span>,
    pub(super) pause: Option<Pause>,
    /// Where the quota is shared with other processes.
    hand: Option<Hand>,
}

#[derive(Clone)]
pub(super) struct Pause {
    pub(super) until: Time,
    /// When the next call may try all the same, as what has elapsed.
    probe_at: Span,
    kind: ErrorKind,
    code: &'static str,
}

/// An instant by both readings: quotas are filled up by the calendar, and calls are spaced by what
/// really passes.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Time,
    pub(super) elapsed: Span,
}

impl Moment {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self {
            now: clock.now(),
            elapsed: clock.elapsed(),
        }
    }
}

pub(super) enum RatePermit {
    Granted,
    Wait(Span),
    Paused(ProviderError),
    /// Permits are to be asked for.
    Ask,
}

impl State {
    pub(super) fn new(qps: f64, is_shared: bool) -> Self {
        let qps = sane(qps);
        Self {
            qps,
            rate: qps,
            granted: VecDeque::new(),
            tat_us: i64::MIN,
            not_before: Span(i64::MIN),
            slowed_at: None,
            pause: None,
            hand: is_shared.then(Hand::default),
        }
    }

    /// Learns from an answer: which kind of error it was, if any, and how long the provider asked
    /// to wait.
    pub(super) fn learn(&mut self, at: Moment, kind: Option<ErrorKind>, retry_after: Option<Span>) {
        match kind {
            Some(ErrorKind::TooFast) => self.too_fast(at.elapsed, retry_after),
            Some(ErrorKind::DailyQuota) => {
                let midnight = at.now.next_midnight_in_beijing();
                self.pause(at, midnight, ErrorKind::DailyQuota, "17");
            }
            Some(ErrorKind::TotalQuota) => {
                self.pause(at, at.now.plus(TOTAL_PAUSE), ErrorKind::TotalQuota, "19");
            }
            // The call got through the quota, whatever else it met.
            None | Some(ErrorKind::NotYet | ErrorKind::Refused) => self.went_well(),
            Some(_) => {}
        }
    }

    /// Gives no permit before `until`, but for one call now and then.
    fn pause(&mut self, at: Moment, until: Time, kind: ErrorKind, code: &'static str) {
        self.pause = Some(Pause {
            until,
            probe_at: after(at.elapsed, PROBE_EVERY),
            kind,
            code,
        });
    }

    pub(super) fn take(&mut self, at: Moment) -> RatePermit {
        if let Some(pause) = &mut self.pause {
            let left = pause.until.since(at.now);
            if left.0 > 0 && at.elapsed >= pause.probe_at {
                pause.probe_at = after(at.elapsed, PROBE_EVERY);
                return self.granted(at.elapsed);
            }
            if left.0 > 0 {
                return RatePermit::Paused(ProviderError {
                    kind: pause.kind,
                    code: Some(pause.code.to_owned()),
                    detail: "the quota is spent; not asked".to_owned(),
                    retry_after: Some(left),
                });
            }
            self.pause = None;
        }
        let held = self.not_before.0.saturating_sub(at.elapsed.0);
        if held > 0 {
            return RatePermit::Wait(Span(held));
        }
        match self.hand.as_mut().map(|hand| hand.next(at.elapsed)) {
            None => self.take_spaced(at.elapsed),
            Some(Next::Ask) => RatePermit::Ask,
            Some(Next::Wait(span)) => RatePermit::Wait(span),
            Some(Next::Alone(left)) => match self.take_spaced(at.elapsed) {
                RatePermit::Wait(span) => RatePermit::Wait(span.min(left)),
                taken => taken,
            },
            Some(Next::Use) => self.take_reserved(at.elapsed),
        }
    }

    fn take_reserved(&mut self, elapsed: Span) -> RatePermit {
        let full = self.until_the_second_has_room(elapsed);
        if full > 0 {
            return RatePermit::Wait(Span(full));
        }
        if let Some(hand) = &mut self.hand {
            hand.used();
        }
        self.granted(elapsed)
    }

    fn take_spaced(&mut self, elapsed: Span) -> RatePermit {
        let now_us = elapsed.0.saturating_mul(1000);
        let (interval_us, burst_us) = (self.interval_us(), self.burst_us());
        self.tat_us = self.tat_us.max(now_us);
        let early_us = self.tat_us - now_us - burst_us;
        if early_us > 0 {
            return RatePermit::Wait(Span(early_us / 1000 + i64::from(early_us % 1000 > 0)));
        }
        let full = self.until_the_second_has_room(elapsed);
        if full > 0 {
            return RatePermit::Wait(Span(full));
        }
        self.tat_us = self.tat_us.saturating_add(interval_us);
        self.granted(elapsed)
    }

    fn granted(&mut self, elapsed: Span) -> RatePermit {
        self.granted.push_back(elapsed);
        RatePermit::Granted
    }

    /// Sleepers wake late, and what is saved up is caught up with: what holds in every second is
    /// counted, not spaced.
    fn until_the_second_has_room(&mut self, elapsed: Span) -> i64 {
        let room = room(self.qps);
        while self.granted.len() > room {
            self.granted.pop_front();
        }
        match self.granted.front() {
            Some(first) if self.granted.len() == room => after(*first, SECOND).0 - elapsed.0,
            _ => 0,
        }
    }

    /// Calls a second, at present.
    pub(super) fn present(&self) -> f64 {
        match &self.hand {
            Some(hand) if hand.is_away() => self.rate / ALONE_PART,
            _ => self.rate,
        }
    }

    /// What to ask of the quota that is shared.
    pub(super) fn wish(&mut self, elapsed: Span, share: &Share, waiting: usize) -> Wish {
        #[allow(clippy::cast_possible_truncation, reason = "rates are sane")]
        let batch = (self.rate / 4.0).ceil() as i64;
        let hand = self.hand.get_or_insert_default();
        let (permits, late, news) = hand.wish(elapsed, waiting, batch);
        Wish {
            account: share.account.clone(),
            endpoint: share.endpoint,
            qps: self.qps,
            permits,
            late,
            news,
        }
    }

    /// Takes what came of a wish: none, and the process goes on slowly on its own, after the second
    /// that others may have filled. Whether it did so already.
    pub(super) fn asked(
        &mut self,
        sent: Span,
        elapsed: Span,
        wish: &Wish,
        reserved: Option<&Reserved>,
    ) -> bool {
        let hand = self.hand.get_or_insert_default();
        let was_away = hand.is_away();
        if let Some(reserved) = reserved {
            hand.take(sent, elapsed, wish, reserved);
            if was_away {
                // Others may not know yet that it can be asked again, and call on their own.
                self.not_before = self.not_before.max(after(elapsed, BACK));
            }
            #[allow(clippy::cast_precision_loss, reason = "both are small")]
            let pace = reserved.pace as f64 / PACE as f64;
            self.rate = self.qps * pace;
            return was_away;
        }
        hand.left_alone(elapsed);
        if !was_away {
            let alone_at = after(elapsed, AWAY);
            self.not_before = self.not_before.max(alone_at);
            self.tat_us = alone_at.0.saturating_mul(1000) + self.burst_us();
        }
        was_away
    }

    fn interval_us(&self) -> i64 {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "rates are sane, so the interval is below 10^12"
        )]
        let interval = (1_000_000.0 / self.present()).ceil() as i64;
        interval
    }

    fn burst_us(&self) -> i64 {
        let interval_us = self.interval_us().max(1);
        BURST_US / interval_us * interval_us
    }

    fn too_fast(&mut self, elapsed: Span, retry_after: Option<Span>) {
        if let Some(hand) = &mut self.hand {
            hand.heard_too_fast(retry_after);
        }
        if let Some(wait) = retry_after {
            self.not_before = after(elapsed, wait.min(HOLD_MAX));
        }
        let is_same = self
            .slowed_at
            .is_some_and(|at| elapsed < after(at, SLOWDOWN_GAP));
        if !is_same {
            self.rate = (self.rate / 2.0).max(self.qps / FLOOR_PART);
            self.slowed_at = Some(elapsed);
            // What was just refused would be refused again at once.
            self.tat_us = elapsed
                .0
                .saturating_mul(1000)
                .saturating_add(self.interval_us() + self.burst_us());
        }
    }

    fn went_well(&mut self) {
        self.pause = None;
        if let Some(hand) = &mut self.hand {
            hand.heard_good();
        }
        self.rate = (self.rate + self.qps / RECOVERY_PART).min(self.qps);
    }

    pub(super) fn hold_to(&mut self, qps: f64) {
        self.qps = self.qps.min(sane(qps));
        self.rate = self.rate.min(self.qps);
    }
}

/// How many calls any second may see.
pub(super) fn room(qps: f64) -> usize {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates are sane"
    )]
    let room = qps as usize;
    room.max(1)
}

/// A rate that can be divided by, whatever the configuration says.
fn sane(qps: f64) -> f64 {
    if qps.is_finite() {
        qps.clamp(0.001, 10_000.0)
    } else {
        1.0
    }
}
