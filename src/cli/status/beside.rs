//! What can be told without the database: what the daemon of this machine says of itself, and how
//! much room there is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Deserializer, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    app,
    config::Config,
    domain::{language::Language, time::Span},
    worker::clock::within,
};

/// Longer than the daemon itself waits for what it depends on.
const WAIT_MAX: Span = Span::seconds(10);
/// A page longer than this is not the daemon's.
const PAGE_BYTES_MAX: u64 = 1 << 20;

/// What stands beside the figures of the database.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Beside {
    /// The daemon, asked where its pages are; none when that names no fixed port.
    pub daemon: Option<Daemon>,
    /// What could be listened to or pretended because the configuration lets it be.
    pub insecure: Vec<String>,
    /// File systems that are short of room: (what lies there, in words).
    pub short_of_room: Vec<(String, String)>,
}

/// The daemon of this machine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Daemon {
    /// Where it was asked.
    pub address: SocketAddr,
    /// What it said; none when nobody answered.
    pub says: Option<Says>,
}

/// Its page of dependencies.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Says {
    /// Whether it can do its work.
    #[serde(rename(deserialize = "usable"))]
    pub ready: bool,
    /// What it depends on.
    pub checks: Vec<Check>,
    /// Alarms from its memory, which the database may not know yet.
    pub alarms: Vec<Alarm>,
}

/// One thing that it depends on.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Check {
    /// Which.
    pub name: String,
    /// Whether it can be used, as far as that is known.
    #[serde(deserialize_with = "unless_known_to_be_bad")]
    pub ok: bool,
    /// Why not.
    pub text: String,
}

/// What nobody called lately is neither good nor bad.
fn unless_known_to_be_bad<'de, D: Deserializer<'de>>(ok: D) -> Result<bool, D::Error> {
    Option::deserialize(ok).map(|ok| ok.unwrap_or(true))
}

/// An alarm from its memory.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Alarm {
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// What happened.
    pub text: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// How many times.
    pub times: i64,
}

impl Beside {
    /// The daemon is there and says that it cannot do its work.
    pub(crate) fn is_not_ready(&self) -> bool {
        self.daemon
            .as_ref()
            .and_then(|daemon| daemon.says.as_ref())
            .is_some_and(|says| !says.ready)
    }

    /// A daemon was asked, and nobody answered.
    pub(crate) fn is_silent(&self) -> bool {
        self.daemon
            .as_ref()
            .is_some_and(|daemon| daemon.says.is_none())
    }

    /// The alarms from memory.
    pub(crate) fn alarms(&self) -> &[Alarm] {
        self.daemon
            .as_ref()
            .and_then(|daemon| daemon.says.as_ref())
            .map_or(&[], |says| &says.alarms)
    }
}

/// Finds it out.
pub(super) async fn look(config: &Config, language: Language) -> Beside {
    let free_bytes_min = config.limits.free_bytes_min;
    let short = |place: app::guard::Place| {
        let room = place
            .look()
            .ok()
            .filter(|room| room.is_short(free_bytes_min, false))?;
        let text = room.tell(&place.what, free_bytes_min, language);
        Some((place.what, text))
    };
    Beside {
        daemon: ask(config.http.pages().1).await,
        insecure: config
            .database
            .insecure
            .iter()
            .chain(&config.vault.insecure)
            .cloned()
            .collect(),
        short_of_room: app::guard::places(config)
            .into_iter()
            .filter_map(short)
            .collect(),
    }
}

/// Asks the daemon that listens on `listen`.
pub(crate) async fn ask(listen: SocketAddr) -> Option<Daemon> {
    if listen.port() == 0 {
        return None;
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    let says = within(WAIT_MAX, page(address))
        .await
        .and_then(Result::ok)
        .and_then(|page| read(&page));
    Some(Daemon { address, says })
}

async fn page(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET /dependencies HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut page = Vec::new();
    stream.take(PAGE_BYTES_MAX).read_to_end(&mut page).await?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn read(page: &str) -> Option<Says> {
    let (head, body) = page.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 ")
        .then(|| serde_json::from_str(body).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_dependencies_is_read_and_any_other_is_not() {
        let body = r#"{"usable":false,"checks":[{"name":"database","ok":false,"text":"away","calls":3,"failed":3},{"name":"provider/h5","ok":null,"text":"no call"}],"alarms":[{"kind":"disk_full","subject":"objects","text":"x","since":"s","times":1}],"more":1}"#;
        let says = read(&format!(
            "HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\n{body}"
        ))
        .unwrap();
        assert_eq!(
            (
                says.ready,
                says.checks[0].name.as_str(),
                says.alarms[0].kind.as_str()
            ),
            (false, "database", "disk_full")
        );
        assert_eq!([says.checks[0].ok, says.checks[1].ok], [false, true]);
        for page in ["", "HTTP/1.1 200 OK\r\n\r\n<html>", "SSH-2.0-x\r\n\r\n{}"] {
            assert!(read(page).is_none(), "{page}");
        }
    }

    #[tokio::test]
    async fn nobody_is_asked_at_port_0_and_silence_is_told() {
        assert!(ask("127.0.0.1:0".parse().unwrap()).await.is_none());
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let silent = Beside {
            daemon: ask(free).await,
            ..Beside::default()
        };
        assert!(silent.is_silent() && !silent.is_not_ready() && silent.alarms().is_empty());
    }
}
