//! How far the provider's time is from ours, as its answers tell (`Date`, RFC 9110, 6.6.1). Pure.

use std::collections::VecDeque;

use super::{Span, Time};

/// So many answers are remembered; the middle one of what they tell is believed.
const ANSWERS_MAX: usize = 15;
/// What so many answers tell first is followed at once, afterwards little by little.
const STEPS: u32 = 3;
/// Less than this is what rounding and the way of an answer make, and no difference.
const IGNORED: Span = Span::seconds(2);
/// Of all that passes, the part by which the difference we go by may change.
const SLEW_PART: i64 = 10;
/// `Date` has whole seconds: the rest of its second may have passed.
const REST_OF_SECOND: Span = Span::millis(999);

/// When an answer says that it was given, and how long its exchange took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// Its `Date`: the second in which it was written, by the provider's clock.
    pub date: Time,
    /// From the request's first byte to the answer's last, by elapsed time.
    pub took: Span,
}

impl Dated {
    /// When it was given, at the latest: by its own date, or at `now`, when it is here, if that is
    /// earlier.
    #[must_use]
    pub fn given_at(self, now: Time) -> Time {
        now.min(self.date.plus(REST_OF_SECOND))
    }

    /// How far the provider's clock is behind `now`, when the answer is here: at the most, so that
    /// who waits as much longer meets it late enough, or not at all where it need not be behind.
    #[must_use]
    pub fn behind(self, now: Time) -> Span {
        let latest = self.date.plus(REST_OF_SECOND).plus(self.took);
        if latest < now {
            now.since(self.date)
        } else {
            Span(0)
        }
    }

    /// The provider's clock less ours, which shows `now` when the answer is here: of all that the
    /// answer may mean the least, since it was written at some instant of its exchange.
    fn offset(self, now: Time) -> Span {
        let least = self.date.since(now);
        let most = self
            .date
            .plus(REST_OF_SECOND)
            .since(now.minus(Span(self.took.0.max(0))));
        Span(0.clamp(least.0, most.0.max(least.0)))
    }
}

/// The provider's time less ours, from its latest answers.
#[derive(Debug, Default)]
pub struct Offset {
    told: VecDeque<Span>,
    heard: u32,
    /// What we go by at present, and up to which elapsed time that is reckoned.
    applied: Span,
    reckoned: Span,
}

impl Offset {
    /// An answer is here when ours, uncorrected, is `now`, and so much has `elapsed`. A date that no
    /// clock shows that is set at all tells nothing.
    pub fn heard(&mut self, answer: Dated, now: Time, elapsed: Span) {
        if answer.date < Time::EARLIEST {
            return;
        }
        self.reckon(elapsed);
        self.told.push_back(answer.offset(now));
        if self.told.len() > ANSWERS_MAX {
            self.told.pop_front();
        }
        self.heard = self.heard.saturating_add(1);
        if self.heard <= STEPS {
            self.applied = self.target();
        }
    }

