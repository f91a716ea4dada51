//! Migration, and what is refused.

use verikeep::{
    domain::{address::DatabaseUrl, plan::Outcome, time::HeldClock},
    store::{
        Depth, MigrationReport, SchemaReport, StoreError, check_rights, check_schema, check_sound,
        migrate, open, records::PollRecord,
    },
};

use super::make::{HOUR, START, claim_at, poll, settling, track};
use crate::databases::Database;

const NEWEST: i64 = 1;

async fn refusal(db: &Database) -> String {
    let errors = [
        migrate(&db.url).await.err(),
        check_schema(&db.url).await.err(),
        open(&db.url, 2, HeldClock::at(START)).await.err(),
    ];
    let texts: Vec<String> = errors
        .into_iter()
        .map(|error| match error {
            Some(StoreError::Schema(text) | StoreError::Damaged(text)) => text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    texts[0].clone()
}

pub async fn two_that_migrate_at_once_agree(db: Database) {
    let migrations = (0..6).map(|_| {
        let url = db.url.clone();
        tokio::spawn(async move {
            let report = migrate(&url).await.unwrap();
            open(&url, 2, HeldClock::at(START))
                .await
                .unwrap()
                .close()
                .await;
            report
        })
    });
    let mut did = 0;
    for migration in migrations.collect::<Vec<_>>() {
        let report = migration.await.unwrap();
        assert_eq!(report.to, NEWEST);
        did += i32::from(report.from == 0);
    }
    assert_eq!(did, 1, "one of them found it empty");
    assert_eq!(
        db.number("select count(*) from verikeep_migrations").await,
        NEWEST
    );
}

pub async fn migrating_again_does_nothing(db: Database) {
    assert_eq!(
        migrate(&db.url).await.unwrap(),
        MigrationReport {
            from: 0,
            to: NEWEST,
            known: NEWEST
        }
    );
    assert_eq!(
        migrate(&db.url).await.unwrap(),
        MigrationReport {
            from: NEWEST,
            to: NEWEST,
            known: NEWEST
        }
    );
    assert_eq!(
        check_schema(&db.url).await.unwrap(),
        SchemaReport {
            found: NEWEST,
            needed: NEWEST
        }
    );
}

pub async fn an_empty_database_is_not_opened(db: Database) {
    assert_eq!(
        check_schema(&db.url).await.unwrap(),
        SchemaReport {
            found: 0,
            needed: NEWEST
        }
    );
    let error = open(&db.url, 2, HeldClock::at(START)).await.err().unwrap();
    assert!(
        matches!(&error, StoreError::Schema(text) if text.contains("verikeep migrate")),
        "{error}"
    );
    if let Some(folder) = &db.folder {
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "looking makes no file"
        );
    }
}

/// As a program of a later version leaves it, which adds what older ones need not know.
async fn migrate_further(db: &Database) {
    migrate(&db.url).await.unwrap();
    let (yes, bytes) = if db.is_sqlite() {
        ("1", "x'00'")
    } else {
        ("true", "'\\x00'")
    };
    db.run(&format!("insert into verikeep_migrations (version, description, success, checksum, execution_time) values (99, 'future', {yes}, {bytes}, 1)"))
        .await;
    db.run("alter table verifications add column future text; alter table schedule add column future text; create table futures (n integer)")
        .await;
}

pub async fn a_newer_schema_that_shuts_this_program_out_is_refused(db: Database) {
    for (shut, told) in [
        (
            "update schema_facts set min_writer = 99",
            "version 99 may write",
        ),
        (
            "update schema_facts set min_writer = 2",
            "version 2 may write",
        ),
        ("drop table schema_facts", "version 99 may write"),
    ] {
        let db = db.another().await;
        migrate_further(&db).await;
        db.run(shut).await;
        let text = refusal(&db).await;
        assert!(
            text.contains("schema version 99") && text.contains(told) && text.contains("newer"),
            "{shut}: {text}"
        );
    }
}

pub async fn a_newer_schema_that_only_adds_is_worked_with(db: Database) {
    use super::{alarm, claim, download, keys, poll, read, retry, track};
    migrate_further(&db).await;
    let done = migrate(&db.url).await.unwrap();
    assert_eq!((done.from, done.to, done.known), (99, 99, NEWEST));
    let report = check_schema(&db.url).await.unwrap();
    assert_eq!((report.found, report.needed), (99, NEWEST));
    assert!(report.newer().unwrap().contains("may go on"));
    check_sound(&db.url, Depth::Whole).await.unwrap();
    check_rights(&db.url).await.unwrap();
    let further = async || {
        let db = db.another().await;
        migrate_further(&db).await;
        db
    };
    track::tracking_twice_is_tracking_once(further().await).await;
    claim::a_claim_brings_all_that_its_step_needs(further().await).await;
    claim::concurrent_claims_never_overlap(further().await).await;
    poll::a_record_is_read_back_whole(further().await).await;
    download::stored_same_and_failed_media_stand_as_told(further().await).await;
    retry::what_waits_for_a_person_is_woken(further().await).await;
    alarm::an_alarm_is_open_once_and_counted(further().await).await;
    keys::a_key_is_read_back_as_it_was_made(further().await).await;
    read::show_finds_by_token_and_by_identifier(further().await).await;
}

pub async fn a_changed_migration_is_refused(db: Database) {
    migrate(&db.url).await.unwrap();
    let bytes = if db.is_sqlite() { "x'00'" } else { "'\\x00'" };
    db.run(&format!(
        "update verikeep_migrations set checksum = {bytes} where version = 1"
    ))
    .await;
    let error = migrate(&db.url).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Schema(text) if text.contains("migration 1")),
        "{error}"
    );
}

