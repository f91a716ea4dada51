//! The simulated provider in a process of its own, with tokens that all have passed.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::Child,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulator::{AppCredential, Life, LifeSpec, MediaBytes, Options, Pace, Video};

use crate::{
    Outcome,
    child::{self, Found, Task},
    place::Place,
};

/// The app every token belongs to.
pub(crate) const APP: &str = "bench";

/// What a pass has to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Three answers that lead to no download.
    Answers,
    /// Three answers and the small media they list.
    Media,
}

impl Work {
    /// For folders.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Media => "media",
        }
    }

    fn life(self, count: u32) -> LifeSpec {
        let spec = LifeSpec::of(Life::Passed, count);
        match self {
            // A face is listed of everyone who passes; an empty URL is none.
            Self::Answers => LifeSpec {
                video: Some(Video::None),
                ocr: Some(false),
                face_url: Some(String::new()),
                ..spec
            },
            Self::Media => LifeSpec {
                video: Some(Video::One),
                ocr: Some(true),
                ..spec
            },
        }
    }
}

/// What the provider's process is to make.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    work: Work,
    count: u32,
    tokens: PathBuf,
}

/// Plays the provider until standard input is closed.
pub(crate) async fn serve(order: Order) -> Outcome<()> {
    let apps = vec![AppCredential::synthetic(APP, "default")];
    let options = Options {
        pace: Pace::AtOnce,
        quirks: false,
        media_bytes: MediaBytes::small(),
        apps,
        ..Options::default()
    };
    let simulator = simulator::start(options).await?;
    let made = simulator.create(APP, &[order.work.life(order.count)]);
    simulator.warm_up();
    fs::write(&order.tokens, serde_json::to_vec(&made)?)?;
    child::tell(&simulator.base_url())?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    simulator.shutdown().await;
    Ok(())
}

/// The provider's process, as the benchmark holds it.
pub(crate) struct Provider {
    process: Child,
    work: Work,
    base_url: String,
    tokens: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Provider {
    /// Starts it with `count` tokens.
    pub(crate) fn start(work: Work, count: u32, folder: &Path) -> Outcome<Self> {
        let tokens = folder.join(format!("tokens-{}-{count}.json", work.name()));
        let mut process = child::start(
            "provider",
            &Order {
                work,
                count,
                tokens: tokens.clone(),
            },
        )?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("the provider has no output")?)
            .read_line(&mut line)?;
        let base_url = serde_json::from_str(&line)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            process,
            work,
            base_url,
            tokens,
            runtime,
        })
    }

    /// What its tokens lead to.
    pub(crate) fn work(&self) -> Work {
        self.work
    }

    /// What a pass over all its tokens has to know, that keeps what it is given as `name` in that
    /// place.
    pub(crate) fn task(&self, place: &Place, name: &str) -> Task {
        Task {
            work: self.work,
            base_url: self.base_url.clone(),
            tokens: self.tokens.clone(),
            data: place.data(name),
            database: place.database(name),
            trace: None,
            waiting: 0,
        }
    }

    /// Runs one pass over all its tokens, with what it counted meanwhile.
    pub(crate) fn pass(&self, name: &str, task: &Task) -> Outcome<Found> {
        let before = self.counts()?;
        let found = child::run(name, task)?;
        let after = self.counts()?;
        Ok(Found {
            calls: after.0 - before.0,
            media: after.1 - before.1,
            ..found
        })
    }

    /// Requests so far: calls, media.
    fn counts(&self) -> Outcome<(u64, u64)> {
        let url = format!("{}/sim/stats", self.base_url);
        let text = self.runtime.block_on(async {
            crate::bare::client()?
                .get(url)
                .send()
                .await?
                .text()
                .await
                .map_err(crate::bare::Failed::from)
        })?;
        let counts: Value = serde_json::from_str(&text)?;
        let endpoints = counts
            .get("requests")
            .and_then(Value::as_object)
            .ok_or("the provider has no counts")?;
        let mut sums = (0, 0);
        for (endpoint, results) in endpoints {
            let count: u64 = results
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(_, count)| count.as_u64())
                .sum();
            if endpoint == "object" {
                sums.1 += count
            } else {
                sums.0 += count
            }
        }
        Ok(sums)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself now; how is no matter any more.
        let _ = self.process.wait();
    }
}
