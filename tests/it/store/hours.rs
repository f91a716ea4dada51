//! What came of each app in each hour, and the statements that alarms name.

use verikeep::{
    domain::{
        attempt::Attempt,
        id::VerificationId,
        identity::IdentityRow,
        plan::Outcome,
        secret::Secret,
        time::{Span, Time},
        token::Verification,
        traffic::{
            FailureRate, Hour, NoTokens, Risk, Risky, Rules, Traffic, Tried, Volume, judge,
            rows_unknown,
        },
    },
    store::{
        Store,
        records::{NewVerification, Next, PollRecord},
    },
};

use super::make::{HOUR, MINUTE, attempt, claim_at, poll, settling, store, token};
use crate::databases::Database;

/// Half past three in the afternoon of a Tuesday in Beijing.
const NOW: Time = Time(1_795_505_400_000);

/// Tells a token of an app at an instant, due then.
pub async fn tell(store: &dyn Store, app: &str, at: Time) -> VerificationId {
    let id = VerificationId::fresh(at);
    let plain = token(1);
    let told = NewVerification {
        verification: Verification {
            verification_id: id,
            verify_token: Secret::new(id.to_string()),
            app: app.to_owned(),
            issued_at: at,
            tracked_at: at,
            ..plain.verification
        },
        reference: None,
        media_deadline: at.plus(Span::hours(24)),
        record_deadline: at.plus(Span::hours(72)),
        next: match plain.next {
            Next::Due { state, lane, .. } => Next::Due {
                due_at: at,
                deadline: at.plus(Span::hours(24)),
                state,
                lane,
            },
            settled @ Next::Settled { .. } => settled,
        },
        ..plain
    };
    store.track(vec![told]).await.unwrap();
    id
}

/// Records these attempts of the one that is due, which ends with them or goes on.
async fn capture(
    store: &dyn Store,
    attempts: Vec<(Attempt, IdentityRow)>,
    at: Time,
    outcome: Option<Outcome>,
) {
    let work = store.claim_polls(&claim_at(at)).await.unwrap();
    assert_eq!(work.len(), 1);
    let plain = match outcome {
        Some(outcome) => settling(&work[0].lease, at, outcome),
        None => poll(&work[0].lease, at),
    };
    let record = PollRecord { attempts, ..plain };
    store.record_poll(record).await.unwrap();
}

fn risky(no: i64, passed: bool, tag: &str) -> (Attempt, IdentityRow) {
    let (attempt, identity) = attempt(no, passed, NOW);
    let attempt = Attempt {
        risk_level: Some("1".to_owned()),
        risk_tag: Some(tag.to_owned()),
        spoofing_score: Some(0.75),
        ..attempt
    };
    (attempt, identity)
}

/// Two tokens and an attempt yesterday at this hour, and three tokens with attempts now.
async fn a_day(store: &dyn Store) {
    let begin = Hour::of(NOW).begin();
    let yesterday = begin.minus(HOUR.times(25));
    tell(store, "h5", yesterday).await;
    let passed = vec![attempt(1, true, NOW)];
    capture(store, passed, yesterday, Some(Outcome::Archived)).await;
    tell(store, "h5", yesterday.plus(MINUTE)).await;
    capture(
        store,
        vec![],
        yesterday.plus(MINUTE),
        Some(Outcome::Abandoned),
    )
    .await;
    let last_hour = begin.minus(MINUTE);
    tell(store, "h5", last_hour).await;
    capture(store, vec![attempt(1, false, NOW)], last_hour, None).await;
    // Told again with another: the first counts where it was.
    let again = vec![attempt(1, false, NOW), risky(2, false, "tag")];
    capture(
        store,
        again,
        last_hour.plus(HOUR),
        Some(Outcome::Incomplete),
    )
    .await;
    tell(store, "other", begin.plus(MINUTE)).await;
    let neither = Attempt {
        passed: None,
        ..attempt(1, true, NOW).0
    };
    let unknown = vec![(neither, attempt(1, true, NOW).1)];
    capture(
        store,
        unknown,
        begin.plus(MINUTE),
        Some(Outcome::Incomplete),
    )
    .await;
}

