//! What was lost, and that somebody has taken note of it.

use verikeep::{
    domain::{
        alarm::{Alarm, Kind, Scope},
        loss::{Cause, Outage, Reason},
        plan::{Missing, Outcome},
        time::{Span, Time},
    },
    store::{
        ANYBODY, Store,
        records::{DownloadRecord, FailedMedia, NewVerification, Next, PollRecord},
        reports::{Acknowledgement, LossFilter},
    },
};

use super::make::{
    HOUR, MINUTE, START, claim_at, download, handle, later, named, one_download, poll, settling,
    store, stored, token, track, wanting,
};
use crate::databases::Database;

/// Missing for a cause that stood in the way for an hour.
fn missing(what: &str, cause: Cause) -> Missing {
    Missing {
        what: what.to_owned(),
        attempt_no: (what == "video").then_some(1),
        reason: Reason::lasting(cause, START, later(HOUR)),
        why: format!("{what} never came"),
    }
}

/// Ends the next verification so, with this missing.
async fn end(store: &dyn Store, at: Time, outcome: Outcome, missing: Vec<Missing>) {
    let work = store.claim_polls(&claim_at(at)).await.unwrap().remove(0);
    let record = PollRecord {
        next: Next::Settled { outcome, missing },
        ..poll(&work.lease, at)
    };
    store.record_poll(record).await.unwrap();
}

/// Each loss: what, its cause, and whether it was taken note of.
async fn told(store: &dyn Store, filter: LossFilter) -> Vec<(String, &'static str, bool)> {
    let losses = store.losses(&filter, 100).await.unwrap().into_iter();
    losses
        .map(|loss| (loss.what, loss.cause.name(), loss.acknowledged_at.is_some()))
        .collect()
}

/// The open alarms about losses.
async fn alarms(store: &dyn Store) -> Vec<(String, i64)> {
    let alarms = store.alarms().await.unwrap().into_iter();
    alarms
        .filter(|alarm| alarm.kind == Kind::Loss.name())
        .map(|alarm| (alarm.subject, alarm.times))
        .collect()
}

fn seen() -> Acknowledgement {
    Acknowledgement {
        at: later(HOUR),
        by: "ops".to_owned(),
        note: "told the customers".to_owned(),
    }
}

pub async fn what_is_lost_is_a_row_until_it_is_opened_again(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let (quota, unlisted) = (Cause::Quota, Cause::NotListed);
    let gone = vec![missing("detail", quota), missing("video", unlisted)];
    end(&*store, START, Outcome::Incomplete, gone).await;
    let losses = store.losses(&LossFilter::default(), 100).await.unwrap();
    let video = &losses[1];
    assert_eq!(
        (
            video.app.as_str(),
            video.plan_id.as_deref(),
            video.attempt_no,
            video.from_at,
            video.to_at,
            video.lost_at,
            video.why.as_str()
        ),
        (
            "loan-h5",
            Some("plan-1"),
            Some(1),
            Some(START),
            Some(later(HOUR)),
            START,
            "video never came"
        )
    );
    let both = [
        ("loan-h5: not_listed".to_owned(), 1),
        ("loan-h5: quota".to_owned(), 1),
    ];
    assert_eq!(alarms(&*store).await, both);
    // A person wants it tried again: it is open and nothing of it is lost.
    let one = [handle(1)];
    store.retry(&one, None, "ops", later(MINUTE)).await.unwrap();
    assert_eq!(told(&*store, LossFilter::default()).await, []);
    assert_eq!(alarms(&*store).await, []);
    end(
        &*store,
        later(MINUTE),
        Outcome::Incomplete,
        vec![missing("detail", quota)],
    )
    .await;
    let again = [("detail".to_owned(), "quota", false)];
    assert_eq!(told(&*store, LossFilter::default()).await, again);
}

pub async fn losses_are_open_until_somebody_takes_note(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    let far = Cause::ProviderUnreachable;
    for (at, cause) in [
        (START, far),
        (later(MINUTE), far),
        (later(HOUR), Cause::Quota),
    ] {
        end(
            &*store,
            at,
            Outcome::Missed,
            vec![missing("everything", cause)],
        )
        .await;
    }
    let until = LossFilter {
        app: Some("loan-h5".to_owned()),
        cause: Some(far),
        until: Some(START),
        open: false,
    };
    for (label, filter, noted) in [
        (
            "another app's",
            LossFilter {
                app: Some("b".to_owned()),
                ..LossFilter::default()
            },
            0,
        ),
        ("the first", until.clone(), 1),
        ("once is enough", until, 0),
        (
            "of the cause",
            LossFilter {
                cause: Some(far),
                ..LossFilter::default()
            },
            1,
        ),
    ] {
        let found = store.acknowledge_losses(&filter, &seen()).await.unwrap();
        assert_eq!(found, noted, "{label}");
    }
    let everything = || "everything".to_owned();
    let (unreachable, quota) = ("provider_unreachable", "quota");
    assert_eq!(
        told(&*store, LossFilter::default()).await,
        [
            (everything(), quota, false),
            (everything(), unreachable, true),
            (everything(), unreachable, true)
        ],
        "the newest first"
    );
    let open = LossFilter {
        open: true,
        ..LossFilter::default()
    };
    assert_eq!(told(&*store, open).await, [(everything(), quota, false)]);
    assert_eq!(alarms(&*store).await, [("loan-h5: quota".to_owned(), 1)]);
    let first = store
        .losses(&LossFilter::default(), 2)
        .await
        .unwrap()
        .remove(1);
    assert_eq!(
        (first.acknowledged_at, first.acknowledged_by, first.note),
        (
            Some(later(HOUR)),
            Some("ops".to_owned()),
            Some("told the customers".to_owned())
        )
    );
}

