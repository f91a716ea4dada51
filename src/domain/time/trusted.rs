//! The time that decisions may rest on: the provider's, whatever becomes of the host's clock.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use super::{Clock, Dated, Offset, Span, Time};

/// A clock that goes by the host's clock at its beginning, or by the one that others share where there
/// is one ([`TrustedClock::begin_at`]), by elapsed time from then on, and by the provider's time as
/// its answers tell it.
///
/// Promised: a host's clock that is set while this one goes changes nothing here. What the first
/// three answers tell is followed at once, whatever they tell afterwards by a tenth of what
/// elapses, so that this clock does not run backwards then. It is the middle of the last fifteen
/// answers that counts, of all providers together, and less than two seconds do not.
///
/// Where elapsed time stands still while a machine is suspended (not on Linux), this clock is slow by
/// as much when it goes on, and the provider's answers bring it right again, at that tenth.
///
/// [`Clock::elapsed`] and [`Clock::sleep`] are those of the clock within.
pub struct TrustedClock {
    inner: Arc<dyn Clock>,
    /// The time when nothing had elapsed, and what had when this one began.
    anchor: AtomicI64,
    began: Span,
    offset: Mutex<Offset>,
}

impl TrustedClock {
    /// Over the host's clock, from now on.
    #[must_use]
    pub fn over(inner: Arc<dyn Clock>) -> Arc<Self> {
        let began = inner.elapsed();
        let anchor = AtomicI64::new(inner.now().minus(began).0);
        Arc::new(Self {
            inner,
            anchor,
            began,
            offset: Mutex::default(),
        })
    }

    /// It is `at` now by a clock that others go by too, as a database's: until the provider's answers
    /// tell, all of them agree. Sets nothing when an answer has told already.
    pub fn begin_at(&self, at: Time) {
        self.of_offset(|offset, elapsed| {
            if offset.told().is_none() {
                self.anchor.store(at.minus(elapsed).0, Ordering::Relaxed);
            }
        });
    }

    fn anchor(&self) -> Time {
        Time(self.anchor.load(Ordering::Relaxed))
    }

    fn of_offset<T>(&self, change: impl FnOnce(&mut Offset, Span) -> T) -> T {
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        // Read within the lock, so that what passes is reckoned in order.
        let elapsed = self.inner.elapsed();
        change(&mut offset, elapsed)
    }
}

impl Clock for TrustedClock {
    fn now(&self) -> Time {
        self.of_offset(|offset, elapsed| {
            let applied = offset.applied(elapsed);
            self.anchor().plus(elapsed).plus(applied)
        })
    }

    fn elapsed(&self) -> Span {
        self.inner.elapsed()
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.inner.sleep(span)
    }

    fn heard(&self, answer: Dated) {
        self.of_offset(|offset, elapsed| {
            offset.heard(answer, self.anchor().plus(elapsed), elapsed);
        });
    }

    fn is_confirmed(&self, patience: Span) -> bool {
        self.of_offset(|offset, elapsed| {
            offset.told().is_some() || elapsed.0 - self.began.0 >= patience.0
        })
    }

    fn skew(&self) -> Option<Span> {
        let (theirs, host) = self.of_offset(|offset, elapsed| {
            let theirs = self.anchor().plus(elapsed).plus(offset.told()?);
            Some((theirs, self.inner.now()))
        })?;
        Some(host.since(theirs))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::HeldClock, *};

    const BEGIN: Time = Time(1_790_000_000_000);

    /// The provider, whose clock is right, answers when so much has passed since the beginning.
    fn answer(clock: &TrustedClock, passed: Span) {
        clock.heard(Dated {
            date: BEGIN.plus(passed),
            took: Span(0),
        });
    }

    #[test]
    fn replicas_agree_by_their_databases_clock_until_the_provider_tells_the_time() {
        for (label, ahead) in [("ahead", 600), ("right", 0), ("behind", -600)] {
            let host = HeldClock::at(BEGIN.plus(Span::seconds(ahead)));
            let clock = TrustedClock::over(host.clone());
            host.pass(Span::seconds(3));
            let shared = BEGIN.plus(Span::seconds(3));
            clock.begin_at(shared);
            assert_eq!((clock.now(), clock.skew()), (shared, None), "{label}");
            assert!(!clock.is_confirmed(Span::hours(1)), "{label}");
            answer(&clock, Span::seconds(3));
            clock.begin_at(BEGIN.plus(Span::hours(5)));
            assert_eq!(clock.now(), shared, "{label}: the provider has told");
            assert_eq!(clock.skew(), Some(Span::seconds(ahead)), "{label}");
        }
    }

    #[test]
    fn a_hosts_clock_that_jumps_a_day_and_back_changes_nothing() {
        let host = HeldClock::at(BEGIN);
        let clock = TrustedClock::over(host.clone());
        answer(&clock, Span(0));
        let mut passed = Span(0);
        for (label, jump, skew) in [
            ("before", Span(0), Span(0)),
            ("a day ahead", Span::hours(24), Span::hours(24)),
            ("back again", Span::hours(-24), Span(0)),
            ("an hour behind", Span::hours(-1), Span::hours(-1)),
        ] {
            host.jump(jump);
            for _ in 0..10 {
                assert_eq!(clock.now(), BEGIN.plus(passed), "{label}");
                assert_eq!(clock.skew(), Some(skew), "{label}");
                host.pass(Span::seconds(1));
                passed.0 += 1_000;
                answer(&clock, passed);
            }
        }
    }

    #[test]
    fn a_host_that_begins_wrong_is_right_with_the_first_answer() {
        for wrong in [Span::minutes(10), Span::minutes(-10), Span::hours(24 * 400)] {
            let host = HeldClock::at(BEGIN.plus(wrong));
            let clock = TrustedClock::over(host.clone());
            let hour = Span::hours(1);
            assert!(!clock.is_confirmed(hour) && clock.skew().is_none());
            assert!(clock.is_confirmed(Span(0)), "no patience");
            answer(&clock, Span(0));
            assert!(clock.is_confirmed(hour));
            assert!(clock.now().since(BEGIN).0.abs() < 1_000, "{wrong}");
            assert!((clock.skew().unwrap().0 - wrong.0).abs() < 1_000, "{wrong}");
            // Set right afterwards: neither followed nor taken twice.
            host.jump(Span(-wrong.0));
            assert!(clock.now().since(BEGIN).0.abs() < 1_000, "{wrong}");
            assert!(clock.skew().unwrap().0.abs() < 1_000, "{wrong}");
        }
    }

    #[test]
    fn a_machine_that_was_suspended_is_brought_right_without_a_jump() {
        let host = HeldClock::at(BEGIN);
        let clock = TrustedClock::over(host.clone());
        for _ in 0..15 {
            answer(&clock, Span(0));
        }
        // An hour passes that the elapsed time knows nothing of.
        host.jump(Span::hours(1));
        assert_eq!(clock.now(), BEGIN);
        let mut before = clock.now();
        for minute in 1..=620 {
            host.pass(Span::minutes(1));
            answer(&clock, Span::minutes(60 + minute));
            let now = clock.now();
            let step = now.since(before);
            assert!(Span::minutes(1) <= step && step <= Span(66_000), "{step}");
            before = now;
        }
        let off = before.since(BEGIN.plus(Span::minutes(680)));
        assert!(off.0.abs() < 1_000, "{off}");
        assert!(clock.skew().unwrap().0.abs() < 1_000);
    }
}
