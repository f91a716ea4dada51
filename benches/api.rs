//! Single tokens told over HTTP, each answered once it is committed, beside a bare axum server that
//! answers the same bodies and keeps nothing: requests a second, and how long one waits.
//!
//! ```sh
//! cargo bench --bench api                                   # SQLite
//! scripts/with-postgres cargo bench --bench api             # and PostgreSQL
//! cargo bench --bench api -- --quick                        # a tenth of the tokens, one round
//! ```
//!
//! The daemon is the program itself with a database on disk, and asks nobody meanwhile. Each
//! connection sends one request after the other and keeps open. Client, server and database share
//! the machine's cores over loopback, so the ratio to the bare server says more than the figures.
//! The server that `scripts/with-postgres` starts does not sync to disk; SQLite does.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "the table is what it is for, and it runs in real time"
)]

use std::{
    error::Error,
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, routing::post};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Whatever goes wrong ends the benchmark.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How many connections send at once.
const CONNECTIONS: [u32; 2] = [16, 128];

/// A process that ends with its owner.
struct Served(Child, SocketAddr);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What one pass came to.
#[derive(Clone, Copy)]
struct Pass {
    a_second: f64,
    median: Duration,
    worst: Duration,
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let says = |word: &str| words.iter().any(|one| one == word);
    // Test runners ask every binary what tests it has: none.
    if says("--list") {
        return Ok(());
    }
    if says("echo") {
        return echo();
    }
    let (tokens, rounds) = if says("--quick") {
        (5_000, 1)
    } else {
        (50_000, 3)
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let postgres = std::env::var("VERIKEEP_TEST_POSTGRES").ok();
    println!("{tokens} single tokens a pass, median of {rounds} rounds\n");
    println!(
        "| server | connections | requests/s | median | 99 of 100 within | of the bare server |"
    );
    println!("|---|---|---|---|---|---|");
    for connections in CONNECTIONS {
        let mut bare = None;
        for server in ["bare axum", "verikeep, SQLite", "verikeep, PostgreSQL"] {
            let mut passes = Vec::new();
            for round in 0..rounds {
                let place = folder
                    .path()
                    .join(format!("{server}-{connections}-{round}"));
                fs::create_dir(&place)?;
                let (served, key) = match (server, &postgres) {
                    ("bare axum", _) => (start_echo()?, String::new()),
                    ("verikeep, SQLite", _) => daemon(&place, None)?,
                    (_, Some(url)) => daemon(&place, Some(&fresh(url, connections, round)?))?,
                    _ => continue,
                };
                let pass = runtime.block_on(send(served.1, key.trim(), tokens, connections))?;
                if server != "bare axum" {
                    counted(&place, tokens)?;
                }
                passes.push(pass);
            }
            passes.sort_by(|one, other| one.a_second.total_cmp(&other.a_second));
            let Some(pass) = passes.get(passes.len() / 2).copied() else {
                continue;
            };
            let of = *bare.get_or_insert(pass.a_second);
            println!(
                "| {server} | {connections} | {:.0} | {:.1} ms | {:.1} ms | {:.2} |",
                pass.a_second,
                pass.median.as_secs_f64() * 1e3,
                pass.worst.as_secs_f64() * 1e3,
                pass.a_second / of
            );
        }
    }
    Ok(())
}

/// The bare server: what is sent comes back.
fn echo() -> Outcome<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let router = Router::new().route("/v1/verifications", post(|body: Bytes| async { body }));
        axum::serve(listener, router).await?;
        Ok(())
    })
}

fn start_echo() -> Outcome<Served> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("echo")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let said = child.stdout.take().ok_or("it says nothing")?;
    BufReader::new(said).read_line(&mut line)?;
    Ok(Served(child, line.trim().parse()?))
}

/// A database of its own on that server.
fn fresh(url: &str, connections: u32, round: i32) -> Outcome<String> {
    let name = format!("api_{connections}_{round}_{}", std::process::id());
    let made = Command::new("psql")
        .args([url, "-qc", &format!("create database {name}")])
        .status()?;
    if !made.success() {
        return Err("psql made no database".into());
    }
    let (server, _) = url.rsplit_once('/').ok_or("the URL names no database")?;
    Ok(format!("{server}/{name}"))
}

