//! Jobs of the whole service: of all processes on one database, one does each when it is due.

use async_trait::async_trait;

use crate::{
    domain::time::{Span, Time},
    store::{Connection, Result},
};

/// How far ahead of the database's clock the instant of a schedule may lie. One that lies further
/// was begun by a process whose clock is wrong, and keeps nobody from an earlier one.
pub(in crate::store) const AHEAD: Span = Span::minutes(1);

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which job.
    pub job: String,
    /// The instant of its schedule. It is this, not when a process comes to it, that is begun once:
    /// clocks and loads differ.
    pub scheduled_at: Time,
    /// Drawn afresh for each turn.
    pub token: String,
}

/// Who does which job, a row each.
#[async_trait]
pub trait Jobs: Connection {
    /// Takes a turn for so long by the database's clock (for SQLite the machine's), or prolongs it
    /// where it is held already. False when this instant, or a later one, was begun by another, or
    /// when another holds the turn of an earlier one.
    async fn take_job(&self, turn: &Turn, lease: Span) -> Result<bool>;

    /// Ends a turn, and keeps whether it was done; false, and nothing is kept, when another has
    /// taken the job since.
    async fn end_job(&self, turn: &Turn, ok: bool) -> Result<bool>;
}
