//! What fails on our side: the database, a lease, the objects. Nothing is lost, and nothing is
//! written by halves.

use std::io::ErrorKind;

use futures::FutureExt as _;
use simulator::Life;

use super::{BEGIN, FILMED, House, each, filmed, house::LEASE, truth::left_over};
use crate::{
    archive::{Handover, Headway, Onward, StepError},
    domain::{lease::Stage, time::Span},
    store::{Queue as _, StoreError, records::PollWork, reports::MediaReport},
    vault::VaultError,
};

impl House {
    /// Sets the clock to three hours after the beginning, when a poll is due that finds an attempt,
    /// and claims it.
    async fn claimed(&self) -> PollWork {
        self.clock.set(BEGIN.plus(Span::hours(3)));
        let mut claimed = self.store.claim_polls(&self.claim()).await.unwrap();
        claimed.pop().unwrap()
    }

    /// Tells of a token that passes, and polls it then: its name, and the download that was granted.
    async fn handed_over(&self) -> (String, Handover) {
        let token = self.tell(FILMED, filmed(Life::Passed)).await;
        let work = self.claimed().await;
        (token, self.poll(work).await.unwrap())
    }
}

#[tokio::test]
async fn a_database_that_is_away_while_a_poll_is_recorded_has_it_done_again() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    let work = house.claimed().await;
    house.store.set_away(true);
    let recorded = house
        .archive
        .poller
        .poll(work, Some(&Onward::new(LEASE, 0)), &Headway::default())
        .await;
    assert!(matches!(
        recorded,
        Err(StepError::Store(StoreError::Unavailable(_)))
    ));
    house.store.set_away(false);
    assert!(
        house.whole(&token).await.attempt_rows.is_empty(),
        "nothing by halves"
    );
    house.live().await;
    house.has_all(&token).await;
}

#[tokio::test]
async fn a_database_that_is_away_while_media_are_recorded_has_them_fetched_again() {
    let house = House::new();
    let (token, handover) = house.handed_over().await;
    house.store.set_away(true);
    let fetcher = &house.archive.media_fetcher;
    let recorded = fetcher
        .download(handover.work, handover.urls, Headway::default())
        .await;
    assert!(matches!(
        recorded,
        Err(StepError::Store(StoreError::Unavailable(_)))
    ));
    house.store.set_away(false);
    house.live().await;
    house.has_all(&token).await;
}

#[tokio::test]
async fn a_poll_whose_lease_was_lost_writes_nothing_over_the_one_that_has_it() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    let slow = house.claimed().await;
    house.clock.pass(LEASE.times(2));
    let quick = house
        .store
        .claim_polls(&house.claim())
        .await
        .unwrap()
        .pop()
        .unwrap();
    house
        .archive
        .poller
        .poll(quick, None, &Headway::default())
        .await
        .unwrap();
    let before = house.whole(&token).await;
    let alone = Headway::default();
    let late = house.archive.poller.poll(slow, None, &alone).await;
    assert!(matches!(late, Err(StepError::Store(StoreError::LeaseLost))));
    house.archive.clear_up(&alone).await;
    let after = house.whole(&token).await;
    assert_eq!(
        (before.summary.polls, before.calls_made()),
        (after.summary.polls, after.calls_made())
    );
    house.live().await;
    house.is_archived(&token).await;
}

#[tokio::test]
async fn a_download_whose_lease_was_lost_writes_nothing() {
    let house = House::new();
    let (token, slow) = house.handed_over().await;
    house.clock.pass(LEASE.times(2));
    let quick = house
        .store
        .claim_downloads(&house.claim())
        .await
        .unwrap()
        .pop()
        .unwrap();
    house
        .archive
        .media_fetcher
        .download(quick, Vec::new(), Headway::default())
        .await
        .unwrap();
    let (fetcher, alone) = (&house.archive.media_fetcher, Headway::default());
    let late = fetcher.download(slow.work, slow.urls, alone.clone()).await;
    assert!(matches!(late, Err(StepError::Store(StoreError::LeaseLost))));
    house.archive.clear_up(&alone).await;
    house.live().await;
    house.is_archived(&token).await;
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_leaves_its_work_to_the_next() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    drop(house.claimed().await);
    let house = house.restarted(&[FILMED]);
    house.live().await;
    house.is_archived(&token).await;
}

