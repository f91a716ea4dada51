//! Tracking.

use std::collections::BTreeSet;

use verikeep::{
    archive::track::Tracked,
    config::{App, Auth, Config},
    domain::{
        lease::{Lane, Stage},
        loss::{Cause, Reason},
        plan::{Missing, Outcome},
        secret::Secret,
        submission::Submission,
        time::{HeldClock, Span, Time},
        token::{State, TrackRequest},
    },
    store::{
        Store,
        records::{MatchImage, NewVerification, Next, PollRecord, TrackVerdict},
        reports::{Filter, Submitted},
    },
};

use super::make::{
    START, claim_at, handle, id, later, named, one_poll, settling, store, stored, submission,
    token, track,
};
use crate::databases::Database;

pub async fn tracking_twice_is_tracking_once(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    // Another program would draw other identifiers.
    let again = (1..=3).map(|n| NewVerification {
        verification: verikeep::domain::token::Verification {
            verification_id: id(n + 100),
            ..token(n).verification
        },
        ..token(n)
    });
    let verdicts = store.track(again.collect()).await.unwrap();
    let known: Vec<TrackVerdict> = (1..=3)
        .map(|n| TrackVerdict::Known {
            verification_id: id(n),
            state: State::Waiting,
        })
        .collect();
    assert_eq!(verdicts, known);
    assert_eq!(db.rows("verifications").await, 3);
    assert_eq!(db.rows("schedule").await, 3);
    assert!(store.track(Vec::new()).await.unwrap().is_empty());
}

pub async fn other_facts_are_a_conflict_and_change_nothing(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let facts = async || serde_json::to_value(store.show(&handle(1)).await.unwrap()).unwrap();
    let before = facts().await;
    let mut changed: Vec<(&str, NewVerification)> = Vec::new();
    for field in ["app", "issued_at", "plan_id", "reference"] {
        let mut other = token(1);
        match field {
            "app" => other.verification.app = "other".to_owned(),
            "issued_at" => other.verification.issued_at = later(Span::hours(1)),
            "plan_id" => other.verification.plan_id = Some("other".to_owned()),
            _ => other.reference = Some("other".to_owned()),
        }
        changed.push((field, other));
    }
    for (field, other) in changed {
        let verdicts = store.track(vec![other]).await.unwrap();
        assert_eq!(
            verdicts,
            [TrackVerdict::Conflict {
                verification_id: Some(id(1)),
                field
            }],
            "{field}"
        );
    }
    // Saying less is not saying something else.
    let mut silent = NewVerification {
        reference: None,
        ..token(1)
    };
    silent.verification.plan_id = None;
    assert_eq!(
        store.track(vec![silent]).await.unwrap(),
        [TrackVerdict::Known {
            verification_id: id(1),
            state: State::Waiting
        }]
    );
    assert_eq!(facts().await, before);
}

/// A token told as issued at `issued_at`, with what follows from that; known under another
/// identifier.
fn told_as_issued(issued_at: Time) -> NewVerification {
    let mut told = token(1);
    told.verification.verification_id = id(100);
    told.verification.issued_at = issued_at;
    (told.media_deadline, told.record_deadline) = (
        issued_at.plus(Span::hours(24)),
        issued_at.plus(Span::hours(72)),
    );
    told.next = Next::Due {
        due_at: START,
        deadline: told.media_deadline,
        state: State::Waiting,
        lane: Lane::Living,
    };
    told
}

/// When token 1 was issued and whether that was told, its deadlines, when it is due and what orders
/// it.
async fn facts(store: &dyn Store) -> (Time, bool, Time, Time, Option<Time>, Option<Time>) {
    let known = store.known(&[Secret::new("token-1")]).await.unwrap();
    let known = known[0].as_ref().unwrap();
    (
        known.issued_at,
        known.issued_at_told,
        known.media_deadline,
        known.record_deadline,
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        store.status(START).await.unwrap().next_deadline,
    )
}

