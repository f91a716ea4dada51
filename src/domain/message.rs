//! What is told to people through a [`Channel`](super::channel::Channel): facts, not yet words.
//!
//! Nothing of a person, no token and no URL is in it: alarms have none.

use super::{
    alarm::Kind,
    time::{Span, Time},
    token::State,
};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When it was put together.
    pub at: Time,
    /// What it is about.
    pub about: About,
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// That messages arrive.
    Test,
    /// Alarms, the most urgent first: several that began or ended close together share a message.
    Alarms(Vec<Told>),
    /// The day that is over.
    Daily(Daily),
}

/// What has become of an alarm since it was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// It has begun; it may be over already.
    Begun,
    /// It lasts: so many times it was told before.
    Lasts(i64),
    /// It is over.
    Ended,
}

/// An alarm as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What has become of it.
    pub event: Event,
    /// What kind; its [`Entry`](super::alarm::Entry) says what it means and what to do.
    pub kind: Kind,
    /// What it is about: an app, an account, a verification_id, a part of the service.
    pub subject: String,
    /// What happened, in English, as it stands in the database.
    pub text: String,
    /// When it began.
    pub since: Time,
    /// When it ended; none while it is open.
    pub ended_at: Option<Time>,
    /// How often it was raised.
    pub times: i64,
}

/// The figures of an app and a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The app.
    pub app: String,
    /// Tokens told.
    pub told: i64,
    /// Verifications archived.
    pub archived: i64,
    /// Verifications that ended otherwise and are no loss: never used, refused, never seen.
    pub other: i64,
    /// Verifications lost, wholly or in part.
    pub lost: i64,
    /// Verifications open now.
    pub open: i64,
    /// The least time that was left at the provider when something was captured that day.
    pub least_left: Option<Span>,
    /// Calls made, and what the quota would have allowed.
    pub calls: (i64, i64),
}

impl Figures {
    /// Adds so many that were settled with a state, and the least time that was left for them.
    pub fn settle(&mut self, state: State, count: i64, least_left: Option<Span>) {
        match state {
            State::Archived => self.archived += count,
            state if state.is_loss() => self.lost += count,
            _ => self.other += count,
        }
        self.least_left = self.least_left.into_iter().chain(least_left).min();
    }
}

/// The report of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daily {
    /// The day in Beijing, `2026-01-31`.
    pub day: String,
    /// An app each.
    pub apps: Vec<Figures>,
    /// Alarms that are open now, the most urgent first.
    pub open: Vec<Told>,
}

/// Why a message was not delivered, or not to everybody: a text fit for logs, alarms and `status`,
/// without any URL, secret or person's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct NotSent {
    text: String,
    is_lasting: bool,
}

impl NotSent {
    /// Trying again may help.
    pub fn for_now(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_lasting: false,
        }
    }

    /// Trying again does not help before a person has changed something.
    pub fn lasting(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_lasting: true,
        }
    }

    /// Whether a person has to change something before it can be delivered.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        self.is_lasting
    }
}
