//! Real file systems that run full or cannot be written.

use std::{fs, path::Path, time::Duration};

use simulator::MediaBytes;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use verikeep::{domain::address::DatabaseUrl, store::StoreError};

use super::{
    super::{
        process::{Place, code, err, out},
        whole,
    },
    configure, lives,
    mount::{Mount, run},
    place, shows, windows,
};
use crate::{databases::Database, lab::Db};

/// A place whose `data` (or, with `database`, only the database's folder) is a file system of its
/// own.
async fn on_a_small_disk(seed: u64, mib: u32, only_database: bool, limits: &str) -> (Place, Mount) {
    let place = place(Db::Sqlite, seed, windows(), MediaBytes::small()).await;
    let folder = if only_database {
        place.path().join("db")
    } else {
        place.path().join("data")
    };
    fs::create_dir_all(&folder).unwrap();
    let mount = Mount::tmpfs(&folder, mib);
    let database = if only_database {
        "[database]\nurl = \"sqlite://db/verikeep.db\"\n"
    } else {
        ""
    };
    configure(&place, |text| {
        format!("{text}\n{database}[limits]\nfree_bytes_min = {limits}\n")
    });
    let migrated = place.verikeep(&["migrate"]);
    assert_eq!(code(&migrated), 0, "{}", err(&migrated));
    (place, mount)
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_stop_before_a_disk_is_full_and_go_on_by_themselves() {
    let (place, disk) = on_a_small_disk(41, 48, false, "\"8MiB\"").await;
    let daemon = place.start().await;
    shows(
        &place,
        &daemon,
        "/metrics",
        &[
            "verikeep_claims_held 0",
            "verikeep_free_bytes{what=\"database and objects\"}",
        ],
    )
    .await;
    let ballast = disk.fill(4 << 20);
    shows(
        &place,
        &daemon,
        "/metrics",
        &[
            "verikeep_claims_held 1",
            "verikeep_process_alarms{kind=\"disk_full\"} 1",
        ],
    )
    .await;
    let made = lives(&place, 8);
    place.track(&made);
    shows(
        &place,
        &daemon,
        "/dependencies",
        &[
            "503",
            "room/database and objects",
            "disk_full",
            "less than limits.free_bytes_min (8.0 MiB)",
        ],
    )
    .await;
    let archive = place.archive().await;
    // Their first polls are due after 400 ms.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(place.progress(&archive).await.media, 0, "nothing was begun");
    assert!(
        daemon.page("/metrics").contains("verikeep_polls_due 16")
            || out(&place.verikeep(&["status"])).contains("due now: 16 polls")
    );
    let status = place.verikeep(&["status"]);
    assert_eq!(code(&status), 1, "{}", out(&status));
    for part in [
        "disk_full of database and objects, since",
        "threatens: 16 verifications open",
        "to do: make room",
        "is not ready",
    ] {
        assert!(out(&status).contains(part), "{part} in\n{}", out(&status));
    }
    fs::remove_file(ballast).unwrap();
    whole(&place, &made).await;
    shows(
        &place,
        &daemon,
        "/dependencies",
        &["\"usable\":true", "\"alarms\":[]"],
    )
    .await;
    archive.store.close().await;
    let status = place.verikeep(&["status"]);
    assert!(
        code(&status) == 0 && out(&status).contains("no alarm is open"),
        "{}",
        out(&status)
    );
    let said = daemon.stop();
    for once in ["nothing new is begun", "alarm over", "there is room again"] {
        assert_eq!(said.matches(once).count(), 1, "{once} in {said}");
    }
}

/// Fills the disk in the middle of the work and frees it when the daemon has said `wrong` on its
/// page of dependencies.
async fn filled_in_the_middle(place: Place, disk: Mount, wrong: &[&str]) {
    let daemon = place.start().await;
    let made = lives(&place, 8);
    place.track(&made);
    let ballast = disk.fill(0);
    shows(&place, &daemon, "/dependencies", wrong).await;
    // Reading needs no room.
    let status = place.verikeep(&["status"]);
    assert!(
        code(&status) == 1 && out(&status).contains("known to the daemon alone"),
        "{}{}",
        out(&status),
        err(&status)
    );
    fs::remove_file(ballast).unwrap();
    whole(&place, &made).await;
    shows(
        &place,
        &daemon,
        "/dependencies",
        &["\"usable\":true", "\"alarms\":[]"],
    )
    .await;
    let said = daemon.stop();
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_the_database_costs_time_and_nothing_else() {
    let (place, disk) = on_a_small_disk(42, 12, true, "0").await;
    filled_in_the_middle(
        place,
        disk,
        &["database_writes", "database_down", "disk is full"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_the_objects_costs_time_and_nothing_else() {
    let place = place(Db::Sqlite, 43, windows(), MediaBytes::small()).await;
    let folder = place.path().join("objects");
    fs::create_dir(&folder).unwrap();
    let disk = Mount::tmpfs(&folder, 12);
    configure(&place, |text| {
        format!("{text}\n[vault]\nurl = \"file://objects\"\n[limits]\nfree_bytes_min = 0\n")
    });
    let daemon = place.start().await;
    let made = lives(&place, 8);
    place.track(&made);
    let ballast = disk.fill(0);
    place
        .until(
            "steps fail for want of room",
            Duration::from_secs(20),
            async || daemon.said().contains("the object store is full"),
        )
        .await;
    fs::remove_file(ballast).unwrap();
    whole(&place, &made).await;
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_postgres_costs_time_and_nothing_else() {
    let place = place(Db::Postgres, 44, windows(), MediaBytes::small()).await;
    let folder = tempfile::Builder::new()
        .prefix("verikeep-tablespace")
        .tempdir_in("/var/tmp")
        .unwrap();
    run("chmod", &["0755", folder.path().to_str().unwrap()]);
    let disk = Mount::tmpfs(folder.path(), 40);
    let inner = folder.path().join("space");
    fs::create_dir(&inner).unwrap();
    run("chmod", &["0755", folder.path().to_str().unwrap()]);
    run("chown", &["postgres", inner.to_str().unwrap()]);
    let text = fs::read_to_string(place.path().join("verikeep.toml")).unwrap();
    let url: DatabaseUrl = text
        .lines()
        .find_map(|line| line.strip_prefix("url = \"")?.strip_suffix('"'))
        .unwrap()
        .parse()
        .unwrap();
    let name = url.reveal().rsplit('/').next().unwrap();
    let _moved = Moved::to(&inner, name).await;

    let daemon = place.start().await;
    let made = lives(&place, 24);
    place.track(&made);
    let ballast = disk.fill(0);
    let refused = refused_for_its_cache(&inner, &disk, &url).await;
    assert!(
        matches!(&refused, StoreError::Unavailable(text) if text.contains("could not write init file")),
        "{refused:?}"
    );
    shows(
        &place,
        &daemon,
        "/dependencies",
        &[
            "database_writes",
            "No space left on device",
            "database_down",
        ],
    )
    .await;
    fs::remove_file(ballast).unwrap();
    whole(&place, &made).await;
    shows(
        &place,
        &daemon,
        "/dependencies",
        &["\"usable\":true", "\"alarms\":[]"],
    )
    .await;
    daemon.stop();
}

/// What a server says that has no room for the file of its own which a new connection looks for, so
/// that it ends it: it has no code for that, as for what is wrong inside.
async fn refused_for_its_cache(space: &Path, disk: &Mount, url: &DatabaseUrl) -> StoreError {
    let of_server = fs::read_dir(space).unwrap().next().unwrap().unwrap().path();
    let of_database = fs::read_dir(of_server).unwrap().next().unwrap().unwrap();
    // A connection of the daemon's may come between.
    for _ in 0..20 {
        let _ = fs::remove_file(of_database.path().join("pg_internal.init"));
        disk.fill(0);
        if let Err(refused) = PgConnection::connect(url.reveal()).await {
            return refused.into();
        }
    }
    panic!("there is room for it each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_a_servers_files_is_no_fault_of_what_is_written() {
    let database = Database::postgres().await;
    let mut connection = PgConnection::connect(database.url.reveal()).await.unwrap();
    let sql = "create table grows as select 1 as n; select pg_backend_pid()";
    let row = connection.fetch_one(sqlx::raw_sql(sql)).await.unwrap();
    let pid = row.get::<i32, _>(0).to_string();
    let as_postgres = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];
    let limited = ["prlimit", "--pid", &pid, "--fsize=65536"];
    run("setpriv", &[&as_postgres[..], &limited].concat());
    let many = connection.execute("insert into grows select generate_series(1, 100000)");
    let refused = StoreError::from(many.await.unwrap_err());
    let text = refused.to_string();
    assert!(
        matches!(refused, StoreError::Unavailable(_))
            && text.contains("could not extend file")
            && text.contains("the limits of its disk"),
        "{text}"
    );
    let raise = "do $$ begin raise exception 'inside' using errcode = 'XX000'; end $$";
    let inside = StoreError::from(connection.execute(raise).await.unwrap_err());
    assert!(matches!(inside, StoreError::Corrupt(_)), "{inside}");
}

/// A database of the test server's in another place. It is dropped with the value, also when the
/// test fails: a server that cannot write what it holds of a vanished file system makes no
/// database for any later test.
struct Moved {
    database: String,
    space: String,
}

impl Moved {
    async fn to(folder: &Path, database: &str) -> Self {
        let moved = Self {
            database: database.to_owned(),
            space: database.replace("test_", "space_"),
        };
        let space = &moved.space;
        Self::run(&[
            format!("create tablespace {space} location '{}'", folder.display()),
            format!("alter database {database} set tablespace {space}"),
        ])
        .await;
        moved
    }

    async fn run(statements: &[String]) {
        let server = std::env::var("VERIKEEP_TEST_POSTGRES").unwrap();
        let mut connection = PgConnection::connect(&server).await.unwrap();
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement.clone()))
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        let statements = [
            format!("drop database {} with (force)", self.database),
            format!("drop tablespace {}", self.space),
        ];
        // The test's own runtime cannot be waited for in here.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(Self::run(&statements));
        })
        .join();
        assert!(dropped.is_ok() || std::thread::panicking());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_read_from_a_file_system_that_cannot_be_written() {
    let place = place(Db::Sqlite, 45, windows(), MediaBytes::small()).await;
    place.track(&lives(&place, 2));
    let disk = Mount::read_only(&place.path().join("data"));
    for line in [&["status"][..], &["list"], &["status", "--json"]] {
        let read = place.verikeep(line);
        assert!(
            code(&read) < 2 && !out(&read).is_empty(),
            "{line:?}: {}",
            err(&read)
        );
    }
    let tracked = place.verikeep(&["track", "another", "--app", "filmed"]);
    assert!(
        code(&tracked) != 0 && err(&tracked).contains("database"),
        "{}",
        err(&tracked)
    );
    drop(disk);
    assert_eq!(
        code(&place.verikeep(&["track", "another", "--app", "filmed"])),
        0
    );
}
