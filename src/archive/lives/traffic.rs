//! What of an app's attempts and tokens is told of, and what is not: an attack, a month as it should
//! be, and each alarm once.

use simulator::{Life, LifeSpec};

use super::{BEGIN, House, PLAIN, alarms::Course};
use crate::{
    domain::{
        time::{Span, Time},
        traffic::{Hour, NoTokens, Rules},
    },
    store::AlarmStore as _,
};

const MINUTE: Span = Span::minutes(1);
const HOUR: Span = Span::hours(1);

/// What is told of an app: of one of them also that nobody tells tokens.
pub(super) fn rules(app: &str) -> Rules {
    Rules {
        no_tokens: (app == PLAIN).then(NoTokens::default),
        ..Rules::default()
    }
}

/// A token tried once, with that risk level.
fn tried(life: Life, risk_level: u8) -> LifeSpec {
    LifeSpec {
        attempts: Some(1),
        risk_level: Some(risk_level),
        ..LifeSpec::of(life, 1)
    }
}

impl House {
    /// Has the figures looked at, as the jobs do.
    async fn look(&self) -> Vec<String> {
        self.archive.look_at_traffic(self.now()).await.unwrap();
        self.archive.look_for_unseen(self.now()).await.unwrap();
        self.open().await
    }

    /// Lives on until a minute past the next such hour of the day in Beijing is over.
    async fn live_until_after(&self, of_day: i64) {
        let mut hour = Hour(Hour::of(self.now()).0 + 1);
        while hour.of_day() != of_day {
            hour = Hour(hour.0 + 1);
        }
        let end = Hour(hour.0 + 1).begin().plus(Span::minutes(6));
        self.live_until(end).await;
    }

    /// An hour of the office as it should be: one of twenty fails.
    async fn ordinary_hour(&self, tokens: usize) {
        for n in 0..tokens {
            let life = if n % 20 == 7 {
                Life::Failed
            } else {
                Life::Passed
            };
            self.tell(PLAIN, tried(life, 0)).await;
        }
    }

    /// Leads the life of an office from now on, for so many hours; brings all that was told of.
    async fn live_ordinarily(&self, hours: i64) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..hours {
            let hour = Hour::of(self.now());
            let tokens = match (hour.of_day(), hour.is_weekend()) {
                (10 | 15, false) => 24,
                (9..18, false) => 2,
                (9..18, true) => 1,
                _ => 0,
            };
            self.ordinary_hour(tokens).await;
            self.live_until(Hour(hour.0 + 1).begin().plus(Span::minutes(6)))
                .await;
            told.extend(self.look().await);
        }
        told
    }
}

#[tokio::test]
async fn an_attack_is_told_of_within_a_minute_and_a_half() {
    let house = House::new();
    // Until Friday, half past seven in the evening.
    assert_eq!(house.live_ordinarily(94).await, [""; 0]);
    let mut tokens = Vec::new();
    for n in 0..100 {
        let life = if n % 5 < 3 {
            Life::Failed
        } else {
            Life::Passed
        };
        tokens.push(house.tell(PLAIN, tried(life, 1)).await);
    }
    // When it stood in the archive that an attempt is risky, and that more than a third failed.
    let (mut risky, mut failing): (Option<Time>, Option<Time>) = (None, None);
    let mut raised = Vec::new();
    for _ in 0..150 {
        house.live_until(house.now().plus(MINUTE)).await;
        let (mut attempts, mut failed) = (0, 0);
        for token in &tokens {
            for row in house.whole(token).await.attempt_rows {
                attempts += 1;
                failed += usize::from(row.passed == Some(false));
            }
        }
        if attempts > 0 {
            risky.get_or_insert(house.now());
        }
        if attempts >= 20 && failed * 2 > attempts {
            failing.get_or_insert(house.now());
        }
        for kind in house.look().await {
            if !raised.iter().any(|(one, _)| *one == kind) {
                raised.push((kind, house.now()));
            }
        }
    }
    let soon = |kind: &str, since: Option<Time>| {
        let at = raised.iter().find(|(one, _)| one == kind);
        let (_, at) = at.unwrap_or_else(|| panic!("no {kind} in {raised:?}"));
        assert!(at.since(since.unwrap()) <= Span::seconds(90), "{kind}");
    };
    soon("risk", risky);
    soon("failure_rate", failing);
    assert_eq!(raised.len(), 2, "{raised:?}");
    let alarms = house.store.alarms().await.unwrap();
    for token in &tokens {
        assert!(alarms.iter().all(|alarm| !alarm.text.contains(token)));
    }
}

#[tokio::test]
async fn a_month_as_it_should_be_is_not_told_of() {
    let house = House::new();
    assert_eq!(house.live_ordinarily(30 * 24).await, [""; 0]);
}

/// So many tokens fail in an hour that nothing is known before; then none.
pub(crate) async fn of_failures() -> Course {
    let house = House::new();
    for _ in 0..60 {
        house.tell(PLAIN, tried(Life::Failed, 0)).await;
    }
    let mut raised = Vec::new();
    while raised.is_empty() && house.now() < BEGIN.plus(HOUR.times(4)) {
        house.live_until(house.now().plus(MINUTE)).await;
        raised = house.look().await;
    }
    house.live().await;
    house.clock.pass(HOUR.times(2));
    [raised, house.look().await]
}

/// One attempt is risky; a day later it is quiet.
pub(crate) async fn of_a_risk() -> Course {
    let house = House::new();
    house.tell(PLAIN, tried(Life::Passed, 2)).await;
    let mut raised = Vec::new();
    while raised.is_empty() && house.now() < BEGIN.plus(HOUR.times(4)) {
        house.live_until(house.now().plus(MINUTE)).await;
        raised = house.look().await;
    }
    let last = house.now();
    house.live_until(last.plus(HOUR.times(23))).await;
    assert_eq!(house.open().await, ["risk"]);
    house.live_until(last.plus(HOUR.times(25))).await;
    [raised, house.open().await]
}

/// On four evenings of a week there are tokens, on the next Monday none; then it is night.
pub(crate) async fn of_an_hour_without_tokens() -> Course {
    let house = House::new();
    for _ in 0..4 {
        house.live_until_after(19).await;
        house.ordinary_hour(40).await;
        assert_eq!(house.look().await, [""; 0]);
    }
    // Two days of a weekend, which no working day is compared with.
    for _ in 0..4 {
        house.live_until_after(20).await;
    }
    let raised = house.look().await;
    house.live_until_after(21).await;
    [raised, house.look().await]
}

/// Nobody tells a token on a working day, until somebody does.
pub(crate) async fn of_a_morning_without_tokens() -> Course {
    let house = House::new();
    house.live_until_after(10).await;
    let raised = house.look().await;
    house.tell(PLAIN, tried(Life::Passed, 0)).await;
    [raised, house.look().await]
}
