//! Plans of the App SDK and of the will verification (意愿核身) answer at the same endpoints, in the
//! same shapes; the latter film two videos.

use verikeep::{domain::media::Kind, provider::parse};

const GETALL: &[u8] = include_bytes!("../../fixtures/answers/will-getall.json");
const MEDIA: &[u8] = include_bytes!("../../fixtures/answers/will-media.json");
const APP_MEDIA: &[u8] = include_bytes!("../../fixtures/answers/app-sdk-media.json");
const APP_GETALL: &[u8] = include_bytes!("../../fixtures/answers/app-sdk-getall.json");

#[test]
fn both_videos_of_a_will_verification_are_listed() {
    let list = parse::media(MEDIA).unwrap();
    let found: Vec<_> = list
        .listed
        .iter()
        .map(|listed| (listed.kind, listed.position))
        .collect();
    assert_eq!(found, [(Kind::ProcessVideo, 0), (Kind::ProcessVideo, 1)]);
    assert!(
        list.listed[0].url.reveal().contains("/will-question.mp4?")
            && list.listed[1].url.reveal().contains("/liveness.mp4?")
    );
    assert!(list.has_video() && !list.has_images() && list.ext_info.is_none());
}

#[test]
fn the_attempts_of_both_plans_are_read_as_any() {
    for (label, body) in [("will", GETALL), ("App SDK", APP_GETALL)] {
        let found = parse::getall(body).unwrap();
        let [attempt] = found.attempts.as_slice() else {
            panic!("{label}: {found:?}")
        };
        assert_eq!(
            (attempt.passed, attempt.code.as_deref()),
            (Some(true), Some("0")),
            "{label}"
        );
        assert_eq!(
            attempt
                .media
                .iter()
                .map(|listed| listed.kind)
                .collect::<Vec<_>>(),
            [Kind::Face],
            "{label}"
        );
    }
    let list = parse::media(APP_MEDIA).unwrap();
    assert_eq!(
        list.listed
            .iter()
            .map(|listed| listed.kind)
            .collect::<Vec<_>>(),
        [Kind::Video]
    );
}
