//! The databases that are measured, past the library: what is put in, and what the server uses.

use std::{fs, path::Path};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use verikeep::domain::address::DatabaseUrl;

use crate::{Outcome, gauge};

/// The app of all tokens.
pub(crate) const APP: &str = "measured";
/// What Linux calls a clock tick is 10 ms on every architecture it is built for.
const TICK_MS: f64 = 10.0;

/// A database of this benchmark's own.
pub(crate) struct Database {
    pub(crate) url: DatabaseUrl,
    /// The server that holds it, where there is one: its address and its process.
    server: Option<(String, u32)>,
}

impl Database {
    /// A file in `folder`, and a new database on the server that `VERIKEEP_TEST_POSTGRES` names.
    pub(crate) async fn all(folder: &Path) -> Outcome<Vec<Self>> {
        let file = Self {
            url: DatabaseUrl::of_file(&folder.join("verikeep.db")),
            server: None,
        };
        let Ok(server) = std::env::var("VERIKEEP_TEST_POSTGRES") else {
            return Ok(vec![file]);
        };
        let name = format!("bench_{}", std::process::id());
        let mut connection = PgConnection::connect(&server).await?;
        let sql = format!("create database {name}");
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await?;
        let backend: i32 = sqlx::query("select pg_backend_pid()")
            .fetch_one(&mut connection)
            .await?
            .try_get(0)?;
        let (postmaster, _) =
            process(u32::try_from(backend)?).ok_or("the server is not on this machine")?;
        let mut url = url::Url::parse(&server)?;
        url.set_path(&name);
        Ok(vec![
            file,
            Self {
                url: url.as_str().parse()?,
                server: Some((server, postmaster)),
            },
        ])
    }

    pub(crate) fn name(&self) -> &'static str {
        self.server.as_ref().map_or("SQLite", |_| "PostgreSQL")
    }

    pub(crate) fn is_server(&self) -> bool {
        self.server.is_some()
    }

    /// Runs statements past the library.
    pub(crate) async fn run(&self, sql: String) -> Outcome<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        if self.is_server() {
            sql.execute(&mut PgConnection::connect(self.url.reveal()).await?)
                .await?;
        } else {
            sql.execute(&mut SqliteConnection::connect(self.url.reveal()).await?)
                .await?;
        }
        Ok(())
    }

    /// How many transactions have written so far.
    pub(crate) async fn commits(&self) -> Outcome<u64> {
        let Some(file) = self.url.file() else {
            let sql = "select pg_snapshot_xmax(pg_current_snapshot())::text";
            let mut connection = PgConnection::connect(self.url.reveal()).await?;
            let row = sqlx::query(sql).fetch_one(&mut connection).await?;
            return Ok(row.try_get::<String, _>(0)?.parse()?);
        };
        gauge::commits(file)
    }

    /// User and system time of all processes of the server so far, those that ended included.
    pub(crate) fn server_ms(&self) -> Outcome<f64> {
        let Some((_, postmaster)) = &self.server else {
            return Ok(0.0);
        };
        let mut ticks = 0;
        for entry in fs::read_dir("/proc")? {
            let pid = entry?.file_name().to_string_lossy().parse::<u32>();
            let Some((pid, (parent, times))) = pid.ok().and_then(|pid| Some((pid, process(pid)?)))
            else {
                continue;
            };
            if pid == *postmaster || parent == *postmaster {
                ticks += times;
            }
        }
        Ok(ticks as f64 * TICK_MS)
    }

    /// Drops what a server would keep.
    pub(crate) async fn leave(&self) -> Outcome<()> {
        if let Some((server, _)) = &self.server {
            let sql = format!("drop database bench_{} with (force)", std::process::id());
            let mut connection = PgConnection::connect(server).await?;
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut connection)
                .await?;
        }
        Ok(())
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
