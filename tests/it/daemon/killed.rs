//! A daemon that is killed while tokens are told over HTTP: what was taken is there, once.
//!
//! It is killed three times; `VERIKEEP_TEST_KILLS=100` has it killed so often instead.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use simulator::{MediaBytes, Windows};
use verikeep::domain::secret::Secret;

use super::{
    api::key,
    degrade::{configure, place},
    process::{Daemon, Place},
};
use crate::lab::{Db, FILMED};

const CLIENTS: usize = 32;
/// So many are taken before the next kill.
const EACH: usize = 1000;

/// What the clients share.
struct Told {
    address: Mutex<String>,
    key: String,
    next: AtomicUsize,
    taken: AtomicUsize,
    repeated: AtomicUsize,
    enough: AtomicBool,
    /// Nothing is taken any more.
    over: AtomicBool,
}

impl Told {
    /// Tells one token after the other, each until it is taken.
    fn tell(&self) {
        let mut line = None;
        while !self.enough.load(Ordering::SeqCst) {
            let n = self.next.fetch_add(1, Ordering::SeqCst);
            loop {
                match self.post(&mut line, n) {
                    Ok(200 | 201) => break,
                    Ok(status) => assert_eq!(status, 503, "token {n}"),
                    Err(_) => line = None,
                }
                if self.over.load(Ordering::SeqCst) {
                    return;
                }
                self.repeated.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(20));
            }
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Over the connection that there is, or a new one.
    fn post(&self, line: &mut Option<BufReader<TcpStream>>, n: usize) -> io::Result<u16> {
        if line.is_none() {
            let stream = TcpStream::connect(self.address.lock().unwrap().as_str())?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            *line = Some(BufReader::new(stream));
        }
        let stream = line.as_mut().unwrap();
        let body = json!({ "app": FILMED, "verify_token": token(n) }).to_string();
        let request = format!(
            "POST /v1/verifications HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (None, 0);
        loop {
            let mut text = String::new();
            if stream.read_line(&mut text)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if text.trim().is_empty() {
                break;
            }
            if let Some(told) = text.strip_prefix("content-length: ") {
                length = told.trim().parse().unwrap();
            }
            status = status.or_else(|| text.split(' ').nth(1)?.parse().ok());
        }
        stream.read_exact(&mut vec![0; length])?;
        Ok(status.unwrap())
    }
}

/// Has the clients end.
struct End<'a>(&'a Told);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.enough.store(true, Ordering::SeqCst);
        self.0.over.store(true, Ordering::SeqCst);
    }
}

fn token(n: usize) -> String {
    format!("Token{n:020}")
}

/// Nothing is polled meanwhile, and little is logged.
async fn start(place: &Place, told: &Told) -> Daemon {
    let daemon = place.start_under(&["env", "VERIKEEP_LOG=info"]).await;
    *told.address.lock().unwrap() = daemon.address().to_owned();
    daemon
}

/// Kills it again and again while tokens are told; brings how long it was there in all.
async fn killed(place: &Place, told: &Told, kills: usize) -> Duration {
    let mut up = Duration::ZERO;
    for kill in 0..=kills {
        let mut daemon = start(place, told).await;
        let (began, aim) = (Instant::now(), told.taken.load(Ordering::SeqCst) + EACH);
        place
            .until("enough are taken", Duration::from_secs(60), async || {
                told.taken.load(Ordering::SeqCst) >= aim
            })
            .await;
        up += began.elapsed();
        if kill < kills {
            daemon.kill();
        } else {
            told.enough.store(true, Ordering::SeqCst);
            place
                .until("all are answered", Duration::from_secs(30), async || {
                    told.taken.load(Ordering::SeqCst) == told.next.load(Ordering::SeqCst)
                })
                .await;
            daemon.stop();
        }
    }
    up
}

async fn nothing_taken_is_lost(db: Db, seed: u64) {
    let kills = std::env::var("VERIKEEP_TEST_KILLS");
    let kills = kills.map_or(3, |text| text.parse().unwrap());
    let day = 24 * 3_600_000;
    let windows = Windows {
        verify_ms: day,
        media_ms: 2 * day,
        record_ms: 3 * day,
        ..Windows::default()
    };
    let place = place(db, seed, windows, MediaBytes::small()).await;
    configure(&place, |text| text.replace("\"400ms\"", "\"1h\""));
    let told = Told {
        address: Mutex::default(),
        key: key(&place, &["track"]),
        next: AtomicUsize::new(0),
        taken: AtomicUsize::new(0),
        repeated: AtomicUsize::new(0),
        enough: AtomicBool::new(false),
        over: AtomicBool::new(false),
    };
    let runtime = tokio::runtime::Handle::current();
    let up = thread::scope(|scope| {
        // Also where something is wrong below: the scope waits for them.
        let _end = End(&told);
        for _ in 0..CLIENTS {
            scope.spawn(|| told.tell());
        }
        tokio::task::block_in_place(|| runtime.block_on(killed(&place, &told, kills)))
    });
    let count = told.next.into_inner();
    println!(
        "{db:?}: {count} tokens in {up:?}, {:.0} a second, {} repeated, {kills} kills",
        count as f64 / up.as_secs_f64(),
        told.repeated.into_inner()
    );
    let archive = place.archive().await;
    let tokens: Vec<Secret> = (0..count).map(|n| Secret::new(token(n))).collect();
    for some in tokens.chunks(1000) {
        let known = archive.store.known(some).await.unwrap();
        assert!(known.iter().all(Option::is_some), "a token is lost");
    }
    let states = archive.store.status(archive.now()).await.unwrap().states;
    let rows: i64 = states.iter().map(|row| row.count).sum();
    assert_eq!(rows, i64::try_from(count).unwrap(), "each is there once");
    archive.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_before_a_kill_is_there_once_on_sqlite() {
    nothing_taken_is_lost(Db::Sqlite, 65).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_before_a_kill_is_there_once_on_postgres() {
    nothing_taken_is_lost(Db::Postgres, 66).await;
}
