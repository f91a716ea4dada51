//! Waking what waits for a person.

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        answer::Endpoint,
        lease::{Lane, Lease, Stage},
        plan::Outcome,
        progress::{Progress, Refusal},
        time::{Span, Time},
        token::State,
    },
    store::{
        Store,
        records::{Claim, Moved, Next, PollRecord, RetryVerdict},
        reports::EventReport,
    },
};

use super::make::{
    HOUR, MINUTE, START, answer, attempt, claim_at, handle, id, later, named, one_download,
    one_poll, poll, settling, start, store, token, track, wanted,
};
use crate::databases::Database;

fn tokens(numbers: &[u32]) -> Vec<String> {
    numbers.iter().map(|n| format!("token-{n}")).collect()
}

pub async fn what_waits_for_a_person_is_woken(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    store
        .record_poll(settling(&works[0].lease, START, Outcome::Rejected))
        .await
        .unwrap();
    let some = PollRecord {
        attempts: vec![attempt(1, true, START)],
        wanted: vec![wanted(2, 0)],
        ..settling(&works[1].lease, START, Outcome::Incomplete)
    };
    store.record_poll(some).await.unwrap();
    store
        .record_poll(settling(&works[2].lease, START, Outcome::Missed))
        .await
        .unwrap();

    let verdicts = store
        .retry(&tokens(&[1, 2]), None, "ops", later(MINUTE))
        .await
        .unwrap();
    assert_eq!(
        verdicts,
        [
            RetryVerdict::Woken {
                verification_id: id(1),
                was: State::Rejected
            },
            RetryVerdict::Woken {
                verification_id: id(2),
                was: State::Incomplete
            }
        ]
    );
    let gone = serde_json::json!([{"what": "face", "attempt_no": 1, "cause": "gone_at_provider", "why": "gone"}]);
    let none = || serde_json::json!([]);
    for (n, state, missing, settled_at) in [
        (1, "waiting", none(), None),
        (2, "collecting", none(), None),
        (3, "missed", gone, Some(START)),
    ] {
        let found = store.show(&handle(n)).await.unwrap().unwrap().summary;
        assert_eq!(
            (found.state.as_str(), found.missing, found.settled_at),
            (state, missing, settled_at)
        );
    }
    assert_eq!(
        store
            .claim_polls(&claim_at(later(MINUTE)))
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        one_download(&*store, later(MINUTE)).await.media[0].media_id,
        named("medium-2-0"),
        "what was lost is wanted again"
    );
    assert_eq!(
        db.events().await,
        ["ops retry: was rejected", "ops retry: was incomplete"]
    );
}

pub async fn a_token_can_be_given_to_another_app(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let refusal = Some(Refusal {
        signature: "refused".to_owned(),
        at: START,
        ..Refusal::default()
    });
    for work in store.claim_polls(&claim_at(START)).await.unwrap() {
        let progress = Progress {
            refusal: refusal.clone(),
            closing: refusal.clone(),
            siblings_at: Some(START),
            known_by: Some("other".to_owned()),
            images_for: 2,
            ..Progress::default()
        };
        let record = if work.lease.verification_id == id(1) {
            settling(&work.lease, START, Outcome::Rejected)
        } else {
            poll(&work.lease, START)
        };
        store
            .record_poll(PollRecord { progress, ..record })
            .await
            .unwrap();
    }
    store
        .retry(&tokens(&[1, 2]), Some("other"), "ops", later(MINUTE))
        .await
        .unwrap();
    assert_eq!(
        store
            .next_due(Stage::Poll, &["loan-h5".to_owned()])
            .await
            .unwrap(),
        None
    );
    let works = store
        .claim_polls(&Claim {
            apps: vec!["other".to_owned()],
            ..claim_at(later(MINUTE))
        })
        .await
        .unwrap();
    assert_eq!(works.len(), 2);
    assert!(works.iter().all(|work| work.verification.app == "other"
        && work.progress
            == Progress {
                images_for: 2,
                woken_at: Some(later(MINUTE)),
                ..Progress::default()
            }));
    assert_eq!(
        db.events().await[0],
        "ops retry: was rejected, given from app `loan-h5` to `other`"
    );
}