pub async fn a_told_time_of_issue_replaces_an_assumed_one(db: Database) {
    let store = store(&db).await;
    let mut assumed = token(1);
    assumed.issued_at_told = false;
    let Next::Due { due_at, .. } = &mut assumed.next else {
        panic!()
    };
    *due_at = later(Span::hours(1));
    store.track(vec![assumed.clone()]).await.unwrap();
    let known = TrackVerdict::Known {
        verification_id: id(1),
        state: State::Waiting,
    };
    let stands = facts(&*store).await;
    assumed.verification.issued_at = later(Span::hours(1));
    assert_eq!(
        store.track(vec![assumed.clone()]).await.unwrap(),
        std::slice::from_ref(&known),
        "assumed after assumed"
    );
    let mut elsewhere = told_as_issued(later(Span::hours(-2)));
    elsewhere.verification.app = "other".to_owned();
    store.track(vec![elsewhere]).await.unwrap();
    assert_eq!(
        facts(&*store).await,
        stands,
        "what assumes or is in conflict changes nothing"
    );

    let (right, wrong) = (later(Span::hours(-2)), later(Span::hours(-3)));
    let verdicts = store
        .track(vec![told_as_issued(right), told_as_issued(wrong), assumed])
        .await
        .unwrap();
    assert_eq!(
        verdicts,
        [
            known.clone(),
            TrackVerdict::Conflict {
                verification_id: Some(id(1)),
                field: "issued_at"
            },
            known.clone()
        ]
    );
    let (media, record) = (right.plus(Span::hours(24)), right.plus(Span::hours(72)));
    assert_eq!(
        facts(&*store).await,
        (right, true, media, record, Some(START), Some(media))
    );
    assert_eq!(
        db.events().await,
        ["test issued_at: 2026-11-23T08:15:01Z was assumed, 2026-11-23T06:15:01Z is told"]
    );
    assert_eq!(
        store.track(vec![told_as_issued(right)]).await.unwrap(),
        [known]
    );
    assert_eq!(db.rows("events").await, 1, "told again, nothing is new");
}

pub async fn a_told_time_of_issue_reaches_a_poll_under_way(db: Database) {
    let store = store(&db).await;
    store
        .track(vec![NewVerification {
            issued_at_told: false,
            ..token(1)
        }])
        .await
        .unwrap();
    let work = one_poll(&*store, START).await;
    store
        .track(vec![told_as_issued(later(Span::hours(-2)))])
        .await
        .unwrap();
    // It was planned by the time that was assumed: it is neither believed that all is over, nor
    // that there is an hour's time.
    store
        .record_poll(settling(&work.lease, START, Outcome::Missed))
        .await
        .unwrap();
    let work = one_poll(&*store, START).await;
    assert_eq!(work.verification.issued_at, later(Span::hours(-2)));
}

pub async fn a_told_time_of_issue_changes_nothing_that_is_settled(db: Database) {
    let store = store(&db).await;
    store
        .track(vec![NewVerification {
            issued_at_told: false,
            ..token(1)
        }])
        .await
        .unwrap();
    let work = one_poll(&*store, START).await;
    store
        .record_poll(settling(&work.lease, START, Outcome::Archived))
        .await
        .unwrap();
    let stands = facts(&*store).await;
    let verdicts = store
        .track(vec![told_as_issued(later(Span::hours(-2)))])
        .await
        .unwrap();
    assert_eq!(
        verdicts,
        [TrackVerdict::Known {
            verification_id: id(1),
            state: State::Archived
        }]
    );
    assert_eq!((facts(&*store).await, db.rows("events").await), (stands, 0));
}

pub async fn a_row_the_database_refuses_takes_no_other_along(db: Database) {
    verikeep::store::migrate(&db.url).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let app = App::new(
        "h5",
        "http://127.0.0.1:9".parse().unwrap(),
        Auth::ApiKey {
            api_key: "k".into(),
        },
    );
    let mut config = Config::embedded(folder.path().to_owned(), vec![app]);
    config.database.url = db.url.clone();
    let archive = verikeep::app::open(&config, HeldClock::at(START))
        .await
        .unwrap()
        .archive;
    db.run(if db.is_sqlite() {
        "create table refused (reference text check (reference not like '%refused'));
        create trigger refuse before insert on verifications when new.reference like '%refused' begin insert into refused values (new.reference); end;"
    } else {
        // The server's message is: invalid input syntax for type bigint: "canary refused".
        "alter table verifications add constraint refused check (reference is null or reference not like '%refused' or cast(reference as bigint) > 0)"
    })
    .await;
    let told = |n: u32| TrackRequest {
        verify_token: Secret::new(format!("canary{n}")),
        app: "h5".to_owned(),
        issued_at: None,
        plan_id: None,
        reference: matches!(n, 7 | 1_499 | 1_500).then(|| "canary refused".to_owned()),
        tracked_by: "test".to_owned(),
        issued_here: false,
    };
    let answers = archive
        .tracker
        .track((0..2_500).map(told).collect())
        .await
        .unwrap();
    assert_eq!(answers.len(), 2_500);
    for (n, answer) in (0..).zip(&answers) {
        match answer {
            Tracked::Wrong(why) => {
                assert!(
                    told(n).reference.is_some()
                        && why.starts_with("the database refuses it: ")
                        && !why.contains("canary"),
                    "{n}: {why}"
                )
            }
            Tracked::Verdict(verdict) => assert!(
                told(n).reference.is_none() && matches!(verdict, TrackVerdict::New { .. }),
                "{n}: {verdict:?}"
            ),
        }
    }
    assert_eq!(db.rows("verifications").await, 2_497);
}

