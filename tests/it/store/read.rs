//! Lists, figures, single verifications.

use verikeep::{
    domain::{answer::Endpoint, id::VerificationId, plan::Outcome, time::Span, token::State},
    store::{
        records::{NewVerification, PollRecord},
        reports::Filter,
    },
};

use super::make::{
    HOUR, START, answer, attempt, claim_at, handle, id, later, poll, settling, start, store,
    stored_as, token, track, wanted,
};
use crate::databases::Database;

pub async fn pages_follow_one_another_newest_first(db: Database) {
    let store = store(&db).await;
    track(&*store, 7).await;
    let mut seen = Vec::new();
    let mut filter = Filter {
        limit: 3,
        ..Filter::default()
    };
    loop {
        let page = store.list(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some(last.verification_id);
        seen.extend(page.into_iter().map(|row| row.verification_id));
    }
    assert_eq!(seen, (1..=7).rev().map(id).collect::<Vec<_>>());
}

pub async fn each_filter_filters(db: Database) {
    let store = store(&db).await;
    let mut other = token(4);
    other.verification.app = "other".to_owned();
    other.verification.issued_at = later(HOUR);
    other.verification.plan_id = Some("plan-2".to_owned());
    store
        .track(vec![
            token(1),
            token(2),
            NewVerification {
                reference: None,
                ..token(3)
            },
            other,
        ])
        .await
        .unwrap();
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    let mut logged = answer("a", Endpoint::Getall, START);
    logged.log_id = Some("1234567890".to_owned());
    store
        .record_poll(PollRecord {
            attempts: vec![attempt(7, true, START)],
            answers: vec![logged],
            ..settling(&works[1].lease, START, Outcome::Archived)
        })
        .await
        .unwrap();
    let all = || Filter {
        limit: 10,
        ..Filter::default()
    };
    let cases = [
        (all(), vec![4, 3, 2, 1]),
        (
            Filter {
                state: Some(State::Archived),
                ..all()
            },
            vec![2],
        ),
        (
            Filter {
                state: Some(State::Waiting),
                ..all()
            },
            vec![4, 3, 1],
        ),
        (
            Filter {
                app: Some("other".to_owned()),
                ..all()
            },
            vec![4],
        ),
        (
            Filter {
                since: Some(later(HOUR)),
                ..all()
            },
            vec![4],
        ),
        (
            Filter {
                until: Some(START),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            Filter {
                since: Some(later(Span(1))),
                until: Some(later(Span(2))),
                ..all()
            },
            vec![],
        ),
        (
            Filter {
                reference: Some("order-1".to_owned()),
                ..all()
            },
            vec![1],
        ),
        (
            Filter {
                plan_id: Some("plan-2".to_owned()),
                ..all()
            },
            vec![4],
        ),
        (
            // Of an answer.
            Filter {
                log_id: Some("1234567890".to_owned()),
                ..all()
            },
            vec![2],
        ),
        (
            // Of an attempt.
            Filter {
                log_id: Some("9223372036854775807".to_owned()),
                ..all()
            },
            vec![2],
        ),
        (
            Filter {
                log_id: Some("123456789".to_owned()),
                ..all()
            },
            vec![],
        ),
        (
            Filter {
                id_number_index: Some("index-7".to_owned()),
                ..all()
            },
            vec![2],
        ),
        (
            Filter {
                app: Some("loan-h5".to_owned()),
                state: Some(State::Waiting),
                since: Some(START),
                ..all()
            },
            vec![3, 1],
        ),
        (
            Filter {
                after: Some(id(3)),
                app: Some("loan-h5".to_owned()),
                ..all()
            },
            vec![2, 1],
        ),
        (Filter { limit: -1, ..all() }, vec![]),
    ];
    for (filter, numbers) in cases {
        let found: Vec<VerificationId> = store
            .list(&filter)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.verification_id)
            .collect();
        assert_eq!(
            found,
            numbers.into_iter().map(id).collect::<Vec<_>>(),
            "{filter:?}"
        );
    }
}

pub async fn the_figures_add_up(db: Database) {
    let store = store(&db).await;
    let empty = store.status(START).await.unwrap();
    assert_eq!(
        (
            empty.answers,
            empty.answer_bytes,
            empty.next_deadline,
            empty.oldest_due,
            empty.least_left_ms
        ),
        (0, 0, None, None, None)
    );
    track(&*store, 4).await;
    let works = store
        .claim_polls(&verikeep::store::records::Claim {
            limit: 3,
            ..claim_at(START)
        })
        .await
        .unwrap();
    let answers = vec![
        answer("a", verikeep::domain::answer::Endpoint::Getall, START),
        answer("b", verikeep::domain::answer::Endpoint::Getall, START),
    ];
    store
        .record_poll(PollRecord {
            answers,
            ..settling(&works[0].lease, START, Outcome::Archived)
        })
        .await
        .unwrap();
    for (n, work) in (2..).zip(&works[1..]) {
        let wanting = PollRecord {
            wanted: vec![wanted(n, 0)],
            download: Some(start(START)),
            last_error: Some("transient".to_owned()),
            ..poll(&work.lease, START)
        };
        store.record_poll(wanting).await.unwrap();
    }
    let work = store
        .claim_downloads(&verikeep::store::records::Claim {
            limit: 1,
            ..claim_at(START)
        })
        .await
        .unwrap()
        .remove(0);
    let media_id = work.media[0].media_id;
    store
        .record_download(verikeep::store::records::DownloadRecord {
            stored: vec![stored_as(media_id, "face", START)],
            ..super::make::download(&work.lease, later(HOUR))
        })
        .await
        .unwrap();

    let status = store.status(later(Span(1))).await.unwrap();
    let states: Vec<_> = status
        .states
        .iter()
        .map(|row| (row.app.as_str(), row.state.as_str(), row.count))
        .collect();
    assert_eq!(
        states,
        [("loan-h5", "archived", 1), ("loan-h5", "waiting", 3)]
    );
    let media: Vec<_> = status
        .media
        .iter()
        .map(|row| (row.kind.as_str(), row.state.as_str(), row.count, row.bytes))
        .collect();
    assert_eq!(
        media,
        [("face", "stored", 1, 1000), ("face", "wanted", 1, 0)]
    );
    assert_eq!((status.answers, status.answer_bytes), (2, 2000));
    assert_eq!(
        (status.polls_due, status.downloads_due, status.oldest_due),
        (1, 1, Some(START))
    );
    let open: Vec<_> = status
        .open_by_app
        .iter()
        .map(|open| {
            (
                open.app.as_str(),
                open.verifications,
                open.downloads,
                open.next_deadline,
            )
        })
        .collect();
    assert_eq!(open, [("loan-h5", 3, 1, status.next_deadline)]);
    assert_eq!(status.next_deadline, Some(later(Span::hours(24))));
    assert_eq!(status.least_left_ms, Some(Span::hours(72).0));
    assert_eq!(status.errors, [("transient".to_owned(), 2)]);
}

pub async fn show_finds_by_token_and_by_identifier(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    assert_eq!(
        store
            .show("token-2")
            .await
            .unwrap()
            .unwrap()
            .summary
            .verification_id,
        id(2)
    );
    assert_eq!(
        store
            .show(&handle(2))
            .await
            .unwrap()
            .unwrap()
            .summary
            .verify_token,
        "token-2"
    );
    assert!(store.show("token-3").await.unwrap().is_none());
    let json = serde_json::to_value(store.show(&handle(1)).await.unwrap().unwrap()).unwrap();
    assert_eq!(json["issued_at"], "2026-11-23T08:15:01Z");
}

pub async fn the_clock_answers(db: Database) {
    let store = store(&db).await;
    let now = store.ping().await.unwrap();
    // SQLite has no clock but the machine's, which stands still here.
    assert_eq!(now == START, !db.is_postgres());
    store.tidy().await.unwrap();
}

pub async fn a_sum_that_is_wrong_is_told_of_and_mended(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    assert_eq!(store.recount().await.unwrap(), [], "nothing is wrong");
    db.run("update tallies set n = n + 2 where what = 'verifications'; delete from tallies where what = 'answers'")
        .await;
    db.run("insert into tallies (what, name, state, n, bytes) values ('media', 'face', 'stored', 1, 7)")
        .await;
    let wrong = store.recount().await.unwrap();
    let told: Vec<_> = (wrong.iter())
        .map(|one| (&one.what[..], &one.state[..], one.kept, one.counted))
        .collect();
    assert_eq!(
        told,
        [
            ("media", "stored", (1, 7), (0, 0)),
            ("verifications", "waiting", (5, 0), (3, 0))
        ]
    );
    assert_eq!(store.recount().await.unwrap(), [], "it is mended");
    let status = store.status(START).await.unwrap();
    assert_eq!((status.states[0].count, status.media.len()), (3, 0));
}

pub async fn sums_take_no_more_rows_than_there_are_of_them(db: Database) {
    let store = store(&db).await;
    for n in 1..=50 {
        store.track(vec![token(n)]).await.unwrap();
    }
    store.beat("a", None, START).await.unwrap();
    assert_eq!(db.rows("tallies").await, 1);
    let status = store.status(START).await.unwrap();
    assert_eq!((status.states.len(), status.states[0].count), (1, 50));
}