/// What another app of the account was seen to own.
fn moved(from: &str) -> Moved {
    Moved {
        from: from.to_owned(),
        to: "other".to_owned(),
        media_deadline: later(Span::hours(12)),
        record_deadline: later(Span::hours(36)),
    }
}

/// A poll that gives its token to another app, whose alarm was raised before.
async fn given(store: &dyn Store, lease: &Lease, at: Time) {
    let mut progress = Progress::default();
    progress.start_over(at);
    let next = Next::Due {
        due_at: at,
        deadline: later(Span::hours(12)),
        state: State::Waiting,
        lane: Lane::Living,
    };
    let record = PollRecord {
        progress,
        next,
        moved: Some(moved("loan-h5")),
        answers: vec![answer("refusal", Endpoint::Getall, at)],
        ..poll(lease, at)
    };
    store.record_poll(record).await.unwrap();
}

async fn wrong_app(store: &dyn Store, lease: &Lease, at: Time) {
    let alarms = vec![Alarm {
        kind: Kind::WrongApp,
        subject: lease.verification_id.to_string(),
        text: "hint".to_owned(),
    }];
    let next = Next::Due {
        due_at: at,
        deadline: later(Span::hours(24)),
        state: State::Waiting,
        lane: Lane::Living,
    };
    let record = PollRecord {
        alarms,
        next,
        ..poll(lease, at)
    };
    store.record_poll(record).await.unwrap();
}

pub async fn a_poll_gives_its_token_to_the_app_that_it_belongs_to(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    for work in store.claim_polls(&claim_at(START)).await.unwrap() {
        wrong_app(&*store, &work.lease, START).await;
    }
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    let [first, second] = works.as_slice() else {
        panic!("{works:?}")
    };
    given(&*store, &first.lease, later(MINUTE)).await;
    store
        .record_poll(poll(&second.lease, later(MINUTE)))
        .await
        .unwrap();

    let only = |app: &str| Claim {
        apps: vec![app.to_owned()],
        ..claim_at(later(MINUTE))
    };
    assert!(
        store
            .claim_polls(&only("loan-h5"))
            .await
            .unwrap()
            .is_empty()
    );
    let works = store.claim_polls(&only("other")).await.unwrap();
    assert_eq!(works.len(), 1, "at once");
    assert_eq!(works[0].verification.verification_id, id(1));
    assert_eq!(works[0].verification.app, "other");
    assert_eq!(works[0].answers.len(), 1, "what was answered stays");
    let begun = Progress {
        woken_at: Some(later(MINUTE)),
        was_moved: true,
        ..Progress::default()
    };
    assert_eq!(works[0].progress, begun);

    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    let (media, record) = (later(Span::hours(12)), later(Span::hours(36)));
    let found = &whole.summary;
    assert_eq!(
        (
            found.app.as_str(),
            found.media_deadline,
            found.record_deadline
        ),
        ("other", media, record)
    );
    let event = EventReport {
        at: later(MINUTE),
        actor: "verikeep".to_owned(),
        what: "reassigned".to_owned(),
        detail: "given from app `loan-h5` to `other`, which lists attempts of it".to_owned(),
    };
    assert_eq!(whole.events, [event]);
    let stays = store.show(&handle(2)).await.unwrap().unwrap();
    assert_eq!(
        (stays.summary.app.as_str(), stays.events.len()),
        ("loan-h5", 0)
    );
    let alarms = store.alarms().await.unwrap();
    let subjects: Vec<&str> = alarms.iter().map(|alarm| alarm.subject.as_str()).collect();
    assert_eq!(subjects, [handle(2)], "the other one waits for a person");
}

pub async fn a_token_that_a_person_gave_away_meanwhile_stays_there(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    store
        .retry(&tokens(&[1]), Some("third"), "ops", START)
        .await
        .unwrap();
    given(&*store, &work.lease, later(MINUTE)).await;
    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    assert_eq!(whole.summary.app, "third");
    assert_eq!(whole.summary.media_deadline, token(1).media_deadline);
    let third = one_poll(&*store, later(MINUTE)).await;
    assert_eq!(third.verification.app, "third");
    assert_eq!(
        db.events().await,
        ["ops retry: was waiting, given from app `loan-h5` to `third`"]
    );
}

