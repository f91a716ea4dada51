//! How tokens are told of, and what persons do to them afterwards.

use simulator::Life;

use super::{BEGIN, FILMED, House, PLAIN, filmed, house::told, truth::found};
use crate::{
    archive::track::Tracked,
    domain::{
        answer::{Endpoint, ErrorKind, ProviderError},
        policy::Policy,
        time::Span,
        token::{Late, State, TrackRequest},
    },
    store::{
        Reports as _, Retries as _,
        records::{RetryVerdict, TrackVerdict},
    },
};

impl House {
    /// A person has it tried again, as this app's where one is named.
    pub(super) async fn retry(&self, token: &str, app: Option<&str>) -> RetryVerdict {
        let tokens = [token.to_owned()];
        let verdicts = self.store.retry(&tokens, app, "somebody", self.now()).await;
        verdicts.unwrap().pop().unwrap()
    }
}

#[tokio::test]
async fn a_token_told_twice_is_known() {
    let house = House::new();
    let made = house.made(FILMED, filmed(Life::Passed));
    assert!(matches!(
        house.track(told(&made)).await,
        Tracked::Verdict(TrackVerdict::New { late: None, .. })
    ));
    assert!(matches!(
        house.track(told(&made)).await,
        Tracked::Verdict(TrackVerdict::Known {
            state: State::Waiting,
            ..
        })
    ));
    house.live().await;
    assert!(matches!(
        house.track(told(&made)).await,
        Tracked::Verdict(TrackVerdict::Known {
            state: State::Archived,
            ..
        })
    ));
    house.is_archived(&made.verify_token).await;
    assert_eq!(house.store.rows()["verifications"], 1);
}

#[tokio::test]
async fn a_token_told_with_other_facts_stays_as_it_was() {
    let house = House::new();
    let made = house.made(FILMED, filmed(Life::Passed));
    house.track(told(&made)).await;
    for (field, other) in [
        (
            "app",
            TrackRequest {
                app: PLAIN.to_owned(),
                ..told(&made)
            },
        ),
        (
            "issued_at",
            TrackRequest {
                issued_at: Some(BEGIN.minus(Span::hours(1))),
                ..told(&made)
            },
        ),
    ] {
        match house.track(other).await {
            Tracked::Verdict(TrackVerdict::Conflict { field: found, .. }) => {
                assert_eq!(found, field)
            }
            other => panic!("{field}: {other:?}"),
        }
    }
    house.live().await;
    house.is_archived(&made.verify_token).await;
}

#[tokio::test]
async fn a_token_of_an_app_that_is_not_configured_is_not_tracked() {
    let house = House::new();
    let made = house.made(FILMED, filmed(Life::Passed));
    let wrong = TrackRequest {
        app: "nobody".to_owned(),
        ..told(&made)
    };
    match house.track(wrong).await {
        Tracked::Wrong(why) => assert!(why.contains("filmed, plain, stranger"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(house.store.rows()["verifications"], 0);
}

#[tokio::test]
async fn a_token_told_without_its_time_is_archived() {
    let house = House::new();
    let made = house.made(FILMED, filmed(Life::FailedThenPassed));
    house.clock.pass(Span::minutes(40));
    house
        .track(TrackRequest {
            issued_at: None,
            ..told(&made)
        })
        .await;
    house.live().await;
    house.is_archived(&made.verify_token).await;
}

#[tokio::test]
async fn a_token_told_hours_late_is_archived_and_called_late_where_videos_may_be_gone() {
    for (hours, late) in [(3, None), (23, None), (25, Some(Late::Media))] {
        let house = House::new();
        let made = house.made(FILMED, filmed(Life::Passed));
        house.clock.pass(Span::hours(hours));
        match house.track(told(&made)).await {
            Tracked::Verdict(TrackVerdict::New { late: found, .. }) => assert_eq!(found, late),
            other => panic!("{other:?}"),
        }
        house.live().await;
        let wrong = found(&house, &made.verify_token).await;
        // Counted from the verification the videos may still be there.
        assert!(wrong.is_empty() || late.is_some(), "{hours} h: {wrong:?}");
    }
}

#[tokio::test]
async fn a_token_told_after_its_videos_went_keeps_the_rest() {
    let house = House::new();
    let made = house.made(FILMED, filmed(Life::Passed));
    house.clock.pass(Span::hours(30));
    house.track(told(&made)).await;
    house.live().await;
    let whole = house.whole(&made.verify_token).await;
    assert_eq!(
        (whole.summary.state.as_str(), whole.summary.passed),
        ("incomplete", Some(true))
    );
    let kinds: Vec<_> = whole.media.iter().map(|row| row.kind.as_str()).collect();
    assert!(
        kinds.contains(&"face") && !kinds.contains(&"process_video"),
        "{kinds:?}"
    );
    assert_eq!(house.alarms().await, ["loss filmed: told_late"]);
}

#[tokio::test]
async fn a_token_told_after_everything_went_is_asked_for_once_and_missed() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::ToldLate)).await;
    house.live().await;
    assert_eq!(house.state(&token).await, "missed");
    assert!(house.missing(&token).await.contains("told too late"));
    assert!(house.ways[FILMED].over.calls() <= 2);
}

