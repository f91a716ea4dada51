//! A PostgreSQL server on this machine, and what it says of itself past the library.

use std::{fs, time::Duration};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use verikeep::domain::address::DatabaseUrl;

use crate::Outcome;

/// Where the server is that may be used.
pub(crate) const TOLD: &str = "VERIKEEP_TEST_POSTGRES";
/// What Linux calls a clock tick is 10 ms on every architecture it is built for.
const TICK_MS: f64 = 10.0;
/// How often, and how long apart, a new setting is looked for.
const LOOKS: u32 = 50;
const BETWEEN: Duration = Duration::from_millis(50);
/// What the WAL was synced, by PostgreSQL 14 to 17, and since.
const SYNCS: &str = "select wal_sync from pg_stat_wal";
const SYNCS_18: &str =
    "select sum(fsyncs)::bigint from pg_stat_io where object = 'wal' and context = 'normal'";

/// The server that `VERIKEEP_TEST_POSTGRES` names.
pub(crate) struct Server {
    url: String,
    postmaster: u32,
}

impl Server {
    /// The server, where one is named; it must be on this machine.
    pub(crate) async fn told() -> Outcome<Option<Self>> {
        let Ok(url) = std::env::var(TOLD) else {
            return Ok(None);
        };
        let backend: i32 = sqlx::query("select pg_backend_pid()")
            .fetch_one(&mut PgConnection::connect(&url).await?)
            .await?
            .try_get(0)?;
        let (postmaster, _) =
            process(u32::try_from(backend)?).ok_or("the server is not on this machine")?;
        Ok(Some(Self { url, postmaster }))
    }

    /// A database on it.
    pub(crate) fn database(&self, name: &str) -> Outcome<DatabaseUrl> {
        let mut url = url::Url::parse(&self.url)?;
        url.set_path(name);
        Ok(url.as_str().parse()?)
    }

    /// Makes an empty database.
    pub(crate) async fn create(&self, name: &str) -> Outcome<()> {
        self.run(format!("create database {name}")).await
    }

    /// Drops it with all that is in it.
    pub(crate) async fn remove(&self, name: &str) -> Outcome<()> {
        self.run(format!("drop database {name} with (force)")).await
    }

    /// How many transactions have written so far, savepoints among them.
    pub(crate) async fn commits(&self) -> Outcome<u64> {
        let sql = "select pg_snapshot_xmax(pg_current_snapshot())::text";
        Ok(self.word(sql).await?.parse()?)
    }

    /// How often the WAL was synced so far, by backends that ended or were idle for a while.
    pub(crate) async fn syncs(&self) -> Outcome<u64> {
        let version: u32 = self.word("show server_version_num").await?.parse()?;
        let sql = if version < 180_000 { SYNCS } else { SYNCS_18 };
        let row = sqlx::query(sql)
            .fetch_one(&mut PgConnection::connect(&self.url).await?)
            .await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)
    }

    /// Has the server sync to disk, as one that is in use does; false where it may not be told.
    pub(crate) async fn sync(&self) -> Outcome<bool> {
        let _ = self.run("alter system set fsync = on".to_owned()).await;
        let _ = self.run("select pg_reload_conf()".to_owned()).await;
        for _ in 0..LOOKS {
            if self.word("show fsync").await? == "on" {
                return Ok(true);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(false)
    }

    /// Leaves it to the server's own settings again.
    pub(crate) async fn sync_as_before(&self) -> Outcome<()> {
        self.run("alter system reset fsync".to_owned()).await?;
        self.run("select pg_reload_conf()".to_owned()).await
    }

    /// User and system time of all its processes so far, those that ended included.
    pub(crate) fn cpu_ms(&self) -> Outcome<f64> {
        let mut ticks = 0;
        for entry in fs::read_dir("/proc")? {
            let pid = entry?.file_name().to_string_lossy().parse::<u32>();
            let Some((pid, (parent, times))) = pid.ok().and_then(|pid| Some((pid, process(pid)?)))
            else {
                continue;
            };
            if pid == self.postmaster || parent == self.postmaster {
                ticks += times;
            }
        }
        Ok(ticks as f64 * TICK_MS)
    }

    async fn run(&self, sql: String) -> Outcome<()> {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut PgConnection::connect(&self.url).await?)
            .await?;
        Ok(())
    }

    async fn word(&self, sql: &'static str) -> Outcome<String> {
        let row = sqlx::query(sql)
            .fetch_one(&mut PgConnection::connect(&self.url).await?)
            .await?;
        Ok(row.try_get(0)?)
    }
}

/// The parent of a process, and the ticks it and its children that ended have used.
fn process(pid: u32) -> Option<(u32, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let times = fields.get(11..15)?.iter().map(|field| field.parse::<u64>());
    Some((
        fields.get(1)?.parse().ok()?,
        times.sum::<Result<u64, _>>().ok()?,
    ))
}
