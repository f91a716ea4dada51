//! Little room, few descriptors, little memory, a database that is away or fails: the daemon waits,
//! says so, and goes on by itself.

mod broken;
mod database;
mod descriptors;
mod disk;
mod memory;
mod mount;
mod prompt;

use std::{fs, net::TcpListener, sync::Arc, time::Duration};

use simulator::{Life, LifeSpec, Made, MediaBytes, Options, Video, Windows};

use super::process::{Daemon, Place};
use crate::lab::{Db, FILMED, options, short_windows};

/// Longer than the tests wait for a page to tell of the outage, so that a slow machine loses
/// nothing.
fn windows() -> Windows {
    Windows {
        media_ms: 90_000,
        record_ms: 180_000,
        ..short_windows()
    }
}

/// A place with these windows, whose daemon listens where `status` finds it.
pub(super) async fn place(db: Db, seed: u64, windows: Windows, media_bytes: MediaBytes) -> Place {
    let simulator = simulator::start(Options {
        windows,
        media_bytes,
        ..options(seed)
    })
    .await
    .unwrap();
    let (base_url, apps) = (simulator.base_url().to_owned(), simulator.apps().to_vec());
    let place = Place::beside(Arc::new(simulator), db, &base_url, &apps).await;
    let short = short_windows();
    let listen = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    configure(&place, |text| {
        text.replace("127.0.0.1:0", &listen.to_string())
            .replace(
                &format!("record_retention = \"{}ms\"", short.record_ms),
                &format!("record_retention = \"{}ms\"", windows.record_ms),
            )
            .replace(
                &format!("media_retention = \"{}ms\"", short.media_ms),
                &format!("media_retention = \"{}ms\"", windows.media_ms),
            )
            .replace(
                &format!("verify_window = \"{}ms\"", short.verify_ms),
                &format!("verify_window = \"{}ms\"", windows.verify_ms),
            )
    });
    place
}

/// Changes the configuration.
pub(super) fn configure(place: &Place, change: impl FnOnce(String) -> String) {
    let file = place.path().join("verikeep.toml");
    let text = change(fs::read_to_string(&file).unwrap());
    fs::write(file, text).unwrap();
}

/// People who pass, at once or at the second attempt, with videos.
fn lives(place: &Place, each: u32) -> Vec<Made> {
    let of = |life| LifeSpec {
        video: Some(Video::One),
        ocr: Some(true),
        ..LifeSpec::of(life, each)
    };
    place
        .simulator()
        .create(FILMED, &[of(Life::Passed), of(Life::FailedThenPassed)])
}

/// Waits until a page of the daemon holds all of these.
async fn shows(place: &Place, daemon: &Daemon, page: &str, parts: &[&str]) {
    place
        .until(
            &format!("{page} shows {parts:?}"),
            Duration::from_secs(40),
            async || {
                let text = daemon.page(page);
                parts.iter().all(|part| text.contains(part))
            },
        )
        .await;
}
