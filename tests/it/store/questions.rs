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

pub async fn each_statement_of_the_page_brings_its_answer(db: Database) {
    a_day(&*store(&db).await).await;
    let mut answers = BTreeMap::new();
    for (name, statement) in statements() {
        let columns = match name {
            "same_person" => "id_number_index || ' ' || tokens || ' ' || apps",
            "charges" => "day || ' ' || app || ' ' || charge_type || ' ' || charged",
            other => panic!("what is {other} to answer?"),
        };
        let sql = format!("select {columns} from ({statement}) as found");
        answers.insert(name, db.texts(&sql).await.concat());
    }
    let expected = BTreeMap::from([
        ("charges", vec!["2026-11-24 h5 verify 8".to_owned()]),
        (
            "same_person",
            vec!["farmer 6 1".to_owned(), "traveller 2 2".to_owned()],
        ),
    ]);
    assert_eq!(answers, expected);
}