pub async fn a_token_twice_in_one_call_is_tracked_once(db: Database) {
    let store = store(&db).await;
    let mut twin = token(1);
    twin.verification.verification_id = id(2);
    let mut rival = token(1);
    rival.verification.verification_id = id(3);
    rival.verification.app = "other".to_owned();
    let verdicts = store
        .track(vec![token(1), twin, rival, token(4)])
        .await
        .unwrap();
    let expected = [
        TrackVerdict::New {
            verification_id: id(1),
            late: None,
        },
        TrackVerdict::Known {
            verification_id: id(1),
            state: State::Waiting,
        },
        TrackVerdict::Conflict {
            verification_id: Some(id(1)),
            field: "app",
        },
        TrackVerdict::New {
            verification_id: id(4),
            late: None,
        },
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(db.rows("schedule").await, 2);
}

pub async fn many_that_tell_at_once_are_each_answered_their_own(db: Database) {
    let store = store(&db).await;
    // Each caller tells of a token of its own, of one that all tell of, and every tenth of one that
    // is another app's; none of them waits for another.
    let told = |caller: u32| {
        let with_id = |mut one: NewVerification, n: u32| {
            one.verification.verification_id = id(n);
            one
        };
        let mut own = vec![
            with_id(token(10 + caller), 10_000 + caller),
            with_id(token(1), 20_000 + caller),
        ];
        if caller.is_multiple_of(10) {
            let mut rival = with_id(token(10 + caller), 30_000 + caller);
            rival.verification.app = "other".to_owned();
            own.push(rival);
        }
        own
    };
    let callers: Vec<_> = (0..600)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move { store.track(told(caller)).await })
        })
        .collect();
    let (mut firsts, mut known) = (Vec::new(), Vec::new());
    for (caller, answered) in (0..).zip(callers) {
        let verdicts = answered.await.unwrap().unwrap();
        assert_eq!(verdicts.len(), told(caller).len());
        let new = TrackVerdict::New {
            verification_id: id(10_000 + caller),
            late: None,
        };
        assert_eq!(verdicts[0], new);
        match verdicts[1] {
            TrackVerdict::New {
                verification_id, ..
            } => firsts.push(verification_id),
            TrackVerdict::Known {
                verification_id, ..
            } => known.push(verification_id),
            ref other => panic!("{caller}: {other:?}"),
        }
        if let Some(rival) = verdicts.get(2) {
            let conflict = TrackVerdict::Conflict {
                verification_id: Some(id(10_000 + caller)),
                field: "app",
            };
            assert_eq!(*rival, conflict, "{caller}");
        }
    }
    assert_eq!(firsts.len(), 1, "one of them was the first");
    assert!(known.iter().all(|one| *one == firsts[0]));
    assert_eq!(db.rows("verifications").await, 601);
    assert_eq!(db.rows("schedule").await, 601);
}

pub async fn a_token_told_too_late_is_settled_at_once(db: Database) {
    let store = store(&db).await;
    let late = NewVerification {
        next: Next::Settled {
            outcome: Outcome::Missed,
            missing: vec![Missing {
                what: "everything".to_owned(),
                attempt_no: None,
                reason: Reason::plain(Cause::ToldLate),
                why: "told too late".to_owned(),
            }],
        },
        ..token(1)
    };
    store.track(vec![late.clone()]).await.unwrap();
    store.track(vec![late]).await.unwrap();
    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    assert_eq!(
        (whole.summary.state.as_str(), whole.summary.next_poll_at),
        ("missed", None)
    );
    assert_eq!(whole.summary.settled_at, Some(START));
    assert_eq!(
        whole.summary.missing,
        serde_json::json!([{"what": "everything", "cause": "told_late", "why": "told too late"}])
    );
    let alarms = store.alarms().await.unwrap();
    assert_eq!(alarms.len(), 1);
    assert_eq!(
        alarms[0].times, 1,
        "an alarm of a known token is not raised"
    );
}

