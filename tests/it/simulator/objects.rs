//! Media as they are served.

use std::collections::{BTreeSet, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::Md5;
use reqwest::StatusCode;
use sha2::{Digest, Sha256};
use simulator::{Kind, Life, LifeSpec, MediaBytes, MediumTruth, Options, Windows};

use super::{Bench, options, passed, sha256, urls};

#[tokio::test]
async fn a_signed_url_answers_to_get_alone_and_only_as_it_was_signed() {
    let windows = Windows {
        url_ms: 60_000,
        ..Windows::default()
    };
    let bench = Bench::with(Options {
        windows,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let url = urls(&bench.about("result/getall", &token).await).remove(0);
    let whole = bench.get(&url).await;
    assert_eq!(whole.status(), StatusCode::OK);
    let header = |name: &str| whole.headers()[name].to_str().unwrap().to_owned();
    let (length, md5, etag) = (
        header("content-length"),
        header("content-md5"),
        header("etag"),
    );
    let crc32c = header("x-bce-content-crc32c");
    let whole = whole.bytes().await.unwrap();
    assert_eq!(length, whole.len().to_string());
    assert_eq!(
        STANDARD.decode(md5).unwrap(),
        Md5::digest(&whole).as_slice()
    );
    assert_eq!(
        etag.trim_matches('"'),
        Md5::digest(&whole)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    assert_eq!(crc32c, crc32c::crc32c(&whole).to_string());

    let part = bench
        .client
        .get(&url)
        .header("range", "bytes=100-199")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 100-199/{}", whole.len())
    );
    assert_eq!(part.bytes().await.unwrap(), whole.slice(100..200));

    assert_eq!(
        bench.client.head(&url).send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    for wrong in [
        format!("{url}&x=1"),
        url.replace("%2F", "/"),
        url.replace(".jpg", ".png"),
    ] {
        assert_eq!(bench.get(&wrong).await.status(), StatusCode::FORBIDDEN);
    }
    bench.simulator.advance(61_000);
    assert_eq!(bench.get(&url).await.status(), StatusCode::FORBIDDEN);
    let fresh = urls(&bench.about("result/getall", &token).await).remove(0);
    assert_eq!(bench.get(&fresh).await.bytes().await.unwrap(), whole);
}

#[tokio::test]
async fn every_medium_that_is_served_is_the_one_the_truth_tells_of() {
    let bench = Bench::with(options()).await;
    let lives = [Life::Passed, Life::FailedThenPassed, Life::Failed].map(|life| LifeSpec {
        issued_ago_ms: Some(Windows::default().verify_ms),
        ..LifeSpec::of(life, 6)
    });
    for token in bench.simulator.create("demo", &lives) {
        let media = bench.media(&token);
        let known: HashMap<&str, &MediumTruth> = media
            .iter()
            .map(|medium| (medium.sha256.as_str(), medium))
            .collect();
        let mut found = BTreeSet::new();
        for path in ["result/getall", "result/media/query", "result/simple"] {
            for url in urls(&bench.about(path, &token).await) {
                let bytes = bench.get(&url).await.bytes().await.unwrap();
                let medium = known[sha256(&bytes).as_str()];
                assert_eq!(medium.bytes, bytes.len() as u64);
                found.insert(sha256(&bytes));
            }
        }
        let now_ms = bench.simulator.now_ms();
        let here = media
            .iter()
            .filter(|medium| medium.from_ms <= now_ms && now_ms < medium.until_ms);
        let here: BTreeSet<String> = here.map(|medium| medium.sha256.clone()).collect();
        assert_eq!(found, here, "{}", token.life);
    }
}

#[tokio::test]
async fn a_large_video_streams_and_matches_its_truth() {
    let media_bytes = MediaBytes {
        video: 64 << 20,
        ..MediaBytes::small()
    };
    let bench = Bench::with(Options {
        media_bytes,
        ..options()
    })
    .await;
    let token = bench.lived(passed());
    let url =
        urls(&bench.about("result/media/query", &token).await["result"]["processVideo"]).remove(0);
    let mut response = bench.get(&url).await;
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        digest.update(&chunk);
        bytes += chunk.len() as u64;
    }
    let digest: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let media = bench.media(&token);
    let video = media
        .iter()
        .find(|medium| medium.kind == Kind::ProcessVideo)
        .unwrap();
    assert_eq!((bytes, digest), (video.bytes, video.sha256.clone()));
}
