//! The policy of one app: how long the provider keeps what, and what is wanted of it.

use super::{
    answer::Endpoint,
    media::Kind,
    time::{Span, Time},
};

/// What the plan needs to know of an app's configuration. Everything between the windows is derived
/// from them, so that windows of seconds work like windows of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long after issue a person can verify (provider: 2 h).
    pub verify_window: Span,
    /// How long after the end of verification results are kept (provider: 3 d).
    pub record_retention: Span,
    /// How long after the end of verification videos are kept (provider: 1 d).
    pub media_retention: Span,
    /// From issue to the first poll.
    pub first_poll: Span,
    /// From the end of the verification window to the poll that decides.
    pub final_grace: Span,
    /// What to ask; getall always is.
    pub fetch: Vec<Endpoint>,
    /// Whether a missing video is a loss.
    pub video_expected: bool,
    /// Whether a token that another app of the account lists attempts of is given to that app
    /// without a person.
    pub reassign: bool,
    /// Codes that no document explains and that a person vouches for: what tokens of the app answer
    /// that nobody has used.
    pub unused_codes: Vec<String>,
}

impl Policy {
    /// The windows that the provider documents (provider.md §1), and what is asked by default.
    #[must_use]
    pub fn documented() -> Self {
        Self {
            verify_window: Span::hours(2),
            record_retention: Span::hours(72),
            media_retention: Span::hours(24),
            first_poll: Span::minutes(3),
            final_grace: Span::minutes(5),
            fetch: vec![Endpoint::Getall, Endpoint::Detail, Endpoint::Media],
            video_expected: true,
            reassign: true,
            unused_codes: Vec::new(),
        }
    }

    /// Whether this endpoint is to be asked.
    #[must_use]
    pub fn wants(&self, endpoint: Endpoint) -> bool {
        self.fetch.contains(&endpoint)
    }

    /// What counts as a day where something has to be seen on several: a third of the record
    /// retention (provider: 24 h).
    #[must_use]
    pub fn day(&self) -> Span {
        self.record_retention.part(3)
    }

    /// From issue to the first poll: as configured, but no later than an eighth of the window.
    #[must_use]
    pub fn first_poll(&self) -> Span {
        Span(self.first_poll.0.min(self.verify_window.0 / 8).max(1))
    }

    /// From the window's end to the deciding poll: as configured, but within a quarter of what then
    /// remains of the shortest retention.
    #[must_use]
    pub fn final_grace(&self) -> Span {
        let left = self.media_retention.0.min(self.record_retention.0) - self.verify_window.0;
        let bound = if left > 0 {
            left / 4
        } else {
            self.verify_window.0 / 8
        };
        Span(self.final_grace.0.min(bound).max(0))
    }

    /// When nobody can verify any more.
    #[must_use]
    pub fn window_end(&self, issued_at: Time) -> Time {
        issued_at.plus(self.verify_window)
    }

    /// The earliest reading of the record retention: counted from issue. Orders all work.
    #[must_use]
    pub fn record_deadline(&self, issued_at: Time) -> Time {
        issued_at.plus(self.record_retention)
    }

    /// The earliest reading of the media retention: counted from issue. Orders all work.
    #[must_use]
    pub fn media_deadline(&self, issued_at: Time) -> Time {
        issued_at.plus(self.media_retention)
    }

    /// The earliest end of a medium of that kind.
    #[must_use]
    pub fn deadline_of(&self, kind: Kind, issued_at: Time) -> Time {
        if kind.has_short_life() {
            self.media_deadline(issued_at)
        } else {
            self.record_deadline(issued_at)
        }
    }
}
