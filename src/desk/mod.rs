//! What people and programs ask of the archive: one trait, whoever asks and wherever they are.
//!
//! Promised: what was tracked is committed before the answer; a verb that did not take place says
//! so as an [`Error`], and repeating it is safe. Who may ask is not decided here.

mod charges;
pub mod compare;
mod issue;
mod local;
mod look;
mod remote;
mod search;
pub mod wire;

use async_trait::async_trait;

pub use crate::archive::{
    issue::{IssueError, Wish, WrongWish},
    track::Tracked,
};
pub use compare::Compared;
pub use issue::Given;
pub use local::Local;
pub use look::Look;
pub use remote::{Remote, RemoteError};
pub use search::{Found, Search};

use crate::{
    domain::{
        id::VerificationId,
        installation::Foreign,
        once::Once,
        secret::Secret,
        time::{Span, Time},
        token::TrackRequest,
    },
    store::{
        StoreError,
        records::RetryVerdict,
        reports::{
            AlarmRow, Filter, LossFilter, LossReport, Reconciliation, Status, Summary, Whole,
        },
    },
};

/// Why a verb did not take place.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for is wrong: nothing was done.
    #[error(transparent)]
    Wrong(#[from] WrongWish),
    /// No token was given out.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// A field of what was asked is wrong: nothing was done.
    #[error("{field}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong with it, without its value.
        why: String,
    },
    /// Nobody can be looked up by an ID number.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// The key has looked for persons too often today, for as long as this.
    #[error("too many searches today, for {0}")]
    TooOften(Span),
    /// The same request is under way.
    #[error("the same request is under way")]
    Running,
    /// Another request was made under the same `Idempotency-Key`.
    #[error("another request was made under the same Idempotency-Key")]
    Other,
    /// What was under way is gone: whether it was done is not known.
    #[error("it was cut off: {0}")]
    Lost(String),
    /// The daemon that was asked did not do it.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The desk stands over the rows alone.
    #[error("tokens cannot be told here: only the rows are there")]
    RowsAlone,
}

/// What a verb brings.
pub type Result<T> = std::result::Result<T, Error>;

/// What somebody names a verification by.
#[derive(Clone, Debug)]
pub enum Handle {
    /// Our identifier.
    Id(VerificationId),
    /// The provider's token.
    Token(Secret),
}

impl Handle {
    /// What a text names.
    #[must_use]
    pub fn read(text: &Secret) -> Self {
        let text = text.reveal().trim();
        text.parse()
            .map_or_else(|_| Self::Token(Secret::new(text)), Self::Id)
    }
}

/// The verbs.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// The time that the archive goes by.
    fn now(&self) -> Time;

    /// The apps that tokens can be told of.
    async fn apps(&self) -> Result<Vec<String>>;

    /// Tracks tokens, one answer each, in order; idempotent.
    async fn track(&self, told: Vec<TrackRequest>) -> Result<Vec<Tracked>>;

    /// Tracked verifications, newest first.
    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>>;

    /// One verification whole; none of that name is tracked.
    async fn show(&self, handle: &Handle) -> Result<Option<Whole>>;

    /// Wakes verifications that wait for a person, as another app's where one is named; one answer
    /// each, in order. Over the network `by` is whoever the key is called by, here and below.
    async fn retry(
        &self,
        handles: &[Handle],
        app: Option<&str>,
        by: &str,
    ) -> Result<Vec<RetryVerdict>>;

    /// Compares tokens of the business's own list with what is tracked, and tracks those that never
    /// were if it is to; one answer each, in order.
    async fn compare(&self, listed: &[TrackRequest], track: bool) -> Result<Vec<Compared>>;

    /// Remembers what a comparison found.
    async fn record(&self, found: &Reconciliation) -> Result<()>;

    /// The figures.
    async fn status(&self) -> Result<Status>;

    /// Open alarms, oldest first.
    async fn alarms(&self) -> Result<Vec<AlarmRow>>;

    /// Notes that a person has seen an alarm; false when none of that number is open.
    async fn acknowledge_alarm(&self, alarm_id: i64, by: &str, note: &str) -> Result<bool>;

    /// What was lost, the newest first.
    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>>;

    /// Notes that a person has seen what was lost; brings how many things.
    async fn acknowledge_losses(&self, filter: &LossFilter, by: &str, note: &str) -> Result<i64>;

    /// Has the provider generate a token, and tracks it before it is given out. Asked again with the
    /// same `once` it gives out the same token.
    async fn issue(&self, wish: Wish, once: Option<Once>) -> Result<Given>;

    /// The verifications of a person. Whoever asks leaves a trace before anything is read.
    async fn search(&self, asked: Search) -> Result<Found>;

    /// What each of these verify_tokens is here, in order; none of one that is not tracked.
    async fn find(&self, tokens: &[Secret]) -> Result<Vec<Option<wire::Token>>>;
}