pub async fn only_what_ends_as_a_loss_is_one(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    for work in store.claim_polls(&claim_at(START)).await.unwrap() {
        let outcome = [Outcome::Archived, Outcome::Abandoned, Outcome::Rejected]
            [usize::try_from(super::make::number(work.lease.verification_id)).unwrap() - 1];
        let record = settling(&work.lease, START, outcome);
        store.record_poll(record).await.unwrap();
    }
    assert_eq!(told(&*store, LossFilter::default()).await, []);
    let late = NewVerification {
        next: Next::Settled {
            outcome: Outcome::Missed,
            missing: vec![missing("everything", Cause::ToldLate)],
        },
        ..token(4)
    };
    store.track(vec![late.clone()]).await.unwrap();
    store.track(vec![late]).await.unwrap();
    let lost = [("everything".to_owned(), "told_late", false)];
    assert_eq!(told(&*store, LossFilter::default()).await, lost, "once");
}

pub async fn an_alarm_that_was_seen_stays_open_and_says_who_saw_it(db: Database) {
    let store = store(&db).await;
    let alarm = Alarm {
        kind: Kind::Quota,
        subject: "loan-h5".to_owned(),
        text: "spent".to_owned(),
    };
    store.raise(&alarm, ANYBODY, START).await.unwrap();
    let id = store.alarms().await.unwrap()[0].alarm_id.unwrap();
    assert!(!store.acknowledge(id + 1, &seen()).await.unwrap());
    assert!(store.acknowledge(id, &seen()).await.unwrap());
    store.raise(&alarm, ANYBODY, later(MINUTE)).await.unwrap();
    let open = store.alarms().await.unwrap().remove(0);
    assert_eq!(
        (open.acknowledged_at, open.acknowledged_by, open.times),
        (Some(later(HOUR)), Some("ops".to_owned()), 2)
    );
    store
        .clear(Kind::Quota, "loan-h5", ANYBODY, later(HOUR))
        .await
        .unwrap();
    assert!(!store.acknowledge(id, &seen()).await.unwrap(), "it is over");
    store.raise(&alarm, ANYBODY, later(HOUR)).await.unwrap();
    let next = store.alarms().await.unwrap().remove(0);
    assert_eq!(next.acknowledged_at, None, "the next is another");
}

/// What is still there of the verification that an alarm tells of.
#[derive(Clone, Copy, PartialEq)]
enum Left {
    /// It is open, and its medium fails still.
    Failing,
    /// It is open, and its medium is there.
    Fetched,
    /// It is settled, and its app has nothing else.
    Nothing,
}

pub async fn each_kind_of_alarm_ends_with_what_its_kind_says(db: Database) {
    let store = store(&db).await;
    wanting(&*store, 1).await;
    let subject = |kind: Kind| match kind.scope() {
        Scope::App => "loan-h5".to_owned(),
        Scope::Verification => handle(1),
        Scope::Past | Scope::Service => "service".to_owned(),
    };
    let fails = |cause| FailedMedia {
        media_id: named("medium-1-0"),
        why: "fails".to_owned(),
        cause,
        refused_sha256: None,
    };
    let mut now = START;
    for cause in [Cause::ForbiddenHost, Cause::Corrupt, Cause::NotMedia] {
        let work = one_download(&*store, now).await;
        now = now.plus(HOUR);
        let record = DownloadRecord {
            failed: vec![fails(cause)],
            again: Some((now, later(Span::hours(24)))),
            ..download(&work.lease, now)
        };
        store.record_download(record).await.unwrap();
        tell(&*store, now, &subject, Left::Failing, cause).await;
    }
    let work = one_download(&*store, now).await;
    let record = DownloadRecord {
        stored: vec![stored("medium-1-0", now)],
        ..download(&work.lease, now)
    };
    store.record_download(record).await.unwrap();
    tell(&*store, now, &subject, Left::Fetched, Cause::Unknown).await;
    end(&*store, now, Outcome::Archived, Vec::new()).await;
    tell(&*store, now, &subject, Left::Nothing, Cause::Unknown).await;
}

