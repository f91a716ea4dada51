//! What goes into the store and what a claim brings out of it.

mod download;
mod image;
mod recorded;
mod retried;

pub use super::moves::Moved;
pub use download::{DownloadRecord, FailedMedia};
pub use image::MatchImage;
pub use recorded::Recorded;
pub use retried::RetryVerdict;

use super::rows::storable;
use crate::domain::{
    alarm::Alarm,
    answer::{AnswerRow, Endpoint},
    attempt::{Attempt, Counts},
    digest::Sha256,
    id::{MediaId, VerificationId},
    identity::IdentityRow,
    lease::{Lane, Lease},
    lessons::Lessons,
    media::{MediaRow, Slot, StoredMedia},
    plan::{Missing, Outcome, Proof},
    progress::Progress,
    time::{Span, Time},
    token::{Late, State, Verification},
};

/// A token to be tracked, with its first step already planned.
#[derive(Clone, Debug)]
pub struct NewVerification {
    /// Its facts.
    pub verification: Verification,
    /// The business's own name for it.
    pub reference: Option<String>,
    /// Who told.
    pub tracked_by: String,
    /// Earliest end of the media retention.
    pub media_deadline: Time,
    /// Earliest end of the record retention.
    pub record_deadline: Time,
    /// Its first due time, or its end when it was told too late.
    pub next: Next,
    /// Whether `issued_at` was told, or assumed to be the moment of tracking: an assumed one
    /// conflicts with nothing.
    pub issued_at_told: bool,
}

/// What became of one token that was to be tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackVerdict {
    /// It is tracked now.
    New {
        /// Its identifier.
        verification_id: VerificationId,
        /// What may be forgotten of it already.
        late: Option<Late>,
    },
    /// It was tracked already, with the same facts.
    Known {
        /// Its identifier.
        verification_id: VerificationId,
        /// Where it stands.
        state: State,
    },
    /// It was tracked already with other facts, which stay.
    Conflict {
        /// Its identifier, as far as whoever tells may know it.
        verification_id: Option<VerificationId>,
        /// Which fact differs: `app`, `issued_at`, `plan_id` or `reference`.
        field: &'static str,
    },
}

/// What is known of a tracked token.
#[derive(Clone, Debug)]
pub struct KnownToken {
    /// Its identifier.
    pub verification_id: VerificationId,
    /// Its app.
    pub app: String,
    /// When it was issued.
    pub issued_at: Time,
    /// Whether that was told, or assumed to be the moment of tracking.
    pub issued_at_told: bool,
    /// The plan it was generated for.
    pub plan_id: Option<String>,
    /// The business's own name for it.
    pub reference: Option<String>,
    /// Where it stands.
    pub state: State,
    /// What is missing and why, once it is settled.
    pub missing: Vec<Missing>,
    /// Earliest end of the media retention.
    pub media_deadline: Time,
    /// Earliest end of the record retention.
    pub record_deadline: Time,
}

/// How far apart two times of issue of the same token may be told.
pub const SAME_TIME_WITHIN: Span = Span::minutes(5);

impl KnownToken {
    /// Which facts differ from what is told now, of `app`, `issued_at`, `plan_id` and `reference`.
    /// What is not told conflicts with nothing, nor does a time of issue within
    /// [`SAME_TIME_WITHIN`]: lists are written in seconds or minutes, and by other clocks.
    #[must_use]
    pub fn differs(
        &self,
        app: &str,
        issued_at: Option<Time>,
        plan_id: Option<&str>,
        reference: Option<&str>,
    ) -> Vec<&'static str> {
        let other = |told: Option<&str>, known: Option<&str>| {
            told.is_some_and(|told| Some(storable(told).as_str()) != known)
        };
        let facts = [
            ("app", other(Some(app), Some(&self.app))),
            (
                "issued_at",
                self.issued_at_told
                    && issued_at.is_some_and(|told| {
                        let between = told.since(self.issued_at).0.unsigned_abs();
                        between > SAME_TIME_WITHIN.0.unsigned_abs()
                    }),
            ),
            ("plan_id", other(plan_id, self.plan_id.as_deref())),
            ("reference", other(reference, self.reference.as_deref())),
        ];
        facts
            .into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(field, _)| field)
            .collect()
    }
}

/// How a verification goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It stays open.
    Due {
        /// When to look at it again.
        due_at: Time,
        /// What orders it among others: when the next thing of it is forgotten.
        deadline: Time,
        /// `waiting` or `collecting`.
        state: State,
        /// What of the queue it stands in.
        lane: Lane,
    },
    /// It is settled, and leaves the schedule. Media still wanted become lost.
    Settled {
        /// How.
        outcome: Outcome,
        /// What is missing and why; empty for a whole archive.
        missing: Vec<Missing>,
    },
}