/// A daemon in a folder, and a key of it.
fn daemon(place: &Path, database: Option<&str>) -> Outcome<(Served, String)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let database = database.map_or_else(String::new, |url| format!("[database]\nurl = {url:?}\n"));
    let config = format!(
        "data_dir = \"data\"\n{database}[http]\nlisten = \"{address}\"\n[schedule]\nfirst_poll = \"1h\"\n[[apps]]\nname = \"h5\"\nbase_url = \"http://127.0.0.1:9\"\napi_key = \"k\"\nsecret_key = \"s\"\n"
    );
    fs::write(place.join("verikeep.toml"), config)?;
    let program = |line: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_verikeep"));
        command
            .args(line)
            .current_dir(place)
            .env("VERIKEEP_LOG", "error");
        command
    };
    let migrated = program(&["migrate"]).output()?;
    let line = [
        "key", "create", "--name", "bench", "--scope", "track", "--app", "h5", "--rate", "100000",
    ];
    let made = program(&line).output()?;
    if !made.status.success() {
        let said = [migrated.stderr, made.stderr].concat();
        return Err(String::from_utf8_lossy(&said).into());
    }
    let log = fs::File::create(place.join("log"))?;
    let child = program(&["run"]).stderr(log).spawn()?;
    let served = Served(child, address);
    let until = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(address).is_err() {
        if Instant::now() > until {
            return Err(fs::read_to_string(place.join("log"))?.into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok((served, String::from_utf8(made.stdout)?))
}

/// Whether as many are tracked as were told.
fn counted(place: &Path, tokens: u32) -> Outcome<()> {
    let status = Command::new(env!("CARGO_BIN_EXE_verikeep"))
        .args(["status", "--json"])
        .current_dir(place)
        .output()?;
    let status: serde_json::Value = serde_json::from_slice(&status.stdout)?;
    let open = status.get("open").and_then(serde_json::Value::as_u64);
    if open == Some(u64::from(tokens)) {
        return Ok(());
    }
    Err(format!("{} are tracked of {tokens}", open.unwrap_or_default()).into())
}

/// Tells so many tokens over so many connections.
async fn send(address: SocketAddr, key: &str, tokens: u32, connections: u32) -> Outcome<Pass> {
    let next = Arc::new(AtomicU32::new(0));
    let begun = Instant::now();
    let sending: Vec<_> = (0..connections)
        .map(|_| {
            tokio::spawn(one_by_one(
                address,
                key.to_owned(),
                Arc::clone(&next),
                tokens,
            ))
        })
        .collect();
    let mut waits = Vec::with_capacity(tokens as usize);
    for one in sending {
        waits.extend(one.await??);
    }
    let took = begun.elapsed();
    waits.sort_unstable();
    let at = |share: usize| waits.get(waits.len() * share / 100).copied();
    Ok(Pass {
        a_second: f64::from(tokens) / took.as_secs_f64(),
        median: at(50).unwrap_or_default(),
        worst: at(99).unwrap_or_default(),
    })
}

/// Sends on one connection until all are sent; how long each waited.
async fn one_by_one(
    address: SocketAddr,
    key: String,
    next: Arc<AtomicU32>,
    tokens: u32,
) -> Outcome<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut waits, mut answer) = (Vec::new(), Vec::new());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= tokens {
            return Ok(waits);
        }
        let body = format!(
            r#"{{"app":"h5","verify_token":"BenchToken{number:014}","reference":"order-{number}"}}"#
        );
        let request = format!(
            "POST /v1/verifications HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        answer.clear();
        while !is_whole(&answer) {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err("the connection was closed".into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 20") {
            return Err(String::from_utf8_lossy(&answer).into());
        }
        waits.push(begun.elapsed());
    }
}

/// Whether all of an answer is there.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let (before, _) = answer.split_at(head);
    let text = String::from_utf8_lossy(before).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    answer.len() >= head + 4 + length.unwrap_or(0)
}
