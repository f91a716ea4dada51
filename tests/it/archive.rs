//! From tracked tokens to settled records, against the simulated provider and its truth.

mod skew;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use verikeep::domain::{secret::Secret, token::TrackRequest};

use simulator::{FaultKind, Faults, Life, LifeSpec, Video, Windows};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::lab::{Db, FILMED, Lab, PLAIN, compare, options, track};

/// Every kind of life, several times.
fn lives(each: u32) -> Vec<(&'static str, LifeSpec)> {
    let mut lives = Vec::new();
    for video in [Video::One, Video::Two, Video::Late, Video::Recorded] {
        for ocr in [true, false] {
            lives.push((
                FILMED,
                LifeSpec {
                    video: Some(video),
                    ocr: Some(ocr),
                    ..LifeSpec::of(Life::Passed, each)
                },
            ));
        }
    }
    lives.push((
        PLAIN,
        LifeSpec {
            video: Some(Video::None),
            ..LifeSpec::of(Life::Passed, each)
        },
    ));
    for (app, life) in [
        (FILMED, Life::FailedThenPassed),
        (FILMED, Life::Failed),
        (FILMED, Life::Unused),
        (FILMED, Life::WrongApp),
        (FILMED, Life::ToldLate),
        (PLAIN, Life::Failed),
        (PLAIN, Life::Unused),
    ] {
        let video = if app == FILMED {
            Video::One
        } else {
            Video::None
        };
        lives.push((
            app,
            LifeSpec {
                video: Some(video),
                ..LifeSpec::of(life, each)
            },
        ));
    }
    lives
}

/// Asks for `/healthz` all the time.
struct Health {
    stop: CancellationToken,
    task: JoinHandle<Duration>,
}

