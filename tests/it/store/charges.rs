//! What was charged, and what may have been without its being known.

use verikeep::{
    domain::{
        attempt::Attempt,
        identity::IdentityRow,
        plan::{Missing, Outcome},
        time::{Span, Time, day_in_beijing},
    },
    store::{
        Store,
        records::{Next, PollRecord},
        reports::{Charge, Unread},
    },
};

use super::{
    hours::tell,
    make::{HOUR, MINUTE, claim_at, settling, store},
};
use crate::databases::Database;

/// Midnight in Beijing.
const DAY: Time = Time(1_795_449_600_000);

/// Tells a token at an instant and ends it with these attempts, the last thing missing called so.
async fn end(
    store: &dyn Store,
    (app, at): (&str, Time),
    attempts: Vec<Attempt>,
    (outcome, what): (Outcome, &str),
) {
    tell(store, app, at).await;
    let work = store.claim_polls(&claim_at(at)).await.unwrap();
    let settled = settling(&work[0].lease, at, outcome);
    let Next::Settled { missing, .. } = settled.next.clone() else {
        panic!("not settled")
    };
    let missing = missing.into_iter().map(|thing| Missing {
        what: what.to_owned(),
        ..thing
    });
    let attempts = attempts.into_iter().zip(1..);
    let numbered = attempts.map(|(attempt, attempt_no)| {
        let attempt = Attempt {
            attempt_no,
            ..attempt
        };
        (attempt, IdentityRow::default())
    });
    let record = PollRecord {
        attempts: numbered.collect(),
        next: Next::Settled {
            outcome,
            missing: missing.collect(),
        },
        ..settled
    };
    store.record_poll(record).await.unwrap();
}

fn charged(charge_type: Option<&str>, at: Time) -> Attempt {
    Attempt {
        charged: Some(true),
        charge_type: charge_type.map(str::to_owned),
        charged_at: Some(at),
        ..Attempt::default()
    }
}

pub async fn charges_are_sums_by_app_day_and_type(db: Database) {
    let store = store(&db).await;
    let store = &*store;
    let next = DAY.plus(Span::hours(24));
    let before = DAY.minus(Span(1));
    let archived = (Outcome::Archived, "");
    let with_cards = |pieces, attempt: Attempt| Attempt {
        ocr_charged: Some(true),
        ocr_count: pieces,
        ocr_charged_at: Some(DAY),
        ..attempt
    };
    let free = Attempt {
        charged: Some(false),
        ocr_charged: Some(false),
        ocr_count: Some(1),
        ..charged(Some("verify"), DAY)
    };
    let attempts = vec![
        charged(Some("verify"), before),
        with_cards(Some(2), charged(Some("verify"), DAY)),
        with_cards(None, charged(Some("verify"), next.minus(Span(1)))),
        free,
        charged(Some("match"), DAY),
        charged(Some("match"), next),
        charged(None, DAY),
    ];
    end(store, ("h5", DAY), attempts, archived).await;
    let untold = Attempt {
        charged: Some(true),
        charge_type: Some("live".to_owned()),
        ..Attempt::default()
    };
    end(store, ("kyc", DAY.plus(HOUR)), vec![untold], archived).await;

    let charge = |app: &str, charge_type: Option<&str>, charged| Charge {
        app: app.to_owned(),
        day: day_in_beijing(DAY),
        charge_type: charge_type.map(str::to_owned),
        charged,
    };
    let found = store
        .charges(day_in_beijing(DAY), day_in_beijing(next))
        .await;
    assert_eq!(
        found.unwrap(),
        [
            charge("h5", None, 1),
            charge("h5", Some("match"), 1),
            charge("h5", Some("ocr"), 3),
            charge("h5", Some("verify"), 2),
            charge("kyc", Some("live"), 1),
        ]
    );
}

pub async fn tokens_whose_charges_are_not_known_are_counted(db: Database) {
    let store = store(&db).await;
    let store = &*store;
    let next = DAY.plus(Span::hours(24));
    for (minutes, outcome, what) in [
        (-1, Outcome::Missed, "everything"),
        (0, Outcome::Missed, "everything"),
        (1, Outcome::Incomplete, "final_getall"),
        (2, Outcome::Incomplete, "getall"),
        (3, Outcome::Incomplete, "face"),
        (4, Outcome::Archived, ""),
        (5, Outcome::Abandoned, ""),
    ] {
        let at = DAY.plus(MINUTE.times(minutes));
        end(store, ("h5", at), Vec::new(), (outcome, what)).await;
    }
    tell(store, "h5", DAY.plus(HOUR)).await;
    tell(store, "kyc", next.minus(Span(1))).await;
    tell(store, "kyc", next).await;
    let unread = |app: &str, open, lost| Unread {
        app: app.to_owned(),
        open,
        lost,
    };
    assert_eq!(
        store.unread(DAY, next).await.unwrap(),
        [unread("h5", 1, 3), unread("kyc", 1, 0)]
    );
}
