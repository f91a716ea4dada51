//! What goes wrong, how often, and when it stops: faults are drawn for each request from the seed,
//! by what is asked and for which time, so that order and concurrency change nothing.
//!
//! Progress stays possible: nothing fails more than `repeat_max` times in a row, and an
//! access_token that works is never refused twice in a row.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{
    dice::{Dice, word},
    fault_kind::{FaultKind, Place},
};

/// What goes wrong, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The share of requests that go wrong, 0 to 1.
    pub rate: f64,
    /// The kinds that may be drawn.
    pub kinds: Vec<FaultKind>,
    /// How often in a row the same thing may go wrong; 0 sets no bound, which is an outage.
    pub repeat_max: u32,
    /// How long a stall lasts, milliseconds.
    pub stall_ms: u64,
    /// How long an account stays without quota after code 17, milliseconds.
    pub daily_quota_ms: i64,
    /// Where a redirected medium is said to be.
    pub redirect_to: String,
}

impl Default for Faults {
    /// No faults; when only a rate is set, every kind but [`FaultKind::UNUSUAL`].
    fn default() -> Self {
        let usual = |kind: &FaultKind| !FaultKind::UNUSUAL.contains(kind);
        Self {
            rate: 0.0,
            kinds: FaultKind::ALL.iter().copied().filter(usual).collect(),
            repeat_max: 3,
            stall_ms: 1_500,
            daily_quota_ms: 60_000,
            redirect_to: "http://169.254.169.254/latest/meta-data/".to_owned(),
        }
    }
}

impl Faults {
    /// Every usual kind, at `rate`.
    pub fn at_rate(rate: f64) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }

    /// Only `kind`, every time it may.
    pub fn only(kind: FaultKind) -> Self {
        Self {
            rate: 1.0,
            kinds: vec![kind],
            ..Self::default()
        }
    }

    /// The provider is down: every request is answered 503 until the faults are set otherwise.
    pub fn outage() -> Self {
        Self {
            repeat_max: 0,
            ..Self::only(FaultKind::Http503)
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    times: u32,
    failed_in_a_row: u32,
    token_refused: bool,
}

/// Draws faults.
#[derive(Debug)]
pub(crate) struct FaultGate {
    seed: u64,
    faults: Mutex<Faults>,
    asked: Mutex<HashMap<u64, Asked>>,
}

impl FaultGate {
    /// Draws from `faults` by `seed`.
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            seed,
            faults: Mutex::new(faults),
            asked: Mutex::default(),
        }
    }

    /// What is drawn from now on.
    pub(crate) fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// One of the settings that faults have beside their kind.
    pub(crate) fn setting<T>(&self, of: impl FnOnce(&Faults) -> T) -> T {
        of(&self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The fault of this request, if any. `subject` names what is asked for (endpoint and token, or
    /// object), so that the same thing asked again is the next throw of the same dice.
    pub(crate) fn draw(&self, place: Place, subject: u64) -> Option<FaultKind> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.rate <= 0.0 {
            return None;
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.entry(subject).or_default();
        asked.times += 1;
        let mut dice = Dice::of(self.seed, &[word("fault"), subject, u64::from(asked.times)]);
        let bounded = faults.repeat_max > 0 && asked.failed_in_a_row >= faults.repeat_max;
        let strikes = dice.fraction() < faults.rate && !bounded;
        let fits = |kind: &FaultKind| {
            kind.strikes(place) && !(asked.token_refused && *kind == FaultKind::AccessTokenRefused)
        };
        let fitting: Vec<FaultKind> = faults.kinds.iter().copied().filter(fits).collect();
        let drawn = if strikes {
            dice.one_of(&fitting).copied()
        } else {
            None
        };
        asked.failed_in_a_row = if drawn.is_some() {
            asked.failed_in_a_row + 1
        } else {
            0
        };
        asked.token_refused = drawn == Some(FaultKind::AccessTokenRefused);
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RPC: Place = Place::Rpc {
        by_access_token: true,
    };

    #[test]
    fn a_fault_stops_after_its_bound_even_when_everything_fails() {
        let gate = FaultGate::new(
            1,
            Faults {
                repeat_max: 2,
                ..Faults::at_rate(1.0)
            },
        );
        let drawn: Vec<bool> = (0..6).map(|_| gate.draw(RPC, 7).is_some()).collect();
        assert_eq!(drawn, [true, true, false, true, true, false]);
    }

    #[test]
    fn a_working_access_token_is_never_refused_twice_in_a_row() {
        let gate = FaultGate::new(
            1,
            Faults {
                repeat_max: 9,
                ..Faults::only(FaultKind::AccessTokenRefused)
            },
        );
        let drawn: Vec<bool> = (0..4).map(|_| gate.draw(RPC, 7).is_some()).collect();
        assert_eq!(drawn, [true, false, true, false]);
        assert_eq!(
            gate.draw(
                Place::Rpc {
                    by_access_token: false
                },
                8
            ),
            None
        );
    }

    #[test]
    fn the_rate_is_the_share_of_requests_and_the_seed_repeats_it() {
        let draw = |seed| {
            let gate = FaultGate::new(seed, Faults::at_rate(0.15));
            (0..4_000)
                .map(|subject| gate.draw(RPC, subject))
                .collect::<Vec<_>>()
        };
        let drawn = draw(1);
        let count = drawn.iter().flatten().count();
        assert!((500..700).contains(&count), "{count}");
        assert_eq!(drawn, draw(1));
        assert_ne!(drawn, draw(2));
    }

    #[test]
    fn an_outage_lasts_until_it_is_ended() {
        let gate = FaultGate::new(1, Faults::outage());
        assert!((0..50).all(|_| gate.draw(Place::Media, 3) == Some(FaultKind::Http503)));
        gate.set(Faults::default());
        assert_eq!(gate.draw(Place::Media, 3), None);
    }

    #[test]
    fn every_kind_is_spelt_in_json_as_in_the_counts() {
        for kind in FaultKind::ALL {
            assert_eq!(
                serde_json::to_value(kind).unwrap(),
                serde_json::json!(kind.name())
            );
        }
    }

    #[test]
    fn media_faults_strike_media_alone() {
        let gate = FaultGate::new(1, Faults::only(FaultKind::MediaFlippedBit));
        assert_eq!(gate.draw(RPC, 1), None);
        assert_eq!(gate.draw(Place::Media, 1), Some(FaultKind::MediaFlippedBit));
    }
}
