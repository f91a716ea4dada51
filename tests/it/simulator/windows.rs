//! What appears and vanishes as time passes.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::json;
use simulator::{Kind, Life, LifeSpec, Made, Options, Pace, UnusedAnswer, Video, Windows};

use super::{Bench, DAY_MS, REFUSED, options, passed, urls};

#[tokio::test]
async fn a_late_video_comes_after_its_images() {
    let bench = Bench::with(Options {
        pace: Pace::AtOnce,
        ..options()
    })
    .await;
    let token = bench.make(LifeSpec {
        video: Some(Video::Late),
        ..passed()
    });
    let now = bench.about("result/media/query", &token).await;
    assert_eq!(urls(&now).len(), 4);
    let media = bench.media(&token);
    let video = media
        .iter()
        .find(|medium| medium.kind == Kind::ProcessVideo)
        .unwrap();
    bench
        .simulator
        .advance(video.from_ms - bench.simulator.now_ms() + 1);
    let later = bench.about("result/media/query", &token).await;
    assert_eq!(urls(&later).len(), 5);
}

#[tokio::test]
async fn attempts_appear_one_by_one_and_a_new_one_replaces_the_media_of_the_last() {
    let bench = Bench::with(options()).await;
    let spec = LifeSpec {
        attempts: Some(3),
        video: Some(Video::One),
        ..LifeSpec::of(Life::Replaced, 1)
    };
    let token = bench.make(spec);
    let moments: Vec<i64> = {
        let truth = bench.simulator.truth();
        truth
            .token(&token.verify_token)
            .unwrap()
            .attempts
            .iter()
            .map(|attempt| attempt.at_ms)
            .collect()
    };
    let mut seen = BTreeSet::new();
    for (nth, at_ms) in moments.iter().enumerate() {
        bench.simulator.advance(at_ms - bench.simulator.now_ms());
        let answer = bench.about("result/getall", &token).await;
        assert_eq!(answer["result"]["verify_count"], nth + 1);
        let media = bench.about("result/media/query", &token).await;
        let video = urls(&media["result"]["processVideo"]).remove(0);
        assert_eq!(bench.get(&video).await.status(), StatusCode::OK);
        assert!(
            seen.insert(video.split('?').next().unwrap().to_owned()),
            "a video of its own"
        );
    }
    let gone = bench
        .media(&token)
        .into_iter()
        .filter(|medium| medium.replaced)
        .count();
    assert_eq!(gone, 2 * 5);
}

#[tokio::test]
async fn unused_tokens_answer_as_they_were_told_to() {
    use UnusedAnswer::{EmptySuccess, NotYet, NotYetThenRefused, Refused};
    for (unused_answer, open, lapsed) in [
        (Refused, "refused", "refused"),
        (NotYet, "not yet", "not yet"),
        (NotYetThenRefused, "not yet", "refused"),
        (EmptySuccess, "empty", "empty"),
    ] {
        let bench = Bench::with(Options {
            unused_answer,
            ..options()
        })
        .await;
        let token = bench.make(LifeSpec::of(Life::Unused, 1));
        let said = async || {
            let answer = bench.about("result/getall", &token).await;
            match (
                answer["success"].as_bool().unwrap(),
                answer["message"].as_str(),
            ) {
                (true, _) => {
                    if answer["result"]["verify_count"] == 0 {
                        "empty"
                    } else {
                        "full"
                    }
                }
                (false, Some(REFUSED)) => "refused",
                (false, _) => "not yet",
            }
        };
        assert_eq!(said().await, open, "{unused_answer:?}");
        bench.simulator.advance(Windows::default().verify_ms);
        assert_eq!(said().await, lapsed, "{unused_answer:?}");
        bench.simulator.advance(Windows::default().record_ms);
        assert_eq!(said().await, "refused", "{unused_answer:?}");
    }
}

#[tokio::test]
async fn media_go_after_a_day_and_records_after_three() {
    let windows = Windows {
        url_ms: 9 * DAY_MS,
        ..Windows::default()
    };
    let bench = Bench::with(Options {
        pace: Pace::AtOnce,
        windows,
        ..options()
    })
    .await;
    let tokens: Vec<Made> = (0..8).map(|_| bench.make(passed())).collect();
    let mut handed_out = Vec::new();
    for token in &tokens {
        handed_out.extend(urls(&bench.about("result/media/query", token).await));
    }
    bench.simulator.advance(DAY_MS);
    let mut ways = BTreeSet::new();
    for token in &tokens {
        let media = bench.about("result/media/query", token).await;
        assert!(urls(&media).is_empty());
        ways.insert(media["success"].as_bool().unwrap());
        assert_eq!(bench.about("result/getall", token).await["success"], true);
    }
    assert_eq!(ways.len(), 2, "some answer with nothing, some refuse");
    for url in &handed_out {
        assert_eq!(
            bench.get(url).await.status(),
            StatusCode::NOT_FOUND,
            "the signature is still good"
        );
    }
    bench.simulator.advance(2 * DAY_MS);
    for token in &tokens {
        for path in [
            "result/getall",
            "result/detail",
            "result/simple",
            "result/stat",
            "result/media/query",
        ] {
            let answer = bench.about(path, token).await;
            assert_eq!(
                (&answer["success"], &answer["message"]),
                (&json!(false), &json!(REFUSED)),
                "{path}"
            );
        }
    }
}