#[tokio::test]
async fn a_whole_archive_is_not_tried_again() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.live().await;
    let calls = house.ways[FILMED].over.calls();
    assert!(matches!(
        house.retry(&token, None).await,
        RetryVerdict::Whole { .. }
    ));
    house.live().await;
    assert_eq!(house.ways[FILMED].over.calls(), calls);
}

#[tokio::test]
async fn an_open_token_that_is_tried_again_is_asked_at_once() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    let waiting = house.tell(FILMED, filmed(Life::Unused)).await;
    house.live_until(BEGIN.plus(Span::hours(4))).await;
    let calls = house.ways[FILMED].over.calls();
    assert!(matches!(
        house.retry(&waiting, None).await,
        RetryVerdict::Woken {
            was: State::Waiting,
            ..
        }
    ));
    house.step().await.unwrap();
    assert_eq!(house.ways[FILMED].over.calls(), calls + 1);
    house.is_archived(&token).await;
}

#[tokio::test]
async fn a_token_that_the_provider_forgot_is_not_tried_again() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::ToldLate)).await;
    house.live().await;
    let calls = house.ways[FILMED].over.calls();
    let missing = house.missing(&token).await;
    assert!(matches!(
        house.retry(&token, None).await,
        RetryVerdict::Forgotten { .. }
    ));
    house.live().await;
    assert_eq!(house.ways[FILMED].over.calls(), calls);
    assert_eq!(house.state(&token).await, "missed");
    assert_eq!(house.missing(&token).await, missing);
}

#[tokio::test]
async fn an_app_that_is_gone_from_the_config_loses_nothing_until_it_is_back() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    let house = house.restarted(&[PLAIN]);
    house.live_until(BEGIN.plus(Span::hours(5))).await;
    assert_eq!(house.alarms().await, [format!("misconfigured {FILMED}")]);
    assert_eq!(house.state(&token).await, "waiting");
    assert_eq!(house.ways[FILMED].over.calls(), 0);
    let house = house.restarted(&[FILMED, PLAIN]);
    house.live().await;
    house.is_archived(&token).await;
    assert_eq!(house.alarms().await, [""; 0], "it is back");
}

#[tokio::test]
async fn an_app_that_goes_while_media_are_wanted_has_them_when_it_is_back() {
    let house = House::new();
    house.world.set_faults(simulator::Faults {
        repeat_max: 0,
        ..simulator::Faults::only(simulator::FaultKind::MediaGone)
    });
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    assert_eq!(house.state(&token).await, "collecting");
    let house = house.restarted(&[PLAIN]);
    house.live_until(BEGIN.plus(Span::hours(5))).await;
    house.world.set_faults(simulator::Faults::default());
    let house = house.restarted(&[FILMED, PLAIN]);
    house.live().await;
    house.is_archived(&token).await;
}

/// A sibling that must not be asked holds up no question to the token's own app.
#[tokio::test]
async fn a_token_refused_at_first_is_asked_for_though_no_sibling_can_be() {
    // A refusal is not what unused tokens answer, so that the siblings are asked at once.
    let house = House::new().taught("not_yet:999");
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    let spent = ProviderError::new(ErrorKind::TotalQuota, "spent");
    for minutes in (0..180).step_by(5) {
        let breaker = &house.archive.breaker;
        breaker.failed(PLAIN, &Policy::documented(), &spent, house.now());
        house
            .live_until(BEGIN.plus(Span::minutes(minutes + 5)))
            .await;
    }
    assert_eq!(
        house.ways[PLAIN].over.calls(),
        0,
        "it is paused all the time"
    );
    let asked = house.ways[FILMED].asked(Endpoint::Getall);
    assert!(
        asked >= 3,
        "{asked} questions to its own app in three hours"
    );
    house.live().await;
    house.is_archived(&token).await;
}

#[tokio::test]
async fn a_token_that_nobody_has_used_yet_fails_at_nothing() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Unused)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    let summary = house.whole(&token).await.summary;
    assert!(summary.polls > 1 && summary.state == "waiting");
    assert_eq!(summary.last_error, None);
    let figures = house.store.status(house.now()).await.unwrap();
    assert_eq!(figures.errors, [], "nothing fails at present");
    house.live().await;
    assert_eq!(
        house.whole(&token).await.summary.last_error,
        None,
        "it is over"
    );
}
