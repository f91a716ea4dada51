//! Little memory: as many tokens due at once and videos as large as one likes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use simulator::{Life, LifeSpec, MediaBytes, Video, Windows};

use super::{super::whole, configure, place};
use crate::lab::{Db, FILMED, PLAIN, short_windows};

/// A limit on memory (cgroup version 1), taken away when dropped.
struct Limit(PathBuf);

impl Limit {
    fn new(bytes: u64) -> Self {
        let name = format!("verikeep-test-{}-{}", std::process::id(), bytes);
        let folder = Path::new("/sys/fs/cgroup/memory").join(name);
        fs::create_dir(&folder).unwrap_or_else(|error| {
            panic!(
                "these tests need root and cgroup v1 at {}: {error}",
                folder.display()
            )
        });
        fs::write(folder.join("memory.limit_in_bytes"), bytes.to_string()).unwrap();
        Self(folder)
    }

    fn figure(&self, name: &str) -> u64 {
        fs::read_to_string(self.0.join(name))
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// `tokens` due at once beside `videos` tokens with a video of `video_bytes`, within `limit_bytes`
/// of memory.
async fn within(limit_bytes: u64, tokens: u32, videos: u32, video_bytes: u64, windows: Windows) {
    let sizes = MediaBytes {
        video: video_bytes,
        ..MediaBytes::small()
    };
    let place = place(Db::Sqlite, 47, windows, sizes).await;
    // Without videos there is nothing to wait for until the media deadline.
    configure(&place, |text| {
        text.replace(
            "name = \"plain\"\n",
            "name = \"plain\"\nfetch = [\"getall\", \"detail\"]\n",
        )
    });
    let mut made = place.simulator().create(
        FILMED,
        &[LifeSpec {
            video: Some(Video::One),
            ocr: Some(false),
            ..LifeSpec::of(Life::Passed, videos)
        }],
    );
    made.extend(place.simulator().create(
        PLAIN,
        &[LifeSpec {
            video: Some(Video::None),
            ocr: Some(false),
            ..LifeSpec::of(Life::Passed, tokens)
        }],
    ));
    place.track(&made);
    let limit = Limit::new(limit_bytes);
    let join = format!(
        "echo $$ > {}/cgroup.procs && exec \"$@\"",
        limit.0.display()
    );
    let began = Instant::now();
    let daemon = place.start_under(&["sh", "-c", &join, "sh"]).await;
    let archive = place.archive().await;
    let most = Duration::from_millis(u64::try_from(windows.record_ms).unwrap());
    place
        .until("all are settled", most, async || {
            place.progress(&archive).await.settled == made.len()
        })
        .await;
    let took = began.elapsed();
    archive.store.close().await;
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let own = status
        .lines()
        .find(|line| line.starts_with("RssAnon"))
        .unwrap_or_default();
    println!(
        "limit {} MiB, {tokens} tokens due at once, {videos} videos of about {} MiB: {took:?}, at the end {own}, at most {} MiB with page cache, {} times at the limit",
        limit_bytes >> 20,
        video_bytes >> 20,
        limit.figure("memory.max_usage_in_bytes") >> 20,
        limit.figure("memory.failcnt")
    );
    whole(&place, &made).await;
    assert!(daemon.said().lines().all(|line| !line.contains("panicked")));
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tokens_at_once_and_large_videos_fit_into_little_memory() {
    let windows = Windows {
        media_ms: 60_000,
        record_ms: 80_000,
        ..short_windows()
    };
    within(64 << 20, 500, 3, 48 << 20, windows).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "gigabytes and minutes: run it by name with --run-ignored only"]
async fn campaign_ten_thousand_tokens_at_once_and_videos_of_a_gigabyte_fit_into_256_mib() {
    let windows = Windows {
        verify_ms: 60_000,
        media_ms: 1_200_000,
        record_ms: 1_500_000,
        ..short_windows()
    };
    within(256 << 20, 10_000, 6, 1 << 30, windows).await;
}
