//! The database of a pass, past the library: a file, or one on a server.

use verikeep::{config::Config, domain::address::DatabaseUrl};

use crate::{Outcome, child::Task, gauge, server::Server};

/// Which database a pass has.
pub(crate) enum Held {
    /// A file in its folder.
    File,
    /// One of this name.
    Server(Server, String),
}

impl Held {
    /// The one that the task names.
    pub(crate) async fn of(task: &Task) -> Outcome<Self> {
        let Some(name) = &task.database else {
            return Ok(Self::File);
        };
        let server = Server::told().await?.ok_or("no server is named")?;
        Ok(Self::Server(server, name.clone()))
    }

    /// Where it is, if not where an archive has it by itself.
    pub(crate) fn url(&self) -> Outcome<Option<DatabaseUrl>> {
        match self {
            Self::File => Ok(None),
            Self::Server(server, name) => server.database(name).map(Some),
        }
    }

    /// Makes it on the server; a file is made when it is opened.
    pub(crate) async fn create(&self) -> Outcome<()> {
        match self {
            Self::File => Ok(()),
            Self::Server(server, name) => server.create(name).await,
        }
    }

    /// Drops what a server would keep.
    pub(crate) async fn remove(&self) -> Outcome<()> {
        match self {
            Self::File => Ok(()),
            Self::Server(server, name) => server.remove(name).await,
        }
    }

    /// CPU time of the server so far.
    pub(crate) fn server_ms(&self) -> Outcome<f64> {
        match self {
            Self::File => Ok(0.0),
            Self::Server(server, _) => server.cpu_ms(),
        }
    }

    /// Transactions that wrote so far.
    pub(crate) async fn commits(&self, config: &Config) -> Outcome<u64> {
        match self {
            Self::File => gauge::commits(&config.data_dir.join("verikeep.db")),
            Self::Server(server, _) => server.commits().await,
        }
    }

    /// Has a server sync, and says how often it did so far; none where it cannot be told to.
    pub(crate) async fn watch(&self) -> Outcome<Option<u64>> {
        match self {
            Self::File => Ok(Some(0)),
            Self::Server(server, _) if server.sync().await? => server.syncs().await.map(Some),
            Self::Server(..) => Ok(None),
        }
    }

    /// How often it did since, and leaves it as it was.
    pub(crate) async fn watched(&self, before: u64) -> Outcome<u64> {
        match self {
            Self::File => Ok(0),
            Self::Server(server, _) => {
                let synced = server.syncs().await? - before;
                server.sync_as_before().await?;
                Ok(synced)
            }
        }
    }
}
