//! The edge to SQL: SQLite and PostgreSQL from one text.
//!
//! One verb is one whole transaction, and no transaction object leaves this module. Verbs concern
//! one verification each; the store may put those of many into one transaction (group commit), so
//! that their cost is shared. Nothing here decides: what to write, when a row is due and how a
//! verification ends comes in as values.

mod commit;
mod connect;
mod dialect;
mod errors;
mod migrate;
pub mod records;
pub mod reports;
mod rows;
mod sql;
mod transact;

use async_trait::async_trait;

use crate::domain::{
    alarm::Alarm,
    installation::{Database, Installation},
    lease::{Lease, Stage},
    lessons::Lessons,
    secret::Secret,
    time::Time,
};
pub use connect::{open, open_to_read};
pub use migrate::{MigrationReport, SchemaReport, check_schema, migrate};
use records::{
    Claim, DownloadRecord, DownloadWork, KnownToken, NewVerification, PollRecord, PollWork,
    RetryVerdict, TrackVerdict,
};
use reports::{AlarmRow, Filter, Reconciliation, Status, Summary, Whole};

/// Why a verb did not take place. Named by what the caller can do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is busy or full: wait and try again. Nothing was written, or
    /// a repeat changes nothing.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Somebody else has claimed the row since: drop the work, it is being done.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database is not ours, or of another version: a person must act.
    #[error("{0}")]
    Schema(String),
    /// A row holds what it never should: a person must look.
    #[error("the database holds an impossible value: {0}")]
    Corrupt(String),
}

/// Shorthand of this module.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything the program asks of its database.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Answers with the database's own clock (for SQLite the machine's); shows that the database
    /// can be reached.
    async fn ping(&self) -> Result<Time>;

    /// Tracks tokens; idempotent. One verdict a row, in order. A token known with other facts is a
    /// conflict, and nothing is overwritten.
    async fn track(&self, rows: Vec<NewVerification>) -> Result<Vec<TrackVerdict>>;

    /// Claims polls that are due, the least time left first.
    async fn claim_polls(&self, claim: &Claim) -> Result<Vec<PollWork>>;

    /// Claims downloads that are due, the least time left first.
    async fn claim_downloads(&self, claim: &Claim) -> Result<Vec<DownloadWork>>;

    /// Writes all that a poll brought, its next due time or its settlement, and releases the lease:
    /// all or nothing.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the row was claimed by another since; then nothing of it is
    /// written.
    async fn record_poll(&self, record: PollRecord) -> Result<()>;

    /// The same for a download.
    ///
    /// # Errors
    /// As [`Store::record_poll`].
    async fn record_download(&self, record: DownloadRecord) -> Result<()>;

    /// Prolongs a lease.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the row was claimed by another since.
    async fn renew(&self, lease: &Lease, until: Time) -> Result<()>;

    /// Gives leases back unused: due at once, the claim not counted. Lost leases are passed over.
    async fn release(&self, leases: Vec<Lease>, now: Time) -> Result<()>;

    /// When the next row of this stage is due that belongs to one of these apps (all when empty).
    async fn next_due(&self, stage: Stage, apps: &[String]) -> Result<Option<Time>>;

    /// Wakes verifications that wait for a person: settled ones that are no loss-free end go back
    /// to `waiting` or `collecting`, open ones become due at once. With `app` they are assigned to
    /// it first. Recorded with who did it.
    async fn retry(
        &self,
        tokens: &[String],
        app: Option<&str>,
        actor: &str,
        now: Time,
    ) -> Result<Vec<RetryVerdict>>;

    /// What was learned of all apps.
    async fn lessons(&self) -> Result<Lessons>;

    /// What the database belongs to.
    async fn installation(&self) -> Result<Database>;

    /// Remembers what the database belongs to and its index key; what stands already stays. Brings
    /// what stands then.
    async fn begin_installation(&self, drawn: &Installation, now: Time) -> Result<Installation>;

    /// How many attempts with an ID number were indexed with another key than this one (its
    /// [`IndexKey::id`](crate::domain::identity::IndexKey::id)), or with none: no look-up finds
    /// them.
    async fn indexed_otherwise(&self, index_key_id: &str) -> Result<i64>;

    /// Raises an alarm; true when none of its kind and subject was open.
    async fn raise(&self, alarm: &Alarm, now: Time) -> Result<bool>;

    /// Ends an alarm; true when one was open.
    async fn clear(
        &self,
        kind: crate::domain::alarm::Kind,
        subject: &str,
        now: Time,
    ) -> Result<bool>;

    /// Open alarms, oldest first.
    async fn alarms(&self) -> Result<Vec<AlarmRow>>;

    /// The figures for `status` and the service metrics, as of `now`.
    async fn status(&self, now: Time) -> Result<Status>;

    /// Tracked verifications, newest first.
    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>>;

    /// What is known of each of these verify_tokens, in order; none of one that is not tracked.
    async fn known(&self, tokens: &[Secret]) -> Result<Vec<Option<KnownToken>>>;

    /// Remembers what a comparison with the business's own list found.
    async fn record_reconciliation(&self, found: &Reconciliation) -> Result<()>;

    /// One verification whole, by verify_token or verification_id.
    async fn show(&self, handle: &str) -> Result<Option<Whole>>;

    /// Lets go of what the database gathers over time: calls of settled verifications become sums,
    /// old figures of the quota go, SQLite is optimized and its log emptied.
    async fn tidy(&self) -> Result<()>;

    /// Closes the connections; waits for verbs under way.
    async fn close(&self);
}