pub async fn whole_and_unknown_tokens_are_left_alone(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    for (work, outcome) in store
        .claim_polls(&claim_at(START))
        .await
        .unwrap()
        .iter()
        .zip([Outcome::Archived, Outcome::Abandoned])
    {
        store
            .record_poll(settling(&work.lease, START, outcome))
            .await
            .unwrap();
    }
    let handles = [
        tokens(&[1]),
        vec![handle(2)],
        tokens(&[3, 1]),
        vec!["\0".to_owned()],
    ]
    .concat();
    let verdicts = store
        .retry(&handles, Some("other"), "ops", later(Span::hours(72)))
        .await
        .unwrap();
    let whole = |n| RetryVerdict::Whole {
        verification_id: id(n),
    };
    assert_eq!(
        verdicts,
        [
            whole(1),
            whole(2),
            RetryVerdict::Unknown,
            whole(1),
            RetryVerdict::Unknown
        ]
    );
    assert_eq!(db.rows("schedule").await, 0);
    for n in 1..=2 {
        let found = store.show(&handle(n)).await.unwrap().unwrap().summary;
        assert_eq!(found.app, "loan-h5");
    }
    assert!(
        store
            .retry(&[], None, "ops", START)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn what_the_provider_forgot_stays_as_it_is(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    for (work, outcome) in
        works
            .iter()
            .zip([Outcome::Missed, Outcome::Incomplete, Outcome::Rejected])
    {
        store
            .record_poll(settling(&work.lease, START, outcome))
            .await
            .unwrap();
    }
    let stands = async || {
        let whole = store.show(&handle(1)).await.unwrap().unwrap();
        let facts = whole.summary;
        let what = (facts.state, facts.missing, facts.settled_at);
        (what, whole.events.len())
    };
    let before = stands().await;
    let end = later(Span::hours(72));
    let forgotten = [1, 2, 3].map(|n| RetryVerdict::Forgotten {
        verification_id: id(n),
        since: end,
    });
    for app in [None, Some("loan-h5")] {
        let verdicts = store
            .retry(&tokens(&[1, 2, 3]), app, "ops", end)
            .await
            .unwrap();
        assert_eq!(verdicts, forgotten);
    }
    assert_eq!(stands().await, before);
    assert_eq!(db.rows("schedule").await, 0);
    // Another app may keep its records for longer.
    let moved = store
        .retry(&tokens(&[1]), Some("other"), "ops", end)
        .await
        .unwrap();
    assert!(matches!(moved.as_slice(), [RetryVerdict::Woken { .. }]));
}

pub async fn an_abandoned_one_is_asked_again_while_the_provider_remembers(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    store
        .record_poll(settling(
            &one_poll(&*store, START).await.lease,
            START,
            Outcome::Abandoned,
        ))
        .await
        .unwrap();
    let woken = [RetryVerdict::Woken {
        verification_id: id(1),
        was: State::Abandoned,
    }];
    assert_eq!(
        store
            .retry(&tokens(&[1]), None, "ops", later(Span::hours(71)))
            .await
            .unwrap(),
        woken
    );
    assert_eq!(
        one_poll(&*store, later(Span::hours(71)))
            .await
            .verification
            .verification_id,
        id(1)
    );
}

pub async fn an_open_one_is_due_at_once_and_a_running_poll_is_followed_by_another(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    store
        .record_poll(PollRecord {
            wanted: vec![wanted(1, 0)],
            download: Some(start(later(Span::hours(9)))),
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    let woken = [RetryVerdict::Woken {
        verification_id: id(1),
        was: State::Waiting,
    }];
    assert_eq!(
        store
            .retry(&tokens(&[1]), None, "ops", later(MINUTE))
            .await
            .unwrap(),
        woken
    );
    assert_eq!(
        store.next_due(Stage::Download, &[]).await.unwrap(),
        Some(later(MINUTE))
    );
    let running = one_poll(&*store, later(MINUTE)).await;
    assert_eq!(
        store
            .retry(&[handle(1)], None, "ops", later(MINUTE))
            .await
            .unwrap(),
        woken
    );
    store
        .record_poll(poll(&running.lease, later(MINUTE)))
        .await
        .unwrap();
    one_poll(&*store, later(MINUTE)).await;
    assert_eq!(
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        Some(later(Span::minutes(2)))
    );
    assert!(HOUR > MINUTE);
}