pub async fn a_foreign_database_is_refused_and_left_alone(db: Database) {
    db.run("create table customers (name text); insert into customers values ('x')")
        .await;
    let text = refusal(&db).await;
    assert!(text.contains("another program"), "{text}");
    assert_eq!(db.number("select count(*) from customers").await, 1);
    let tables = if db.is_sqlite() {
        "select count(*) from sqlite_schema"
    } else {
        "select count(*) from pg_tables where schemaname = 'public'"
    };
    assert_eq!(db.number(tables).await, 1);
}

pub async fn what_somebody_took_out_of_the_schema_is_named(db: Database) {
    let store = db.store_at(START).await;
    store.check_shape().await.unwrap();
    check_sound(&db.url, Depth::Whole).await.unwrap();
    for (took_out, put_back, named) in [
        (
            "alter table beats rename to heartbeats",
            "alter table heartbeats rename to beats",
            "made: beats; undo",
        ),
        (
            "alter table requests rename column told to heard",
            "alter table requests rename column heard to told",
            "made: requests.told; undo",
        ),
        (
            "drop view report_outages",
            "create view report_outages as select subject as part, kind, text, since as from_at, ended_at as to_at, times from alarms",
            "made: report_outages; undo",
        ),
        ("create table more (n integer)", "drop table more", ""),
    ] {
        db.run(took_out).await;
        for found in [
            store.check_shape().await,
            check_sound(&db.url, Depth::Quick).await,
        ] {
            let found = found.err().map(|error| match error {
                StoreError::Schema(text) => text,
                other => panic!("{took_out}: {other:?}"),
            });
            let text = found.unwrap_or_default();
            assert!(
                text.contains(named) && text.is_empty() == named.is_empty(),
                "{took_out}: {text}"
            );
        }
        db.run(put_back).await;
        store.check_shape().await.unwrap();
    }
    store.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_a_sqlite_database_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let db = Database::sqlite();
    let store = db.store_at(START).await;
    store.track(vec![super::make::token(1)]).await.unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(db.folder.as_ref().unwrap().path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            entry.file_name()
        );
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["verikeep.db", "verikeep.db-shm", "verikeep.db-wal"]);
    assert_eq!(db.texts("pragma journal_mode").await, [["wal"]]);
}

