//! What a key spends of its day, from midnight to midnight (UTC).

use super::time::Time;

/// How many new tokens a key may tell a day when nothing is said.
pub const USUAL_TOKENS: u32 = 1_000_000;

/// How many tokens a key may have generated a day when nothing is said.
pub const USUAL_ISSUES: u32 = 10_000;

/// What a key spends of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spends {
    /// New tokens that it tells.
    Tokens,
    /// Tokens that it has generated.
    Issues,
}

/// What a key spent on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Its midnight (UTC).
    pub day: Time,
    /// New tokens told.
    pub tokens: i64,
    /// Tokens generated.
    pub issues: i64,
}

impl Spent {
    /// Nothing on this day.
    #[must_use]
    pub const fn nothing(day: Time) -> Self {
        Self {
            day,
            tokens: 0,
            issues: 0,
        }
    }

    /// How much of this.
    #[must_use]
    pub const fn of(self, what: Spends) -> i64 {
        match what {
            Spends::Tokens => self.tokens,
            Spends::Issues => self.issues,
        }
    }

    /// The same, to be changed.
    pub const fn of_mut(&mut self, what: Spends) -> &mut i64 {
        match what {
            Spends::Tokens => &mut self.tokens,
            Spends::Issues => &mut self.issues,
        }
    }
}
