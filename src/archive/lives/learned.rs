//! What the answers about some tokens teach about the others of their app.

use simulator::{FaultKind, Faults, Life, LifeSpec, Options, UnusedAnswer, Video};

use super::{BEGIN, FILMED, House, filmed, house::told};
use crate::{
    domain::{
        lessons::{Film, Origin},
        time::Span,
        token::TrackRequest,
    },
    store::LessonStore as _,
};

impl House {
    async fn signatures(&self) -> Vec<(String, Origin)> {
        let learned = self.store.lessons().await.unwrap().unused.into_iter();
        learned.map(|seen| (seen.signature, seen.origin)).collect()
    }
}

#[tokio::test]
async fn the_first_days_teach_what_unused_tokens_answer() {
    let house = House::with(Options {
        seed: 5,
        ..Options::default()
    });
    let mut unused = Vec::new();
    for day in 0..4 {
        house
            .clock
            .set(BEGIN.plus(Span::hours(24 * day)).max(house.now()));
        for _ in 0..6 {
            house.tell(FILMED, filmed(Life::Passed)).await;
        }
        unused.push(house.tell(FILMED, filmed(Life::Unused)).await);
        house
            .live_until(BEGIN.plus(Span::hours(24 * (day + 1))))
            .await;
    }
    house.live().await;
    let newest = unused.last().unwrap();
    assert_eq!(
        house.state(newest).await,
        "abandoned",
        "{}",
        house.missing(newest).await
    );
    let learned = house.signatures().await;
    assert!(learned.len() >= 3, "{learned:?}");
    assert!(
        learned
            .iter()
            .all(|seen| *seen == ("refused".to_owned(), Origin::VerifiedLater))
    );
}

#[tokio::test]
async fn an_unused_token_is_not_written_off_before_anything_was_learned() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Unused)).await;
    house.live().await;
    assert_eq!(house.state(&token).await, "rejected");
}

#[tokio::test]
async fn what_unused_tokens_answer_proves_nothing_while_nobody_gets_data() {
    let house = House::new().taught("refused");
    let token = house.tell(FILMED, filmed(Life::Unused)).await;
    house.live().await;
    assert_eq!(house.state(&token).await, "missed");
    assert!(house.missing(&token).await.contains("prove nothing"));
}

#[tokio::test]
async fn a_disturbance_teaches_nothing() {
    let house = House::new();
    house.world.set_faults(Faults {
        repeat_max: 0,
        ..Faults::only(FaultKind::UnknownCode)
    });
    for _ in 0..3 {
        house.tell(FILMED, filmed(Life::Passed)).await;
    }
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    house.world.set_faults(Faults::default());
    house.live().await;
    assert_eq!(house.signatures().await, []);
}

#[tokio::test]
async fn a_refusal_teaches_only_while_another_token_got_data() {
    let house = House::with(Options {
        unused_answer: UnusedAnswer::NotYet,
        ..Options::default()
    });
    house.tell(FILMED, filmed(Life::Passed)).await;
    house.live().await;
    assert_eq!(house.signatures().await, [], "alone it is no witness");
}

#[tokio::test]
async fn a_token_issued_here_teaches_while_its_window_is_open() {
    let house = House::new();
    for _ in 0..6 {
        house.tell(FILMED, filmed(Life::Passed)).await;
    }
    let made = house.made(FILMED, filmed(Life::Unused));
    let issued = TrackRequest {
        issued_here: true,
        ..told(&made)
    };
    house.track(issued).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    let learned = house.signatures().await;
    assert!(
        learned.contains(&("refused".to_owned(), Origin::IssuedHere)),
        "{learned:?}"
    );
}

#[tokio::test]
async fn a_failed_attempt_of_a_filmed_plan_is_waited_for_its_video() {
    let house = House::new();
    let tell = async |life: LifeSpec| {
        let made = house.made(FILMED, life);
        let planned = TrackRequest {
            plan_id: Some("10086".to_owned()),
            ..told(&made)
        };
        house.track(planned).await;
        made.verify_token
    };
    tell(filmed(Life::Passed)).await;
    house.live().await;
    let filmed_plans = house.store.lessons().await.unwrap().filmed;
    let films: Vec<_> = filmed_plans
        .iter()
        .map(|plan| (plan.plan_id.as_str(), plan.film))
        .collect();
    assert_eq!(films, [("10086", Film::Images), ("10086", Film::Video)]);
    let late = LifeSpec {
        video: Some(Video::Late),
        ..filmed(Life::Failed)
    };
    let token = tell(late).await;
    house.live().await;
    house.is_archived(&token).await;
}
