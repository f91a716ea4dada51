//! Media that come wrong: whatever the provider holds is captured all the same, with few requests,
//! and what never comes right is told.

use std::collections::BTreeSet;

use simulator::{FaultKind, Faults, Life, LifeSpec, Video};

use super::{BEGIN, FILMED, House, each, filmed, house::told};
use crate::domain::time::Span;

fn with_everything() -> LifeSpec {
    LifeSpec {
        ocr: Some(true),
        ..filmed(Life::Passed)
    }
}

/// Every medium comes wrong a few times, then right.
async fn is_fetched_in_the_end(kind: FaultKind, check: &str, is_kept: bool) {
    let house = House::new();
    house.world.set_faults(Faults {
        repeat_max: 4,
        stall_ms: 40_000,
        ..Faults::only(kind)
    });
    let token = house.tell(FILMED, with_everything()).await;
    house.live().await;
    house.is_archived(&token).await;
    let whole = house.whole(&token).await;
    let checks = whole.media.iter().filter_map(|row| row.check.as_deref());
    assert!(
        checks.clone().any(|found| found == check),
        "{:?}",
        checks.collect::<Vec<_>>()
    );
    let kept = whole.answers.iter();
    let kept = kept.filter(|answer| answer.endpoint == "download").count();
    assert_eq!(kept > 0, is_kept, "{kept} answers kept in place of media");
    let (media, opened) = (whole.media.len(), house.ways[FILMED].over.opened());
    assert!(opened <= 6 * media, "{opened} requests for {media} media");
    let open = house.alarms().await;
    assert!(
        !open.iter().any(|alarm| alarm.ends_with(FILMED)),
        "{open:?}"
    );
}

each! { is_fetched_in_the_end:
    one_that_is_short(FaultKind::MediaShort, "full", false);
    one_with_a_flipped_bit(FaultKind::MediaFlippedBit, "full", false);
    one_whose_url_is_called_expired(FaultKind::MediaExpired, "full", false);
    one_that_fails_inside(FaultKind::MediaError, "full", false);
    one_that_breaks_off(FaultKind::MediaReset, "full", false);
    one_that_is_called_by_another_type(FaultKind::MediaWrongType, "full", false);
    one_that_comes_empty(FaultKind::MediaEmpty, "full", true);
    one_with_a_page_in_its_place(FaultKind::MediaPage, "full", true);
    one_that_is_gone_for_a_while(FaultKind::MediaGone, "full", false);
    one_whose_etag_is_no_digest(FaultKind::MediaWrongEtag, "etag_differs", false);
    one_that_stands_still_halfway(FaultKind::Stall, "full", false);
}

/// For twelve hours no medium comes right: with an alarm where a person can help, and once it is
/// over everything is fetched.
async fn is_told_while_it_lasts(kind: FaultKind, alarms: &[&str]) {
    let house = House::new();
    house.world.set_faults(Faults {
        repeat_max: 0,
        redirect_to: "http://elsewhere.test/".to_owned(),
        ..Faults::only(kind)
    });
    let token = house.tell(FILMED, with_everything()).await;
    house.live_until(BEGIN.plus(Span::hours(12))).await;
    assert_eq!(house.alarms().await, alarms);
    let media = house.whole(&token).await.media.len();
    let opened = house.ways[FILMED].over.opened();
    assert!(
        opened <= 40 * media,
        "{opened} requests for {media} media in twelve hours"
    );
    house.world.set_faults(Faults::default());
    house.live().await;
    house.is_archived(&token).await;
}

each! { is_told_while_it_lasts:
    a_bit_that_is_always_flipped(FaultKind::MediaFlippedBit, &["corrupt_downloads filmed"]);
    a_page_all_the_time(FaultKind::MediaPage, &["corrupt_downloads filmed"]);
    nothing_all_the_time(FaultKind::MediaEmpty, &["corrupt_downloads filmed"]);
    elsewhere_all_the_time(FaultKind::MediaRedirect, &["forbidden_host filmed"]);
    gone_all_the_time(FaultKind::MediaGone, &[]);
    expired_all_the_time(FaultKind::MediaExpired, &[]);
    broken_off_all_the_time(FaultKind::MediaReset, &[]);
}

/// Told of when four hours are left to fetch what lives as long as the record.
async fn told_late(house: &House, life: LifeSpec) -> String {
    let made = house.made(FILMED, life);
    house.clock.pass(Span::hours(68));
    house.track(told(&made)).await;
    made.verify_token
}

#[tokio::test]
async fn what_never_comes_right_is_told_in_the_end() {
    let house = House::new();
    house.world.set_faults(Faults {
        repeat_max: 0,
        ..Faults::only(FaultKind::MediaGone)
    });
    let token = told_late(&house, with_everything()).await;
    house.live().await;
    assert_eq!(house.state(&token).await, "incomplete");
    let missing = house.missing(&token).await;
    assert!(missing.contains("tries; the last one"), "{missing}");
    assert_eq!(
        house.alarms().await,
        ["loss filmed: gone_at_provider", "loss filmed: told_late"]
    );
}

/// The causes of what is missing in the end, where every download meets this.
async fn is_lost_because(kind: FaultKind, cause: &str) {
    let house = House::new();
    house.world.set_faults(Faults {
        repeat_max: 0,
        ..Faults::only(kind)
    });
    let token = told_late(&house, with_everything()).await;
    house.live().await;
    let missing = house.whole(&token).await.summary.missing;
    let missing = missing.as_array().unwrap();
    // Videos were forgotten when it was told.
    let (late, met): (Vec<_>, Vec<_>) = (missing.iter()).partition(|one| one["what"] == "media");
    assert!(late.iter().all(|one| one["cause"] == "told_late"));
    assert!(!met.is_empty(), "{kind:?}");
    for one in met {
        let (from, to) = (one["from"].as_str(), one["to"].as_str());
        assert_eq!(one["cause"], cause, "{kind:?}: {one}");
        assert!(from.is_some() && from <= to, "{kind:?}: {one}");
    }
}

