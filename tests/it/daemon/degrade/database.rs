//! A database that is away, or fails to write, while the daemon runs.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use simulator::MediaBytes;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    super::{
        process::{code, err, out},
        whole,
    },
    configure, lives, place, shows, windows,
};
use crate::lab::Db;

/// A wire to a server that can be cut and mended.
struct Wire {
    address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Wire {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (whole, seen) = watch::channel(true);
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (server, mut seen) = (server.clone(), seen.clone());
                if *seen.borrow_and_update() {
                    tokio::spawn(async move {
                        let Ok(mut far) = TcpStream::connect(server).await else {
                            return;
                        };
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => {}
                            _ = seen.wait_for(|whole| !*whole) => {}
                        }
                    });
                }
            }
        });
        Self { address, whole }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_waited_for_and_told_of_from_memory() {
    let place = place(Db::Postgres, 48, windows(), MediaBytes::small()).await;
    let server = url::Url::parse(&std::env::var("VERIKEEP_TEST_POSTGRES").unwrap()).unwrap();
    let server = format!(
        "{}:{}",
        server.host_str().unwrap(),
        server.port().unwrap_or(5432)
    );
    let wire = Wire::to(server.clone()).await;
    configure(&place, |text| {
        text.replace(&server, &wire.address.to_string())
    });
    let daemon = place.start().await;
    let made = lives(&place, 8);
    place.track(&made);
    let archive = place.archive().await;
    place
        .until("some media are kept", Duration::from_secs(30), async || {
            place.progress(&archive).await.media >= 3
        })
        .await;
    archive.store.close().await;

    wire.whole.send(false).unwrap();
    shows(
        &place,
        &daemon,
        "/metrics",
        &[
            "verikeep_process_alarms{kind=\"database_down\"} 1",
            "verikeep_database_up 0",
        ],
    )
    .await;
    shows(
        &place,
        &daemon,
        "/dependencies",
        &["503", "database_writes", "\"kind\":\"database_down\""],
    )
    .await;
    for page in ["/healthz", "/readyz"] {
        assert!(daemon.page(page).contains("200 OK"), "{page}");
    }
    let status = place.verikeep(&["status"]);
    assert_eq!(code(&status), 4, "{}", err(&status));
    assert!(
        out(&status).contains("database_down of database")
            && err(&status).contains("not available"),
        "{}{}",
        out(&status),
        err(&status)
    );

    wire.whole.send(true).unwrap();
    whole(&place, &made).await;
    shows(
        &place,
        &daemon,
        "/dependencies",
        &["\"usable\":true", "\"alarms\":[]"],
    )
    .await;
    let status = place.verikeep(&["status"]);
    assert!(
        out(&status).contains("no alarm is open"),
        "{}",
        out(&status)
    );
    let said = daemon.stop();
    for once in [
        "nothing can be written to the database",
        "\"message\":\"alarm over\",\"alarm\":\"database_down\"",
    ] {
        assert_eq!(said.matches(once).count(), 1, "{once}: {said}");
    }
}

/// System calls of a process that fail for as long as this lives.
struct Failing(Child);

impl Failing {
    fn of(pid: u32, what: &str) -> Self {
        let calls = what.split(':').next().unwrap();
        let child = Command::new("strace")
            .args([
                "-f",
                "-q",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={calls}"),
                "-e",
                &format!("inject={what}"),
                "-p",
                &pid.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("strace is needed: {error}"));
        Self(child)
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .args(["-s", "TERM", &self.0.id().to_string()])
            .status();
        let _ = self.0.wait();
    }
}

/// While SQLite cannot write because of `fault`, the daemon waits; afterwards all is as it should
/// be.
async fn unwritable_for_a_while(seed: u64, fault: &str) {
    let place = place(Db::Sqlite, seed, windows(), MediaBytes::small()).await;
    let daemon = place.start().await;
    let made = lives(&place, 8);
    place.track(&made);
    let failing = Failing::of(daemon.pid(), fault);
    shows(
        &place,
        &daemon,
        "/dependencies",
        &["503", "database_writes", "\"kind\":\"database_down\""],
    )
    .await;
    drop(failing);
    whole(&place, &made).await;
    shows(
        &place,
        &daemon,
        "/dependencies",
        &["\"usable\":true", "\"alarms\":[]"],
    )
    .await;
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_becomes_read_only_is_waited_for() {
    unwritable_for_a_while(49, "pwrite64:error=EROFS").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_to_sync_is_waited_for() {
    unwritable_for_a_while(50, "fdatasync,fsync:error=EIO").await;
}
