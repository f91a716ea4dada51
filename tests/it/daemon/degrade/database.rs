//! A database that is away, or fails to write, while the daemon runs.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use simulator::MediaBytes;

use super::{
    super::{
        process::{Place, code, err, out},
        whole,
    },
    configure, lives, place, shows, windows,
};
use crate::{
    lab::Db,
    wire::{State, Wire},
};

/// An archive whose daemon reaches its PostgreSQL by a wire.
pub(super) async fn wired(seed: u64) -> (Place, Wire) {
    let place = place(Db::Postgres, seed, windows(), MediaBytes::small()).await;
    let (wire, behind) = Wire::before_postgres().await;
    configure(&place, |text| {
        text.replace(&behind, &wire.address.to_string())
    });
    (place, wire)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_database_says_nothing_more_stops_in_time_and_says_so() {
    let (place, wire) = wired(50).await;
    let daemon = place.start().await;
    wire.is.send(State::Silent).unwrap();
    // It waits for an answer, or for a connection while others wait for theirs.
    place
        .until(
            "a claim is let go of",
            Duration::from_secs(40),
            async || {
                let said = daemon.said();
                said.contains("a claim had no answer") || said.contains("nothing could be claimed")
            },
        )
        .await;
    for page in ["/healthz", "/readyz"] {
        assert!(daemon.page(page).contains("200 OK"), "{page}");
    }
    let status = place.verikeep(&["status"]);
    assert_eq!(
        code(&status),
        4,
        "it does not wait for ever: {}",
        err(&status)
    );
    let said = daemon.stop();
    assert!(
        said.contains("the database does not answer") || said.contains("is not available"),
        "{said}"
    );
    assert!(said.contains("\"message\":\"stopped\""), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_waited_for_and_told_of_from_memory() {
    let (place, wire) = wired(48).await;
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

    wire.is.send(State::Cut).unwrap();
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

    wire.is.send(State::Whole).unwrap();
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