/// For four hours no object can be written: records go on.
async fn loses_nothing(failure: ErrorKind) {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.fail_objects(Some(failure));
    house.live_until(BEGIN.plus(Span::hours(4))).await;
    assert_eq!(house.alarms().await, ["vault_down objects"]);
    let whole = house.whole(&token).await;
    assert_eq!(
        (&whole.summary.state[..], whole.attempt_rows.len()),
        ("collecting", 1),
        "what the rows hold waits for no object"
    );
    assert!(whole.media.iter().all(|row| row.object_key.is_none()));
    house.fail_objects(None);
    house.live().await;
    house.is_archived(&token).await;
    assert_eq!(house.alarms().await, [""; 0], "it is over");
}

each! { loses_nothing:
    an_object_store_that_is_away(ErrorKind::ConnectionRefused);
    an_object_store_that_is_full(ErrorKind::StorageFull);
    an_object_store_that_refuses(ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn media_that_cannot_be_put_away_are_fetched_again() {
    let house = House::new();
    let (token, handover) = house.handed_over().await;
    house.fail_objects(Some(ErrorKind::ConnectionRefused));
    let fetcher = &house.archive.media_fetcher;
    let put = fetcher
        .download(handover.work, handover.urls, Headway::default())
        .await;
    assert!(matches!(
        put,
        Err(StepError::Vault(VaultError::Unavailable(_)))
    ));
    let fetched = house.whole(&token).await.media.into_iter();
    let fetched = fetched.filter(|row| row.kind == "face" && row.object_key.is_some());
    assert_eq!(fetched.count(), 0);
    house.fail_objects(None);
    house.live().await;
    house.is_archived(&token).await;
}

#[tokio::test]
async fn media_that_came_before_an_object_could_not_be_put_away_are_not_fetched_again() {
    let house = House::new();
    let (token, handover) = house.handed_over().await;
    let failure = Some(ErrorKind::ConnectionRefused);
    house.objects.set_after(2, failure);
    let (lease, fetcher) = (handover.work.lease.clone(), &house.archive.media_fetcher);
    let put = fetcher
        .download(handover.work, handover.urls, Headway::default())
        .await;
    assert!(matches!(
        put,
        Err(StepError::Vault(VaultError::Unavailable(_)))
    ));
    // The rest is due at once, whatever else is said of the lease.
    house.store.release(vec![lease], house.now()).await.unwrap();
    let due = house.store.next_due(Stage::Download, &[]).await.unwrap();
    assert_eq!(due, Some(house.now()));
    let fetched = house.whole(&token).await.media.into_iter();
    let by_url = |row: &MediaReport| row.state == "stored" && !row.kind.starts_with("id_");
    assert_eq!(fetched.filter(by_url).count(), 2);
    assert_eq!(house.ways[FILMED].opened(), 3);
    house.fail_objects(None);
    house.live().await;
    house.is_archived(&token).await;
    let really = house.whole(&token).await.media.len();
    assert_eq!(house.ways[FILMED].opened(), really + 1);
}

#[tokio::test]
async fn a_step_that_is_cut_off_leaves_no_object() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    let work = house.claimed().await;
    let poll = Headway::default();
    // What it put is on its way into rows, and stays whoever clears up.
    let polled = house
        .archive
        .poller
        .poll(work, Some(&Onward::new(LEASE, 0)), &poll)
        .await;
    let handover = polled.unwrap().unwrap();
    house.archive.clear_up(&poll).await;

    house.ways[FILMED].hang_after(2);
    let (lease, headway) = (handover.work.lease.clone(), Headway::default());
    let fetcher = &house.archive.media_fetcher;
    let download = fetcher.download(handover.work, handover.urls, headway.clone());
    assert!(download.now_or_never().is_none(), "it hangs");
    assert_eq!(left_over(&house).await.len(), 2);
    house.archive.clear_up(&headway).await;
    assert_eq!(left_over(&house).await, [""; 0]);
    house.store.release(vec![lease], house.now()).await.unwrap();
    house.live().await;
    house.is_archived(&token).await;
}

#[tokio::test]
async fn one_put_that_fails_is_no_alarm() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.fail_objects(Some(ErrorKind::ConnectionRefused));
    let work = house.claimed().await;
    assert!(
        house
            .archive
            .poller
            .poll(work, None, &Headway::default())
            .await
            .is_err()
    );
    assert_eq!(house.alarms().await, [""; 0]);
    house.fail_objects(None);
    house.live().await;
    house.is_archived(&token).await;
}
