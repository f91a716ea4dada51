//! A database that answers and cannot be used: it is told while the daemon runs, and refused when it
//! starts.

use std::{fs, path::Path, time::Duration};

use simulator::MediaBytes;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use verikeep::domain::address::DatabaseUrl;

use super::{
    super::{
        process::{Place, code, err, out},
        whole,
    },
    lives, place, shows, windows,
};
use crate::{databases::run_at, lab::Db};

/// What `status` says once it tells of the alarm, and ends with 1.
async fn told(place: &Place, named: &str) {
    place
        .until(
            &format!("status tells of {named}"),
            Duration::from_secs(40),
            async || {
                let status = place.verikeep(&["status"]);
                let said = out(&status);
                code(&status) == 1
                    && said.contains("database_broken of database")
                    && said.contains(named)
                    && !said.contains("database_down")
            },
        )
        .await;
}

/// Breaks the database of a daemon that runs by one statement, and mends it by another.
async fn broken_for_a_while(db: Db, seed: u64, breaks: &str, mends: &str, named: &str) {
    let place = place(db, seed, windows(), MediaBytes::small()).await;
    let daemon = place.start().await;
    let (made, url) = (lives(&place, 8), place.database());
    run_at(&url, breaks).await;
    place.track(&made);
    told(&place, named).await;
    let parts = ["503", "database_whole", "\"kind\":\"database_broken\""];
    shows(&place, &daemon, "/dependencies", &parts).await;
    for page in ["/healthz", "/readyz"] {
        assert!(daemon.page(page).contains("200 OK"), "{page}");
    }
    let check = place.verikeep(&["check", "--offline"]);
    if db == Db::Sqlite {
        assert!(out(&check).contains(named), "{}", out(&check));
    }

    run_at(&url, mends).await;
    let parts = ["\"usable\":true", "\"alarms\":[]"];
    shows(&place, &daemon, "/dependencies", &parts).await;
    whole(&place, &made).await;
    let said = daemon.stop();
    let claims = said.matches("nothing could be claimed").count();
    assert!(claims < 100, "it tries again and again: {claims}");
    let over = "\"message\":\"alarm over\",\"alarm\":\"database_broken\"";
    assert_eq!(said.matches(over).count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_goes_while_it_runs_is_told_until_it_is_back() {
    let another = crate::databases::Database::sqlite();
    verikeep::store::migrate(&another.url).await.unwrap();
    let made = another
        .texts("select sql from sqlite_schema where tbl_name = 'media' and sql is not null order by case type when 'table' then 0 else 1 end")
        .await
        .concat()
        .join(";");
    broken_for_a_while(Db::Sqlite, 61, "drop table media", &made, "made: media").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_renamed_while_it_runs_is_told_until_it_is_named_so_again() {
    let (breaks, mends) = (
        "alter table media rename column kind to sort",
        "alter table media rename column sort to kind",
    );
    broken_for_a_while(Db::Postgres, 62, breaks, mends, "media.kind").await;
}

/// Writes nonsense over the pages of one table.
async fn overwrite(url: &DatabaseUrl, file: &Path, table: &str) {
    let mut connection = SqliteConnection::connect(url.reveal()).await.unwrap();
    let sql = format!(
        "select rootpage, (select page_size from pragma_page_size) as size from sqlite_schema where tbl_name = '{table}' and rootpage > 0"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut connection)
        .await
        .unwrap();
    sqlx::query("pragma wal_checkpoint(truncate)")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    for row in rows {
        let (page, size): (i64, i64) = (row.get(0), row.get(1));
        let at = u64::try_from((page - 1) * size).unwrap();
        let nonsense = vec![0x5a; usize::try_from(size).unwrap()];
        let file = fs::File::options().write(true).open(file).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &nonsense, at).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_overwritten_while_it_runs_are_told() {
    let place = place(Db::Sqlite, 63, windows(), MediaBytes::small()).await;
    let daemon = place.start().await;
    let url = place.database();
    overwrite(&url, &place.path().join("data/verikeep.db"), "schedule").await;
    // Another program's write has the daemon read anew.
    run_at(&url, "update installation set created_at = created_at").await;
    told(&place, "malformed").await;
    let parts = ["503", "database_whole", "malformed"];
    shows(&place, &daemon, "/dependencies", &parts).await;
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_database_is_refused_at_the_start_with_the_way_out() {
    let place = place(Db::Sqlite, 64, windows(), MediaBytes::small()).await;
    let (url, file) = (place.database(), place.path().join("data/verikeep.db"));
    let whole = fs::read(&file).unwrap();
    let rescue = ["damaged: malformed image", ".recover"];
    for (label, breaks, said) in [
        (
            "a letter",
            "letter",
            &["not a SQLite database", "restore a backup"][..],
        ),
        ("cut short", "cut", &["malformed", "restore a backup"]),
        ("overwritten pages", "pages", &rescue),
        ("no table", "drop table media", &["made: media"]),
        (
            "no column",
            "alter table requests rename column told to heard",
            &["made: requests.told"],
        ),
        (
            "no view",
            "drop view report_losses",
            &["made: report_losses"],
        ),
    ] {
        for side in ["-wal", "-shm"] {
            let _ = fs::remove_file(file.with_file_name(format!("verikeep.db{side}")));
        }
        fs::write(&file, &whole).unwrap();
        match breaks {
            "letter" => fs::write(&file, "this is a letter, not a database. ".repeat(200)).unwrap(),
            "cut" => fs::write(&file, &whole[..whole.len() / 2]).unwrap(),
            "pages" => overwrite(&url, &file, "answers").await,
            sql => run_at(&url, sql).await,
        }
        for line in [
            &["run"][..],
            &["run", "--no-migrate"],
            &["migrate"],
            &["check", "--offline"],
        ] {
            let ended = place.verikeep(line);
            let text = format!("{}{}", out(&ended), err(&ended));
            assert_eq!(code(&ended), 1, "{label}, {line:?}: {text}");
            for part in said {
                assert!(text.contains(part), "{label}, {line:?}, {part}: {text}");
            }
        }
    }
}