/// Raises an alarm of each kind, lets those end that are over, and compares which those are.
async fn tell(
    store: &dyn Store,
    now: Time,
    subject: &dyn Fn(Kind) -> String,
    left: Left,
    fails: Cause,
) {
    for kind in Kind::ALL {
        let alarm = Alarm {
            kind: *kind,
            subject: subject(*kind),
            text: "raised".to_owned(),
        };
        store.raise(&alarm, ANYBODY, now).await.unwrap();
    }
    store.end_alarms(now).await.unwrap();
    let open = store.alarms().await.unwrap();
    for kind in Kind::ALL {
        let stands = match kind {
            // By a person's word.
            Kind::Loss | Kind::Damaged => true,
            // By a look at the figures.
            Kind::UnknownTokens | Kind::FailureRate | Kind::Volume | Kind::NoTokens => true,
            // By a day without it.
            Kind::Risk => true,
            // By what the process sees.
            Kind::VaultDown
            | Kind::DatabaseDown
            | Kind::DatabaseBroken
            | Kind::DiskFull
            | Kind::FewDescriptors
            | Kind::KeyLimit
            | Kind::Delivery
            | Kind::DaemonDown
            | Kind::ClockSkew
            | Kind::Panic => true,
            // By the next answer; nobody asks for an app with nothing open.
            Kind::TooFast
            | Kind::Quota
            | Kind::Credentials
            | Kind::Forbidden
            | Kind::Misconfigured
            | Kind::ProviderDown => left != Left::Nothing,
            Kind::WrongApp | Kind::Poison => left != Left::Nothing,
            Kind::ForbiddenHost => fails == Cause::ForbiddenHost,
            Kind::CorruptDownloads => matches!(fails, Cause::Corrupt | Cause::NotMedia),
        };
        let is_open = open.iter().any(|alarm| alarm.kind == kind.name());
        assert_eq!(is_open, stands, "{kind:?} while {fails:?}");
        store
            .clear(*kind, &subject(*kind), ANYBODY, now)
            .await
            .unwrap();
    }
}

pub async fn a_token_that_is_tried_again_is_no_longer_said_to_be_anothers(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    for n in 1..=2 {
        let alarm = Alarm {
            kind: Kind::WrongApp,
            subject: handle(n),
            text: "another app's".to_owned(),
        };
        store.raise(&alarm, ANYBODY, START).await.unwrap();
    }
    for work in store.claim_polls(&claim_at(START)).await.unwrap() {
        let record = settling(&work.lease, START, Outcome::Rejected);
        store.record_poll(record).await.unwrap();
    }
    store.end_alarms(later(MINUTE)).await.unwrap();
    let open = async || -> Vec<String> {
        let open = store.alarms().await.unwrap().into_iter();
        open.map(|alarm| alarm.subject).collect()
    };
    assert_eq!(
        open().await,
        [handle(1), handle(2)],
        "rejected is no end of it"
    );
    let one = [handle(1)];
    let retried = store.retry(&one, Some("other"), "ops", later(MINUTE));
    retried.await.unwrap();
    assert_eq!(open().await, [handle(2)]);
    store.end_alarms(later(Span::hours(80))).await.unwrap();
    assert_eq!(open().await, [""; 0], "the provider has forgotten it");
}

pub async fn outages_are_told_of_an_app_and_of_the_service(db: Database) {
    let store = store(&db).await;
    let hours = |hours| later(Span::hours(hours));
    for (kind, subject, from, to) in [
        (Kind::ProviderDown, "loan-h5", 1, Some(3)),
        (Kind::ProviderDown, "other", 1, None),
        (Kind::CorruptDownloads, "loan-h5", 1, None),
        (Kind::VaultDown, "objects", 4, None),
        (Kind::DaemonDown, "daemon", 8, Some(9)),
    ] {
        let alarm = Alarm {
            kind,
            subject: subject.to_owned(),
            text: "out".to_owned(),
        };
        store.raise(&alarm, ANYBODY, hours(from)).await.unwrap();
        if let Some(to) = to {
            store
                .clear(kind, subject, ANYBODY, hours(to))
                .await
                .unwrap();
        }
    }
    let outage = |cause, from, to: Option<i64>| Outage {
        cause,
        from: hours(from),
        to: to.map(hours),
    };
    let provider = outage(Cause::ProviderUnreachable, 1, Some(3));
    let vault = outage(Cause::VaultDown, 4, None);
    let daemon = outage(Cause::DaemonDown, 8, Some(9));
    for (from, to, expected) in [
        (0, 1, vec![]),
        (2, 5, vec![provider, vault]),
        (3, 4, vec![]),
        (3, 20, vec![vault, daemon]),
    ] {
        let found = store
            .outages("loan-h5", hours(from), hours(to))
            .await
            .unwrap();
        assert_eq!(found, expected, "{from} {to}");
    }
}

pub async fn a_process_learns_at_its_first_beat_when_another_was_last_seen(db: Database) {
    let store = store(&db).await;
    for (instance, hours, told) in [
        ("a", 0, None),
        ("a", 1, None),
        ("b", 2, Some(1)),
        ("a", 3, None),
        ("b", 4, None),
        ("c", 5, Some(4)),
    ] {
        let last = store
            .beat(instance, None, later(Span::hours(hours)))
            .await
            .unwrap();
        assert_eq!(
            last,
            told.map(|hours| later(Span::hours(hours))),
            "{instance} {hours}"
        );
    }
}
