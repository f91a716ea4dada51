//! Databases for tests: a SQLite file in a folder of its own, a database of its own on the
//! PostgreSQL server that `./scripts/test` starts, or the model of one in memory.

use std::{path::Path, sync::Arc};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use verikeep::{
    domain::{
        address::DatabaseUrl,
        time::{HeldClock, Time},
    },
    store::{Store, memory::MemoryStore, migrate, open},
};

/// The same database at the server itself.
fn past_poolers(url: &DatabaseUrl) -> String {
    if !url.reveal().contains("statement-cache-capacity") {
        return url.reveal().to_owned();
    }
    let server = std::env::var("VERIKEEP_TEST_POSTGRES").unwrap();
    let mut direct = url::Url::parse(&server).unwrap();
    direct.set_path(url::Url::parse(url.reveal()).unwrap().path());
    direct.into()
}

/// Runs statements past the product.
pub async fn run_at(url: &DatabaseUrl, sql: &str) {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if url.file().is_some() {
        let options = url
            .reveal()
            .parse::<sqlx::sqlite::SqliteConnectOptions>()
            .unwrap()
            .create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sql.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        sql.execute(&mut PgConnection::connect(&past_poolers(url)).await.unwrap())
            .await
            .unwrap();
    }
}

/// An empty database.
pub struct Database {
    /// How the product reaches it.
    pub url: DatabaseUrl,
    /// The folder of a SQLite file, which goes with the value.
    pub folder: Option<tempfile::TempDir>,
    /// The data of a model.
    pub model: Option<MemoryStore>,
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::of_file(&folder.path().join("verikeep.db"));
        Self {
            url,
            folder: Some(folder),
            model: None,
        }
    }

    /// # Panics
    /// Without a server: a half of the suite that is skipped proves nothing.
    pub async fn postgres() -> Self {
        let server = std::env::var("VERIKEEP_TEST_POSTGRES")
            .expect("VERIKEEP_TEST_POSTGRES does not name a PostgreSQL server; run the tests by ./scripts/test, which starts one");
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("create database {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        Self {
            url: url.as_str().parse().unwrap(),
            folder: None,
            model: None,
        }
    }

    /// Reached through the traits alone.
    pub fn model() -> Self {
        Self {
            url: DatabaseUrl::of_file(Path::new("model")),
            folder: None,
            model: Some(MemoryStore::new(HeldClock::at(Time(0)))),
        }
    }

    /// An empty one of the same kind.
    pub async fn another(&self) -> Self {
        if self.model.is_some() {
            Self::model()
        } else if self.is_sqlite() {
            Self::sqlite()
        } else {
            Self::postgres().await
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.model.is_none() && self.url.file().is_some()
    }

    pub fn is_postgres(&self) -> bool {
        self.folder.is_none() && self.model.is_none()
    }

    /// Migrates it and opens a store with a clock that stands at `now`.
    pub async fn store_at(&self, now: Time) -> Arc<dyn Store> {
        self.store_on(HeldClock::at(now)).await
    }

    /// Migrates it and opens a store on that clock.
    pub async fn store_on(&self, clock: Arc<HeldClock>) -> Arc<dyn Store> {
        if let Some(model) = &self.model {
            return Arc::new(model.open_again(clock));
        }
        migrate(&self.url).await.unwrap();
        open(&self.url, 10, clock).await.unwrap()
    }

    /// Runs statements past the product.
    pub async fn run(&self, sql: &str) {
        run_at(&self.url, sql).await;
    }

    /// Keeps everybody else from writing verifications.
    pub async fn hold_write_lock(&self) -> HeldLock {
        let sql = if self.is_sqlite() {
            "begin immediate"
        } else {
            "begin; lock table verifications in exclusive mode"
        };
        let mut held = if self.is_sqlite() {
            HeldLock::Sqlite(SqliteConnection::connect(self.url.reveal()).await.unwrap())
        } else {
            HeldLock::Postgres(
                PgConnection::connect(&past_poolers(&self.url))
                    .await
                    .unwrap(),
            )
        };
        held.run(sql).await;
        held
    }

    /// How many rows a table has.
    pub async fn rows(&self, table: &str) -> i64 {
        match &self.model {
            Some(model) => i64::try_from(model.rows()[table]).unwrap(),
            None => self.number(&format!("select count(*) from {table}")).await,
        }
    }

    /// What persons did (`actor what: detail`), by verification.
    pub async fn events(&self) -> Vec<String> {
        if let Some(model) = &self.model {
            let events = model.events().into_iter();
            return events
                .map(|event| format!("{} {}: {}", event.actor, event.what, event.detail))
                .collect();
        }
        let sql = "select actor || ' ' || what || ': ' || detail from events order by verification_id, event_id";
        self.texts(sql).await.concat()
    }

    /// The first column of each row, which is a number.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(self.url.reveal()).await.unwrap();
            sqlx::query(sql)
                .fetch_all(&mut connection)
                .await
                .unwrap()
                .iter()
                .map(|row| row.get(0))
                .collect()
        } else {
            let mut connection = PgConnection::connect(&past_poolers(&self.url))
                .await
                .unwrap();
            sqlx::query(sql)
                .fetch_all(&mut connection)
                .await
                .unwrap()
                .iter()
                .map(|row| row.get(0))
                .collect()
        }
    }

    /// The first column of the first row.
    pub async fn number(&self, sql: &str) -> i64 {
        self.numbers(sql).await[0]
    }

    /// Rows of texts, null as `∅`; every column must be text.
    pub async fn texts(&self, sql: &str) -> Vec<Vec<String>> {
        let sql = AssertSqlSafe(sql.to_owned());
        let shown = |text: Option<String>| text.unwrap_or_else(|| "∅".to_owned());
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(self.url.reveal()).await.unwrap();
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            rows.iter()
                .map(|row| (0..row.len()).map(|at| shown(row.get(at))).collect())
                .collect()
        } else {
            let mut connection = PgConnection::connect(&past_poolers(&self.url))
                .await
                .unwrap();
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            rows.iter()
                .map(|row| (0..row.len()).map(|at| shown(row.get(at))).collect())
                .collect()
        }
    }
}

/// A transaction of another program.
pub enum HeldLock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl HeldLock {
    async fn run(&mut self, sql: &'static str) {
        let sql = sqlx::raw_sql(sql);
        let done = match self {
            Self::Sqlite(connection) => sql.execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => sql.execute(connection).await.map(|_| ()),
        };
        done.unwrap();
    }

    pub async fn release(mut self) {
        self.run("rollback").await;
    }
}
