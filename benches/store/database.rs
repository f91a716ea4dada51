//! The databases that are measured, past the library: what is put in, and what the server uses.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use verikeep::domain::address::DatabaseUrl;

use crate::{Outcome, gauge, server::Server};

/// The app of all tokens.
pub(crate) const APP: &str = "measured";

/// A database of this benchmark's own.
pub(crate) struct Database {
    pub(crate) url: DatabaseUrl,
    /// The server that holds it, where there is one, and its name there.
    server: Option<(Server, String)>,
}

impl Database {
    /// A file in `folder`, and a new database on the server that `VERIKEEP_TEST_POSTGRES` names.
    pub(crate) async fn all(folder: &Path) -> Outcome<Vec<Self>> {
        let file = Self {
            url: DatabaseUrl::of_file(&folder.join("verikeep.db")),
            server: None,
        };
        let Some(server) = Server::told().await? else {
            return Ok(vec![file]);
        };
        let name = format!("bench_{}", std::process::id());
        server.create(&name).await?;
        let url = server.database(&name)?;
        let server = Some((server, name));
        Ok(vec![file, Self { url, server }])
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
        match (&self.server, self.url.file()) {
            (Some((server, _)), _) => server.commits().await,
            (None, Some(file)) => gauge::commits(file),
            (None, None) => Err("a database is a file or on a server".into()),
        }
    }

    /// User and system time of all processes of the server so far, those that ended included.
    pub(crate) fn server_ms(&self) -> Outcome<f64> {
        self.server
            .as_ref()
            .map_or(Ok(0.0), |(server, _)| server.cpu_ms())
    }

    /// Drops what a server would keep.
    pub(crate) async fn leave(&self) -> Outcome<()> {
        match &self.server {
            Some((server, name)) => server.remove(name).await,
            None => Ok(()),
        }
    }
}
