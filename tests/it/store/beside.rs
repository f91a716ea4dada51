//! A poll and a download of the same verification, beside one another: what one of them did not know
//! of is neither lost nor fetched twice, and the objects that no row names are told.

use verikeep::{
    domain::{
        answer::{AnswerRow, Body, Endpoint},
        digest::Sha256,
        lease::Stage,
        media::{Kind, ObjectFacts, Source},
        plan::Outcome,
        time::{Span, Time},
    },
    store::records::{DownloadRecord, DownloadStart, FilledSlot, PollRecord, Recorded},
};

use super::make::{
    HOUR, MINUTE, START, answer, download, handle, later, named, object, one_download, one_poll,
    poll, settling, slot, start, store, stored, stored_as, wanted, wanting,
};
use crate::databases::Database;

fn granted(at: Time) -> DownloadStart {
    DownloadStart {
        lease: Some(("granted".to_owned(), at.plus(MINUTE))),
        ..start(at)
    }
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| object(name).object_key).collect()
}

pub async fn objects_that_no_row_names_are_told_to_the_step(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 3).await;
    let work = one_download(&*store, START).await;
    let record = DownloadRecord {
        stored: vec![stored("medium-1-0", START)],
        answers: vec![answer("told", Endpoint::Getall, START)],
        again: Some((later(HOUR), later(HOUR))),
        ..download(&work.lease, START)
    };
    let recorded = store.record_download(record).await.unwrap();
    assert_eq!(recorded, Recorded::default(), "each has its row");

    // The first is there already, its object goes over to the second, and the third is brought by
    // another download too.
    let work = one_download(&*store, later(HOUR)).await;
    let taken = stored_as(named("medium-1-1"), "medium-1-0", later(HOUR));
    let again = stored_as(named("medium-1-0"), "again", later(HOUR));
    let told = answer("told once more", Endpoint::Getall, later(HOUR));
    let told = AnswerRow {
        body: Body::Object(ObjectFacts {
            sha256: Sha256::of(b"told"),
            ..object("told once more")
        }),
        ..told
    };
    let record = DownloadRecord {
        stored: vec![again, taken, stored("medium-1-2", later(HOUR))],
        same: vec![named("medium-1-0")],
        answers: vec![told],
        ..download(&work.lease, later(HOUR))
    };
    let recorded = store.record_download(record).await.unwrap();
    assert_eq!(recorded.unnamed, keys(&["again", "told once more"]));

    // A twin that goes, and a picture for which there is no room.
    let asking = one_poll(&*store, later(HOUR)).await;
    let mut twin = stored("inside", later(HOUR));
    twin.object.sha256 = Sha256::of(b"medium-1-2");
    let filled = |slot, stored| FilledSlot { slot, stored };
    let mut inside = slot(Kind::Face, 3);
    inside.source = Source::Detail;
    let record = PollRecord {
        filled: vec![
            filled(slot(Kind::Face, 1), stored("no room", later(HOUR))),
            filled(inside, twin),
        ],
        ..poll(&asking.lease, later(HOUR))
    };
    let recorded = store.record_poll(record).await.unwrap();
    assert_eq!(recorded.unnamed, keys(&["no room"]));
    let asking = one_poll(&*store, later(Span::hours(2))).await;
    let record = PollRecord {
        same: vec![named("inside")],
        ..settling(&asking.lease, later(Span::hours(2)), Outcome::Archived)
    };
    let recorded = store.record_poll(record).await.unwrap();
    let expected = Recorded {
        is_settled: true,
        is_download_granted: false,
        unnamed: keys(&["inside"]),
    };
    assert_eq!(recorded, expected);
}

pub async fn a_download_is_granted_to_a_poll_that_knows_of_all(db: Database) {
    for (label, again, is_granted) in [
        ("nothing happened meanwhile", None, true),
        ("a download ended", Some(None), false),
        (
            "a download goes on later",
            Some(Some((later(Span::hours(3)), later(Span::hours(3))))),
            false,
        ),
    ] {
        let db = db.another().await;
        let store = store(&db).await;
        wanting(&*store, 2).await;
        let work = one_download(&*store, later(HOUR)).await;
        let asking = one_poll(&*store, later(HOUR)).await;
        let at = later(Span::minutes(62));
        if let Some(again) = again {
            let record = DownloadRecord {
                stored: vec![stored("medium-1-0", later(HOUR))],
                again,
                ..download(&work.lease, later(HOUR))
            };
            store.record_download(record).await.unwrap();
        }
        let record = PollRecord {
            wanted: vec![wanted(1, 2)],
            download: Some(granted(at)),
            ..poll(&asking.lease, at)
        };
        let recorded = store.record_poll(record).await.unwrap();
        assert_eq!(recorded.is_download_granted, is_granted, "{label}");
        let due = store.next_due(Stage::Download, &[]).await.unwrap();
        let expected = if is_granted { at.plus(MINUTE) } else { at };
        assert_eq!(due, Some(expected), "{label}");
        let next = one_download(&*store, expected).await;
        let known = next.media.iter().filter(|row| row.object.is_some());
        assert_eq!(known.count(), usize::from(again.is_some()), "{label}");
    }
}

pub async fn a_poll_during_which_a_download_brought_something_does_not_settle(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 2).await;
    let work = one_download(&*store, later(HOUR)).await;
    let asking = one_poll(&*store, later(HOUR)).await;
    let record = DownloadRecord {
        stored: vec![stored("medium-1-0", later(HOUR))],
        again: Some((later(Span::hours(2)), later(Span::hours(2)))),
        ..download(&work.lease, later(HOUR))
    };
    store.record_download(record).await.unwrap();
    let record = PollRecord {
        // What is there twice is known at the end alone, and this is none.
        same: vec![named("medium-1-1")],
        ..settling(&asking.lease, later(HOUR), Outcome::Incomplete)
    };
    let recorded = store.record_poll(record).await.unwrap();
    assert_eq!(recorded, Recorded::default());
    let media = store.show(&handle(1)).await.unwrap().unwrap().media;
    assert_eq!(media.len(), 2);
    let next = one_poll(&*store, later(HOUR)).await;
    assert_eq!(next.media.len(), 2, "it is looked at at once");
}
