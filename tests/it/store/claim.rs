//! Claims, leases, their loss and renewal.

use std::collections::HashSet;

use verikeep::{
    domain::{
        answer::Endpoint,
        digest::Sha256,
        id::VerificationId,
        lease::{Lane, Stage},
        media::MediaState,
        progress::Progress,
        time::{Span, Time},
        token::State,
    },
    store::{
        StoreError,
        records::{Claim, NewVerification, Next, PollRecord, PollWork},
    },
};

use super::make::{
    HOUR, MINUTE, START, answer, claim_at, handle, id, later, named, number, one_download,
    one_poll, poll, start, store, token, track, wanted, wanting,
};
use crate::databases::Database;

fn due(n: u32, due_at: Time, deadline: Time) -> NewVerification {
    NewVerification {
        next: Next::Due {
            due_at,
            deadline,
            state: State::Waiting,
            lane: Lane::Living,
        },
        ..token(n)
    }
}

pub async fn only_due_rows_are_claimed_the_least_time_left_first(db: Database) {
    let store = store(&db).await;
    let rows = vec![
        due(1, START, later(Span::hours(9))),
        due(2, START, later(Span::hours(3))),
        due(3, later(Span(1)), later(Span::hours(1))),
        due(4, later(Span(-1)), later(Span::hours(6))),
    ];
    store.track(rows).await.unwrap();
    assert_eq!(
        store.dues(Stage::Poll, &[], 3).await.unwrap(),
        [later(Span(-1)), START, START]
    );
    let claim = Claim {
        limit: 2,
        ..claim_at(START)
    };
    let ids = |works: Vec<verikeep::store::records::PollWork>| {
        works
            .into_iter()
            .map(|work| work.lease.verification_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(store.claim_polls(&claim).await.unwrap()),
        [id(2), id(4)]
    );
    assert_eq!(ids(store.claim_polls(&claim).await.unwrap()), [id(1)]);
    assert_eq!(
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        Some(later(Span(1)))
    );
    assert_eq!(
        ids(store.claim_polls(&claim_at(later(Span(1)))).await.unwrap()),
        [id(3)]
    );
    assert!(
        store
            .claim_polls(&Claim {
                limit: 0,
                ..claim_at(later(HOUR))
            })
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .claim_downloads(&claim_at(later(HOUR)))
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn what_is_late_has_its_share_of_a_claim_and_what_the_living_leave(db: Database) {
    let store = store(&db).await;
    let late = |n, left| {
        let mut row = due(n, later(Span(i64::from(n))), later(left));
        if let Next::Due { lane, .. } = &mut row.next {
            *lane = Lane::Late;
        }
        row
    };
    let living = |n, left| due(n, later(Span(i64::from(n))), later(left));
    let (one, two, three) = (Span::hours(1), Span::hours(2), Span::hours(3));
    let rows = vec![
        late(1, one),
        living(2, three),
        late(3, three),
        living(4, two),
    ];
    store.track(rows).await.unwrap();
    let next = store.next_due(Stage::Poll, &[]).await.unwrap();
    assert_eq!(next, Some(later(Span(1))), "of either lane");
    let now = later(MINUTE);
    let claim = |limit, late| Claim {
        limit,
        late,
        ..claim_at(now)
    };
    for (label, limit, late, expected) in [
        ("living ones first", 1, 0, &[4][..]),
        ("all of them", 2, 0, &[4, 2]),
        ("what they leave", 3, 0, &[1, 4, 2]),
        ("the share of what is late", 2, 1, &[1, 4]),
        ("the share alone", 1, 1, &[1]),
        ("more than is late", 4, 3, &[1, 4, 2, 3]),
        ("a share beyond the limit", 1, 9, &[1]),
    ] {
        let works = store.claim_polls(&claim(limit, late)).await.unwrap();
        let mut ids: Vec<VerificationId> = (works.iter())
            .map(|work| work.lease.verification_id)
            .collect();
        let mut expected: Vec<VerificationId> = expected.iter().copied().map(id).collect();
        ids.sort();
        expected.sort();
        assert_eq!(ids, expected, "{label}");
        let leases = works.into_iter().map(|work| work.lease).collect();
        store.release(leases, later(Span(5))).await.unwrap();
    }

    // A record says where its row stands from then on.
    let work = store.claim_polls(&claim(1, 1)).await.unwrap().remove(0);
    let proved = PollRecord {
        next: Next::Due {
            due_at: now,
            deadline: later(HOUR),
            state: State::Collecting,
            lane: Lane::Living,
        },
        ..poll(&work.lease, now)
    };
    store.record_poll(proved).await.unwrap();
    let living = store.claim_polls(&claim(1, 0)).await.unwrap();
    assert_eq!(living[0].lease.verification_id, id(1));
}

pub async fn a_backlog_is_claimed_in_the_order_of_the_time_left_as_it_is_made_ready(db: Database) {
    let store = store(&db).await;
    // What fell due last has the least time left.
    let rows = (1..=500)
        .map(|n| {
            due(
                n,
                later(Span(i64::from(n))),
                later(Span::hours(600 - i64::from(n))),
            )
        })
        .collect();
    store.track(rows).await.unwrap();
    let claim = Claim {
        limit: 20,
        ..claim_at(later(MINUTE))
    };
    let first = store.claim_polls(&claim).await.unwrap();
    assert_eq!(first.len(), 20);
    let next = store.next_due(Stage::Poll, &[]).await.unwrap();
    assert!(next.unwrap() <= claim.now, "what is ready is due");
    let second = store.claim_polls(&claim).await.unwrap();
    let ids = |works: &[PollWork]| -> Vec<VerificationId> {
        works
            .iter()
            .map(|work| work.lease.verification_id)
            .collect()
    };
    let taken = ids(&first);
    let expected: Vec<VerificationId> = (1..=500)
        .rev()
        .map(id)
        .filter(|id| !taken.contains(id))
        .take(20)
        .collect();
    assert_eq!(ids(&second), expected);

    let mut all: Vec<VerificationId> = [taken, ids(&second)].concat();
    loop {
        let works = store.claim_polls(&claim).await.unwrap();
        all.extend(ids(&works));
        if works.is_empty() {
            break;
        }
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((count, all.len()), (500, 500), "each once");
}

pub async fn claims_keep_to_their_apps(db: Database) {
    let store = store(&db).await;
    let mut other = token(2);
    other.verification.app = "其他".to_owned();
    store.track(vec![token(1), other]).await.unwrap();
    let of = |apps: &[&str]| Claim {
        apps: apps.iter().map(|app| (*app).to_owned()).collect(),
        ..claim_at(START)
    };
    assert!(store.claim_polls(&of(&["none"])).await.unwrap().is_empty());
    assert_eq!(
        store
            .next_due(Stage::Poll, &["none".to_owned()])
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store
            .next_due(Stage::Poll, &["其他".to_owned()])
            .await
            .unwrap(),
        Some(START)
    );
    let claimed = store.claim_polls(&of(&["none", "其他"])).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].verification.app, "其他");
}

pub async fn concurrent_claims_never_overlap(db: Database) {
    let store = store(&db).await;
    track(&*store, 2000).await;
    let claimers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let works = store
                    .claim_polls(&Claim {
                        limit: 23,
                        ..claim_at(START)
                    })
                    .await
                    .unwrap();
                if works.is_empty() {
                    return mine;
                }
                assert!(works.iter().all(|work| work.lease.claims == 1));
                mine.extend(works.into_iter().map(|work| work.lease.verification_id));
            }
        })
    });
    let mut all = Vec::new();
    for claimer in claimers.collect::<Vec<_>>() {
        all.extend(claimer.await.unwrap());
    }
    // A claimer may find nothing because others hold locks on all that is left of a page; what is
    // due stays due.
    all.extend(
        store
            .claim_polls(&Claim {
                limit: 2000,
                ..claim_at(START)
            })
            .await
            .unwrap()
            .into_iter()
            .map(|work| work.lease.verification_id),
    );
    assert_eq!(all.len(), 2000);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 2000, "none twice");
}

