//! The configuration as the rest of the program gets it: typed, whole, every default filled in,
//! every relative path made absolute.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::domain::{
    access::Purpose,
    address::{BaseUrl, DatabaseUrl, VaultUrl},
    channel::{Channel, Post},
    identity::{Columns, IndexKey},
    policy::Policy,
    secret::Secret,
    time::Span,
    traffic::Rules,
};

/// Everything that can be configured. Keys and defaults are those of the contract and of
/// `config/verikeep.toml`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from; none when the environment alone said it.
    pub file: Option<PathBuf>,
    /// Where the embedded default keeps its database and objects.
    pub data_dir: PathBuf,
    /// `[database]`
    pub database: Database,
    /// `[vault]`
    pub vault: Vault,
    /// `[sealing]`
    pub sealing: Sealing,
    /// `[identity]`
    pub identity: Identity,
    /// `access.purpose`: whether users of the host who look at persons say what for.
    pub purpose: Purpose,
    /// `[http]`
    pub http: Http,
    /// `[schedule]`
    pub schedule: Schedule,
    /// `[limits]`
    pub limits: Limits,
    /// `[[apps]]`; at least one, names distinct.
    pub apps: Vec<App>,
    /// `[[notify]]`; names distinct.
    pub notify: Vec<Channel>,
    /// `heartbeat_url`: what is called while all is well.
    pub heartbeat: Option<Post>,
}

/// Where rows lie.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its file, by an absolute path, or its server.
    pub url: DatabaseUrl,
    /// Connections of the pool at most.
    pub max_connections: u32,
    /// What of the way to the server could be listened to or pretended, where
    /// `database.allow_insecure` lets it be; none where all is well.
    pub insecure: Option<String>,
}

/// Where objects lie.
#[derive(Clone, Debug)]
pub struct Vault {
    /// Their folder, by an absolute path, or their bucket.
    pub url: VaultUrl,
    /// Options of the object store, by their names and in the form of [`crate::domain::storage`];
    /// may hold credentials.
    pub options: Vec<(String, Secret)>,
    /// What of the way to the store could be listened to or pretended, where `vault.allow_insecure`
    /// lets it be; none where all is well.
    pub insecure: Option<String>,
    /// Whether the store refuses to overwrite.
    pub create_only: CreateOnly,
}

/// Whether the object store knows `If-None-Match: *`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CreateOnly {
    /// Found out by trying.
    #[default]
    Probe,
    /// It does.
    On,
    /// It does not.
    Off,
}

/// Whether objects are encrypted before they leave the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sealing {
    /// Objects lie as they came.
    #[default]
    Off,
}

/// What the database may hold of persons.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Masks, or everything.
    pub columns: Columns,
    /// Looks an ID number up exactly; none when there is no key file.
    pub index_key: Option<IndexKey>,
}

/// The daemon's own server, of pages and API.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where the API is, and the pages where they have no listener of their own; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The listener of the pages alone.
    pub ops_listen: Option<SocketAddr>,
    /// Whether a proxy with TLS stands in front of the API, whose `X-Forwarded-For` tells who asks.
    pub behind_proxy: bool,
    /// By which names the API is asked beside those of this machine and the address listened on; in
    /// lower case, without a port.
    pub hosts: Vec<String>,
    /// Connections of clients at once, where the system lets it open so many.
    pub max_connections: usize,
}

impl Http {
    /// Where the pages are, and by which key.
    #[must_use]
    pub fn pages(&self) -> (&'static str, SocketAddr) {
        match self.ops_listen {
            Some(address) => ("http.ops_listen", address),
            None => ("http.listen", self.listen),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: defaults::LISTEN,
            ops_listen: None,
            behind_proxy: false,
            hosts: Vec::new(),
            max_connections: 512,
        }
    }
}

/// When things happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// From issue to the first poll.
    pub first_poll: Span,
    /// From the end of the verification window to the poll that decides.
    pub final_grace: Span,
    /// When the database lets go of what it gathers: cron, six fields (seconds first), UTC.
    pub tidy: String,
    /// When it is read again what unused tokens answer, as other replicas may have learned: cron,
    /// as [`Schedule::tidy`].
    pub relearn: String,
}

/// What must be left for work to be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Below this much room on the file system of a SQLite database or of local objects nothing new
    /// is begun, bytes; 0 never looks.
    pub free_bytes_min: u64,
}

