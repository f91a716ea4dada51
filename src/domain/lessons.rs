//! What the answers about an app's tokens teach about the app: what its unused tokens answer, which of its plans are filmed, and when it was
//! last given data. Each lesson says from which token and when, so that a person can look into it.

use super::time::Time;

/// How it is known that nobody had used the token when it answered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Verikeep had it generated, and its window was still open.
    IssuedHere,
    /// Its first attempt is later than the answer.
    VerifiedLater,
}

impl Origin {
    /// The name in `unused_signatures.origin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IssuedHere => "issued_here",
            Self::VerifiedLater => "verified_later",
        }
    }

    /// The origin of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::IssuedHere, Self::VerifiedLater].into_iter().find(|origin| origin.name() == name)
    }
}

/// A token that nobody had used was seen to answer so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnusedSignature {
    /// The configured app.
    pub app: String,
    /// [`super::answer::Problem::signature`] of the answer.
    pub signature: String,
    /// Whose answer.
    pub verification_id: String,
    /// When it was given.
    pub seen_at: Time,
    /// How it is known that the token was unused.
    pub origin: Origin,
}

/// A plan whose tokens are filmed: media/query listed images or a video of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilmedPlan {
    /// The configured app.
    pub app: String,
    /// The plan; empty for tokens that were told without one.
    pub plan_id: String,
    /// When it was first seen.
    pub seen_at: Time,
}

/// An app's token was answered with data by getall.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataSeen {
    /// The configured app.
    pub app: String,
    /// When that last happened.
    pub at: Time,
}

/// Lessons of any number of apps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lessons {
    /// What unused tokens answered.
    pub unused: Vec<UnusedSignature>,
    /// Which plans are filmed.
    pub filmed: Vec<FilmedPlan>,
    /// When each app last got data.
    pub data_seen: Vec<DataSeen>,
}

impl Lessons {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unused.is_empty() && self.filmed.is_empty() && self.data_seen.is_empty()
    }
}
