//! The outbox.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::notice::Standing,
    store::{Mailbox, Notices, Result},
};

#[async_trait]
impl Notices for MemoryStore {
    async fn mailboxes(&self, channels: &[String]) -> Result<Vec<Mailbox>> {
        self.verb(|data| {
            let found = |channel: &String| data.mailboxes.get(channel).cloned();
            Ok(channels
                .iter()
                .map(|channel| found(channel).unwrap_or_else(|| Mailbox::of(channel)))
                .collect())
        })
    }

    async fn unheard(&self) -> Result<Vec<(i64, Standing)>> {
        self.verb(|data| Ok(data.alarms.unheard()))
    }

    async fn keep_mailboxes(&self, mailboxes: &[Mailbox], heard: &[i64]) -> Result<()> {
        self.verb(|data| {
            for mailbox in mailboxes {
                let mut mailbox = mailbox.clone();
                let key = |notice: &crate::domain::notice::Notice| {
                    (notice.alarm.kind.name(), notice.alarm.subject.clone())
                };
                mailbox.notices.sort_by_key(key);
                data.mailboxes.insert(mailbox.channel.clone(), mailbox);
            }
            data.alarms.hear(heard);
            Ok(())
        })
    }
}
