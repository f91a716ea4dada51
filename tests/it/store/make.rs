//! Things to put into a store.

use std::sync::Arc;

use verikeep::{
    domain::{
        answer::{AnswerRow, Body, Endpoint},
        attempt::Attempt,
        digest::Sha256,
        id::{MediaId, VerificationId},
        identity::IdentityRow,
        lease::{Lane, Lease},
        loss::{Cause, Reason},
        media::{Checked, Kind, ObjectFacts, Slot, Source, StoredMedia},
        plan::{Missing, Outcome},
        progress::Progress,
        secret::Secret,
        submission::Submission,
        time::{Span, Time},
        token::{State, Verification},
    },
    store::{
        Store,
        records::{
            CallRow, Claim, DownloadRecord, DownloadStart, DownloadWork, NewVerification, Next,
            PollRecord, PollWork, TrackVerdict, WantedMedia,
        },
    },
};

use crate::databases::Database;

/// When everything begins: 2026-11-23T08:15:01Z.
pub const START: Time = Time(1_795_421_701_000);

pub const MINUTE: Span = Span(60_000);
pub const HOUR: Span = Span(3_600_000);

/// `span` after the start.
pub fn later(span: Span) -> Time {
    START.plus(span)
}

pub async fn store(db: &Database) -> Arc<dyn Store> {
    db.store_at(START).await
}

/// The identifier of the `n`th verification; they sort like their numbers.
pub fn id(n: u32) -> VerificationId {
    format!("{n:08}-0000-7000-8000-000000000000")
        .parse()
        .unwrap()
}

/// The number of a verification.
pub fn number(id: VerificationId) -> u32 {
    id.to_string()[..8].parse().unwrap()
}

/// How a person names the `n`th verification.
pub fn handle(n: u32) -> String {
    id(n).to_string()
}

/// The identifier that is spelled like a name of at most 16 bytes; they sort like their names.
pub fn named<I: From<uuid::Uuid>>(name: &str) -> I {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    uuid::Uuid::from_bytes(bytes).into()
}

/// The `n`th token: due at the start, least time left first.
pub fn token(n: u32) -> NewVerification {
    let media_deadline = later(Span::hours(24)).plus(Span(i64::from(n)));
    NewVerification {
        verification: Verification {
            verification_id: id(n),
            verify_token: Secret::new(format!("token-{n}")),
            app: "loan-h5".to_owned(),
            issued_at: START,
            tracked_at: START,
            plan_id: Some("plan-1".to_owned()),
            issued_here: n.is_multiple_of(2),
        },
        reference: Some(format!("order-{n}")),
        tracked_by: "test".to_owned(),
        media_deadline,
        record_deadline: later(Span::hours(72)),
        next: Next::Due {
            due_at: START,
            deadline: media_deadline,
            state: State::Waiting,
            lane: Lane::Living,
        },
        issued_at_told: true,
    }
}

/// Tracks tokens `1..=count`.
pub async fn track(store: &dyn Store, count: u32) {
    let verdicts = store.track((1..=count).map(token).collect()).await.unwrap();
    assert!(
        verdicts
            .iter()
            .all(|verdict| matches!(verdict, TrackVerdict::New { .. }))
    );
}

pub fn claim_at(now: Time) -> Claim {
    Claim {
        now,
        lease: MINUTE,
        limit: 100,
        apps: Vec::new(),
        late: 0,
        patience: 5,
    }
}

/// Claims the one poll that is due.
pub async fn one_poll(store: &dyn Store, now: Time) -> PollWork {
    let mut work = store.claim_polls(&claim_at(now)).await.unwrap();
    assert_eq!(work.len(), 1, "polls due");
    work.remove(0)
}

/// Claims the one download that is due.
pub async fn one_download(store: &dyn Store, now: Time) -> DownloadWork {
    let mut work = store.claim_downloads(&claim_at(now)).await.unwrap();
    assert_eq!(work.len(), 1, "downloads due");
    work.remove(0)
}

/// A poll that brought nothing and is due again in an hour.
pub fn poll(lease: &Lease, at: Time) -> PollRecord {
    PollRecord {
        next: Next::Due {
            due_at: at.plus(HOUR),
            deadline: later(Span::hours(24)),
            state: State::Waiting,
            lane: Lane::Living,
        },
        ..PollRecord::begin(lease.clone(), Progress::default(), at)
    }
}

