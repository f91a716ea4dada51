//! What of an app's attempts and tokens is told of, and what is not: an attack, a month as it should
//! be, and each alarm once.

use simulator::{Life, LifeSpec};

use std::{collections::BTreeMap, sync::Arc};

use super::{BEGIN, House, PLAIN, alarms::Course};
use crate::{
    archive::{
        Notifier,
        notifier::tests::{Outgoing, channel},
    },
    domain::{
        alarm::Severity,
        channel::Channel,
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

/// Somebody who wants to hear of everything, and all that they hear.
struct Duty {
    notifier: Notifier,
    heard: Arc<Outgoing>,
}

impl Duty {
    fn of(house: &House) -> Self {
        let heard = Arc::new(Outgoing::default());
        let duty = Channel {
            daily: true,
            ..channel("duty", Severity::Warning)
        };
        let archive = &house.archive;
        let shared = (
            Arc::clone(&archive.store),
            Arc::clone(&archive.alarms),
            Arc::clone(&archive.clock),
        );
        let ways = (vec![duty], Arc::clone(&heard) as _);
        let notifier = Notifier::new(shared, ways, BTreeMap::new());
        Self { notifier, heard }
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
    async fn live_ordinarily(&self, hours: i64, duty: &Duty) -> Vec<String> {
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
            duty.notifier.tell(self.now()).await.unwrap();
        }
        told
    }
}

#[tokio::test]
async fn an_attack_is_told_of_within_a_minute_and_a_half() {
    let house = House::new();
    let duty = Duty::of(&house);
    // Until Friday, half past seven in the evening.
    assert_eq!(house.live_ordinarily(94, &duty).await, [""; 0]);
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
    let (mut raised, mut heard) = (Vec::new(), Vec::new());
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
        house.clock.pass(Span::seconds(5));
        duty.notifier.tell(house.now()).await.unwrap();
        for (_, kind, _) in duty.heard.sent() {
            if !heard.iter().any(|(one, _)| one == kind.name()) {
                heard.push((kind.name().to_owned(), house.now()));
            }
        }
    }
    let soon = |those: &[(String, Time)], kind: &str, since: Option<Time>, most: Span| {
        let at = those.iter().find(|(one, _)| one == kind);
        let (_, at) = at.unwrap_or_else(|| panic!("no {kind} in {those:?}"));
        assert!(at.since(since.unwrap()) <= most, "{kind}");
    };
    for (kind, since) in [("risk", risky), ("failure_rate", failing)] {
        soon(&raised, kind, since, Span::seconds(90));
        soon(&heard, kind, since, Span::minutes(2));
    }
    assert_eq!((raised.len(), heard.len()), (2, 2), "{raised:?} {heard:?}");
    let alarms = house.store.alarms().await.unwrap();
    for token in &tokens {
        assert!(alarms.iter().all(|alarm| !alarm.text.contains(token)));
    }
}

#[tokio::test]
async fn in_a_month_as_it_should_be_nothing_but_reports_is_told() {
    let house = House::new();
    let duty = Duty::of(&house);
    assert_eq!(house.live_ordinarily(30 * 24, &duty).await, [""; 0]);
    assert_eq!(duty.heard.sent(), []);
    // Nothing but a report each morning, from the one after the first day on.
    let days: Vec<String> = duty
        .heard
        .days()
        .into_iter()
        .map(|(_, of)| of.day)
        .collect();
    assert!((29..=30).contains(&days.len()), "{days:?}");
    assert!(days.is_sorted(), "{days:?}");
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
