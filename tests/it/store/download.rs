//! Records of downloads, and how they and polls wake one another.

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        digest::Sha256,
        id::MediaId,
        lease::{Lease, Stage},
        loss::Cause,
        media::MediaRow,
        plan::Outcome,
        time::Span,
    },
    store::{
        StoreError,
        records::{DownloadRecord, DownloadStart, FailedMedia, PollRecord, TrackVerdict},
    },
};

use super::make::{
    HOUR, MINUTE, START, call, claim_at, download, handle, id, later, named, one_download,
    one_poll, poll, settling, start, store, stored, token, track, wanted, wanting,
};
use crate::databases::Database;

fn failed(media_id: &str, why: &str, refused: Option<&str>) -> FailedMedia {
    FailedMedia {
        media_id: named(media_id),
        why: why.to_owned(),
        cause: Cause::ProviderUnreachable,
        refused_sha256: refused.map(|name| Sha256::of(name.as_bytes())),
    }
}

pub async fn stored_same_and_failed_media_stand_as_told(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 4).await;
    let work = one_download(&*store, START).await;
    let record = DownloadRecord {
        stored: vec![stored("medium-1-0", later(MINUTE))],
        same: vec![named("medium-1-1")],
        failed: vec![
            failed("medium-1-2", "reset", None),
            failed("medium-1-3", "text", Some("page")),
        ],
        again: Some((later(HOUR), later(Span::hours(24)))),
        ..download(&work.lease, later(MINUTE))
    };
    store.record_download(record).await.unwrap();
    let media = store.show(&handle(1)).await.unwrap().unwrap().media;
    let checks: Vec<_> = media.iter().map(|medium| medium.check.as_deref()).collect();
    assert_eq!(checks, [Some("full"), None, None]);
    assert_eq!(
        store.status(START).await.unwrap().least_left_ms,
        Some(Span::hours(72).0 - MINUTE.0),
        "a face lives as long as the record"
    );
    // What is stored stays, whoever says otherwise.
    let work = one_download(&*store, later(HOUR)).await;
    let told = |media: &[MediaRow]| -> Vec<_> {
        let told = |row: &MediaRow| {
            (
                row.media_id,
                row.state.name(),
                row.sha256(),
                row.tries,
                row.last_error.clone(),
                row.refused_sha256,
            )
        };
        media.iter().map(told).collect()
    };
    let row = |position,
               state,
               sha256: Option<&str>,
               tries,
               error: Option<&str>,
               refused: Option<&str>| {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let digest = |name: Option<&str>| name.map(|name| Sha256::of(name.as_bytes()));
        (
            named::<MediaId>(&format!("medium-1-{position}")),
            state,
            digest(sha256),
            tries,
            text(error),
            digest(refused),
        )
    };
    let there = row(0, "stored", Some("medium-1-0"), 0, None, None);
    let reset = row(2, "wanted", None, 1, Some("reset"), None);
    let page = Some("page");
    assert_eq!(
        told(&work.media),
        [
            there.clone(),
            reset.clone(),
            row(3, "wanted", None, 1, Some("text"), page)
        ]
    );
    let failed = vec![
        failed("medium-1-0", "404", None),
        failed("medium-1-3", "404", Some("another")),
    ];
    let record = DownloadRecord {
        failed,
        same: vec![named("medium-1-0")],
        ..download(&work.lease, later(HOUR))
    };
    store.record_download(record).await.unwrap();
    let work = one_poll(&*store, later(HOUR)).await;
    assert_eq!(
        told(&work.media),
        [there, reset, row(3, "wanted", None, 2, Some("404"), page)],
        "the first that was refused is kept"
    );
}

pub async fn a_download_that_ends_wakes_its_poll(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 1).await;
    assert_eq!(
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        Some(later(HOUR))
    );
    let work = one_download(&*store, START).await;
    store
        .record_download(DownloadRecord {
            stored: vec![stored("medium-1-0", START)],
            ..download(&work.lease, later(MINUTE))
        })
        .await
        .unwrap();
    assert_eq!(
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        Some(later(MINUTE))
    );
    assert_eq!(store.next_due(Stage::Download, &[]).await.unwrap(), None);
}

pub async fn a_wake_during_a_poll_is_not_lost(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 1).await;
    let asking = one_poll(&*store, later(HOUR)).await;
    let work = one_download(&*store, later(HOUR)).await;
    let at = later(HOUR).plus(Span(10));
    store
        .record_download(DownloadRecord {
            stored: vec![stored("medium-1-0", at)],
            ..download(&work.lease, at)
        })
        .await
        .unwrap();
    assert!(
        store.claim_polls(&claim_at(at)).await.unwrap().is_empty(),
        "nobody may claim what is leased"
    );
    store
        .record_poll(poll(&asking.lease, at.plus(Span(5))))
        .await
        .unwrap();
    let again = one_poll(&*store, at.plus(Span(5))).await;
    assert_eq!(again.media[0].sha256(), Some(Sha256::of(b"medium-1-0")));
    store
        .record_poll(poll(&again.lease, at.plus(MINUTE)))
        .await
        .unwrap();
    assert_eq!(
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        Some(at.plus(MINUTE).plus(HOUR)),
        "woken once"
    );
}