pub async fn an_expired_lease_can_be_claimed_anew_and_the_old_one_is_lost(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let old = one_poll(&*store, START).await;
    assert_eq!(
        (old.lease.until, old.lease.claims, old.lease.stage),
        (later(MINUTE), 1, Stage::Poll)
    );
    assert!(
        store
            .claim_polls(&claim_at(later(Span(59_999))))
            .await
            .unwrap()
            .is_empty(),
        "leased"
    );
    let new = one_poll(&*store, later(MINUTE)).await;
    assert_eq!(new.lease.claims, 2);
    assert_ne!(new.lease.token, old.lease.token);
    assert!(matches!(
        store.record_poll(poll(&old.lease, later(MINUTE))).await,
        Err(StoreError::LeaseLost)
    ));
    assert!(matches!(
        store.renew(&old.lease, later(HOUR)).await,
        Err(StoreError::LeaseLost)
    ));
    store.release(vec![old.lease], later(MINUTE)).await.unwrap();
    store
        .record_poll(poll(&new.lease, later(MINUTE)))
        .await
        .unwrap();
    assert_eq!(
        one_poll(&*store, later(HOUR).plus(MINUTE))
            .await
            .lease
            .claims,
        1,
        "completion starts the count anew"
    );
}

pub async fn a_released_row_is_due_at_once_and_not_counted(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let leases = store
        .claim_polls(&claim_at(START))
        .await
        .unwrap()
        .into_iter()
        .map(|work| work.lease)
        .collect::<Vec<_>>();
    store.release(leases.clone(), START).await.unwrap();
    assert!(matches!(
        store.record_poll(poll(&leases[0], START)).await,
        Err(StoreError::LeaseLost)
    ));
    let again = store.claim_polls(&claim_at(START)).await.unwrap();
    assert_eq!(
        again
            .iter()
            .map(|work| work.lease.claims)
            .collect::<Vec<_>>(),
        [1, 1]
    );
    store.release(Vec::new(), START).await.unwrap();
}

