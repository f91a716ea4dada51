//! What a download brought.

use std::collections::BTreeSet;

use super::data::{Data, Kept};
use crate::{
    domain::{
        alarm::Kind,
        lease::{Lane, Stage},
        loss::Reason,
        media::MediaState,
        plan::Outcome,
        time::Time,
    },
    store::{
        Result,
        records::{DownloadRecord, FailedMedia, Recorded},
    },
};

impl Data {
    /// Writes all that a download brought, reschedules or ends it, and wakes the poll.
    pub(super) fn record_download(&mut self, record: DownloadRecord) -> Result<Recorded> {
        let at = record.at;
        let (mut objects, brings) = (brought(&record), record.brings());
        let mut kept = self.held(&record.lease)?;
        let mut is_settled = false;
        let again = record.again;
        let again = again.map(|(due_at, deadline)| (due_at, deadline, Lane::Living));
        let woken = kept.complete(Stage::Download, at, again);
        for stored in record.stored {
            let captured_at = stored.captured_at;
            let Some(medium) = kept.medium(stored.media_id) else {
                continue;
            };
            let slot = medium.row.slot.clone();
            if medium.fill(stored) {
                kept.time_left(kept.deadline_of(&slot), captured_at);
            }
        }
        kept.forget(&record.same);
        for failed in record.failed {
            kept.fail(failed, at);
        }
        // Media that a poll has added meanwhile are due now.
        if record.again.is_none() && !(woken && kept.wants_media()) {
            kept.schedule.remove(&Stage::Download);
            is_settled = kept.is_whole(record.archives);
            if !is_settled {
                kept.wake(Stage::Poll, at);
            }
        } else if brings {
            kept.tell(Stage::Poll);
        }
        kept.keep(record.answers);
        kept.sum_up(&record.calls);
        if is_settled {
            kept.report.last_error = None;
            kept.settle(Outcome::Archived, Vec::new(), at);
        }

        objects.extend(self.put(kept)?);
        self.use_quota(&record.calls);
        if record.lease.claims > 1 {
            self.alarms
                .clear(Kind::Poison, &record.lease.verification_id.to_string(), at);
        }
        for alarm in &record.alarms {
            self.alarms.raise(alarm, at);
        }
        Ok(Recorded {
            is_settled,
            unnamed: self.unnamed(objects),
            ..Recorded::default()
        })
    }
}

/// The objects that came with it.
fn brought(record: &DownloadRecord) -> BTreeSet<String> {
    let stored = record.stored.iter().map(|stored| &stored.object);
    let answers = record.answers.iter();
    let answers = answers.filter_map(|answer| answer.body.object());
    let objects = stored.chain(answers);
    objects.map(|object| object.object_key.clone()).collect()
}

impl Kept {
    /// Notes a try of a medium that failed.
    fn fail(&mut self, failed: FailedMedia, at: Time) {
        let medium = self.medium(failed.media_id);
        let Some(medium) = medium.filter(|medium| medium.row.state == MediaState::Wanted) else {
            return;
        };
        medium.row.tries += 1;
        medium.row.last_error = Some(failed.why);
        medium.row.fails = Some(Reason {
            cause: failed.cause,
            from: medium.row.fails.and_then(|fails| fails.from).or(Some(at)),
            to: Some(at),
        });
        medium.row.refused_sha256 = medium.row.refused_sha256.take().or(failed.refused_sha256);
    }

    /// Whether nothing is known of it, nor runs, that a download did not know of, which says that it
    /// is whole after so many polls.
    fn is_whole(&self, polls: Option<i64>) -> bool {
        let poll = self.schedule.get(&Stage::Poll);
        polls == Some(self.report.polls)
            && poll.is_some_and(|poll| poll.lease.is_none() && !poll.woken)
            && !self.wants_media()
    }
}