/// One app of the provider.
#[derive(Clone, Debug)]
pub struct App {
    /// Its name in this configuration, in tables and metrics.
    pub name: String,
    /// Where its provider is.
    pub base_url: BaseUrl,
    /// The proxy that its calls and downloads go through, `http://user:password@host:port`: its
    /// own, or else that of `[provider]`.
    pub proxy: Option<Secret>,
    /// How it shows who it is.
    pub auth: Auth,
    /// Apps of one account share its quota.
    pub account: String,
    /// Calls a second that the account may make, for each endpoint.
    pub qps: f64,
    /// How many of them are left to the business; below `qps`.
    pub qps_reserve: f64,
    /// Its windows and what is wanted of it.
    pub policy: Policy,
    /// What of its traffic is told of: its own `alarms`, or else `[alarms]`.
    pub rules: Rules,
    /// Hosts that media may be fetched from: `host` or `*.host`, in small letters; a private one
    /// with its port, unless that of https or http.
    pub media_hosts: Vec<String>,
    /// Whether those hosts, and that of `base_url`, may be private or loopback addresses: for a
    /// simulator.
    pub allow_private_media_hosts: bool,
}

/// How an app shows who it is (provider.md §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// OAuth client credentials, traded for an access_token.
    AccessToken {
        /// API Key of the app.
        api_key: Secret,
        /// Secret Key of the app.
        secret_key: Secret,
    },
    /// Signed requests of older cloud accounts.
    BceAuthV1 {
        /// AK.
        api_key: Secret,
        /// SK.
        secret_key: Secret,
    },
    /// `Authorization: Bearer bce-v3/ALTAK-…`.
    ApiKey {
        /// What stands behind `Bearer`.
        api_key: Secret,
    },
}

impl Config {
    /// A configuration with every default, everything below `data_dir`, and these apps.
    #[must_use]
    pub fn embedded(data_dir: PathBuf, apps: Vec<App>) -> Self {
        Self {
            file: None,
            database: Database {
                url: DatabaseUrl::of_file(&data_dir.join("verikeep.db")),
                max_connections: defaults::MAX_CONNECTIONS,
                insecure: None,
            },
            vault: Vault {
                url: VaultUrl::of_folder(data_dir.join("objects")),
                options: Vec::new(),
                insecure: None,
                create_only: CreateOnly::default(),
            },
            sealing: Sealing::default(),
            identity: Identity {
                columns: Columns::default(),
                index_key: None,
            },
            purpose: Purpose::default(),
            http: Http::default(),
            schedule: Schedule::default(),
            limits: Limits::default(),
            data_dir,
            apps,
            notify: Vec::new(),
            heartbeat: None,
        }
    }

    /// The folders of this machine that are written to, and what for: the file of a SQLite
    /// database, local objects.
    #[must_use]
    pub fn local_folders(&self) -> Vec<(&'static str, PathBuf)> {
        let database = self.database.url.file().and_then(Path::parent);
        [("database", database), ("objects", self.vault.url.folder())]
            .into_iter()
            .filter_map(|(what, folder)| Some((what, folder?.to_owned())))
            .collect()
    }

    /// The app of that name.
    #[must_use]
    pub fn app(&self, name: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.name == name)
    }
}

impl App {
    /// An app with every default.
    #[must_use]
    pub fn new(name: impl Into<String>, base_url: BaseUrl, auth: Auth) -> Self {
        Self {
            name: name.into(),
            base_url,
            proxy: None,
            auth,
            account: defaults::ACCOUNT.to_owned(),
            qps: defaults::QPS,
            qps_reserve: 0.0,
            policy: Policy::documented(),
            rules: Rules::default(),
            media_hosts: defaults::MEDIA_HOSTS.map(str::to_owned).to_vec(),
            allow_private_media_hosts: false,
        }
    }

    /// Calls a second that are made at most, for each endpoint of the account.
    #[must_use]
    pub fn pace(&self) -> f64 {
        self.qps - self.qps_reserve
    }
}

impl Default for Schedule {
    fn default() -> Self {
        let policy = Policy::documented();
        Self {
            first_poll: policy.first_poll,
            final_grace: policy.final_grace,
            tidy: defaults::TIDY.to_owned(),
            relearn: defaults::RELEARN.to_owned(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            free_bytes_min: defaults::FREE_BYTES_MIN,
        }
    }
}

/// The defaults of the contract.
pub(super) mod defaults {
    use std::net::{IpAddr, Ipv4Addr};

    use super::SocketAddr;

    pub(in crate::config) const DATA_DIR: &str = "verikeep-data";
    pub(in crate::config) const MAX_CONNECTIONS: u32 = 10;
    pub(in crate::config) const LISTEN: SocketAddr =
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8640);
    pub(in crate::config) const INDEX_KEY_FILE: &str = "identity-index.key";
    pub(in crate::config) const TIDY: &str = "0 17 3 * * *";
    pub(in crate::config) const RELEARN: &str = "30 */10 * * * *";
    pub(in crate::config) const FREE_BYTES_MIN: u64 = 512 << 20;
    pub(in crate::config) const ACCOUNT: &str = "default";
    pub(in crate::config) const QPS: f64 = 2.0;
    pub(in crate::config) const MEDIA_HOSTS: [&str; 3] =
        ["*.bcebos.com", "*.baidu.com", "*.baidubce.com"];
}
