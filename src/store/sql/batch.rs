//! The members of a group commit, and the order in which a batch of them is written within its
//! transaction.
//!
//! Downloads come before polls: a poll that settles a verification then sees what a download of the
//! same batch has brought.

use std::collections::HashSet;

use futures::{FutureExt as _, future::BoxFuture};

use super::{
    alarm, calls,
    completed::{Completed, Downloaded},
    download, facts, lease, lessons, poll,
    together::Together,
};
use crate::{
    domain::{
        alarm::Kind,
        id::VerificationId,
        lease::{Lease, Stage},
        time::Time,
    },
    store::{
        Result, StoreError,
        commit::Member,
        dialect::Dialect,
        records::{DownloadRecord, PollRecord},
    },
};

/// A verb that takes part in group commit.
pub(in crate::store) enum Work {
    /// [`crate::store::Queue::record_poll`].
    Poll(Box<PollRecord>),
    /// [`crate::store::Queue::record_download`].
    Download(Box<DownloadRecord>),
    /// [`crate::store::Queue::renew`].
    Renew(Lease, Time),
    /// [`crate::store::Queue::release`].
    Release(Vec<Lease>, Time),
}

impl Work {
    /// The leases it concerns.
    fn leases(&self) -> &[Lease] {
        match self {
            Self::Poll(record) => std::slice::from_ref(&record.lease),
            Self::Download(record) => std::slice::from_ref(&record.lease),
            Self::Renew(lease, _) => std::slice::from_ref(lease),
            Self::Release(leases, _) => leases,
        }
    }
}

impl Member for Work {
    /// Whether the verification is settled with it.
    type Answer = bool;
    type Alone = (VerificationId, Stage);
    const BATCH_MAX: usize = 256;

    fn alone(&self) -> impl Iterator<Item = Self::Alone> {
        self.leases().iter().map(key)
    }

    fn write<'c, DB: Dialect>(
        connection: &'c mut DB::Connection,
        members: &'c [&'c Self],
    ) -> BoxFuture<'c, Result<Vec<Result<bool>>>> {
        write::<DB>(connection, members).boxed()
    }
}

/// Writes the works, no two of which concern the same lease; one result each.
///
/// # Errors
/// What concerns the whole transaction, which then must be rolled back.
async fn write<DB: Dialect>(
    connection: &mut DB::Connection,
    works: &[&Work],
) -> Result<Vec<Result<bool>>> {
    let mut polls: Vec<&PollRecord> = Vec::new();
    let mut downloads: Vec<&DownloadRecord> = Vec::new();
    let mut renewals = Vec::new();
    let mut releases = Vec::new();
    for work in works {
        match work {
            Work::Poll(record) => polls.push(record),
            Work::Download(record) => downloads.push(record),
            Work::Renew(lease, until) => renewals.push((lease, *until)),
            Work::Release(leases, now) => releases.extend(leases.iter().map(|lease| (lease, *now))),
        }
    }

    let leases: Vec<&Lease> = works.iter().flat_map(|work| work.leases()).collect();
    lease::lock::<DB>(connection, &leases).await?;
    let mut held: HashSet<(VerificationId, Stage)> =
        lease::renew::<DB>(connection, &renewals).await?;
    let downloads = download::complete::<DB>(connection, downloads).await?;
    held.extend(downloads.iter().map(|one| key(&one.record.lease)));
    let mut together = Together::default();
    let polls = poll::complete::<DB>(connection, polls, &mut together).await?;
    held.extend(polls.iter().map(|poll| key(&poll.record.lease)));

    told(&downloads, &polls, &mut together);
    together.write::<DB>(connection).await?;
    lessons::remember::<DB>(connection, polls.iter().map(|poll| &poll.record.lessons)).await?;
    alarms::<DB>(connection, &downloads, &polls).await?;
    lease::release::<DB>(connection, &releases).await?;
    let settled = settled(&downloads, &polls);
    let settles = |work: &Work| {
        let mut leases = work.leases().iter();
        leases.any(|lease| settled.contains(&lease.verification_id))
    };
    Ok(works
        .iter()
        .map(|work| result(work, &held).map(|()| settles(work)))
        .collect())
}