pub async fn a_renewed_lease_is_not_claimed(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    store.renew(&work.lease, later(HOUR)).await.unwrap();
    assert!(
        store
            .claim_polls(&claim_at(later(Span(3_599_999))))
            .await
            .unwrap()
            .is_empty()
    );
    store
        .record_poll(poll(&work.lease, later(MINUTE)))
        .await
        .unwrap();
    assert!(
        matches!(
            store.renew(&work.lease, later(HOUR)).await,
            Err(StoreError::LeaseLost)
        ),
        "completed"
    );
}

pub async fn renewing_tells_the_stages_of_a_verification_apart(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 1).await;
    let mut lost = one_poll(&*store, later(HOUR)).await.lease;
    let held = one_download(&*store, later(HOUR)).await.lease;
    lost.token = "another".to_owned();
    let (lost, held) = tokio::join!(
        store.renew(&lost, later(Span::hours(2))),
        store.renew(&held, later(Span::hours(2)))
    );
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    held.unwrap();
}

pub async fn a_row_claimed_in_vain_waits_longer_but_never_past_its_deadline(db: Database) {
    let store = store(&db).await;
    store
        .track(vec![due(1, START, later(Span::hours(10)))])
        .await
        .unwrap();
    let mut now = START;
    let mut waits = Vec::new();
    for attempts in 1..=12 {
        let work = one_poll(&*store, now).await;
        assert_eq!(work.lease.claims, attempts);
        let next = store.next_due(Stage::Poll, &[]).await.unwrap().unwrap();
        assert!(
            next.since(work.lease.until).0 <= later(Span::hours(10)).since(now).0 / 4,
            "at most a quarter of what is left"
        );
        waits.push(next.since(now).0 / MINUTE.0);
        now = next;
    }
    // A minute's lease while patience (5) lasts; then 1, 4, 9, … leases more.
    assert_eq!(waits, [1, 1, 1, 1, 1, 2, 5, 10, 17, 26, 37, 50]);
    for claims in 13..=52 {
        now = store.next_due(Stage::Poll, &[]).await.unwrap().unwrap();
        assert_eq!(one_poll(&*store, now).await.lease.claims, claims);
    }
    assert!(
        now > later(Span::hours(10)),
        "tried until its deadline and beyond"
    );
}

