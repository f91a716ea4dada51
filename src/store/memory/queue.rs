//! The queue: claims and leases.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{
    MemoryStore,
    data::{Data, Kept, Scheduled},
};
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        id::VerificationId,
        lease::{Lane, Lease, Stage},
        random::fresh_id,
        time::{Span, Time},
    },
    store::{
        POISONED_BEYOND, Queue, Result, StoreError,
        records::{Claim, DownloadRecord, DownloadWork, PollRecord, PollWork, Recorded},
    },
};

#[async_trait]
impl Queue for MemoryStore {
    async fn claim_polls(&self, claim: &Claim) -> Result<Vec<PollWork>> {
        let work = |(lease, kept): (Lease, Kept)| PollWork {
            lease,
            media: kept.media_rows(),
            answers: kept.answers_kept(),
            verification: kept.told.verification,
            polls: kept.report.polls,
            progress: kept.progress,
        };
        self.verb(|data| {
            Ok(data
                .claim(Stage::Poll, claim)
                .into_iter()
                .map(work)
                .collect())
        })
    }

    async fn claim_downloads(&self, claim: &Claim) -> Result<Vec<DownloadWork>> {
        let work = |(lease, kept): (Lease, Kept)| DownloadWork {
            lease,
            media: kept.media_rows(),
            answers: kept.answers_kept(),
            verification: kept.told.verification,
            polls: kept.report.polls,
            progress: kept.progress,
        };
        self.verb(|data| {
            let claimed = data.claim(Stage::Download, claim);
            Ok(claimed.into_iter().map(work).collect())
        })
    }

    async fn record_poll(&self, record: PollRecord) -> Result<Recorded> {
        self.verb(|data| data.record_poll(record))
    }

    async fn record_download(&self, record: DownloadRecord) -> Result<Recorded> {
        self.verb(|data| data.record_download(record))
    }

    async fn renew(&self, lease: &Lease, until: Time) -> Result<()> {
        self.verb(|data| {
            let scheduled = data.leased(lease).ok_or(StoreError::LeaseLost)?;
            scheduled.lease = Some((lease.token.clone(), until));
            scheduled.due_at = scheduled.due_at.max(until);
            Ok(())
        })
    }

    async fn release(&self, leases: Vec<Lease>, now: Time) -> Result<()> {
        self.verb(|data| {
            for lease in &leases {
                if let Some(scheduled) = data.leased(lease) {
                    scheduled.due_at = now;
                    scheduled.lease = None;
                    scheduled.claims -= 1;
                    scheduled.woken = false;
                }
            }
            Ok(())
        })
    }

    async fn dues(&self, stage: Stage, apps: &[String], most: i64) -> Result<Vec<Time>> {
        self.verb(|data| {
            let of_stage = data
                .open()
                .filter(|(_, kept)| kept.is_of(apps))
                .filter_map(|(_, kept)| kept.schedule.get(&stage));
            let mut dues: Vec<Time> = of_stage.map(|scheduled| scheduled.due_at).collect();
            dues.sort_unstable();
            dues.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            Ok(dues)
        })
    }
}

impl Data {
    /// What is scheduled under a lease that holds.
    fn leased(&mut self, lease: &Lease) -> Option<&mut Scheduled> {
        let kept = self.verifications.get_mut(&lease.verification_id)?;
        if kept.holds(lease) {
            kept.schedule.get_mut(&lease.stage)
        } else {
            None
        }
    }

    /// Leases what is due, the least time left first.
    fn claim(&mut self, stage: Stage, claim: &Claim) -> Vec<(Lease, Kept)> {
        let mut due: Vec<(Time, VerificationId, Lane)> = self
            .open()
            .filter(|(_, kept)| kept.is_of(&claim.apps))
            .filter_map(|(id, kept)| Some((kept.schedule.get(&stage)?, id)))
            .filter(|(scheduled, _)| scheduled.due_at <= claim.now)
            .map(|(scheduled, id)| (scheduled.deadline, *id, scheduled.lane))
            .collect();
        due.sort_by_key(|(deadline, id, _)| (*deadline, *id));
        let due = shared_out(due, claim);
        let token = fresh_id(claim.now).to_string();
        let mut claimed = Vec::new();
        for (_, id, _) in due {
            let Some(kept) = self.verifications.get_mut(&id) else {
                continue;
            };
            let Some(scheduled) = kept.schedule.get_mut(&stage) else {
                continue;
            };
            let lease = Lease {
                verification_id: id,
                stage,
                token: token.clone(),
                until: claim.now.plus(claim.lease),
                claims: scheduled.claims + 1,
            };
            *scheduled = Scheduled {
                due_at: lease.until.plus(scheduled.pause(claim)),
                deadline: scheduled.deadline,
                lane: scheduled.lane,
                lease: Some((lease.token.clone(), lease.until)),
                claims: lease.claims,
                woken: false,
            };
            claimed.push((lease, kept.clone()));
        }
        for (lease, _) in &claimed {
            if lease.claims > POISONED_BEYOND {
                self.alarms.raise(&poison(lease), claim.now);
            }
        }
        claimed
    }
}

/// As many of each lane as the claim says, the least time left first.
fn shared_out<T>(due: Vec<(Time, T, Lane)>, claim: &Claim) -> Vec<(Time, T, Lane)> {
    let limit = usize::try_from(claim.limit).unwrap_or(0);
    let share = usize::try_from(claim.late).unwrap_or(0).min(limit);
    let of_lane = |lane| due.iter().filter(|(.., of)| *of == lane).count();
    let late = of_lane(Lane::Late).min(share.max(limit.saturating_sub(of_lane(Lane::Living))));
    let mut left = BTreeMap::from([(Lane::Late, late), (Lane::Living, limit - late)]);
    due.into_iter()
        .filter(|(.., lane)| {
            let left = left.entry(*lane).or_default();
            let takes = *left > 0;
            *left = left.saturating_sub(1);
            takes
        })
        .collect()
}

impl Scheduled {
    /// How long beyond its lease a row claimed in vain waits: nothing as long as patience lasts,
    /// then quadratically more, but never beyond a quarter of the time that is left.
    fn pause(&self, claim: &Claim) -> Span {
        let impatience = (self.claims + 1 - claim.patience).min(1000);
        if impatience <= 0 || self.deadline <= claim.now {
            return Span(0);
        }
        let quarter = self.deadline.since(claim.now).part(4);
        Span(claim.lease.0 * impatience * impatience).min(quarter)
    }
}

impl Kept {
    fn is_of(&self, apps: &[String]) -> bool {
        apps.is_empty() || apps.contains(&self.told.verification.app)
    }
}

fn poison(lease: &Lease) -> Alarm {
    Alarm {
        kind: Kind::Poison,
        subject: lease.verification_id.to_string(),
        text: format!(
            "its {} was begun {} times and never ended: the step dies, or what it brings cannot be written",
            lease.stage.name(),
            lease.claims
        ),
    }
}
