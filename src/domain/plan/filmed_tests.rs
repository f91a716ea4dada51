//! Videos and liveness images: until when they are asked for.

use super::{seen::captured, *};

#[test]
fn what_is_filmed_is_asked_for_until_it_is_listed() {
    let (asked, now) = (Span::minutes(126), Span::minutes(127));
    let (verification, policy) = (verification(Span(0)), policy());
    let (passed, failed) = (true, false);
    let (images, video, nothing) = ((true, false), (false, true), (false, false));
    let (silent, at_work) = (false, true);
    let (none, one) = (0, 1);
    for (label, is_passed, filmed, explained, listed, is_awaited) in [
        ("its video", passed, nothing, silent, (one, none), false),
        ("no video yet", passed, nothing, silent, (none, one), true),
        ("no images yet", passed, images, silent, (one, none), true),
        ("its images", passed, images, silent, (one, one), false),
        (
            "nothing known",
            failed,
            nothing,
            silent,
            (none, none),
            false,
        ),
        ("no images yet", failed, images, silent, (one, none), true),
        ("its images", failed, images, silent, (none, one), false),
        ("no video yet", failed, video, silent, (none, one), true),
        ("its video", failed, video, silent, (one, none), false),
        ("at work", failed, nothing, at_work, (none, none), true),
        (
            "a video came of it",
            failed,
            nothing,
            at_work,
            (one, none),
            false,
        ),
        (
            "images came of it",
            failed,
            nothing,
            at_work,
            (none, one),
            false,
        ),
    ] {
        let mut progress = Progress {
            getall_at: Some(ISSUED.plus(asked)),
            media_at: Some(ISSUED.plus(asked)),
            media_explained: explained,
            video_for: listed.0,
            images_for: listed.1,
            ..captured()
        };
        progress.attempts[0].passed = is_passed;
        let known = PlanInput {
            verification: &verification,
            progress: &progress,
            media: &[],
            learned: &Learned {
                images: filmed.0,
                video: filmed.1,
                ..Learned::default()
            },
            has_siblings: false,
            policy: &policy,
        };
        let step = plan(known, ISSUED.plus(now));
        let (waits, ended) = (
            matches!(step, Step::Wait { .. }),
            step == Step::Settle(Outcome::Archived, vec![]),
        );
        assert_eq!(
            (waits, ended),
            (is_awaited, !is_awaited),
            "{label}, passed: {is_passed}: {step:?}"
        );
    }
}

#[test]
fn a_missing_video_is_asked_for_until_its_end_and_the_policy_says_whether_it_is_a_loss() {
    for (expected, outcome) in [(true, Outcome::Incomplete), (false, Outcome::Archived)] {
        let verification = verification(Span(0));
        let policy = Policy {
            video_expected: expected,
            ..policy()
        };
        let mut progress = passed_at(Span::minutes(9));
        (progress.media_for, progress.media_at) = (1, progress.getall_at);
        progress.captured.insert(Endpoint::Detail);
        let mut now = ISSUED.plus(Span::minutes(9));
        let mut asks = Vec::new();
        let end = loop {
            assert!(asks.len() < 12, "{asks:?}");
            let known = PlanInput {
                verification: &verification,
                progress: &progress,
                media: &[],
                learned: &Learned::default(),
                has_siblings: false,
                policy: &policy,
            };
            match plan(known, now) {
                Step::Wait { due_at, .. } => now = due_at,
                Step::Ask(Endpoint::Media) => {
                    asks.push(now.since(ISSUED));
                    progress.media_at = Some(now);
                }
                Step::Settle(end, _) => break end,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(end, outcome);
        assert!(
            asks.iter()
                .any(|at| *at == Span(Span::hours(24).0 - Span::minutes(5).0)),
            "one ask right before the earliest end: {asks:?}"
        );
        assert!(now >= ISSUED.plus(Span::hours(26)), "{asks:?}");
    }
}

#[test]
fn what_a_failed_attempt_was_filmed_of_is_asked_for_until_its_end() {
    let (verification, policy) = (verification(Span(0)), policy());
    let asks = |learned: &Learned, explained: bool, face: bool| {
        let mut progress = passed_at(Span::minutes(9));
        (progress.attempts[0].passed, progress.attempts[0].face) = (false, face);
        (
            progress.media_for,
            progress.media_at,
            progress.media_explained,
        ) = (1, progress.getall_at, explained);
        let (mut now, mut asks) = (ISSUED.plus(Span::minutes(9)), Vec::new());
        for _ in 0..100 {
            let known = PlanInput {
                verification: &verification,
                progress: &progress,
                media: &[],
                learned,
                has_siblings: false,
                policy: &policy,
            };
            match plan(known, now) {
                Step::Wait { due_at, .. } => now = due_at,
                Step::Ask(Endpoint::Getall) => progress.getall_at = Some(now),
                Step::Ask(Endpoint::Media) => {
                    asks.push(now.since(ISSUED));
                    progress.media_at = Some(now);
                }
                Step::Settle(Outcome::Archived, missing) => return (asks, missing.len()),
                other => panic!("{other:?}"),
            }
        }
        panic!("it never ends: {asks:?}")
    };
    let (images, video) = (
        Learned {
            images: true,
            ..Learned::default()
        },
        Learned {
            video: true,
            ..Learned::default()
        },
    );
    let until_the_end = |(asks, missing): (Vec<Span>, usize)| {
        assert!(
            asks.iter()
                .any(|at| *at == Span(Span::hours(24).0 - Span::minutes(5).0))
                && asks.len() < 12
                && missing == 0,
            "{asks:?}"
        );
    };
    until_the_end(asks(&images, false, true));
    until_the_end(asks(&images, false, false));
    until_the_end(asks(&video, false, true));
    until_the_end(asks(&Learned::default(), true, true));
    assert_eq!(
        asks(&Learned::default(), false, true),
        (vec![Span::minutes(125)], 0),
        "a plan that was never seen to film"
    );
    assert_eq!(asks(&Learned::default(), false, false), (vec![], 0));
}
