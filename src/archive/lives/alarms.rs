//! Each alarm that the stages raise, once: what raises it in a life, and what ends it.

use std::io;

use simulator::{FaultKind, Faults, Life, Video};

use super::{BEGIN, FILMED, House, LEASE, PLAIN, filmed, moved::of, way::Instead};
use crate::{
    domain::{answer::Endpoint, time::Span},
    store::{
        AlarmStore as _, Losses as _, Queue as _, Upkeep as _,
        reports::{Acknowledgement, LossFilter},
    },
};

/// The kinds that are open once it was raised, and once it was ended.
pub(crate) type Course = [Vec<String>; 2];

impl House {
    /// The kinds of the open alarms, those that are over without a word ended first.
    pub(super) async fn open(&self) -> Vec<String> {
        let now = self.now();
        self.store
            .beat(&self.archive.instance, None, now)
            .await
            .unwrap();
        self.archive.store.end_alarms(now).await.unwrap();
        self.archive.alarms.relearn().await.unwrap();
        let open = self.store.alarms().await.unwrap().into_iter();
        open.map(|alarm| alarm.kind).collect()
    }
}

/// For three hours a query is answered so: (HTTP status, body), or not at all.
pub(crate) async fn of_answers(answer: Option<(u16, &'static str)>) -> Course {
    let house = House::new();
    let end = BEGIN.plus(Span::hours(3));
    let instead = answer.map_or(Instead::Nothing, |(status, body)| {
        Instead::Body(status, body)
    });
    house.ways[FILMED].trouble(Endpoint::Getall, instead, end);
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(end).await;
    let raised = house.open().await;
    house.live_until(end.plus(Span::hours(2))).await;
    let ended = house.open().await;
    house.live().await;
    house.is_archived(&token).await;
    [raised, ended]
}

/// For three hours no medium comes as it should.
pub(crate) async fn of_media(kind: FaultKind) -> Course {
    let house = House::new();
    house.world.set_faults(Faults {
        repeat_max: 0,
        redirect_to: "http://elsewhere.test/".to_owned(),
        ..Faults::only(kind)
    });
    house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(BEGIN.plus(Span::hours(12))).await;
    let raised = house.open().await;
    house.world.set_faults(Faults::default());
    house.live().await;
    [raised, house.open().await]
}

/// No video comes where one is promised, until a person takes note of it.
pub(crate) async fn of_a_loss() -> Course {
    let house = House::new();
    let life = simulator::LifeSpec {
        video: Some(Video::None),
        ..filmed(Life::Passed)
    };
    house.tell(FILMED, life).await;
    house.live().await;
    let raised = house.open().await;
    let seen = Acknowledgement {
        at: house.now(),
        by: "somebody".to_owned(),
        note: "seen".to_owned(),
    };
    let all = LossFilter::default();
    house.store.acknowledge_losses(&all, &seen).await.unwrap();
    [raised, house.open().await]
}

/// Another app lists the attempts of a token, and a person is to say whose it is.
pub(crate) async fn of_a_wrong_app() -> Course {
    let house = House::new().reassigning(false).taught("not_yet:283600");
    let token = house.tell(FILMED, of(PLAIN)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    let raised = house.open().await;
    house.retry(&token, Some(PLAIN)).await;
    [raised, house.open().await]
}

/// Twenty tokens end in a day that may never have existed, beside a few that do.
pub(crate) async fn of_unknown_tokens() -> Course {
    let house = House::new().taught("refused");
    for life in [Life::Passed; 2] {
        house.tell(FILMED, filmed(life)).await;
        house.tell(PLAIN, filmed(life)).await;
    }
    for _ in 0..20 {
        house.tell(FILMED, filmed(Life::Unused)).await;
    }
    house.live().await;
    let look = async || {
        let looked = house.archive.look_for_unseen(house.now()).await;
        looked.unwrap();
        house.open().await
    };
    house.clock.pass(Span::minutes(1));
    look().await;
    let raised = look().await;
    house.clock.pass(Span::hours(24));
    [raised, look().await]
}

/// For three hours no object can be written.
pub(crate) async fn of_objects() -> Course {
    let house = House::new();
    house.fail_objects(Some(io::ErrorKind::StorageFull));
    house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    let raised = house.open().await;
    house.fail_objects(None);
    house.live().await;
    [raised, house.open().await]
}

/// Whoever claims a verification dies, until one does not.
pub(crate) async fn of_a_step_that_dies() -> Course {
    let house = House::new();
    house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(BEGIN.plus(Span::minutes(10))).await;
    let mut raised = Vec::new();
    for _ in 0..100 {
        house.clock.pass(LEASE);
        let _ = house.store.claim_polls(&house.claim()).await.unwrap();
        raised = house.open().await;
        if !raised.is_empty() {
            break;
        }
    }
    house.live().await;
    [raised, house.open().await]
}
