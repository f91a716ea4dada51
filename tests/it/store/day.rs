//! The figures of a day.

use verikeep::{
    domain::{
        message::Figures,
        plan::Outcome,
        time::{Span, Time},
    },
    store::{
        Store,
        records::{CallRow, PollRecord},
    },
};

use super::{
    hours::tell,
    make::{HOUR, MINUTE, call, claim_at, settling, store},
};
use crate::databases::Database;

/// Midnight in Beijing.
const DAY: Time = Time(1_795_449_600_000);

/// Tells a token and settles it, with a call, at the same instant.
async fn live(store: &dyn Store, app: &str, at: Time, outcome: Outcome) {
    tell(store, app, at).await;
    let work = store.claim_polls(&claim_at(at)).await.unwrap();
    assert_eq!(work.len(), 1);
    let record = PollRecord {
        calls: vec![CallRow {
            app: app.to_owned(),
            ..call(at)
        }],
        ..settling(&work[0].lease, at, outcome)
    };
    store.record_poll(record).await.unwrap();
}

pub async fn what_came_of_each_app_in_a_day_is_told(db: Database) {
    let store = store(&db).await;
    let store = &*store;
    let next = DAY.plus(Span::hours(24));
    for (app, at, outcome) in [
        ("h5", DAY.minus(MINUTE), Outcome::Archived),
        ("h5", DAY, Outcome::Archived),
        ("h5", DAY.plus(HOUR), Outcome::Missed),
        ("h5", DAY.plus(HOUR.times(2)), Outcome::Abandoned),
        ("kyc", DAY.plus(HOUR), Outcome::Incomplete),
        ("h5", next, Outcome::Archived),
    ] {
        live(store, app, at, outcome).await;
    }
    tell(store, "shop", next.plus(HOUR)).await;
    store.add_up(next.plus(HOUR.times(2))).await.unwrap();
    let figures = |app: &str| Figures {
        app: app.to_owned(),
        ..Figures::default()
    };
    let expected = [
        Figures {
            told: 3,
            archived: 1,
            lost: 1,
            other: 1,
            calls: (3, 0),
            ..figures("h5")
        },
        Figures {
            told: 1,
            lost: 1,
            calls: (1, 0),
            ..figures("kyc")
        },
        Figures {
            open: 1,
            ..figures("shop")
        },
    ];
    assert_eq!(store.day(DAY, next).await.unwrap(), expected);
}
