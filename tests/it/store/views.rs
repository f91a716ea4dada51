//! The report views, to the letter of the contract.

use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        answer::Endpoint,
        attempt::{Attempt, Counts},
        identity::IdentityRow,
        plan::Outcome,
        time::{Span, Time},
    },
    store::{ANYBODY, Store, records::PollRecord},
};

use super::make::{
    MINUTE, START, answer, attempt, claim_at, id, later, one_poll, poll, settling, store,
    submission, token, track, wanted,
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
    assert_eq!(names.len(), 12);
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
    let mut attempts = vec![
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
    // Two cards read for the charge of one, one read free of charge, and one whose pieces are not told.
    for (at, ocr, pieces) in [(0, true, Some(2)), (3, false, Some(1)), (4, true, None)] {
        let attempt = &mut attempts[at].0;
        (attempt.ocr_charged, attempt.ocr_count) = (Some(ocr), pieces);
        attempt.ocr_charged_at = ocr.then(|| Time::parse("2026-11-24T00:00:00+08:00").unwrap());
    }
    store
        .record_poll(PollRecord {
            attempts,
            ..settling(&work.lease, later(Span(1)), Outcome::Archived)
        })
        .await
        .unwrap();
    let sql = "select app, cast(day as text), charge_type, cast(charged as text), cast(attempts as text), cast(pieces as text) from report_charges order by day, coalesce(charge_type, '')";
    assert_eq!(
        db.texts(sql).await,
        [
            ["loan-h5", "2026-11-23", "∅", "0", "1", "0"],
            ["loan-h5", "2026-11-23", "ocr", "0", "1", "0"],
            ["loan-h5", "2026-11-23", "verify", "1", "1", "1"],
            ["loan-h5", "2026-11-24", "match", "1", "1", "1"],
            ["loan-h5", "2026-11-24", "ocr", "2", "2", "3"],
            ["loan-h5", "2026-11-24", "verify", "1", "2", "1"],
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

/// A verification with these attempts, numbered from 1: whether each passed.
async fn tried(store: &dyn Store, attempts: &[Option<bool>], outcome: Outcome) {
    let work = one_poll(store, START).await;
    let attempts = (1..).zip(attempts).map(|(no, passed)| {
        let (attempt, identity) = attempt(no, *passed == Some(true), START.plus(MINUTE.times(no)));
        let passed = *passed;
        (Attempt { passed, ..attempt }, identity)
    });
    let record = PollRecord {
        attempts: attempts.collect(),
        counts: Some(Counts {
            verify: Some(3),
            ..Counts::default()
        }),
        ..settling(&work.lease, START, outcome)
    };
    store.record_poll(record).await.unwrap();
}

pub async fn the_final_attempt_is_the_last_that_passed_else_the_last(db: Database) {
    let store = store(&db).await;
    let (yes, no) = (Some(true), Some(false));
    let cases = [
        ("none", &[][..], ["∅", "∅", "∅", "∅"]),
        (
            "failed twice",
            &[no, no],
            ["2", "2026-11-23", "216610", "index-2"],
        ),
        (
            "failed, then passed",
            &[no, yes],
            ["2", "2026-11-23", "0", "index-2"],
        ),
        (
            "passed, then failed",
            &[no, yes, no],
            ["2", "2026-11-23", "0", "index-2"],
        ),
        (
            "not told",
            &[no, None],
            ["2", "2026-11-23", "216610", "index-2"],
        ),
    ];
    for (n, (label, attempts, expected)) in (1..).zip(cases) {
        store.track(vec![token(n)]).await.unwrap();
        tried(&*store, attempts, Outcome::Archived).await;
        let sql = format!(
            "select cast(final_attempt_no as text), cast(final_day as text), final_code, id_number_index, cast(verify_count as text) from report_verifications where reference = 'order-{n}'"
        );
        let found = db.texts(&sql).await.remove(0);
        assert_eq!(found[..4], expected, "{label}");
        assert_eq!(found[4], "3", "{label}");
    }
    let sql = "select final_message, name_masked, id_number_masked, ocr_name_masked, ocr_id_number_masked, ocr_name from report_verifications as v
        join report_attempts as a using (verification_id, name_masked, id_number_masked) where reference = 'order-3' and attempt_no = final_attempt_no";
    let read = [
        "活体检测",
        "张**",
        "3*************5826",
        "李*",
        "1*************0003",
        "∅",
    ];
    assert_eq!(db.texts(sql).await, [read]);
}

/// How the database would find the rows, as lines.
async fn plan(db: &Database, sql: &str) -> String {
    if db.is_sqlite() {
        let (url, sql) = (db.url.reveal(), format!("explain query plan {sql}"));
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection);
        let rows = rows.await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        return lines.join("\n");
    }
    db.texts(&format!("explain {sql}"))
        .await
        .concat()
        .join("\n")
}

pub async fn one_row_or_one_day_is_found_without_reading_all(db: Database) {
    store(&db).await;
    if db.is_postgres() {
        // Tables that are empty are read whole otherwise.
        db.run("do $$ begin execute format('alter database %I set enable_seqscan = off', current_database()); end $$").await;
    }
    let day = "verified_at >= '2026-11-23T16:00:00Z' and verified_at < '2026-11-24T16:00:00Z'";
    for (question, attempts_too) in [
        ("report_verifications where verification_id = 'x'", true),
        ("report_verifications where reference = 'x'", true),
        ("report_attempts where verification_id = 'x'", true),
        ("report_attempts where id_number_index = 'x'", true),
        (&format!("report_attempts where {day}"), true),
        ("report_persons where id_number_index = 'x'", true),
        ("report_events where verification_id = 'x'", false),
        ("report_media where verification_id = 'x'", false),
    ] {
        let found = plan(&db, &format!("select * from {question}")).await;
        // The rows of a sub-select, which SQLite reads one by one, are those that were found.
        let scans = |line: &&str| {
            (line.contains("SCAN") && !line.contains("report_")) || line.contains("Seq Scan")
        };
        assert_eq!(found.lines().find(scans), None, "{question}: {found}");
        assert_eq!(
            found.contains("attempts"),
            attempts_too,
            "{question}: {found}"
        );
    }
    let count = "select state, count(*) from report_verifications group by state";
    let found = plan(&db, count).await;
    assert!(
        !found.contains("attempts") && !found.contains("schedule"),
        "{found}"
    );
}

pub async fn persons_and_days_are_summed_up(db: Database) {
    let store = store(&db).await;
    let (yes, no) = (Some(true), Some(false));
    for (n, attempts, outcome) in [
        (1, &[no, yes][..], Outcome::Archived),
        (2, &[no], Outcome::Incomplete),
        (3, &[], Outcome::Abandoned),
    ] {
        store.track(vec![token(n)]).await.unwrap();
        tried(&*store, attempts, outcome).await;
    }
    store.track(vec![token(4)]).await.unwrap();
    let text = |column: &&str| format!("cast({column} as text)");
    let texts = |columns: &[&str]| columns.iter().map(text).collect::<Vec<_>>().join(", ");
    let columns = texts(&["tokens", "passed", "failed", "apps"]);
    let sql = format!(
        "select id_number_index, name_masked, id_number_masked, {columns} from report_persons order by id_number_index"
    );
    let person = |index, sums: [&'static str; 4]| {
        let mut row = vec![index, "张**", "3*************5826"];
        row.extend(sums);
        row
    };
    let expected = [
        person("index-1", ["2", "0", "2", "1"]),
        person("index-2", ["1", "1", "0", "1"]),
    ];
    assert_eq!(db.texts(&sql).await, expected);
    let sql = "select count(*) from report_persons where first_attempt_at = '2026-11-23T08:16:01Z' and last_attempt_at = first_attempt_at";
    assert_eq!(db.number(sql).await, 1);
    let sums = [
        "told",
        "passed",
        "failed",
        "abandoned",
        "lost",
        "rejected",
        "open",
    ];
    let sql = format!(
        "select cast(day as text), app, plan_id, {} from report_daily",
        texts(&sums)
    );
    let day = [
        "2026-11-23",
        "loan-h5",
        "plan-1",
        "4",
        "1",
        "1",
        "1",
        "1",
        "0",
        "1",
    ];
    assert_eq!(db.texts(&sql).await, [day]);
}

pub async fn days_are_dates(db: Database) {
    store(&db).await;
    if db.is_sqlite() {
        return; // SQLite has no dates.
    }
    let sql = "select attrelid::regclass::text || '.' || attname || ' ' || atttypid::regtype::text from pg_attribute
        where attrelid in (select oid from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace) and attname like '%day' order by 1";
    let expected = [
        "report_charges.day date",
        "report_daily.day date",
        "report_verifications.final_day date",
    ];
    assert_eq!(db.texts(sql).await.concat(), expected);
}

pub async fn what_was_handed_in_stands_beside_each_attempt(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    store.submit(id(1), &submission("index-1")).await.unwrap();
    for work in store.claim_polls(&claim_at(START)).await.unwrap() {
        let record = PollRecord {
            attempts: vec![attempt(1, true, START)],
            ..poll(&work.lease, START)
        };
        store.record_poll(record).await.unwrap();
    }
    let sql = "select v.reference, case when v.submitted_at is null then 'no' else 'yes' end, a.submitted_name_masked, a.submitted_id_number_masked
        from report_attempts as a join report_verifications as v on v.verification_id = a.verification_id order by v.reference";
    assert_eq!(
        db.texts(sql).await,
        [
            ["order-1", "yes", "张*", "1*************0003"],
            ["order-2", "no", "∅", "∅"]
        ]
    );
}
