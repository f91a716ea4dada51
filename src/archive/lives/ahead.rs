//! Media that a poll fetches before it is recorded: one record where all goes well, and where it does not
//! everything is as if the poll had left them alone.

use std::io::ErrorKind;

use futures::FutureExt as _;
use simulator::{FaultKind, Faults, Life, LifeSpec};

use super::{BEGIN, FILMED, House, each, filmed, house::LEASE};
use crate::{
    archive::{Handover, Headway, Onward, StepError},
    domain::{lease::Stage, time::Span},
    store::Queue as _,
};

/// Filmed, without a card: pictures of a card are inside an answer.
fn seen() -> LifeSpec {
    LifeSpec {
        ocr: Some(false),
        ..filmed(Life::Passed)
    }
}

impl House {
    /// Three hours after the beginning the poll that finds an attempt, and what it hands over; so many media
    /// are fetched at once as there are places.
    async fn found(&self, places: usize) -> Result<Option<Handover>, StepError> {
        self.clock.set(BEGIN.plus(Span::hours(3)));
        let mut claimed = self.store.claim_polls(&self.claim()).await.unwrap();
        let (alone, onward) = (Headway::default(), Onward::new(LEASE, places));
        let work = claimed.pop().unwrap();
        self.archive.poller.poll(work, Some(&onward), &alone).await
    }
}

#[tokio::test]
async fn what_is_small_is_one_record_with_the_answers() {
    let house = House::new();
    let token = house.tell(FILMED, seen()).await;
    assert!(house.found(8).await.unwrap().is_none());
    house.is_archived(&token).await;
    let whole = house.whole(&token).await;
    assert_eq!(whole.summary.polls, 1);
    assert_eq!(house.ways[FILMED].opened(), whole.media.len());
}

#[tokio::test]
async fn attempts_that_are_seen_one_after_the_other_need_no_download() {
    let house = House::new();
    let life = LifeSpec {
        ocr: Some(true),
        ..filmed(Life::FailedThenPassed)
    };
    let token = house.tell(FILMED, life).await;
    let onward = Onward::new(LEASE, 1);
    while let Some(due) = house.store.next_due(Stage::Poll, &[]).await.unwrap() {
        house.clock.pass(due.since(house.now()));
        for work in house.store.claim_polls(&house.claim()).await.unwrap() {
            let alone = Headway::default();
            let polled = house.archive.poller.poll(work, Some(&onward), &alone).await;
            assert!(polled.unwrap().is_none());
        }
    }
    house.is_archived(&token).await;
    assert!(house.whole(&token).await.attempt_rows.len() > 1);
}

#[tokio::test]
async fn what_is_large_is_left_to_downloads_and_not_begun_again_for_each() {
    let house = House::new();
    house.ways[FILMED].large_films();
    let tokens = [
        house.tell(FILMED, seen()).await,
        house.tell(FILMED, seen()).await,
    ];
    house.live().await;
    let mut media = 0;
    for token in &tokens {
        house.is_archived(token).await;
        media += house.whole(token).await.media.len();
    }
    assert_eq!(house.ways[FILMED].opened(), media + 1);
}

#[tokio::test]
async fn as_many_are_begun_at_once_as_there_are_places_for_and_one_verification_may_have() {
    for (places, begun) in [(1, 1), (8, 4)] {
        let house = House::new();
        house.tell(FILMED, seen()).await;
        house.ways[FILMED].hang_after(0);
        house.clock.hold_sleepers();
        assert!(house.found(places).now_or_never().is_none());
        assert_eq!(house.ways[FILMED].opened(), begun, "places: {places}");
    }
}

/// However the media fail, the answers are recorded and the download is due.
async fn is_handed_over(trouble: impl Fn(&House)) {
    for places in [1, 8] {
        is_handed_over_with(places, &trouble).await;
    }
}

async fn is_handed_over_with(places: usize, trouble: impl Fn(&House)) {
    let house = House::new();
    let token = house.tell(FILMED, seen()).await;
    trouble(&house);
    let handed = house.found(places).await.unwrap();
    assert!(handed.is_some());
    let whole = house.whole(&token).await;
    assert!(!whole.attempt_rows.is_empty() && !whole.answers.is_empty());
    assert_eq!(house.state(&token).await, "collecting");
    drop(handed);
    house.fail_objects(None);
    house.world.set_faults(Faults::default());
    house.live().await;
    house.is_archived(&token).await;
}

each! { is_handed_over:
    none_that_can_be_written(|house| house.fail_objects(Some(ErrorKind::StorageFull)));
    none_that_comes(|house| house.ways[FILMED].hang_after(0));
    only_the_first_that_comes(|house| house.ways[FILMED].hang_after(1));
    none_that_is_whole(|house| house.world.set_faults(Faults {
        repeat_max: 0,
        ..Faults::only(FaultKind::MediaShort)
    }));
    none_that_is_a_medium(|house| house.world.set_faults(Faults {
        repeat_max: 0,
        ..Faults::only(FaultKind::MediaPage)
    }));
}

#[tokio::test]
async fn a_poll_without_a_place_hands_over_all_and_begins_none() {
    let house = House::new();
    let token = house.tell(FILMED, seen()).await;
    let handed = house.found(0).await.unwrap().unwrap();
    assert_eq!(house.ways[FILMED].opened(), 0);
    let whole = house.whole(&token).await;
    assert_eq!(handed.urls.len(), whole.media.len());
    assert!(whole.media.iter().all(|row| row.state == "wanted"));
}

#[tokio::test]
async fn a_poll_that_lost_its_lease_leaves_nothing_of_what_it_fetched() {
    let house = House::new();
    let token = house.tell(FILMED, seen()).await;
    house.clock.set(BEGIN.plus(Span::hours(3)));
    let work = house.store.claim_polls(&house.claim()).await.unwrap().pop();
    let (headway, onward) = (Headway::default(), Onward::new(LEASE, 1));
    // Its lease runs out while it fetches, and another has it.
    house.clock.pass(LEASE.times(2));
    let other = house.store.claim_polls(&house.claim()).await.unwrap();
    assert_eq!(other.len(), 1);
    let poller = &house.archive.poller;
    let polled = poller.poll(work.unwrap(), Some(&onward), &headway);
    let late = polled.now_or_never().unwrap();
    assert!(late.is_err());
    house.archive.clear_up(&headway).await;
    assert!(house.whole(&token).await.media.is_empty());
    let left = super::truth::left_over(&house).await;
    assert_eq!(left, [""; 0]);
    let due = house.store.next_due(Stage::Poll, &[]).await.unwrap();
    assert!(due.is_some());
    house.live().await;
    house.is_archived(&token).await;
}
