//! What channels were told of alarms: the outbox.

use async_trait::async_trait;

use crate::{
    domain::notice::{Notice, Standing},
    domain::time::Time,
    store::{Connection, Result},
};

/// All that is kept of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// The channel's name.
    pub channel: String,
    /// How often in a row sending has failed.
    pub fails: i64,
    /// Before this nothing is sent, since it failed; none when it did not.
    pub retry_at: Option<Time>,
    /// When something was sent last.
    pub sent_at: Option<Time>,
    /// When the day began, in Beijing, that was reported last; none before there was one to report.
    pub report: Option<Time>,
    /// What it was told, and is to be told.
    pub notices: Vec<Notice>,
}

impl Mailbox {
    /// That of a channel which nobody has told anything yet.
    #[must_use]
    pub fn of(channel: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            ..Self::default()
        }
    }
}

/// The outbox, a mailbox a channel.
#[async_trait]
pub trait Notices: Connection {
    /// The mailboxes of these channels, in their order; an empty one of those that have none.
    async fn mailboxes(&self, channels: &[String]) -> Result<Vec<Mailbox>>;

    /// Alarms that no mailbox has heard of, open or over, by their number.
    async fn unheard(&self) -> Result<Vec<(i64, Standing)>>;

    /// Puts these in the place of the mailboxes of the same channels, and notes that alarms of these
    /// numbers were heard of.
    async fn keep_mailboxes(&self, mailboxes: &[Mailbox], heard: &[i64]) -> Result<()>;
}