each! { is_lost_because:
    what_is_gone_is_lost_as_gone(FaultKind::MediaGone, "gone_at_provider");
    what_was_expired_all_the_time_is_lost_as_expired(FaultKind::MediaExpired, "url_expired");
    what_broke_off_all_the_time_is_lost_as_unreachable(FaultKind::MediaReset, "provider_unreachable");
    what_came_altered_all_the_time_is_lost_as_corrupt(FaultKind::MediaFlippedBit, "corrupt");
    what_came_as_a_page_all_the_time_is_lost_as_no_media(FaultKind::MediaPage, "not_media");
}

#[tokio::test]
async fn a_url_that_outlived_its_signature_is_asked_for_afresh() {
    let house = House::with(simulator::Options {
        windows: simulator::Windows {
            url_ms: 1_000,
            ..simulator::Windows::default()
        },
        latency_ms: (600, 700),
        ..simulator::Options::default()
    });
    let token = house.tell(FILMED, with_everything()).await;
    house.live().await;
    house.is_archived(&token).await;
}

#[tokio::test]
async fn a_face_that_lies_where_nobody_may_follow_is_an_alarm_and_costs_nothing_else() {
    let house = House::new();
    let life = LifeSpec {
        face_url: Some("http://169.254.169.254/face".to_owned()),
        ..with_everything()
    };
    let token = told_late(&house, life).await;
    house.step().await.unwrap();
    assert_eq!(house.alarms().await, ["forbidden_host filmed"]);
    house.live().await;
    assert_eq!(house.state(&token).await, "incomplete");
    let whole = house.whole(&token).await;
    let lost = whole.media.iter().filter(|row| row.object_key.is_none());
    let lost: Vec<_> = lost.map(|row| row.kind.as_str()).collect();
    assert_eq!(lost, ["face"]);
    let missing = whole.summary.missing.to_string();
    assert!(missing.contains("forbidden_host"), "{missing}");
}

/// The card lies in `detail` too, as the same bytes.
async fn is_whole_with_one_poll(house: House) {
    let made = house.made(FILMED, with_everything());
    house.clock.pass(Span::hours(3));
    house.track(told(&made)).await;
    house.live().await;
    house.is_archived(&made.verify_token).await;
    assert_eq!(house.whole(&made.verify_token).await.summary.polls, 1);
}

each! { is_whole_with_one_poll:
    what_is_whole_with_its_poll_is_not_polled_again(House::new());
    what_is_whole_with_its_download_is_not_polled_again(House::new().handing_over());
}

async fn is_put_once(house: House) {
    let token = house.tell(FILMED, with_everything()).await;
    house.live().await;
    house.is_archived(&token).await;
    let whole = house.whole(&token).await;
    let media = whole.media.iter();
    let media: BTreeSet<_> = media.map(|row| row.object_key.clone().unwrap()).collect();
    assert_eq!(media.len(), whole.media.len());
    let answers = whole.answers.iter();
    let answers = answers.filter(|row| row.object_key.is_some()).count();
    assert_eq!(house.objects.written(), media.len() + answers);
    assert!(whole.media.iter().any(|row| row.kind == "id_front"));
}

each! { is_put_once:
    a_picture_inside_an_answer_and_fetched_by_its_poll_is_put_once(House::new());
    a_picture_inside_an_answer_and_fetched_by_a_download_is_put_once(House::new().handing_over());
}

#[tokio::test]
async fn a_video_listed_late_is_fetched_when_it_appears() {
    let house = House::new();
    let late = LifeSpec {
        video: Some(Video::Late),
        ..filmed(Life::Passed)
    };
    let token = house.tell(FILMED, late).await;
    house.live_until(BEGIN.plus(Span::minutes(150))).await;
    assert_eq!(house.state(&token).await, "collecting");
    house.live().await;
    house.is_archived(&token).await;
}

#[tokio::test]
async fn a_video_that_never_comes_where_one_is_promised_is_a_loss() {
    let house = House::new();
    let none = LifeSpec {
        video: Some(Video::None),
        ..filmed(Life::Passed)
    };
    let token = house.tell(FILMED, none).await;
    house.live().await;
    assert_eq!(house.state(&token).await, "incomplete");
    let missing = house.missing(&token).await;
    assert!(
        missing.contains("no video was listed")
            && missing.contains(r#""cause":"not_listed""#)
            && missing.contains(r#""to":"2026-09"#),
        "{missing}"
    );
    assert_eq!(house.alarms().await, ["loss filmed: not_listed"]);
}

#[tokio::test]
async fn what_came_too_slowly_waits_for_a_place_among_the_slow_and_is_fetched_then() {
    let house = House::new();
    let way = &house.ways[FILMED];
    way.slow(10_000);
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    way.slow(0);
    let lane = &house.archive.media_fetcher.slow;
    let places = [lane.enter(FILMED), lane.enter(FILMED)];
    let opened = way.over.opened();
    house.live_until(BEGIN.plus(Span::hours(6))).await;
    assert_eq!(way.over.opened(), opened, "others have the places");
    assert_eq!(house.state(&token).await, "collecting");
    drop(places);
    house.live().await;
    house.is_archived(&token).await;
    assert_eq!(house.alarms().await, [""; 0]);
}
