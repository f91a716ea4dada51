//! When the next items fall due, so that the database is not asked after each claim.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::domain::time::{Span, Time};

/// So many are asked for at once.
pub(super) const LOOK_AHEAD: i64 = 32;
/// For so long an answer stands. What is scheduled meanwhile is found by the claims that come round all the
/// time.
const STANDS: Span = Span::seconds(10);

/// What the database said last.
#[derive(Debug, Default)]
pub(super) struct Agenda(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    dues: VecDeque<Time>,
    /// Whether no others were due some time.
    is_all: bool,
    /// Until when it stands, by what has elapsed.
    until: Span,
    /// What was due then is claimed.
    claimed: Time,
}

impl Agenda {
    /// Everything that was due then has been claimed, or is another's.
    pub(super) fn claimed(&self, now: Time) {
        self.known().claimed = now;
    }

    /// When the next falls due; the inner none when nothing does, the outer when the database must be
    /// asked.
    pub(super) fn next(&self, elapsed: Span) -> Option<Option<Time>> {
        let mut known = self.known();
        let claimed = known.claimed;
        while known.dues.front().is_some_and(|due| *due <= claimed) {
            known.dues.pop_front();
        }
        if elapsed >= known.until {
            return None;
        }
        match known.dues.front() {
            None if !known.is_all => None,
            next => Some(next.copied()),
        }
    }

    /// Notes the first [`LOOK_AHEAD`] of the database; brings the first of them.
    pub(super) fn note(&self, dues: Vec<Time>, elapsed: Span) -> Option<Time> {
        let first = dues.first().copied();
        let mut known = self.known();
        known.is_all = i64::try_from(dues.len()).is_ok_and(|count| count < LOOK_AHEAD);
        known.dues = dues.into();
        known.until = Span(elapsed.0 + STANDS.0);
        first
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Span = Span::seconds(100);

    fn seconds(of: impl IntoIterator<Item = i64>) -> Vec<Time> {
        of.into_iter().map(|second| Time(1_000 * second)).collect()
    }

    #[test]
    fn one_look_serves_as_long_as_it_stands() {
        let agenda = Agenda::default();
        assert_eq!(agenda.next(BEGIN), None, "nothing is known yet");
        assert_eq!(agenda.note(seconds([1, 2, 2, 5]), BEGIN), Some(Time(1_000)));
        for (claimed, next) in [(0, Some(1)), (1, Some(2)), (2, Some(5)), (6, None)] {
            agenda.claimed(Time(1_000 * claimed));
            let next = next.map(|second| Time(1_000 * second));
            assert_eq!(agenda.next(BEGIN), Some(next), "after {claimed}");
        }
        let over = Span(BEGIN.0 + STANDS.0);
        assert_eq!(agenda.next(Span(over.0 - 1)), Some(None));
        assert_eq!(agenda.next(over), None);
    }

    #[test]
    fn where_more_are_due_than_were_told_the_database_is_asked_again() {
        let agenda = Agenda::default();
        agenda.note(seconds(1..=LOOK_AHEAD), BEGIN);
        agenda.claimed(Time(1_000 * (LOOK_AHEAD - 1)));
        assert!(agenda.next(BEGIN).is_some());
        agenda.claimed(Time(1_000 * LOOK_AHEAD));
        assert_eq!(agenda.next(BEGIN), None);
    }
}