pub async fn texts_of_every_script_come_back_and_nul_is_replaced(db: Database) {
    let store = store(&db).await;
    let texts = [
        "张三丰 — «quoted» \"'`\\",
        "🀄️ e\u{301} \u{202e}rtl",
        "\\u0000 is six letters",
        "line\nbreak\ttab\u{1}",
    ];
    for (n, text) in (1..).zip(texts) {
        store
            .track(vec![NewVerification {
                reference: Some(text.to_owned()),
                ..token(n)
            }])
            .await
            .unwrap();
        assert_eq!(
            store
                .show(&handle(n))
                .await
                .unwrap()
                .unwrap()
                .summary
                .reference
                .as_deref(),
            Some(text)
        );
    }
    let nul = NewVerification {
        reference: Some("a\0b".to_owned()),
        tracked_by: "\0".to_owned(),
        ..token(9)
    };
    store.track(vec![nul.clone()]).await.unwrap();
    assert_eq!(
        store
            .show(&handle(9))
            .await
            .unwrap()
            .unwrap()
            .summary
            .reference
            .as_deref(),
        Some("a\u{fffd}b")
    );
    assert_eq!(
        store.track(vec![nul]).await.unwrap(),
        [TrackVerdict::Known {
            verification_id: id(9),
            state: State::Waiting
        }],
        "the same again"
    );
    assert!(store.show("\0").await.unwrap().is_none());
}

pub async fn two_programs_that_track_the_same_tokens_crosswise_agree(db: Database) {
    let (one, other) = (store(&db).await, store(&db).await);
    let mine = |n: u32, who: u32| {
        let mut token = token(n);
        token.verification.verification_id = id(n + who * 10_000);
        token.verification.verify_token = Secret::new(format!("token-{n}"));
        token
    };
    let forwards: Vec<NewVerification> = (1..=500).map(|n| mine(n, 1)).collect();
    let backwards: Vec<NewVerification> = (1..=500).rev().map(|n| mine(n, 2)).collect();
    let (first, second) = tokio::join!(one.track(forwards), other.track(backwards));
    let new = first
        .unwrap()
        .into_iter()
        .chain(second.unwrap())
        .filter(|verdict| matches!(verdict, TrackVerdict::New { .. }))
        .count();
    assert_eq!(new, 500, "each is new to one of them");
    assert_eq!(db.rows("schedule").await, 500);
}

pub async fn a_person_handed_in_is_found_before_any_attempt(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let handed_in = submission("index-1");
    store.submit(id(1), &handed_in).await.unwrap();
    // Of a repeat the first stands.
    store.submit(id(1), &submission("index-3")).await.unwrap();
    for (index, expected) in [
        ("index-1", vec![id(1)]),
        ("index-2", vec![]),
        ("index-3", vec![]),
    ] {
        let filter = Filter {
            id_number_index: Some(index.to_owned()),
            limit: 10,
            ..Filter::default()
        };
        let found = store.list(&filter).await.unwrap();
        let ids: Vec<_> = found.into_iter().map(|one| one.verification_id).collect();
        assert_eq!(ids, expected, "{index}");
    }
}

