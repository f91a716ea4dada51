//! What the program asks of its database: one trait a noun, one file a trait, one verb one
//! transaction.

mod accesses;
mod alarms;
mod connection;
mod hours;
mod installations;
mod jobs;
mod keys;
mod lessons;
mod losses;
mod notices;
mod objects;
mod queue;
mod quotas;
mod reports;
mod requests;
mod retries;
mod tracking;
mod upkeep;

pub use accesses::Accesses;
pub use alarms::{ANYBODY, AlarmStore};
pub use connection::Connection;
pub use hours::Hours;
pub use installations::Installations;
pub(in crate::store) use jobs::AHEAD;
pub use jobs::{Jobs, Turn};
pub use keys::{Keys, Revocation};
pub use lessons::LessonStore;
pub use losses::Losses;
pub use notices::{Mailbox, Notices};
pub use objects::Objects;
pub use queue::Queue;
pub use quotas::Quotas;
pub use reports::Reports;
pub use requests::{Begun, Done, Requests};
pub use retries::Retries;
pub use tracking::Tracking;
pub use upkeep::Upkeep;

/// All nouns of one database, for those who open it and hand each part what it may touch: an
/// `Arc<dyn Store>` becomes an `Arc<dyn Queue>` where one is wanted.
pub trait Store:
    Tracking
    + Queue
    + Retries
    + AlarmStore
    + LessonStore
    + Losses
    + Notices
    + Reports
    + Installations
    + Keys
    + Requests
    + Accesses
    + Quotas
    + Jobs
    + Hours
    + Objects
    + Upkeep
{
}

impl<S> Store for S where
    S: Tracking
        + Queue
        + Retries
        + AlarmStore
        + LessonStore
        + Losses
        + Notices
        + Reports
        + Installations
        + Keys
        + Requests
        + Accesses
        + Quotas
        + Jobs
        + Hours
        + Objects
        + Upkeep
{
}