pub async fn a_poll_that_was_woken_does_not_settle(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 1).await;
    let asking = one_poll(&*store, later(HOUR)).await;
    let work = one_download(&*store, later(HOUR)).await;
    store
        .record_download(DownloadRecord {
            stored: vec![stored("medium-1-0", later(HOUR))],
            ..download(&work.lease, later(HOUR))
        })
        .await
        .unwrap();
    // Decided without knowing of the medium that has just come.
    let alarms = vec![Alarm {
        kind: Kind::TooFast,
        subject: "default".to_owned(),
        text: "slow".to_owned(),
    }];
    let record = PollRecord {
        wanted: vec![wanted(1, 1)],
        alarms,
        ..settling(&asking.lease, later(HOUR), Outcome::Incomplete)
    };
    store.record_poll(record).await.unwrap();
    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    assert_eq!(
        (whole.summary.state.as_str(), whole.summary.polls),
        ("waiting", 2)
    );
    assert_eq!(
        whole
            .media
            .iter()
            .map(|medium| medium.state.as_str())
            .collect::<Vec<_>>(),
        ["stored", "wanted"]
    );
    assert_eq!(
        one_download(&*store, later(HOUR)).await.media.len(),
        2,
        "what the poll wanted is fetched first"
    );
    assert_eq!(whole.summary.missing, serde_json::json!([]));
    assert_eq!(
        store
            .alarms()
            .await
            .unwrap()
            .iter()
            .map(|alarm| alarm.kind.as_str())
            .collect::<Vec<_>>(),
        ["too_fast"]
    );
    let again = one_poll(&*store, later(HOUR)).await;
    store
        .record_poll(settling(&again.lease, later(HOUR), Outcome::Archived))
        .await
        .unwrap();
    assert_eq!(
        store.show(&handle(1)).await.unwrap().unwrap().summary.state,
        "archived"
    );
}

pub async fn a_download_goes_on_when_told_to(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 1).await;
    let work = one_download(&*store, START).await;
    store
        .record_download(DownloadRecord {
            again: Some((later(HOUR), later(Span::hours(2)))),
            ..download(&work.lease, later(MINUTE))
        })
        .await
        .unwrap();
    assert_eq!(
        store.next_due(Stage::Download, &[]).await.unwrap(),
        Some(later(HOUR))
    );
    assert_eq!(
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        Some(later(HOUR)),
        "the poll is not woken"
    );
    assert_eq!(one_download(&*store, later(HOUR)).await.lease.claims, 1);
}

pub async fn media_wanted_during_a_download_are_not_forgotten(db: Database) {
    for again in [None, Some((later(Span::hours(9)), later(Span::hours(24))))] {
        let db = db.another().await;
        let store = store(&db).await;
        wanting(&*store, 1).await;
        let work = one_download(&*store, later(HOUR)).await;
        let asking = one_poll(&*store, later(HOUR)).await;
        let more = PollRecord {
            wanted: vec![wanted(1, 0), wanted(1, 1)],
            download: Some(start(later(HOUR))),
            ..poll(&asking.lease, later(HOUR))
        };
        store.record_poll(more).await.unwrap();
        assert!(
            store
                .claim_downloads(&claim_at(later(HOUR)))
                .await
                .unwrap()
                .is_empty(),
            "leased"
        );
        let at = later(HOUR).plus(Span(1));
        store
            .record_download(DownloadRecord {
                stored: vec![stored("medium-1-0", at)],
                again,
                ..download(&work.lease, at)
            })
            .await
            .unwrap();
        let rest = one_download(&*store, at).await;
        assert_eq!(
            rest.media
                .iter()
                .filter(|medium| medium.sha256().is_none())
                .count(),
            1,
            "{again:?}"
        );
        store
            .record_download(DownloadRecord {
                stored: vec![stored("medium-1-1", at)],
                ..download(&rest.lease, at)
            })
            .await
            .unwrap();
        assert_eq!(store.next_due(Stage::Download, &[]).await.unwrap(), None);
        assert_eq!(store.next_due(Stage::Poll, &[]).await.unwrap(), Some(at));
    }
}

fn granted(token: &str, at: verikeep::domain::time::Time) -> DownloadStart {
    DownloadStart {
        lease: Some((token.to_owned(), at.plus(MINUTE))),
        ..start(at)
    }
}