pub async fn hours_are_added_up_once_and_the_last_one_is_counted(db: Database) {
    let store = store(&db).await;
    let begin = Hour::of(NOW).begin();
    assert_eq!(store.traffic(NOW).await.unwrap(), []);
    a_day(&*store).await;
    let tried = |attempts, failed| Tried { attempts, failed };
    let hour = Hour::of(NOW).back(1);
    let other = Traffic {
        app: "other".to_owned(),
        hour,
        told_last: Some(begin.plus(MINUTE)),
        ..Traffic::default()
    };
    let expected = [
        Traffic {
            app: "h5".to_owned(),
            tried: tried(1, 1),
            before: tried(1, 0),
            risky: Risky {
                attempts: 1,
                tag: Some("tag".to_owned()),
                spoofing: Some(0.75),
            },
            hour,
            told: 1,
            usual: vec![2],
            told_last: Some(begin.minus(MINUTE)),
        },
        other,
    ];
    for round in ["added up", "nothing new to add"] {
        store.add_up(NOW).await.unwrap();
        // The attempt of the minute before the hour began is no longer of the last hour.
        let at = begin.plus(HOUR).minus(MINUTE);
        let found = store.traffic(at).await.unwrap();
        assert_eq!(found, expected, "{round}");
    }
    // What is told of an hour later does not count any more.
    tell(&*store, "h5", begin.minus(MINUTE.times(2))).await;
    store.add_up(NOW).await.unwrap();
    assert_eq!(store.traffic(NOW).await.unwrap()[0].told, 1);
    // Four weeks later nothing of it is left.
    let late = NOW.plus(HOUR.times(24 * 29));
    tell(&*store, "h5", late.minus(HOUR)).await;
    store.add_up(late).await.unwrap();
    let found = store.traffic(late).await.unwrap();
    let figures: Vec<_> = found
        .iter()
        .map(|one| (one.app.as_str(), one.told, one.usual.len()))
        .collect();
    assert_eq!(figures, [("h5", 1, 0)]);
}

pub async fn the_statement_of_each_alarm_brings_its_rows(db: Database) {
    let store = store(&db).await;
    a_day(&*store).await;
    store.add_up(NOW).await.unwrap();
    let mut traffic = store.traffic(NOW).await.unwrap().remove(0);
    traffic.tried = Tried {
        attempts: 20,
        failed: 20,
    };
    traffic.risky = Risky {
        attempts: 1,
        tag: None,
        spoofing: Some(0.75),
    };
    traffic.told = 100;
    traffic.usual = vec![2; 4];
    traffic.told_last = None;
    let rules = Rules {
        failure_rate: Some(FailureRate::default()),
        risk: Some(Risk {
            spoofing: Some(0.5),
        }),
        volume: Some(Volume::default()),
        no_tokens: Some(NoTokens::default()),
        unknown_tokens: None,
    };
    let alarms = judge(&traffic, &rules, NOW);
    let mut statements: Vec<(&str, String)> = Vec::new();
    for alarm in &alarms {
        let (_, statement) = alarm.text.split_once("its rows: ").unwrap();
        statements.push((alarm.kind.name(), statement.to_owned()));
    }
    let since = NOW.minus(HOUR.times(48));
    statements.push(("unknown_tokens", rows_unknown("h5", since)));
    let mut counted = Vec::new();
    for (kind, statement) in &statements {
        let count = format!("select count(*) from ({statement}) as found");
        counted.push((*kind, db.number(&count).await));
    }
    let expected = [
        ("failure_rate", 2),
        ("risk", 1),
        ("volume", 1),
        ("no_tokens", 3),
        ("unknown_tokens", 1),
    ];
    assert_eq!(counted, expected);
}