/// Which rows to claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The instant that decides what is due.
    pub now: Time,
    /// How long the leases run.
    pub lease: Span,
    /// How many rows at most.
    pub limit: i64,
    /// Only verifications of these apps; all when empty.
    pub apps: Vec<String>,
    /// How many of them belong to what is late, where so much of it is due; the rest belongs to the
    /// living, and what either lane does not take, to the other.
    pub late: i64,
    /// After this many claims in a row without completion a row waits longer each time (a poison
    /// item).
    pub patience: i64,
}

/// A claimed poll with all that its step needs.
#[derive(Clone, Debug)]
pub struct PollWork {
    /// The right to it.
    pub lease: Lease,
    /// Whose.
    pub verification: Verification,
    /// Polls recorded of it so far.
    pub polls: i64,
    /// What is known.
    pub progress: Progress,
    /// Its media.
    pub media: Vec<MediaRow>,
    /// (endpoint, SHA-256) of the answers kept so far.
    pub answers: Vec<(Endpoint, Sha256)>,
}

/// A claimed download with all that its step needs.
#[derive(Clone, Debug)]
pub struct DownloadWork {
    /// The right to it.
    pub lease: Lease,
    /// Whose.
    pub verification: Verification,
    /// Polls recorded of it so far.
    pub polls: i64,
    /// What is known.
    pub progress: Progress,
    /// Its media, wanted or not.
    pub media: Vec<MediaRow>,
    /// (endpoint, SHA-256) of the answers kept so far.
    pub answers: Vec<(Endpoint, Sha256)>,
}

/// One call made at the provider about a verification, for the history that proves what was asked
/// when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// The app that was asked, whose quota it used.
    pub app: String,
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// When the answer was here, or given up.
    pub at: Time,
    /// `ok`, or [`crate::domain::answer::ErrorKind::name`].
    pub result: &'static str,
    /// The provider's code.
    pub code: Option<String>,
    /// Of the answer's body, where it is kept.
    pub sha256: Option<Sha256>,
}

/// A medium to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedMedia {
    /// Its identifier.
    pub media_id: MediaId,
    /// Which medium.
    pub slot: Slot,
}

/// A medium that no row knows yet and that is in the vault already: it came inside an answer, or was
/// fetched at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledSlot {
    /// Which medium.
    pub slot: Slot,
    /// The object.
    pub stored: StoredMedia,
}

/// A download to be scheduled with the poll that told of its media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadStart {
    /// When.
    pub due_at: Time,
    /// What orders it.
    pub deadline: Time,
    /// Handed to this process at once when it has room: (token, until). It is not granted where
    /// another download of the verification is leased, which keeps its lease, or where anything was
    /// recorded of the verification that the poll did not know of: the download is then claimed with
    /// what is known by then. [`Recorded::is_download_granted`] says so.
    pub lease: Option<(String, Time)>,
}

/// All that a poll brought.
#[derive(Clone, Debug)]
pub struct PollRecord {
    /// The right to write it.
    pub lease: Lease,
    /// When.
    pub at: Time,
    /// That nothing was recorded of the verification before: no call, attempt, medium or answer.
    pub is_first: bool,
    /// What is known now.
    pub progress: Progress,
    /// Answers to keep.
    pub answers: Vec<AnswerRow>,
    /// Calls made.
    pub calls: Vec<CallRow>,
    /// Attempts with their identity columns; replace what was known of the same number.
    pub attempts: Vec<(Attempt, IdentityRow)>,
    /// The sums of getall.
    pub counts: Option<Counts>,
    /// Media to fetch.
    pub wanted: Vec<WantedMedia>,
    /// Media that are here already.
    pub filled: Vec<FilledSlot>,
    /// Rows to delete, since the same bytes are there as another medium of the verification; the last
    /// that is stored of them stays.
    pub same: Vec<MediaId>,
    /// Schedules the download stage.
    pub download: Option<DownloadStart>,
    /// What it teaches of the app.
    pub lessons: Lessons,
    /// Shown in `report_verifications.last_error`; none clears it.
    pub last_error: Option<String>,
    /// How it goes on.
    pub next: Next,
    /// What it is settled on, where that is no loss and nothing was captured.
    pub proof: Option<Proof>,
    /// Gives it to another app, notes so as an event and ends its alarm `wrong_app`.
    pub moved: Option<Moved>,
    /// Raised in the same transaction.
    pub alarms: Vec<Alarm>,
}

impl PollRecord {
    /// A record that brings nothing yet and is due again at once.
    #[must_use]
    pub fn begin(lease: Lease, progress: Progress, at: Time) -> Self {
        Self {
            lease,
            at,
            is_first: false,
            progress,
            answers: Vec::new(),
            calls: Vec::new(),
            attempts: Vec::new(),
            counts: None,
            wanted: Vec::new(),
            filled: Vec::new(),
            same: Vec::new(),
            download: None,
            lessons: Lessons::default(),
            last_error: None,
            next: Next::Due {
                due_at: at,
                deadline: at,
                state: State::Waiting,
                lane: Lane::Living,
            },
            proof: None,
            moved: None,
            alarms: Vec::new(),
        }
    }
}