fn lease(token: &str) -> Lease {
    Lease {
        verification_id: id(1),
        stage: Stage::Download,
        token: token.to_owned(),
        until: later(MINUTE),
        claims: 1,
    }
}

pub async fn a_granted_lease_can_complete(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    store
        .record_poll(PollRecord {
            wanted: vec![wanted(1, 0)],
            download: Some(granted("mine", START)),
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    assert!(
        store
            .claim_downloads(&claim_at(START))
            .await
            .unwrap()
            .is_empty()
    );
    store
        .record_download(DownloadRecord {
            stored: vec![stored("medium-1-0", START)],
            ..download(&lease("mine"), later(Span(1)))
        })
        .await
        .unwrap();
    assert_eq!(
        store.next_due(Stage::Poll, &[]).await.unwrap(),
        Some(later(Span(1)))
    );
}

pub async fn a_running_lease_is_kept_over_a_granted_one(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 1).await;
    let running = one_download(&*store, later(HOUR)).await;
    let asking = one_poll(&*store, later(HOUR)).await;
    store
        .record_poll(PollRecord {
            download: Some(granted("granted", later(HOUR))),
            ..poll(&asking.lease, later(HOUR))
        })
        .await
        .unwrap();
    assert!(matches!(
        store.renew(&lease("granted"), later(Span::hours(3))).await,
        Err(StoreError::LeaseLost)
    ));
    store
        .renew(&running.lease, later(HOUR).plus(MINUTE))
        .await
        .unwrap();
    // Once it has run out, the next one granted takes its place.
    let asking = one_poll(&*store, later(Span::hours(2))).await;
    store
        .record_poll(PollRecord {
            download: Some(granted("next", later(Span::hours(2)))),
            ..poll(&asking.lease, later(Span::hours(2)))
        })
        .await
        .unwrap();
    assert!(matches!(
        store.renew(&running.lease, later(Span::hours(3))).await,
        Err(StoreError::LeaseLost)
    ));
    store
        .renew(&lease("next"), later(Span::hours(3)))
        .await
        .unwrap();
    let work = one_download(&*store, later(Span::hours(3))).await;
    assert_eq!(work.lease.claims, 3, "what was granted is counted");
}

pub async fn a_lost_download_changes_nothing(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 2).await;
    let lost = one_download(&*store, START).await;
    let held = one_download(&*store, later(MINUTE)).await;
    let record = DownloadRecord {
        stored: vec![stored("medium-1-0", START)],
        same: vec![named("medium-1-1")],
        alarms: vec![Alarm {
            kind: Kind::ForbiddenHost,
            subject: handle(1),
            text: String::new(),
        }],
        ..download(&lost.lease, later(MINUTE))
    };
    assert!(matches!(
        store.record_download(record).await,
        Err(StoreError::LeaseLost)
    ));
    let media = &store.status(START).await.unwrap().media[..];
    assert_eq!(
        (media.len(), media[0].state.as_str(), media[0].count),
        (1, "wanted", 2)
    );
    assert!(store.alarms().await.unwrap().is_empty());
    store
        .record_download(download(&held.lease, later(MINUTE)))
        .await
        .unwrap();
}

pub async fn of_media_that_are_there_twice_the_last_one_stays(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 3).await;
    let work = one_download(&*store, START).await;
    let twins = ["medium-1-0", "medium-1-1"].map(|id| {
        let mut twin = stored(id, START);
        twin.object.sha256 = Sha256::of(b"the same");
        twin
    });
    let record = DownloadRecord {
        stored: [twins.to_vec(), vec![stored("medium-1-2", START)]].concat(),
        ..download(&work.lease, START)
    };
    store.record_download(record).await.unwrap();
    let work = one_poll(&*store, START).await;
    let same = |ids: &[&str]| ids.iter().map(|id| named(id)).collect();
    let record = PollRecord {
        // The second has no twin, so that it stays whatever the record says.
        same: same(&["medium-1-0", "medium-1-2"]),
        ..settling(&work.lease, START, Outcome::Archived)
    };
    store.record_poll(record).await.unwrap();
    let media = store.show(&handle(1)).await.unwrap().unwrap().media;
    let left: Vec<_> = media.iter().map(|medium| medium.media_id).collect();
    assert_eq!(left, ["medium-1-1", "medium-1-2"].map(named));
}

