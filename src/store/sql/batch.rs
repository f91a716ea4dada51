//! The members of a group commit, and the order in which a batch of them is written within its
//! transaction.
//!
//! Downloads come before polls: a poll that settles a verification then sees what a download of the
//! same batch has brought.

use std::collections::{HashMap, HashSet};

use futures::{FutureExt as _, future::BoxFuture};

use super::{
    alarm, calls,
    completed::{Completed, Downloaded},
    download, facts,
    lease::{self, Lock},
    lessons, poll,
    together::Together,
    unnamed::Unnamed,
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
        records::{DownloadRecord, PollRecord, Recorded},
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
    /// What became of it; of a renewal or a release there is nothing to tell.
    type Answer = Recorded;
    type Alone = (VerificationId, Stage);
    const BATCH_MAX: usize = 256;

    fn alone(&self) -> impl Iterator<Item = Self::Alone> {
        self.leases().iter().map(key)
    }

    fn write<'c, DB: Dialect>(
        connection: &'c mut DB::Connection,
        members: &'c [&'c Self],
    ) -> BoxFuture<'c, Result<Vec<Result<Recorded>>>> {
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
) -> Result<Vec<Result<Recorded>>> {
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

    let lock = lock::<DB>(connection, works).await?;
    let mut held: HashSet<(VerificationId, Stage)> =
        lease::renew::<DB>(connection, &renewals).await?;
    let mut unnamed = Unnamed::default();
    let downloads = download::complete::<DB>(connection, downloads, lock, &mut unnamed).await?;
    held.extend(downloads.iter().map(|one| key(&one.record.lease)));
    let mut together = Together::default();
    let polls = poll::complete::<DB>(connection, polls, lock, &mut together, &mut unnamed).await?;
    held.extend(polls.iter().map(|poll| key(&poll.record.lease)));

    told(&downloads, &polls, &mut together);
    answers_beside(&downloads, &polls, &mut unnamed);
    together.write::<DB>(connection).await?;
    lessons::remember::<DB>(connection, polls.iter().map(|poll| &poll.record.lessons)).await?;
    alarms::<DB>(connection, &downloads, &polls).await?;
    lease::release::<DB>(connection, &releases).await?;
    let mut unnamed = unnamed.find::<DB>(connection).await?;
    let mut recorded = recorded(&downloads, &polls);
    for (step, keys) in unnamed.drain() {
        recorded.entry(step).or_default().unnamed = keys;
    }
    let mut of = |work: &Work| {
        let lease = work.leases().first();
        lease.and_then(|lease| recorded.remove(&key(lease)))
    };
    Ok(works
        .iter()
        .map(|work| result(work, &held).map(|()| of(work).unwrap_or_default()))
        .collect())
}

/// Locks what they concern, or leaves that to the first statement where that one has all of them.
async fn lock<DB: Dialect>(connection: &mut DB::Connection, works: &[&Work]) -> Result<Lock> {
    let kind = |work: &&Work| match work {
        Work::Poll(record) => Some((Stage::Poll, poll::ends(record))),
        Work::Download(record) => Some((Stage::Download, download::ends(record))),
        Work::Renew(..) | Work::Release(..) => None,
    };
    let first = works.first().and_then(kind);
    if first.is_some() && works.iter().all(|work| kind(work) == first) {
        return Ok(Lock::Taken);
    }
    let leases: Vec<&Lease> = works.iter().flat_map(|work| work.leases()).collect();
    lease::lock::<DB>(connection, &leases).await?;
    Ok(Lock::Held)
}

/// What became of each, but for the objects that were left over.
fn recorded(
    downloads: &[Downloaded<'_>],
    polls: &[Completed<'_>],
) -> HashMap<(VerificationId, Stage), Recorded> {
    let of_downloads = downloads.iter().map(|one| {
        let recorded = Recorded {
            is_settled: one.is_settled,
            ..Recorded::default()
        };
        (key(&one.record.lease), recorded)
    });
    let of_polls = polls.iter().map(|poll| {
        let recorded = Recorded {
            is_settled: poll.is_settled(),
            is_download_granted: poll.granted,
            ..Recorded::default()
        };
        (key(&poll.record.lease), recorded)
    });
    of_downloads.chain(of_polls).collect()
}

/// Where a poll and a download asked beside one another, both may have brought the same answer. A poll
/// that was not woken brings those alone that were not there.
fn answers_beside(downloads: &[Downloaded<'_>], polls: &[Completed<'_>], unnamed: &mut Unnamed) {
    let of_downloads = downloads.iter().map(|one| one.record);
    let of_downloads = of_downloads.map(|record| (&record.lease, &record.answers));
    let of_polls = polls.iter().filter(|poll| poll.woken);
    let of_polls = of_polls.map(|poll| (&poll.record.lease, &poll.record.answers));
    for (lease, answers) in of_downloads.chain(of_polls) {
        for object in answers.iter().filter_map(|answer| answer.body.object()) {
            unnamed.add(key(lease), &object.object_key);
        }
    }
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
    let by_polls = |is_first: bool| {
        let polls = polls.iter().map(|poll| poll.record);
        let polls = polls.filter(move |record| record.is_first == is_first);
        polls.map(|record| (&record.lease, &record.answers))
    };
    let by_downloads = downloads.iter().map(|one| one.record);
    let by_downloads = by_downloads.map(|record| (&record.lease, &record.answers));
    facts::answers(
        by_polls(true),
        by_polls(false).chain(by_downloads),
        together,
    );
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