pub async fn a_row_that_cannot_be_read_is_put_away_and_stops_no_other(db: Database) {
    let store = store(&db).await;
    let media = "insert into media (media_id, verification_id, attempt_no, kind, position, source, state) values ('019ab2c4-7f01-7abc-8def-0123456789b0', 'ID', 1, 'hologram', 0, 'getall', 'wanted')";
    let answer = "insert into answers (answer_id, verification_id, endpoint, fetched_at, http_status, bytes, sha256, object_key, stored_bytes, stored_sha256)
        values ('019ab2c4-7f01-7abc-8def-0123456789b0', 'ID', 'oracle', 1795421701000, 200, 0, '', '', 0, '')";
    for (label, damage, undo) in [
        (
            "garbage in progress",
            "update verifications set progress = 'garbage' where verification_id = 'ID'",
            "update verifications set progress = '{}' where verification_id = 'ID'",
        ),
        (
            "another shape of progress",
            "update verifications set progress = '[1]' where verification_id = 'ID'",
            "update verifications set progress = '{}' where verification_id = 'ID'",
        ),
        (
            "no row",
            "update verifications set verification_id = 'away' where verification_id = 'ID'",
            "update verifications set verification_id = 'ID' where verification_id = 'away'",
        ),
        ("a medium of no known kind", media, "delete from media"),
        (
            "an answer of no known endpoint",
            answer,
            "delete from answers",
        ),
    ] {
        db.run("delete from verifications; delete from schedule; delete from alarms")
            .await;
        track(&*store, 3).await;
        // Media and answers are looked for where a poll was recorded.
        db.run("update verifications set polls = 1").await;
        db.run(&damage.replace("ID", &handle(2))).await;
        let claimed = store.claim_polls(&claim_at(START)).await.unwrap();
        let ids: Vec<_> = claimed
            .iter()
            .map(|work| work.lease.verification_id)
            .collect();
        assert_eq!(ids, [id(1), id(3)], "{label}");
        let alarms = store.alarms().await.unwrap();
        assert_eq!(
            (
                alarms.len(),
                alarms[0].kind.as_str(),
                alarms[0].subject.clone()
            ),
            (1, "poison", handle(2)),
            "{label}"
        );
        assert!(
            !alarms[0].text.contains("garbage"),
            "{label}: {}",
            alarms[0].text
        );

        // Looked at again well before its deadline, and over once a record of it is written.
        db.run(&undo.replace("ID", &handle(2))).await;
        let again = store.claim_polls(&claim_at(later(HOUR))).await.unwrap();
        let work = again
            .iter()
            .find(|work| work.lease.verification_id == id(2))
            .unwrap_or_else(|| panic!("{label}: not tried again"));
        assert_eq!(store.alarms().await.unwrap().len(), 1, "{label}");
        store
            .record_poll(poll(&work.lease, later(HOUR)))
            .await
            .unwrap();
        assert!(store.alarms().await.unwrap().is_empty(), "{label}");
    }
}

pub async fn absurd_numbers_in_the_schedule_stop_no_claim(db: Database) {
    let store = store(&db).await;
    for damage in [
        "claims = 9223372036854775807",
        "deadline = 9223372036854775807",
        "deadline = -9223372036854775808",
        "due_at = -9223372036854775808",
    ] {
        db.run("delete from verifications; delete from schedule")
            .await;
        track(&*store, 3).await;
        db.run(&format!(
            "update schedule set {damage} where verification_id = '{}'",
            id(2)
        ))
        .await;
        let claimed = store.claim_polls(&claim_at(START)).await.unwrap();
        assert_eq!(claimed.len(), 3, "{damage}");
        for work in &claimed {
            store.record_poll(poll(&work.lease, START)).await.unwrap();
        }
    }
}

pub async fn a_scheduled_name_that_is_no_identifier_stops_no_claim(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    db.run(&format!(
        "update schedule set verification_id = 'away' where verification_id = '{}'",
        id(2)
    ))
    .await;
    let claimed = store.claim_polls(&claim_at(START)).await.unwrap();
    let ids: Vec<_> = (claimed.iter().map(|work| work.lease.verification_id)).collect();
    assert_eq!(ids, [id(1), id(3)]);
    let again = store.claim_polls(&claim_at(START)).await.unwrap();
    assert!(again.is_empty(), "nor is it claimed in a circle");
}

pub async fn what_is_begun_again_and_again_is_an_alarm_until_it_ends(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let mut now = START;
    for claims in 1..=6 {
        assert!(store.alarms().await.unwrap().is_empty(), "{claims}");
        one_poll(&*store, now).await;
        now = store.next_due(Stage::Poll, &[]).await.unwrap().unwrap();
    }
    let alarms = store.alarms().await.unwrap();
    assert_eq!(
        (alarms[0].kind.as_str(), alarms[0].subject.clone()),
        ("poison", handle(1))
    );
    assert_eq!(store.status(now).await.unwrap().poisoned, 1);
    store
        .record_poll(poll(&one_poll(&*store, now).await.lease, now))
        .await
        .unwrap();
    assert!(store.alarms().await.unwrap().is_empty());
    assert_eq!(store.status(now).await.unwrap().poisoned, 0);
}

