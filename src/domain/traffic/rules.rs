//! Beyond which figures an alarm is raised. A rule that is `None` is off.

use crate::domain::{settled, time::Span};

/// The rules of an app.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// More attempts fail than usual.
    pub failure_rate: Option<FailureRate>,
    /// The provider's risk control speaks of an attempt.
    pub risk: Option<Risk>,
    /// More or fewer tokens are told than usual.
    pub volume: Option<Volume>,
    /// No tokens are told; off unless somebody says how long that may be.
    pub no_tokens: Option<NoTokens>,
    /// Tokens that nobody ever saw to exist.
    pub unknown_tokens: Option<UnknownTokens>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            failure_rate: Some(FailureRate::default()),
            risk: Some(Risk::default()),
            volume: Some(Volume::default()),
            no_tokens: None,
            unknown_tokens: Some(UnknownTokens::default()),
        }
    }
}

/// The share of failed attempts within an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureRate {
    /// Fewer attempts tell nothing.
    pub attempts: i64,
    /// More than so many of a hundred, and
    pub percent: i64,
    /// more than so many times the share of the seven days before, where those tell anything.
    pub times: i64,
}

impl Default for FailureRate {
    fn default() -> Self {
        Self {
            attempts: 20,
            percent: 30,
            times: 3,
        }
    }
}

/// Attempts with `risk_level` 1 or 2, or with a `spoofing_score` that is too high.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Risk {
    /// Above this; not looked at where there is none.
    pub spoofing: Option<f64>,
}

/// The tokens told within an hour, beside the median of the hours alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The greater of the two is no less than this: few may be chance.
    pub tokens: i64,
    /// One is more than so many times the other.
    pub times: i64,
}

impl Default for Volume {
    fn default() -> Self {
        Self {
            tokens: 20,
            times: 4,
        }
    }
}

/// A time in working hours without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTokens {
    /// So long.
    pub after: Span,
    /// The hour of the day in Beijing at which work begins,
    pub from: i64,
    /// and the one at which it ends.
    pub to: i64,
    /// Whether Saturdays and Sundays count.
    pub weekends: bool,
}

impl Default for NoTokens {
    fn default() -> Self {
        Self {
            after: Span::hours(2),
            from: 9,
            to: 18,
            weekends: false,
        }
    }
}

/// The share of tokens that were never seen to exist, among those settled in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownTokens {
    /// Fewer may be one person's slip.
    pub tokens: i64,
    /// So many times the share of the seven days before.
    pub times: i64,
}

impl Default for UnknownTokens {
    fn default() -> Self {
        Self {
            tokens: settled::FEW,
            times: settled::TIMES,
        }
    }
}
