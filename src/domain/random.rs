//! The one source of randomness: names for rows and objects, jitter, keys.
//!
//! Identifiers and jitter come from a [`Random`]: the operating system's, unless a thread has
//! entered one with a seed, which a simulation or a test repeats at will. Keys come from the
//! operating system alone.

use std::{
    cell::RefCell,
    marker::PhantomData,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use uuid::Uuid;

use super::time::{Span, Time};

/// What identifiers and jitter are drawn from; a clone draws from the same.
#[derive(Clone, Debug, Default)]
pub struct Random(Option<Arc<Mutex<StdRng>>>);

thread_local! {
    static CURRENT: RefCell<Random> = const { RefCell::new(Random(None)) };
}

impl Random {
    /// The operating system's.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// One that gives the same for the same seed, in the order it is asked.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// A fresh identifier, ordered by time (UUID version 7).
    #[must_use]
    pub fn fresh_id(&self, now: Time) -> Uuid {
        let ms = u64::try_from(now.0).unwrap_or(0);
        let mut random = [0u8; 10];
        self.draw(&mut random);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    /// A span drawn evenly from `[span/2, span]`.
    #[must_use]
    pub fn jitter(&self, span: Span) -> Span {
        let mut bytes = [0u8; 4];
        self.draw(&mut bytes);
        let half = span.0 / 2;
        Span(
            half + (span.0 - half).saturating_mul(i64::from(u32::from_le_bytes(bytes)))
                / i64::from(u32::MAX),
        )
    }

    /// Has this thread draw from here until what is returned is dropped.
    #[must_use]
    pub fn enter(&self) -> Entered {
        let before = CURRENT.with(|current| current.replace(self.clone()));
        Entered {
            before,
            of_this_thread: PhantomData,
        }
    }

    fn draw(&self, buffer: &mut [u8]) {
        match &self.0 {
            Some(seeded) => seeded
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill_bytes(buffer),
            None => fill(buffer),
        }
    }
}

/// As long as it lives, its thread draws from the [`Random`] that was entered; then from the one
/// before.
#[derive(Debug)]
pub struct Entered {
    before: Random,
    of_this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| current.replace(mem::take(&mut self.before)));
    }
}

fn current() -> Random {
    CURRENT.with(|current| current.borrow().clone())
}

/// A fresh identifier, ordered by time (UUID version 7): for rows, objects and leases.
#[must_use]
pub fn fresh_id(now: Time) -> Uuid {
    current().fresh_id(now)
}

/// A span drawn evenly from `[span/2, span]`, so that loops and retries of many do not fall in
/// step.
#[must_use]
pub fn jitter(span: Span) -> Span {
    current().jitter(span)
}

/// Fills `buffer` with bytes of cryptographic quality from the operating system, whatever was
/// entered: for keys.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub fn fill(buffer: &mut [u8]) {
    rand::rng().fill_bytes(buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What three rows and two loops are given.
    fn drawn() -> (Vec<Uuid>, Vec<Span>) {
        let ids = (1..4).map(|ms| fresh_id(Time(ms))).collect();
        (ids, vec![jitter(Span::hours(1)), jitter(Span::hours(24))])
    }

    #[test]
    fn one_seed_gives_the_same_identifiers_and_the_same_jitter() {
        let seeded = |seed| {
            let _entered = Random::seeded(seed).enter();
            drawn()
        };
        assert_eq!(seeded(7), seeded(7));
        assert_ne!(seeded(7).0, seeded(8).0);
        assert_ne!(seeded(7).1, seeded(8).1);
        assert_ne!(drawn().0, drawn().0, "the operating system's again");
    }

    #[test]
    fn a_seed_is_entered_by_one_thread_for_a_while_and_never_makes_a_key() {
        let outer = Random::seeded(7);
        let _entered = outer.enter();
        let inner = Random::seeded(8).enter();
        let of_inner = fresh_id(Time(1));
        drop(inner);
        assert_eq!(fresh_id(Time(1)), Random::seeded(7).fresh_id(Time(1)));
        assert_eq!(of_inner, Random::seeded(8).fresh_id(Time(1)));
        let elsewhere = std::thread::scope(|threads| {
            let one = threads.spawn(|| fresh_id(Time(1)));
            one.join().unwrap()
        });
        assert_ne!(elsewhere, outer.fresh_id(Time(1)));
        let key = || {
            let _entered = Random::seeded(7).enter();
            let mut key = [0; 32];
            fill(&mut key);
            key
        };
        assert_ne!(key(), key());
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        for _ in 0..1000 {
            let span = jitter(Span(1000)).0;
            assert!((500..=1000).contains(&span));
        }
    }
}
