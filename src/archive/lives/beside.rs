//! Polls and downloads of one token beside one another, as they run in a daemon.

use simulator::Life;

use super::{BEGIN, FILMED, House, LEASE, each, filmed};
use crate::{
    archive::{Handover, Headway, Onward},
    domain::{lease::Stage, time::Span},
    store::{Queue as _, records::PollWork},
};

impl House {
    /// A poll that is recorded, and the download that it is granted.
    pub(super) async fn poll(&self, work: PollWork) -> Option<Handover> {
        let (alone, onward) = (Headway::default(), Onward::new(LEASE, 0));
        let polled = self.archive.poller.poll(work, Some(&onward), &alone).await;
        polled.unwrap()
    }

    async fn fetch(&self, one: Handover) {
        let (fetcher, alone) = (&self.archive.media_fetcher, Headway::default());
        let fetched = fetcher.download(one.work, one.urls, alone).await;
        fetched.unwrap();
    }

    /// Polls whenever that is due until a poll hands something over.
    async fn first_handover(&self) -> Handover {
        loop {
            let due = self.store.next_due(Stage::Poll, &[]).await.unwrap();
            self.clock.pass(due.unwrap().since(self.now()));
            for work in self.store.claim_polls(&self.claim()).await.unwrap() {
                if let Some(handover) = self.poll(work).await {
                    return handover;
                }
            }
        }
    }
}

/// A download of the first attempt is recorded beside the poll that finds the others, or not at all:
/// nothing is fetched twice for it, and nothing lies in the vault that no row names.
async fn costs_nothing(life: Life, is_recorded: bool) {
    let house = House::new();
    let token = house.tell(FILMED, filmed(life)).await;
    let first = house.first_handover().await;
    let seen = house.whole(&token).await.attempt_rows.len();

    house.clock.set(BEGIN.plus(Span::hours(3)));
    let mut claimed = house.store.claim_polls(&house.claim()).await.unwrap();
    let work = claimed.pop().unwrap();
    if is_recorded {
        house.fetch(first).await;
    } else {
        // Its lease is over.
        drop(first);
    }
    let handover = house.poll(work).await;
    let whole = house.whole(&token).await;
    assert!(whole.attempt_rows.len() > seen, "it found more");
    let knew_all = !is_recorded;
    assert_eq!(
        handover.is_some(),
        knew_all,
        "granted where it knows of all"
    );
    if let Some(handover) = handover {
        house.fetch(handover).await;
    }

    house.live().await;
    house.is_true(&token).await;
    let whole = house.whole(&token).await;
    let by_url = whole.media.iter().filter(|row| row.state == "stored");
    assert_eq!(house.ways[FILMED].opened(), by_url.count());
}

each! { costs_nothing:
    a_second_try_found_beside_a_download(Life::FailedThenPassed, true);
    a_second_try_found_after_a_lost_download(Life::FailedThenPassed, false);
    failures_found_beside_a_download(Life::Failed, true);
    failures_found_after_a_lost_download(Life::Failed, false);
}