pub async fn a_download_forgets_what_it_has_made_superfluous(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 3).await;
    let twin = |id| {
        let mut twin = stored(id, START);
        twin.object.sha256 = Sha256::of(b"the same");
        twin
    };
    let work = one_download(&*store, START).await;
    let record = DownloadRecord {
        stored: vec![twin("medium-1-0")],
        // It is the only one that is stored.
        same: vec![named("medium-1-0")],
        again: Some((later(MINUTE), later(HOUR))),
        ..download(&work.lease, START)
    };
    store.record_download(record).await.unwrap();
    let left = async || {
        let media = store.show(&handle(1)).await.unwrap().unwrap().media;
        let left = media.into_iter().map(|medium| medium.media_id);
        left.collect::<Vec<_>>()
    };
    let all = ["medium-1-0", "medium-1-1", "medium-1-2"].map(named);
    assert_eq!(left().await, all);
    let work = one_download(&*store, later(MINUTE)).await;
    let record = DownloadRecord {
        stored: vec![twin("medium-1-1")],
        same: vec![named("medium-1-0"), named("medium-1-2")],
        ..download(&work.lease, later(MINUTE))
    };
    store.record_download(record).await.unwrap();
    assert_eq!(left().await, ["medium-1-1"].map(named));
}

pub async fn a_record_forgets_media_of_its_own_verification_alone(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 3).await;
    // Media of the first verification, two of which hold the same bytes, and one is still wanted.
    let work = one_download(&*store, START).await;
    let twins = ["medium-1-0", "medium-1-1"].map(|id| {
        let mut twin = stored(id, START);
        twin.object.sha256 = Sha256::of(b"the same");
        twin
    });
    let record = DownloadRecord {
        stored: twins.to_vec(),
        again: Some((later(HOUR), later(Span::hours(24)))),
        ..download(&work.lease, START)
    };
    store.record_download(record).await.unwrap();
    // The second verification names all of them, in records of both stages.
    let same: Vec<MediaId> = (0..3).map(|n| named(&format!("medium-1-{n}"))).collect();
    assert!(matches!(
        store.track(vec![token(2)]).await.unwrap()[..],
        [TrackVerdict::New { .. }]
    ));
    let asking = one_poll(&*store, START).await;
    let record = PollRecord {
        wanted: vec![wanted(2, 0)],
        same: same.clone(),
        download: Some(start(START)),
        ..poll(&asking.lease, START)
    };
    store.record_poll(record).await.unwrap();
    let work = one_download(&*store, START).await;
    assert_eq!(work.lease.verification_id, id(2));
    let record = DownloadRecord {
        same: [same.clone(), vec![named("medium-2-0")]].concat(),
        ..download(&work.lease, START)
    };
    store.record_download(record).await.unwrap();
    for (n, expected) in [(1, same), (2, Vec::new())] {
        let media = store.show(&handle(n)).await.unwrap().unwrap().media;
        let left: Vec<_> = media.into_iter().map(|medium| medium.media_id).collect();
        assert_eq!(left, expected, "{n}");
    }
}

pub async fn a_download_that_makes_a_verification_whole_settles_it_unless_more_is_known(
    db: Database,
) {
    #[derive(Clone, Copy, PartialEq)]
    enum Meanwhile {
        Nothing,
        Polled,
        BeingPolled,
        StillWanted,
    }
    use Meanwhile::{BeingPolled, Nothing, Polled, StillWanted};
    for (label, meanwhile, polls, settles) in [
        ("nothing happened", Nothing, 1, true),
        ("it knew of fewer polls", Nothing, 0, false),
        ("another poll was recorded", Polled, 1, false),
        ("a poll is under way", BeingPolled, 1, false),
        ("a medium is still wanted", StillWanted, 1, false),
    ] {
        let db = db.another().await;
        let store = store(&db).await;
        wanting(&*store, if meanwhile == StillWanted { 2 } else { 1 }).await;
        let work = one_download(&*store, START).await;
        assert_eq!(work.polls, 1);
        let mut asking = None;
        if matches!(meanwhile, Polled | BeingPolled) {
            let poll_work = one_poll(&*store, later(HOUR)).await;
            if meanwhile == Polled {
                let record = poll(&poll_work.lease, later(HOUR));
                store.record_poll(record).await.unwrap();
            } else {
                asking = Some(poll_work);
            }
        }
        let at = START.plus(Span(1));
        let record = DownloadRecord {
            stored: vec![stored("medium-1-0", at)],
            calls: vec![call(at)],
            archives: Some(polls),
            ..download(&work.lease, at)
        };
        let settled = store.record_download(record).await.unwrap();
        assert_eq!(settled.is_settled, settles, "{label}");
        let whole = store.show(&handle(1)).await.unwrap().unwrap();
        assert_eq!(
            (
                &whole.summary.state[..],
                whole.summary.settled_at,
                whole.calls_made(),
                db.rows("schedule").await,
            ),
            if settles {
                ("archived", Some(at), 1, 0)
            } else {
                ("waiting", None, 1, 1)
            },
            "{label}"
        );
        if let Some(asking) = asking {
            let settled = settling(&asking.lease, later(HOUR), Outcome::Archived);
            store.record_poll(settled).await.unwrap();
            let next = store.next_due(Stage::Poll, &[]).await.unwrap();
            assert_eq!(next, Some(later(HOUR)), "{label}: what is new is looked at");
        }
    }
}
