//! The report views, to the letter of the contract.

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        answer::Endpoint,
        attempt::Attempt,
        identity::IdentityRow,
        plan::Outcome,
        time::{Span, Time},
    },
    store::{ANYBODY, records::PollRecord},
};

use super::make::{
    START, answer, attempt, claim_at, later, one_poll, settling, store, track, wanted,
};
use crate::databases::Database;

/// What docs/contract.md promises: the views in its order, each with its columns.
fn promised() -> Vec<(String, String)> {
    let contract = include_str!("../../../docs/contract.md");
    let rows = contract.lines().filter(|row| row.starts_with("| `report_"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let columns = cells[3].replace("` (JSON array), `", ", ");
        (cells[1].replace('`', ""), columns.replace('`', ""))
    })
    .collect()
}

const POSTGRES_COLUMNS: &str =
    "from pg_attribute as a where a.attrelid = 'VIEW'::regclass and a.attnum > 0";

pub async fn columns_are_those_of_the_contract(db: Database) {
    store(&db).await;
    let promised = promised();
    for (view, columns) in &promised {
        let sql = if db.is_sqlite() {
            format!("select name from pragma_table_info('{view}') order by cid")
        } else {
            format!(
                "select attname::text {} order by attnum",
                POSTGRES_COLUMNS.replace("VIEW", view)
            )
        };
        assert_eq!(db.texts(&sql).await.concat().join(", "), *columns, "{view}");
    }
    let views = if db.is_sqlite() {
        "select name from sqlite_schema where type = 'view' order by name"
    } else {
        "select viewname::text from pg_views where schemaname = 'public' order by viewname"
    };
    let mut names: Vec<_> = promised.into_iter().map(|(view, _)| view).collect();
    names.sort();
    assert_eq!(db.texts(views).await.concat(), names);
    assert_eq!(names.len(), 7);
}

pub async fn rows_look_as_the_contract_says(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let work = store.claim_polls(&claim_at(START)).await.unwrap().remove(0);
    let record = PollRecord {
        attempts: vec![attempt(1, true, START)],
        answers: vec![answer("a", Endpoint::Getall, START)],
        wanted: vec![wanted(1, 0)],
        ..settling(&work.lease, START, Outcome::Incomplete)
    };
    store.record_poll(record).await.unwrap();
    if db.is_sqlite() {
        let sql = "select issued_at, settled_at, next_poll_at, missing, cast(passed as text), typeof(passed) from report_verifications order by verification_id";
        let missing = r#"[{"what":"face","attempt_no":1,"cause":"gone_at_provider","why":"gone"}]"#;
        let rows = db.texts(sql).await;
        assert_eq!(
            rows[0],
            [
                "2026-11-23T08:15:01Z",
                "2026-11-23T08:15:01Z",
                "∅",
                missing,
                "1",
                "integer"
            ]
        );
        assert_eq!(
            rows[1],
            [
                "2026-11-23T08:15:01Z",
                "∅",
                "2026-11-23T08:16:01Z",
                "[]",
                "∅",
                "null"
            ]
        );
        assert_eq!(
            db.texts("select verified_at, charged_at from report_attempts")
                .await,
            [["2026-11-23T08:15:01Z", "2026-11-23T08:15:01Z"]]
        );
    } else {
        let sql = "select issued_at::timestamptz::text, (settled_at at time zone 'Asia/Shanghai')::text, next_poll_at::text, missing->0->>'why', passed::text, \
            concat_ws(' ', pg_typeof(issued_at), pg_typeof(missing), pg_typeof(passed)) from report_verifications order by verification_id";
        db.run("alter role current_user reset timezone").await;
        let rows = db.texts(&format!("{sql} limit 1")).await;
        let kinds = "timestamp with time zone jsonb boolean";
        assert_eq!(
            rows[0][1..],
            ["2026-11-23 16:15:01", "∅", "gone", "true", kinds]
        );
        assert_eq!(db.number("select count(*) from report_verifications where next_poll_at = timestamptz '2026-11-23T08:16:01Z'").await, 1);
    }
    assert_eq!(
        db.texts("select state, lost_reason from report_media")
            .await,
        [[
            "lost",
            "the verification was settled as incomplete before it could be fetched"
        ]]
    );
    assert_eq!(
        db.texts("select log_id, object_key from report_answers")
            .await,
        [["1234567890123456789", "objects/a"]]
    );
}

pub async fn charges_are_counted_by_the_day_in_beijing(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let at = |text: &str| Time::parse(text).unwrap();
    let charge =
        |attempt_no, charge_type: Option<&str>, charged, charged_at: Option<Time>, verified_at| {
            let attempt = Attempt {
                attempt_no,
                charge_type: charge_type.map(str::to_owned),
                charged,
                charged_at,
                verified_at,
                ..Attempt::default()
            };
            (attempt, IdentityRow::default())
        };
    let attempts = vec![
        charge(
            1,
            Some("verify"),
            Some(true),
            Some(at("2026-11-23T23:59:59+08:00")),
            None,
        ),
        charge(
            2,
            Some("verify"),
            Some(true),
            Some(at("2026-11-24T00:00:00+08:00")),
            None,
        ),
        charge(
            3,
            Some("verify"),
            Some(false),
            None,
            Some(at("2026-11-24T12:00:00+08:00")),
        ),
        charge(
            4,
            Some("match"),
            Some(true),
            Some(at("2026-11-24T12:00:00+08:00")),
            None,
        ),
        charge(5, None, None, None, None),
    ];
    store
        .record_poll(PollRecord {
            attempts,
            ..settling(&work.lease, later(Span(1)), Outcome::Archived)
        })
        .await
        .unwrap();
    let sql = "select app, day, charge_type, cast(charged as text), cast(attempts as text) from report_charges order by day, coalesce(charge_type, '')";
    assert_eq!(
        db.texts(sql).await,
        [
            ["loan-h5", "2026-11-23", "∅", "0", "1"],
            ["loan-h5", "2026-11-23", "verify", "1", "1"],
            ["loan-h5", "2026-11-24", "match", "1", "1"],
            ["loan-h5", "2026-11-24", "verify", "1", "2"],
        ]
    );
}

pub async fn every_view_and_column_is_explained(db: Database) {
    store(&db).await;
    if db.is_sqlite() {
        return; // SQLite has no comments.
    }
    let promised = promised();
    for (view, columns) in &promised {
        assert_eq!(
            db.number(&format!(
                "select count(obj_description('{view}'::regclass, 'pg_class'))"
            ))
            .await,
            1,
            "{view}"
        );
        let sql = format!(
            "select count(col_description(a.attrelid, a.attnum)) {}",
            POSTGRES_COLUMNS.replace("VIEW", view)
        );
        assert_eq!(
            db.number(&sql).await,
            i64::try_from(columns.split(", ").count()).unwrap(),
            "{view}"
        );
    }
}

pub async fn every_alarm_that_explains_losses_is_an_outage(db: Database) {
    let store = store(&db).await;
    for kind in Kind::ALL {
        let alarm = Alarm {
            kind: *kind,
            subject: "loan-h5".to_owned(),
            text: "out".to_owned(),
        };
        store.raise(&alarm, ANYBODY, START).await.unwrap();
    }
    let told = db
        .texts("select kind from report_outages order by kind")
        .await
        .concat();
    let mut explaining: Vec<&str> = (Kind::ALL.iter())
        .filter(|kind| kind.cause().is_some())
        .map(|kind| kind.name())
        .collect();
    explaining.sort_unstable();
    assert_eq!(told, explaining);
}