/// What went wrong at the last poll is gone when a verification is settled.
#[tokio::test]
async fn what_is_taken_out_of_a_sqlite_database_leaves_no_trace() {
    let db = Database::sqlite();
    let store = db.store_at(START).await;
    track(&*store, 1).await;
    let file = db.folder.as_ref().unwrap().path().join("verikeep.db");
    let holds = || {
        let bytes = std::fs::read(&file).unwrap();
        let canary = b"canary-of-an-error";
        bytes.windows(canary.len()).any(|part| part == canary)
    };
    let work = store.claim_polls(&claim_at(START)).await.unwrap();
    let asked = PollRecord {
        last_error: Some("canary-of-an-error".to_owned()),
        ..poll(&work[0].lease, START)
    };
    store.record_poll(asked).await.unwrap();
    store.close().await;
    assert!(holds(), "it was there");
    let later = START.plus(HOUR);
    let store = db.store_at(later).await;
    let work = store.claim_polls(&claim_at(later)).await.unwrap();
    let settled = settling(&work[0].lease, later, Outcome::Archived);
    store.record_poll(settled).await.unwrap();
    store.close().await;
    assert!(!holds());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let db = Database::sqlite();
    let file = db.folder.as_ref().unwrap().path().join("verikeep.db");
    let text = "this is a letter, not a database. ".repeat(200);
    std::fs::write(&file, &text).unwrap();
    assert!(refusal(&db).await.contains("not a SQLite database"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_its_password_not_told() {
    let url = "postgres://canary:canary@127.0.0.1:1/canary"
        .parse()
        .unwrap();
    for error in [
        migrate(&url).await.err(),
        check_schema(&url).await.err(),
        open(&url, 2, HeldClock::at(START)).await.err(),
    ] {
        let error = error.unwrap();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

/// A role without a right but to log in, as the URL has it.
async fn role_of(db: &Database) -> (String, DatabaseUrl) {
    let role = format!("role_{}", uuid::Uuid::new_v4().simple());
    db.run(&format!(
        "create role {role} login; revoke create on schema public from public"
    ))
    .await;
    let mut url = url::Url::parse(db.url.reveal()).unwrap();
    url.set_username(&role).unwrap();
    (role, url.as_str().parse().unwrap())
}

#[tokio::test]
async fn a_role_that_may_too_little_and_a_read_only_database_are_told_before_the_start() {
    const ROWS: &str =
        "grant select, insert, update, delete on all tables in schema public to ROLE";
    for (label, is_migrated, granted, expected) in [
        (
            "an empty one",
            false,
            "",
            "may not make tables in the schema public; `grant create",
        ),
        (
            "an empty one, allowed",
            false,
            "grant create on schema public to ROLE",
            "",
        ),
        (
            "no schema",
            false,
            "revoke usage on schema public from public",
            "make one with",
        ),
        (
            "no right",
            true,
            "",
            "permission denied for table verikeep_migrations; grant",
        ),
        (
            "only reading",
            true,
            "grant select on all tables in schema public to ROLE",
            "(insert, update, delete)",
        ),
        (
            "one right too little",
            true,
            "GRANT; revoke delete on losses from ROLE",
            "lacks rights to losses (delete); `grant select",
        ),
        ("rows", true, "GRANT", ""),
        (
            "read-only",
            true,
            "GRANT; alter role ROLE set default_transaction_read_only = on",
            "not available: it is read-only (default_transaction_read_only); set that off",
        ),
    ] {
        let db = Database::postgres().await;
        if is_migrated {
            migrate(&db.url).await.unwrap();
        }
        let (role, url) = role_of(&db).await;
        db.run(&granted.replace("GRANT", ROWS).replace("ROLE", &role))
            .await;
        let found = check_rights(&url)
            .await
            .err()
            .map(|error| error.to_string());
        match found {
            Some(found) => assert!(
                !expected.is_empty() && found.contains(expected),
                "{label}: {found}"
            ),
            None => assert!(expected.is_empty(), "{label}"),
        }
        if label == "rows" {
            let report = migrate(&url).await.unwrap();
            assert_eq!((report.from, report.to), (NEWEST, NEWEST));
            open(&url, 2, HeldClock::at(START))
                .await
                .unwrap()
                .close()
                .await;
        }
        db.run(&format!("drop owned by {role}; drop role {role}"))
            .await;
    }
}

#[tokio::test]
async fn trying_what_may_be_written_writes_nothing() {
    let db = Database::sqlite();
    check_rights(&db.url).await.unwrap();
    assert!(!db.url.file().unwrap().exists());
    migrate(&db.url).await.unwrap();
    let before = std::fs::read(db.url.file().unwrap()).unwrap();
    check_rights(&db.url).await.unwrap();
    assert_eq!(std::fs::read(db.url.file().unwrap()).unwrap(), before);
}

#[tokio::test]
async fn a_server_encoding_that_cannot_hold_every_name_is_refused() {
    for encoding in ["LATIN1", "EUC_CN", "SQL_ASCII"] {
        let db = Database::postgres().await;
        let mut url = url::Url::parse(db.url.reveal()).unwrap();
        let name = format!(
            "{}_{}",
            url.path().trim_start_matches('/'),
            encoding.to_lowercase()
        );
        db.run(&format!("create database {name} encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'")).await;
        url.set_path(&name);
        let text = refusal(&Database {
            url: url.as_str().parse().unwrap(),
            folder: None,
            model: None,
        })
        .await;
        assert!(
            text.contains(encoding) && text.contains("encoding 'UTF8'"),
            "{text}"
        );
    }
}