/// The verifications that are settled.
fn settled(downloads: &[Downloaded<'_>], polls: &[Completed<'_>]) -> HashSet<VerificationId> {
    let by_downloads = downloads.iter().filter(|one| one.is_settled);
    let by_downloads = by_downloads.map(|one| one.record.lease.verification_id);
    let by_polls = polls.iter().filter(|poll| poll.is_settled());
    by_downloads.chain(by_polls.map(Completed::id)).collect()
}

/// Raises and ends alarms.
async fn alarms<DB: Dialect>(
    connection: &mut DB::Connection,
    downloads: &[Downloaded<'_>],
    polls: &[Completed<'_>],
) -> Result<()> {
    let leases = downloads
        .iter()
        .map(|one| (&one.record.lease, one.record.at))
        .chain(
            polls
                .iter()
                .map(|poll| (&poll.record.lease, poll.record.at)),
        );
    end_poison::<DB>(connection, leases).await?;
    end_wrong_app::<DB>(connection, polls).await?;
    let alarms = downloads
        .iter()
        .map(|one| one.record)
        .flat_map(|record| record.alarms.iter().map(|alarm| (alarm, record.at)));
    alarm::raise::<DB>(
        connection,
        alarms
            .chain(polls.iter().flat_map(Completed::alarms))
            .collect(),
    )
    .await
    .map(|_| ())
}

/// Writes what the provider was asked and what it said.
fn told(downloads: &[Downloaded<'_>], polls: &[Completed<'_>], together: &mut Together) {
    let answers = downloads
        .iter()
        .map(|one| (&one.record.lease, &one.record.answers))
        .chain(
            polls
                .iter()
                .map(|poll| (&poll.record.lease, &poll.record.answers)),
        );
    facts::answers(answers, together);
    let of_downloads = downloads.iter().flat_map(|one| &one.record.calls);
    let of_polls = polls.iter().flat_map(|poll| &poll.record.calls);
    calls::count(of_downloads.chain(of_polls), together);
}

/// What was begun more than once may have been an alarm; it ends with what was brought.
async fn end_poison<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    leases: impl Iterator<Item = (&'r Lease, Time)>,
) -> Result<()> {
    let recovered: Vec<(VerificationId, Time)> = leases
        .filter(|(lease, _)| lease.claims > 1)
        .map(|(lease, at)| (lease.verification_id, at))
        .collect();
    let Some(at) = recovered.iter().map(|(_, at)| *at).max() else {
        return Ok(());
    };
    let ids: Vec<String> = recovered.iter().map(|(id, _)| id.to_string()).collect();
    alarm::clear_each::<DB>(connection, Kind::Poison, &ids, at).await
}

/// What went to the app it belongs to is wrong no longer.
async fn end_wrong_app<DB: Dialect>(
    connection: &mut DB::Connection,
    polls: &[Completed<'_>],
) -> Result<()> {
    let moved = || {
        let moved = |poll: &Completed<'_>| Some((poll.id(), poll.moved()?.1));
        polls.iter().filter_map(moved)
    };
    let Some(at) = moved().map(|(_, at)| at).max() else {
        return Ok(());
    };
    let ids: Vec<String> = moved().map(|(id, _)| id.to_string()).collect();
    alarm::clear_each::<DB>(connection, Kind::WrongApp, &ids, at).await
}

fn key(lease: &Lease) -> (VerificationId, Stage) {
    (lease.verification_id, lease.stage)
}

fn result(work: &Work, held: &HashSet<(VerificationId, Stage)>) -> Result<()> {
    // Leases given back that were lost are passed over.
    let asked = if matches!(work, Work::Release(..)) {
        &[]
    } else {
        work.leases()
    };
    if asked.iter().all(|lease| held.contains(&key(lease))) {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}