    /// What the answers tell; none before the first.
    #[must_use]
    pub fn told(&self) -> Option<Span> {
        let mut sorted: Vec<Span> = self.told.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// What is to be added to ours: it follows what the answers tell by a tenth of what elapses, so
    /// that corrected time never runs backwards, nor ahead of what can be noticed.
    pub fn applied(&mut self, elapsed: Span) -> Span {
        self.reckon(elapsed);
        self.applied
    }

    fn target(&self) -> Span {
        self.told()
            .filter(|told| told.0.abs() >= IGNORED.0)
            .unwrap_or_default()
    }

    fn reckon(&mut self, elapsed: Span) {
        let off = self.target().0 - self.applied.0;
        if off == 0 {
            self.reckoned = elapsed;
            return;
        }
        let most = ((elapsed.0 - self.reckoned.0) / SLEW_PART).max(0);
        self.applied.0 += off.clamp(-most, most);
        self.reckoned.0 += most * SLEW_PART;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_000);

    fn dated(date: Time, took: Span) -> Dated {
        Dated { date, took }
    }

    #[test]
    fn an_answer_is_given_by_its_own_date_at_the_latest() {
        let took = Span::millis(200);
        for (label, date, given_at, behind) in [
            ("the same clock", NOW, NOW, 0),
            (
                "the second before",
                NOW.minus(Span::seconds(1)),
                NOW.minus(Span(1)),
                0,
            ),
            (
                "ten minutes behind",
                NOW.minus(Span::minutes(10)),
                NOW.minus(Span(599_001)),
                600_000,
            ),
            ("ten minutes ahead", NOW.plus(Span::minutes(10)), NOW, 0),
        ] {
            let answer = dated(date, took);
            assert_eq!(answer.given_at(NOW), given_at, "{label}");
            assert_eq!(answer.behind(NOW), Span(behind), "{label}");
        }
    }

    #[test]
    fn an_answer_tells_the_least_difference_it_can_mean() {
        for (label, date, took, offset) in [
            ("the same second", 0, 0, 0),
            ("rounded and under way", -1_500, 600, 0),
            ("behind", -600_000, 1_000, -598_001),
            ("ahead", 600_000, 1_000, 600_000),
            ("a minute under way tells little", -30_000, 60_000, 0),
        ] {
            let answer = dated(NOW.plus(Span(date)), Span(took));
            assert_eq!(answer.offset(NOW), Span(offset), "{label}");
        }
    }

    /// Answers of these differences, one a second.
    fn after(offsets: &[i64]) -> Offset {
        let mut offset = Offset::default();
        for (second, told) in (0..).zip(offsets) {
            let elapsed = Span::seconds(second);
            let now = NOW.plus(elapsed);
            offset.heard(dated(now.plus(Span(*told)), Span(0)), now, elapsed);
        }
        offset
    }

    #[test]
    fn the_middle_of_the_latest_answers_is_believed() {
        let far = 86_400_000;
        for (label, offsets, told, applied) in [
            ("nothing heard", vec![], None, 0),
            ("one", vec![600_000], Some(600_000), 600_000),
            ("under two seconds", vec![1_999], Some(1_999), 0),
            (
                "one of three errs",
                vec![far, 5_000, 5_000],
                Some(5_000),
                5_000,
            ),
            (
                "the old are forgotten",
                [[far; 15], [5_000; 15]].concat(),
                Some(5_000),
                far - 7 * 100,
            ),
        ] {
            let mut offset = after(&offsets);
            assert_eq!(offset.told().map(|told| told.0), told, "{label}");
            let elapsed = Span::seconds((offsets.len() as i64 - 1).max(0));
            let found = offset.applied(elapsed).0;
            assert!((found - applied).abs() <= 100, "{label}: {found}");
        }
    }

    #[test]
    fn dates_of_clocks_that_were_never_set_tell_nothing() {
        let mut offset = Offset::default();
        offset.heard(dated(Time(0), Span(0)), NOW, Span(0));
        assert_eq!(offset.told(), None);
    }

    #[test]
    fn a_change_is_followed_little_by_little_however_often_it_is_looked_at() {
        for direction in [1, -1] {
            let mut offset = after(&[0; 3]);
            for second in 3..6 {
                let (elapsed, now) = (Span::seconds(second), NOW.plus(Span::seconds(second)));
                let date = now.plus(Span(direction * 60_000));
                offset.heard(dated(date, Span(0)), now, elapsed);
                offset.heard(dated(date, Span(0)), now, elapsed);
            }
            let mut before = None;
            for elapsed in 5_000..700_000 {
                let now = elapsed + offset.applied(Span(elapsed)).0;
                assert!(before.is_none_or(|before| before <= now), "backwards");
                before = Some(now);
            }
            let all = offset.applied(Span(700_000)).0;
            assert!(
                (all - direction * 60_000).abs() <= 1_000,
                "{direction}: {all}"
            );
        }
    }
}
