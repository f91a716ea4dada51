//! Hosts whose clocks are wrong, or are set while the archive works: what is final is so by the
//! provider's time, and no person's attempt is passed over.

use simulator::{Life, LifeSpec, Options, UnusedAnswer};

use super::{BEGIN, FILMED, House, each, filmed};
use crate::{
    archive::App,
    domain::time::{Clock as _, Span, Time, TrustedClock},
};

const MINUTES: Span = Span::minutes(10);
const DAY: Span = Span::hours(24);

impl House {
    /// Tells of a token whose last attempt comes shortly before its window closes.
    async fn tell_of_one_used_late(&self) -> String {
        let spec = LifeSpec {
            attempts: Some(5),
            ..filmed(Life::FailedThenPassed)
        };
        for _ in 0..500 {
            let made = self.made(FILMED, spec.clone());
            let truth = self.truth();
            let last = truth.token(&made.verify_token).unwrap().attempts.last();
            if last.is_some_and(|last| last.at_ms >= BEGIN.plus(Span::minutes(116)).0) {
                self.track(super::house::told(&made)).await;
                return made.verify_token;
            }
        }
        panic!("nobody is so late");
    }

    /// The same after a restart, for which the host's clock is read anew.
    fn rebooted(mut self) -> Self {
        self.trusted = TrustedClock::over(self.clock.clone());
        let apps = self.world.apps().to_vec();
        apps.into_iter().fold(self, Self::rekeyed)
    }

    fn app(&self) -> &App {
        self.archive.apps.get(FILMED).unwrap()
    }

    /// When it was settled by the world's time: somebody looks every minute.
    async fn settled_at(&self, token: &str) -> Time {
        for _ in 0..10_000 {
            if !matches!(self.state(token).await.as_str(), "waiting" | "collecting") {
                return self.world_clock.now();
            }
            self.live_until(self.now().plus(Span::minutes(1))).await;
        }
        panic!("not settled until {}", self.world_clock.now());
    }
}

fn options(unused_answer: UnusedAnswer) -> Options {
    Options {
        seed: 3,
        unused_answer,
        ..Options::default()
    }
}

/// The host is wrong by so much from the beginning, and is set right after so long, if ever.
async fn nothing_is_settled_falsely(answer: UnusedAnswer, ahead: Span, right_after: Option<Span>) {
    let house = House::beside(options(answer), ahead);
    let late = house.tell_of_one_used_late().await;
    let unused = house.tell(FILMED, filmed(Life::Unused)).await;
    let passed = house.tell(FILMED, filmed(Life::Passed)).await;
    if let Some(after) = right_after {
        house.live_until(house.now().plus(after)).await;
        house.clock.jump(Span(-ahead.0));
    }
    let abandoned_at = house.settled_at(&unused).await;
    let window_end = house.app().policy.window_end(BEGIN);
    assert!(abandoned_at >= window_end, "{abandoned_at}");
    house.live().await;
    house.is_archived(&late).await;
    house.is_archived(&passed).await;
    house.is_true(&unused).await;
}

each! { nothing_is_settled_falsely:
    ten_minutes_ahead(UnusedAnswer::EmptySuccess, MINUTES, None);
    ten_minutes_behind(UnusedAnswer::EmptySuccess, MINUTES.times(-1), None);
    ten_minutes_ahead_with_a_code(UnusedAnswer::NotYet, MINUTES, None);
    ten_minutes_behind_with_a_code(UnusedAnswer::NotYet, MINUTES.times(-1), None);
    four_days_ahead(UnusedAnswer::EmptySuccess, DAY.times(4), None);
    ahead_until_somebody_sets_it(UnusedAnswer::EmptySuccess, DAY, Some(Span::minutes(30)));
    behind_until_somebody_sets_it(UnusedAnswer::EmptySuccess, MINUTES.times(-1), Some(Span::minutes(30)));
}

#[tokio::test]
async fn a_clock_that_jumps_a_day_and_back_settles_nothing() {
    let house = House::with(options(UnusedAnswer::EmptySuccess));
    let late = house.tell_of_one_used_late().await;
    let unused = house.tell(FILMED, filmed(Life::Unused)).await;
    for minutes in [1, 60, 115] {
        house.live_until(BEGIN.plus(Span::minutes(minutes))).await;
        house.clock.jump(DAY.times(4));
        house.live_until(house.now().plus(Span::seconds(10))).await;
        for token in [&late, &unused] {
            let state = house.state(token).await;
            assert!(
                matches!(state.as_str(), "waiting" | "collecting"),
                "{state}"
            );
        }
        house.clock.jump(DAY.times(-4));
    }
    house.live().await;
    house.is_archived(&late).await;
    house.is_true(&unused).await;
}

/// Nothing of it has to be asked by that clock before all is over.
#[tokio::test]
async fn a_restart_on_a_host_whose_clock_is_days_ahead_loses_nothing() {
    let house = House::with(options(UnusedAnswer::EmptySuccess));
    let late = house.tell_of_one_used_late().await;
    let unused = house.tell(FILMED, filmed(Life::Unused)).await;
    house.live_until(BEGIN.plus(Span::minutes(5))).await;
    house.clock.jump(DAY.times(4));
    let house = house.rebooted();
    house.live().await;
    house.is_archived(&late).await;
    house.is_true(&unused).await;
}

/// After that many answers a change is followed little by little only, too late for this one.
#[tokio::test]
async fn a_provider_whose_time_falls_behind_is_asked_again_by_its_own_time() {
    let house = House::with(options(UnusedAnswer::EmptySuccess));
    let late = house.tell_of_one_used_late().await;
    let unused = house.tell(FILMED, filmed(Life::Unused)).await;
    house.live_until(BEGIN.plus(Span::minutes(100))).await;
    house.world_clock.set_back(MINUTES);
    let settled_at = house.settled_at(&unused).await;
    assert!(
        settled_at >= house.app().policy.window_end(BEGIN),
        "{settled_at}"
    );
    house.live().await;
    house.is_archived(&late).await;
    let calls = house.whole(&late).await.calls_made();
    assert!(calls <= 40, "{calls} calls");
}