pub async fn nul_in_what_is_known_is_replaced(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let progress = |unreadable: &str| Progress {
        unreadable: vec![unreadable.to_owned()],
        ..Progress::default()
    };
    let record = PollRecord {
        progress: progress("detail.\0"),
        ..poll(&one_poll(&*store, START).await.lease, START)
    };
    store.record_poll(record).await.unwrap();
    let again = one_poll(&*store, later(HOUR)).await;
    assert_eq!(again.progress, progress("detail.\u{fffd}"));
}

pub async fn a_retry_begins_what_cannot_be_read_anew(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    db.run("update verifications set progress = 'garbage'")
        .await;
    assert!(
        store
            .claim_polls(&claim_at(START))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .list(&verikeep::store::reports::Filter {
                limit: 10,
                ..Default::default()
            })
            .await
            .unwrap()
            .len(),
        1,
        "lists go on"
    );
    store
        .retry(&["token-1".to_owned()], None, "ops", START)
        .await
        .unwrap();
    assert_eq!(
        one_poll(&*store, START).await.progress,
        Progress {
            woken_at: Some(START),
            ..Progress::default()
        }
    );
}

pub async fn a_claim_brings_all_that_its_step_needs(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    assert_eq!(works[1].verification, token(2).verification);
    assert_eq!(works[0].progress, Progress::default());
    assert!(works[0].media.is_empty() && works[0].answers.is_empty());
    let progress = Progress {
        video_for: 7,
        images_for: 2,
        getall_at: Some(START),
        unreadable: vec!["detail.front".to_owned()],
        ..Progress::default()
    };
    for work in &works {
        let n = number(work.lease.verification_id);
        let record = PollRecord {
            progress: progress.clone(),
            answers: vec![
                answer(&format!("b{n}"), Endpoint::Detail, later(Span(1))),
                answer(&format!("a{n}"), Endpoint::Getall, START),
            ],
            wanted: vec![wanted(n, 1), wanted(n, 0)],
            download: Some(start(START)),
            ..poll(&work.lease, START)
        };
        store.record_poll(record).await.unwrap();
    }
    let again = store.claim_polls(&claim_at(later(HOUR))).await.unwrap();
    assert_eq!(again.len(), 2);
    assert_eq!(again[1].progress, progress);
    assert_eq!(
        again[1].answers,
        [
            (Endpoint::Getall, Sha256::of(b"a2")),
            (Endpoint::Detail, Sha256::of(b"b2"))
        ]
    );
    assert_eq!(
        again[1]
            .media
            .iter()
            .map(|medium| medium.media_id)
            .collect::<Vec<_>>(),
        ["medium-2-0", "medium-2-1"].map(named)
    );
    assert!(again[1].media.iter().all(
        |medium| (medium.state, medium.tries, &medium.object) == (MediaState::Wanted, 0, &None)
    ));
    let downloads = store.claim_downloads(&claim_at(START)).await.unwrap();
    assert_eq!(downloads.len(), 2);
    assert_eq!(downloads[0].media, again[0].media);
    assert_eq!(downloads[0].answers, again[0].answers);
    assert_eq!(downloads[0].verification, token(1).verification);
}

pub async fn what_was_claimed_stands_though_the_backlog_cannot_be_put_in_order(db: Database) {
    let store = store(&db).await;
    track(&*store, 200).await;
    db.run(if db.is_sqlite() {
        "create trigger planted before update of ready on schedule when new.ready begin select raise(abort, 'planted'); end"
    } else {
        "alter table schedule add constraint planted check (not ready)"
    })
    .await;
    let claim = Claim {
        limit: 10,
        ..claim_at(START)
    };
    let claimed = store.claim_polls(&claim).await.unwrap();
    assert_eq!(claimed.len(), 10);
    let waiting = "select count(*) from schedule where lease_token is null and not ready";
    assert_eq!(db.number(waiting).await, 190);
}
