//! How the SQLite within the program is built; `.cargo/config.toml` says why.

use sqlx::{Connection as _, SqliteConnection};

#[tokio::test]
async fn sqlite_is_built_as_it_is_measured() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let options: Vec<String> = sqlx::query_scalar("pragma compile_options")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let has = |option: &str| options.iter().any(|one| one == option);
    for option in ["DEFAULT_MEMSTATUS=0", "ENABLE_QPSG", "STMTJRNL_SPILL=-1"] {
        assert!(has(option), "{option} is not in {options:?}");
    }
    for option in [
        "ENABLE_MEMORY_MANAGEMENT",
        "ENABLE_FTS3",
        "ENABLE_FTS5",
        "ENABLE_RTREE",
    ] {
        assert!(!has(option), "{option} is in {options:?}");
    }
}