/// A poll that settles.
pub fn settling(lease: &Lease, at: Time, outcome: Outcome) -> PollRecord {
    let missing = match outcome {
        Outcome::Archived | Outcome::Abandoned => Vec::new(),
        _ => vec![Missing {
            what: "face".to_owned(),
            attempt_no: Some(1),
            reason: Reason::plain(Cause::GoneAtProvider),
            why: "gone".to_owned(),
        }],
    };
    PollRecord {
        next: Next::Settled { outcome, missing },
        ..poll(lease, at)
    }
}

/// A download that brought nothing and ends.
pub fn download(lease: &Lease, at: Time) -> DownloadRecord {
    DownloadRecord::begin(lease.clone(), at)
}

/// An object known by its name.
pub fn object(name: &str) -> ObjectFacts {
    ObjectFacts {
        object_key: format!("objects/{name}"),
        bytes: 1000,
        sha256: Sha256::of(name.as_bytes()),
        stored_bytes: 1200,
        stored_sha256: Sha256::of(format!("stored {name}").as_bytes()),
    }
}

pub fn answer(name: &str, endpoint: Endpoint, fetched_at: Time) -> AnswerRow {
    AnswerRow {
        answer_id: named(name),
        endpoint,
        fetched_at,
        http_status: 200,
        success: Some(true),
        code: Some("0".to_owned()),
        log_id: Some("1234567890123456789".to_owned()),
        body: Body::Object(object(name)),
    }
}

pub fn call(at: Time) -> CallRow {
    CallRow {
        app: "loan-h5".to_owned(),
        endpoint: Endpoint::Getall,
        at,
        result: "ok",
        code: None,
        sha256: Some(Sha256::of(b"a")),
    }
}

pub fn attempt(attempt_no: i64, passed: bool, verified_at: Time) -> (Attempt, IdentityRow) {
    let attempt = Attempt {
        attempt_no,
        passed: Some(passed),
        code: Some(if passed { "0" } else { "216610" }.to_owned()),
        message: Some("活体检测".to_owned()),
        verified_at: Some(verified_at),
        charged: Some(true),
        charge_type: Some("verify".to_owned()),
        charged_at: Some(verified_at),
        score: Some(95.062_13),
        threshold: Some(80.0),
        verify_log_id: Some("9223372036854775807".to_owned()),
        ..Attempt::default()
    };
    let identity = IdentityRow {
        id_type: Some("0".to_owned()),
        name_masked: Some("张**".to_owned()),
        id_number_masked: Some("3*************5826".to_owned()),
        id_number_index: Some(format!("index-{attempt_no}")),
        index_key_id: Some("key-1".to_owned()),
        ocr_name_masked: Some("李*".to_owned()),
        ocr_id_number_masked: Some("1*************0003".to_owned()),
        plain: None,
    };
    (attempt, identity)
}

/// A person handed in, with a number of that index.
pub fn submission(index: &str) -> Submission {
    Submission {
        at: START,
        certificate_type: Some(0),
        name_masked: "张*".to_owned(),
        id_number_masked: "1*************0003".to_owned(),
        id_number_index: Some(index.to_owned()),
        index_key_id: Some("key-1".to_owned()),
        plain: None,
    }
}

pub fn slot(kind: Kind, position: i64) -> Slot {
    Slot {
        attempt_no: 1,
        kind,
        position,
        source: Source::Getall,
    }
}

/// The face of attempt 1, wanted; the media_id is unique to `n`.
pub fn wanted(n: u32, position: i64) -> WantedMedia {
    WantedMedia {
        media_id: named(&format!("medium-{n}-{position}")),
        slot: slot(Kind::Face, position),
    }
}

/// A download due now, granted to nobody.
pub fn start(due_at: Time) -> DownloadStart {
    DownloadStart {
        due_at,
        deadline: later(Span::hours(24)),
        lease: None,
    }
}

/// A medium called by a name, and its object too.
pub fn stored(name: &str, captured_at: Time) -> StoredMedia {
    stored_as(named(name), name, captured_at)
}

/// A medium that is wanted already, with an object of that name.
pub fn stored_as(media_id: MediaId, name: &str, captured_at: Time) -> StoredMedia {
    StoredMedia {
        media_id,
        object: object(name),
        content_type: Some("image/jpeg".to_owned()),
        checked: Checked::Full,
        captured_at,
    }
}

/// Tracks token 1 and polls it once, so that media `medium-1-0` to `medium-1-<count - 1>` are
/// wanted and the download is due.
pub async fn wanting(store: &dyn Store, count: i64) {
    track(store, 1).await;
    let work = one_poll(store, START).await;
    let record = PollRecord {
        wanted: (0..count).map(|position| wanted(1, position)).collect(),
        download: Some(start(START)),
        ..poll(&work.lease, START)
    };
    store.record_poll(record).await.unwrap();
}
