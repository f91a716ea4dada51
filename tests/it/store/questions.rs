//! The statements of docs/sql.md, word for word, over a day in which each has something to find.

use std::collections::BTreeMap;

use verikeep::{
    domain::{
        attempt::Attempt,
        identity::IdentityRow,
        plan::Outcome,
        time::{Span, Time},
    },
    store::{Store, records::PollRecord},
};

use super::{
    cases::a_month,
    hours::tell,
    make::{MINUTE, attempt, claim_at, settling, store},
};
use crate::databases::Database;

/// Midnight in Beijing, of the day that the page asks for.
const DAY: Time = Time(1_795_449_600_000);

/// The statements of the page by their names.
fn statements() -> BTreeMap<&'static str, &'static str> {
    let page = include_str!("../../../docs/sql.md");
    let blocks = page.split("```sql ").skip(1);
    blocks
        .map(|block| {
            let (statement, _) = block.split_once("```").unwrap();
            statement.split_once('\n').unwrap()
        })
        .collect()
}

/// A token of an app that somebody passed at an instant.
async fn passed(store: &dyn Store, (app, person): (&str, &str), at: Time) {
    tell(store, app, at).await;
    let work = store.claim_polls(&claim_at(at)).await.unwrap();
    assert_eq!(work.len(), 1);
    let (attempt, identity): (Attempt, IdentityRow) = attempt(1, true, at);
    let identity = IdentityRow {
        id_number_index: Some(person.to_owned()),
        ..identity
    };
    let record = PollRecord {
        attempts: vec![(attempt, identity)],
        ..settling(&work[0].lease, at, Outcome::Archived)
    };
    store.record_poll(record).await.unwrap();
}

/// Six tokens of one person, two of another in two apps, one of a third; and as many of the second
/// the day before.
async fn a_day(store: &dyn Store) {
    for n in 0..6 {
        passed(store, ("h5", "farmer"), DAY.plus(MINUTE.times(n))).await;
    }
    for (app, after) in [("h5", 10), ("kyc", 11)] {
        passed(store, (app, "traveller"), DAY.plus(MINUTE.times(after))).await;
    }
    passed(store, ("h5", "other"), DAY.plus(Span::hours(23))).await;
    for n in 1..6 {
        passed(store, ("h5", "other"), DAY.minus(MINUTE.times(n))).await;
    }
}

/// Of each statement: which columns are looked at, and its rows.
const ANSWERS: [(&str, &str, &[&str]); 29] = [
    (
        "order",
        "reference, state, attempts, final_code, name_masked",
        &["order-1 archived 2 0 张**"],
    ),
    (
        "person",
        "name_masked, tokens, passed, failed, apps",
        &["张** 2 2 0 2"],
    ),
    (
        "attempts_of_person",
        "app, reference, attempt_no, code",
        &["h5 order-1 2 0", "kyc order-2 1 0"],
    ),
    (
        "passed_on_a_day",
        "reference, id_number_masked, score",
        &[
            "order-1 3*************5826 95.06213",
            "order-2 3*************5826 80.5",
            "order-4 3*************5826 95.06213",
        ],
    ),
    (
        "failed_then_passed",
        "reference, failed_no, code, case when is_other_person then 'other' else 'same' end",
        &["order-1 1 216610 other"],
    ),
    (
        "failures_by_code",
        "code, attempts, tokens",
        &["216610 4 2", "222350 1 1"],
    ),
    ("near_threshold", "reference, score", &["order-2 80.5"]),
    (
        "risks",
        "risk_level, risk_tag, attempts, tokens",
        &["1 group 1 1"],
    ),
    ("spoofing", "reference, spoofing_score", &["order-3 0.75"]),
    ("demoted", "reference, attempt_no", &["order-3 1"]),
    (
        "lost_in_a_month",
        "cause, what, things, tokens",
        &["not_listed video 1 1", "told_late everything 1 1"],
    ),
    (
        "losses_not_acknowledged",
        "reference, why",
        &["order-4 no video"],
    ),
    (
        "still_open",
        "app, reference, state",
        &["h5 order-9 waiting"],
    ),
    ("unused", "app, plan_id, reference", &["h5 plan-1 order-5"]),
    (
        "told_late",
        "app, reference, state",
        &["kyc order-6 missed"],
    ),
    (
        "charges_of_a_month",
        "app, charge_type, charged, pieces",
        &["h5 verify 6 6", "kyc ocr 1 2", "kyc verify 2 2"],
    ),
    (
        "charges",
        "day, app, charge_type, charged",
        &["2026-11-24 h5 verify 8"],
    ),
    (
        "charged_but_failed",
        "reference, attempt_no, charge_type",
        &[
            "order-1 1 verify",
            "order-3 1 verify",
            "order-7 1 verify",
            "order-7 2 verify",
            "order-7 3 verify",
        ],
    ),
    (
        "billing_differences",
        "reference, attempts, verify_charge_count, verify_charged",
        &["order-2 1 2 1"],
    ),
    (
        "daily",
        "day, told, passed, failed, abandoned, lost, rejected, open",
        &["2026-10-08 1 0 0 0 1 0 0", "2026-10-12 8 3 2 1 1 1 1"],
    ),
    (
        "same_person",
        "id_number_index, tokens, apps",
        &["farmer 6 1", "traveller 2 2"],
    ),
    (
        "many_failures",
        "id_number_index, failed, passed, tokens",
        &["often 3 0 1"],
    ),
    (
        "media_of_one",
        "kind, state, bytes, substr(sha256, 1, 8)",
        &["face stored 1000 0282d9b7"],
    ),
    (
        "without_video",
        "reference, state",
        &["order-1 archived", "order-2 archived", "order-4 incomplete"],
    ),
    (
        "alarms_of_a_month",
        "kind, subject, times, case when ended_at is null then 'open' else 'over' end",
        &["quota h5 1 over"],
    ),
    (
        "events",
        "actor, what, reference, detail",
        &["ops retry order-8 was rejected"],
    ),
    (
        "who_looked",
        "who, via, what, purpose",
        &[
            "cli:alice(1000) command files dispute",
            "key shop api search case 17",
        ],
    ),
    (
        "lookers",
        "who, via, what, looks, verifications",
        &[
            "cli:alice(1000) command files 2 2",
            "key shop api search 1 0",
        ],
    ),
    (
        "card_differs",
        "reference, name_masked, ocr_name_masked",
        &["order-2 张** 李*"],
    ),
];

pub async fn each_statement_of_the_page_brings_its_answer(db: Database) {
    let store = store(&db).await;
    a_day(&*store).await;
    a_month(&*store).await;
    let mut statements = statements();
    for (name, columns, rows) in ANSWERS {
        let statement = statements.remove(name).expect(name);
        let sql = format!("select concat_ws(' ', {columns}) from ({statement}) as found");
        assert_eq!(db.texts(&sql).await.concat(), rows, "{name}");
    }
    assert_eq!(statements, BTreeMap::new(), "statements without an answer");
}