pub async fn what_was_handed_in_is_shown_with_what_came_of_it(db: Database) {
    let store = store(&db).await;
    track(&*store, 4).await;
    let plain = Submission {
        plain: Some(("张三".to_owned(), "110101199003070003".to_owned())),
        ..submission("index-3")
    };
    let none = Submission {
        id_number_index: None,
        index_key_id: None,
        certificate_type: None,
        ..submission("index-4")
    };
    for (n, submission) in [(1, submission("index-1")), (2, submission("index-2"))] {
        store.submit(id(n), &submission).await.unwrap();
    }
    store.submit(id(3), &plain).await.unwrap();
    store.submit(id(4), &none).await.unwrap();
    store.end_submission(id(1), None).await.unwrap();
    store
        .end_submission(id(2), Some("it is taken elsewhere"))
        .await
        .unwrap();
    let expected = |n: u32| Submitted {
        at: START,
        certificate_type: (n != 4).then_some(0),
        name_masked: "张*".to_owned(),
        id_number_masked: "1*************0003".to_owned(),
        id_number_index: (n != 4).then(|| format!("index-{n}")),
        name: (n == 3).then(|| "张三".to_owned()),
        id_number: (n == 3).then(|| "110101199003070003".to_owned()),
        taken: [(1, true), (2, false)]
            .into_iter()
            .find(|(of, _)| *of == n)
            .map(|(_, taken)| taken),
        refused: (n == 2).then(|| "it is taken elsewhere".to_owned()),
    };
    for n in 1..=4 {
        let whole = store.show(&handle(n)).await.unwrap().unwrap();
        assert_eq!(whole.submitted, Some(expected(n)), "{n}");
        assert_eq!(whole.summary.attempts, 0);
    }
    for (key, others) in [("key-1", 1), ("key-2", 4)] {
        assert_eq!(store.indexed_otherwise(key).await.unwrap(), others, "{key}");
    }
}

pub async fn a_match_image_is_kept_beside_everything_else(db: Database) {
    let store = store(&db).await;
    for n in 1..=3 {
        let mut told = token(n);
        told.verification.issued_here = true;
        store.track(vec![told]).await.unwrap();
    }
    let image = |n: u32| MatchImage::Stored(stored(&format!("image-{n}"), START));
    let lost = MatchImage::Lost {
        media_id: named("image-3"),
        reason: Reason::lasting(Cause::VaultDown, START, later(Span::seconds(10))),
        why: "the store is full".to_owned(),
    };
    store.keep_match_image(id(1), &image(1)).await.unwrap();
    // Of a repeat the first stands.
    store.keep_match_image(id(1), &image(9)).await.unwrap();
    store.keep_match_image(id(2), &image(2)).await.unwrap();
    store.keep_match_image(id(3), &lost).await.unwrap();
    let rows = async |n: u32| store.show(&handle(n)).await.unwrap().unwrap().media;
    let first = rows(1).await;
    assert_eq!(first.len(), 1);
    assert_eq!(
        (
            first[0].kind.as_str(),
            first[0].attempt_no,
            first[0].position
        ),
        ("match_image", 0, 0)
    );
    assert_eq!(first[0].object_key.as_deref(), Some("objects/image-1"));
    assert_eq!(first[0].captured_at, Some(START));
    let keys = ["objects/image-1", "objects/image-9"].map(|key| (id(1), key.to_owned()));
    let known = store.named(&keys).await.unwrap();
    assert_eq!(known, BTreeSet::from([keys[0].1.clone()]));
    let status = store.status(START).await.unwrap();
    assert_eq!(
        status.least_left_ms, None,
        "it says nothing of the time left"
    );

    // The first poll decides that nobody verified; the second brings what there is.
    let work = store.claim_polls(&claim_at(START)).await.unwrap();
    assert!(work.iter().all(|work| work.media.len() == 1));
    for (work, outcome) in
        work.iter()
            .zip([Outcome::Abandoned, Outcome::Archived, Outcome::Incomplete])
    {
        let record = PollRecord {
            is_first: true,
            ..settling(&work.lease, START, outcome)
        };
        store.record_poll(record).await.unwrap();
    }
    for (n, state, of_medium) in [
        (1, "abandoned", "stored"),
        (2, "archived", "stored"),
        (3, "incomplete", "lost"),
    ] {
        let whole = store.show(&handle(n)).await.unwrap().unwrap();
        assert_eq!(
            (whole.summary.state.as_str(), whole.summary.attempts),
            (state, 0)
        );
        assert_eq!(whole.media[0].state, of_medium);
    }
    assert_eq!(
        rows(3).await[0].lost_reason.as_deref(),
        Some("the store is full")
    );

    // Asked again nobody has it.
    store.retry(&[handle(3)], None, "ops", START).await.unwrap();
    assert_eq!(rows(3).await[0].state, "lost");
    assert!(
        store
            .claim_downloads(&claim_at(START))
            .await
            .unwrap()
            .is_empty()
    );
    let again = one_poll(&*store, START).await;
    let fails = again.media[0].fails.unwrap();
    assert_eq!(fails.cause, Cause::VaultDown);
}
