//! The real binary as a process of its own: killed, stopped, and listened to for what it must not
//! say.

mod api;
mod canary;
mod clients;
mod degrade;
mod killed;
mod listeners;
mod losses;
mod metrics;
mod monitoring;
mod notices;
mod process;
mod reload;
mod remote;
mod replicas;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use simulator::{Life, LifeSpec, Made, Simulator, Video};
use verikeep::domain::address::DatabaseUrl;

use crate::{
    databases::Database,
    lab::{Db, FILMED, PLAIN, compare},
};
use process::{Place, code, err, out};

/// Lives that settle at different times: at once, after the window, with late videos and second
/// attempts, and never.
fn lives(simulator: &Simulator, each: u32) -> Vec<Made> {
    let filmed = |life, video, ocr| LifeSpec {
        video: Some(video),
        ocr: Some(ocr),
        ..LifeSpec::of(life, each)
    };
    let mut made = simulator.create(
        FILMED,
        &[
            filmed(Life::Passed, Video::One, true),
            filmed(Life::Passed, Video::Two, false),
            filmed(Life::Passed, Video::Late, true),
            filmed(Life::Passed, Video::Recorded, false),
            filmed(Life::FailedThenPassed, Video::One, true),
            filmed(Life::Failed, Video::One, false),
            filmed(Life::Unused, Video::One, false),
            filmed(Life::WrongApp, Video::One, false),
        ],
    );
    made.extend(simulator.create(
        PLAIN,
        &[LifeSpec {
            video: Some(Video::None),
            ..LifeSpec::of(Life::Passed, each)
        }],
    ));
    made
}

async fn whole(place: &Place, made: &[Made]) {
    let archive = place.archive().await;
    place
        .until("all are settled", Duration::from_secs(90), async || {
            place.progress(&archive).await.settled == made.len()
        })
        .await;
    let found = compare(&archive, &place.simulator().truth()).await;
    assert_eq!(found.tokens, made.len());
    assert!(found.media > 0 && found.attempts > 0);
    assert!(
        found.wrong.is_empty(),
        "{} wrong: {:#?}",
        found.wrong.len(),
        found.wrong.iter().take(20).collect::<Vec<_>>()
    );
    archive.store.close().await;
}

async fn killed_twice(place: Place) {
    let mut first = place.start().await;
    let made = lives(place.simulator(), 6);
    place.track(&made);
    let archive = place.archive().await;
    place
        .until("some media are kept", Duration::from_secs(30), async || {
            place.progress(&archive).await.media >= 5
        })
        .await;
    first.kill();
    let at_first = place.progress(&archive).await;
    assert!(
        at_first.settled < made.len(),
        "killed in the middle: {at_first:?}"
    );

    let mut second = place.start().await;
    let aim = (at_first.settled + 4).max(made.len() / 2);
    place
        .until("half are settled", Duration::from_secs(60), async || {
            place.progress(&archive).await.settled >= aim
        })
        .await;
    second.kill();
    let at_second = place.progress(&archive).await;
    assert!(
        at_second.settled < made.len(),
        "killed in the middle: {at_second:?}"
    );

    let third = place.start().await;
    whole(&place, &made).await;
    archive.store.close().await;
    third.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_in_the_middle_ends_with_the_same_result_on_sqlite() {
    killed_twice(Place::new(Db::Sqlite, 21).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_in_the_middle_ends_with_the_same_result_on_postgres() {
    killed_twice(Place::new(Db::Postgres, 21).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_in_the_middle_ends_with_the_same_result_over_s3() {
    killed_twice(Place::over_s3(21).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_asked_to_stop_ends_with_zero_and_the_next_goes_on() {
    // Inherited by the daemon, which is to take no notice.
    rustix::process::umask(rustix::fs::Mode::empty());
    let place = Place::new(Db::Sqlite, 22).await;
    let first = place.start().await;
    let made = lives(place.simulator(), 3);
    place.track(&made);
    let archive = place.archive().await;
    place
        .until("some media are kept", Duration::from_secs(30), async || {
            place.progress(&archive).await.media >= 3
        })
        .await;
    first.stop();
    let stopped = place.progress(&archive).await;
    assert!(
        stopped.settled < made.len(),
        "stopped in the middle: {stopped:?}"
    );
    archive.store.close().await;

    let second = place.start().await;
    whole(&place, &made).await;
    second.stop();
    let objects = place.path().join("data/objects");
    assert!(
        modes(&objects).len() > 3,
        "folders and objects in {}",
        objects.display()
    );
    for (path, is_folder, mode) in modes(&objects) {
        assert_eq!(
            mode,
            if is_folder { 0o700 } else { 0o600 },
            "{}",
            path.display()
        );
    }
    let status = place.verikeep(&["status", "--json"]);
    assert!(
        out(&status).contains("\"open\": 0") || out(&status).contains("\"open\":0"),
        "{} {}",
        code(&status),
        err(&status)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_asked_to_stop_while_the_database_is_locked_ends_in_time_and_says_so() {
    let place = Place::new(Db::Sqlite, 29).await;
    let first = place.start().await;
    let made = lives(place.simulator(), 6);
    place.track(&made);
    let archive = place.archive().await;
    place
        .until("some media are kept", Duration::from_secs(30), async || {
            place.progress(&archive).await.media >= 3
        })
        .await;
    let database = Database {
        url: DatabaseUrl::of_file(&place.path().join("data/verikeep.db")),
        folder: None,
        model: None,
    };
    let lock = database.hold_write_lock().await;
    let asked = Instant::now();
    let said = first.stop();
    assert!(
        asked.elapsed() < Duration::from_secs(27),
        "{:?}",
        asked.elapsed()
    );
    assert!(said.contains("the database does not answer"), "{said}");
    assert!(said.contains("\"message\":\"stopped\""), "{said}");
    lock.release().await;
    archive.store.close().await;
    place.start().await.stop();
}

/// Everything below a folder, with its mode.
fn modes(folder: &Path) -> Vec<(PathBuf, bool, u32)> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let each = |entry: fs::DirEntry| {
        let facts = entry.metadata().unwrap();
        let below = if facts.is_dir() {
            modes(&entry.path())
        } else {
            Vec::new()
        };
        below
            .into_iter()
            .chain([(
                entry.path(),
                facts.is_dir(),
                facts.permissions().mode() & 0o777,
            )])
            .collect::<Vec<_>>()
    };
    entries.flat_map(|entry| each(entry.unwrap())).collect()
}