impl Health {
    fn watch(listens: SocketAddr) -> Self {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let task = tokio::spawn(async move {
            let mut slowest = Duration::ZERO;
            while !told.is_cancelled() {
                let asked = Instant::now();
                let status =
                    tokio::time::timeout(Duration::from_secs(10), get(listens, "/healthz"))
                        .await
                        .expect("an answer");
                assert_eq!(status, 200);
                slowest = slowest.max(asked.elapsed());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            slowest
        });
        Self { stop, task }
    }

    /// The longest that an answer took.
    async fn slowest(self) -> Duration {
        self.stop.cancel();
        self.task.await.unwrap()
    }
}

/// The status that a page is answered with.
async fn get(listens: SocketAddr, path: &str) -> u16 {
    let mut stream = TcpStream::connect(listens).await.unwrap();
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nhost: {listens}\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        )
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

async fn everything_is_kept(db: Db, each: u32, faults: f64, within: Duration) {
    let mut options = options(7);
    // Hundreds of tokens and a fault in every seventh call: time enough for a slow machine to make
    // them all good.
    options.windows = Windows {
        verify_ms: 6_000,
        media_ms: 40_000,
        record_ms: 45_000,
        ..options.windows
    };
    options.faults = Faults {
        stall_ms: 300,
        daily_quota_ms: 500,
        ..Faults::at_rate(faults)
    };
    options.faults.kinds.push(FaultKind::ManyUrls);
    let lab = Lab::new(db, options).await;
    let running = lab.run().await;
    let health = Health::watch(running.listens);
    let mut made = Vec::new();
    for (app, life) in lives(each) {
        made.extend(lab.simulator.create(app, &[life]));
    }
    track(&running.archive, &made).await;
    let states = lab.settled(&running.archive, made.len(), within).await;
    let slowest = health.slowest().await;
    let truth = lab.simulator.truth();
    let found = compare(&running.archive, &truth).await;
    println!(
        "{db:?}, {:.0} % faults: {} tokens {states:?}, {} attempts, {} media with {} bytes, {} answers; simulator: {:?}",
        faults * 100.0,
        found.tokens,
        found.attempts,
        found.media,
        found.media_bytes,
        found.answers,
        truth.counts
    );
    running.stop().await;
    assert!(
        slowest < Duration::from_secs(1),
        "health was answered after {slowest:?}"
    );
    assert!(
        found.wrong.is_empty(),
        "{} wrong: {:#?}",
        found.wrong.len(),
        found.wrong.iter().take(20).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_tokens_with_faults_lose_nothing_on_sqlite() {
    everything_is_kept(Db::Sqlite, 32, 0.15, Duration::from_secs(180)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_tokens_with_faults_lose_nothing_on_postgres() {
    everything_is_kept(Db::Postgres, 32, 0.15, Duration::from_secs(180)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_cannot_be_written_are_an_alarm_until_they_can() {
    let mut options = options(17);
    options.windows = Windows {
        verify_ms: 2_000,
        media_ms: 40_000,
        record_ms: 45_000,
        ..options.windows
    };
    let lab = Lab::new(Db::Sqlite, options).await;
    let running = lab.run().await;
    let (objects, away) = (
        lab.config.data_dir.join("objects"),
        lab.config.data_dir.join("away"),
    );
    std::fs::rename(&objects, &away).unwrap();
    std::fs::write(&objects, "no folder").unwrap();
    let made = lab.simulator.create(
        FILMED,
        &[LifeSpec {
            video: Some(Video::One),
            ..LifeSpec::of(Life::Passed, 2)
        }],
    );
    track(&running.archive, &made).await;
    let kinds = || async {
        running
            .archive
            .store
            .alarms()
            .await
            .unwrap()
            .into_iter()
            .map(|alarm| alarm.kind)
            .collect::<Vec<_>>()
    };
    let began = Instant::now();
    while kinds().await != ["vault_down"] {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            kinds().await
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(&away, &objects).unwrap();
    lab.settled(&running.archive, made.len(), Duration::from_secs(60))
        .await;
    let found = compare(&running.archive, &lab.simulator.truth()).await;
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    assert!(kinds().await.is_empty(), "{:?}", kinds().await);
    running.stop().await;
}

/// The default account is shared, and one of its apps has a base_url that accepts and never answers.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_provider_hangs_holds_up_no_other() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options(19);
    options.windows = Windows {
        verify_ms: 3_000,
        media_ms: 15_000,
        record_ms: 18_000,
        ..options.windows
    };
    let mut lab = Lab::new(Db::Sqlite, options).await;
    let mut hung = lab.config.apps[0].clone();
    hung.name = "hung".to_owned();
    hung.base_url = format!("http://{}", silent.local_addr().unwrap())
        .parse()
        .unwrap();
    lab.config.apps.push(hung);
    let running = lab.run().await;
    let told = |number: u32| TrackRequest {
        verify_token: Secret::new(format!("hung-{number}")),
        app: "hung".to_owned(),
        issued_at: None,
        plan_id: None,
        reference: None,
        tracked_by: "test".to_owned(),
        issued_here: false,
    };
    running
        .archive
        .tracker
        .track((0..200).map(told).collect())
        .await
        .unwrap();
    // All of its slots are taken now.
    let began = Instant::now();
    let mut calls = Vec::new();
    while calls.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20));
        calls.push(
            tokio::time::timeout(Duration::from_secs(20), silent.accept())
                .await
                .unwrap(),
        );
    }
    let lives = LifeSpec {
        video: Some(Video::One),
        ocr: Some(true),
        ..LifeSpec::of(Life::Passed, 4)
    };
    let made = lab.simulator.create(FILMED, &[lives]);
    track(&running.archive, &made).await;
    let archived = || async {
        let status = running
            .archive
            .store
            .status(running.archive.now())
            .await
            .unwrap();
        status
            .states
            .iter()
            .filter(|row| row.state == "archived")
            .map(|row| row.count)
            .sum::<i64>()
    };
    while archived().await < 4 {
        assert!(
            began.elapsed() < Duration::from_secs(40),
            "{} of 4",
            archived().await
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.stop.cancel();
}
