//! The edge to SQL: SQLite and PostgreSQL from one text.
//!
//! One verb is one whole transaction, and no transaction object leaves this module. Verbs concern
//! one verification each; the store may put those of many into one transaction (group commit), so
//! that their cost is shared. Nothing here decides: what to write, when a row is due and how a
//! verification ends comes in as values.
//!
//! What can be asked stands in small traits, one a noun: [`Tracking`], [`Queue`], [`Retries`],
//! [`AlarmStore`], [`LessonStore`], [`Losses`], [`Notices`], [`Reports`], [`Installations`], [`Keys`],
//! [`Requests`], [`Accesses`], [`Quotas`], [`Jobs`], [`Hours`], [`Objects`], [`Upkeep`]. [`Store`] is their sum. Whoever
//! asks takes the one noun it needs, so that its signature tells what it may touch and a test can
//! stand in for it with a few lines. A model of the whole store in memory ([`memory`])
//! passes the same tests as the databases do.
//!
//! # To add a verb
//!
//! Write its signature and docs into the trait of its noun (`traits/<noun>.rs`): values in, values
//! out, and under `# Errors` what the caller can do. Write the statements as a plain function over a
//! connection in the file of their table (`sql/<table>.rs`), and the few lines that give it a
//! transaction into the `impl` of the trait: `reading`, `writing`, or, where many tasks call at
//! once, a `Work` of the group commit (`sql/batch.rs`). Text that differs between the databases goes
//! into `dialect.rs`. Say the same once more, as simply as can be, in the model (`memory/<noun>.rs`).
//! Write its test over `&dyn Store` in `tests/it/store`, where it runs on SQLite, on PostgreSQL and
//! on the model. A new noun is a new file and a new term of the sum in `traits/mod.rs`.

mod bind;
mod commit;
mod connect;
mod dialect;
mod errors;
pub mod memory;
mod migrate;
mod moves;
mod over;
mod pooler;
pub mod records;
pub mod reports;
mod rights;
mod rows;
mod sound;
mod sql;
mod target;
mod traits;
mod transact;

pub use connect::{open, open_to_read};
#[cfg(test)]
pub(crate) use connect::{open_dying, run_past_the_product};
pub use migrate::{MigrationReport, SchemaReport, check_schema, migrate};
pub use pooler::check_pooler;
pub use rights::check_rights;
pub use sound::{Depth, check_sound};
pub use traits::{
    ANYBODY, Accesses, AlarmStore, Begun, Connection, Done, Hours, Installations, Jobs, Keys,
    LessonStore, Losses, Mailbox, Notices, Objects, Queue, Quotas, Reports, Requests, Retries,
    Revocation, Store, Tracking, Turn, Upkeep,
};

/// Why a verb did not take place. Named by what the caller can do. Where a way out is known, it
/// stands behind the reason and a `; `.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is busy or full: wait and try again. Nothing was written, or
    /// a repeat changes nothing.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Somebody else has claimed the row since: drop the work, it is being done.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database is not ours, of another version, or lacks what its migrations made: a person must
    /// act.
    #[error("{0}")]
    Schema(String),
    /// A row holds what it never should: a person must look.
    #[error("the database holds an impossible value: {0}")]
    Corrupt(String),
    /// The file or the pages of the database are damaged, or it is no database at all: a person must
    /// restore it.
    #[error("the database is damaged: {0}")]
    Damaged(String),
}

/// A row claimed more often than this in a row without completion is an alarm of its own: its step
/// dies, or cannot be written.
const POISONED_BEYOND: i64 = 5;

/// Shorthand of this module.
pub type Result<T> = std::result::Result<T, StoreError>;
