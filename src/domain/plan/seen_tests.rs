//! Tokens of which an attempt was seen.

use std::collections::BTreeSet;

use super::*;

/// Passed nine minutes after issue, with everything captured that its policy wants.
fn captured() -> Progress {
    let passed = passed_at(Span::minutes(9));
    Progress {
        media_for: 1,
        video_for: 1,
        media_at: passed.getall_at,
        captured: [Endpoint::Detail].into(),
        ..passed
    }
}

fn whats(step: &Step) -> Vec<&str> {
    match step {
        Step::Settle(_, missing) => missing.iter().map(|one| one.what.as_str()).collect(),
        other => panic!("not settled: {other:?}"),
    }
}

#[test]
fn what_was_not_answered_is_asked_for_until_its_end_and_then_missing() {
    let (record_end, media_end) = (Span::minutes(74 * 60 + 5), Span::minutes(26 * 60 + 5));
    for (endpoint, end, open) in [
        (
            Endpoint::Detail,
            record_end,
            Progress {
                captured: BTreeSet::new(),
                ..captured()
            },
        ),
        (
            Endpoint::Media,
            media_end,
            Progress {
                media_for: 0,
                ..captured()
            },
        ),
    ] {
        let name = endpoint.name();
        let failed = |due: Span| {
            let mut progress = open.clone();
            progress.failed(endpoint, ISSUED, due, ErrorKind::Transient);
            progress
        };
        let before = Span(end.0 - 1);
        let step = |due, at| decide(&failed(due), &[], &[], false, at);
        assert_eq!(
            step(before, before),
            Step::Ask(endpoint),
            "{name}: a last time"
        );
        for due in [end, Span(end.0 + 1)] {
            assert_eq!(due_after(&step(due, before)), Some(end), "{name}");
            assert_eq!(whats(&step(due, end)), [name], "{name}: at its end");
        }
    }
}

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
fn a_medium_that_was_never_fetched_says_why() {
    let slot = |kind| Slot {
        attempt_no: 1,
        kind,
        position: 0,
        source: Source::Getall,
    };
    let (day, retention) = (Span::minutes(26 * 60 + 5), Span::minutes(74 * 60 + 5));
    for (kind, end) in [(Kind::ProcessVideo, day), (Kind::Face, retention)] {
        let corrupt = Reason::lasting(Cause::Corrupt, Time(1), Time(7));
        for (tries, last_error, fails, why) in [
            (
                0,
                None,
                None,
                "it could not be fetched before the provider forgot it",
            ),
            (
                3,
                Some("404".to_owned()),
                Some(corrupt),
                "it could not be fetched before the provider forgot it in 3 tries; the last one: 404",
            ),
        ] {
            let row = MediaRow {
                tries,
                last_error,
                fails,
                ..MediaRow::wanted(MediaId::fresh(Time(0)), slot(kind))
            };
            let step = |at| decide(&captured(), std::slice::from_ref(&row), &[], false, at);
            assert_eq!(due_after(&step(Span(end.0 - 1))), Some(end), "{kind:?}");
            let expected = Missing {
                what: kind.name().to_owned(),
                attempt_no: Some(1),
                reason: fails.unwrap_or_else(|| {
                    let seen = captured().getall_at.unwrap();
                    Reason::lasting(Cause::Unknown, seen, ISSUED.plus(end))
                }),
                why: why.to_owned(),
            };
            assert_eq!(
                step(end),
                Step::Settle(Outcome::Incomplete, vec![expected]),
                "{kind:?}"
            );
        }
    }
}

/// What is next under another policy.
fn decide_by(policy: &Policy, progress: &Progress, at: Span) -> Step {
    let known = PlanInput {
        verification: &verification(Span(0)),
        progress,
        media: &[],
        learned: &Learned::default(),
        has_siblings: false,
        policy,
    };
    plan(known, ISSUED.plus(at))
}

/// One attempt that did not pass, and an answer of getall at an instant.
fn failed_and_answered(at: Span) -> Progress {
    let mut progress = Progress {
        getall_at: Some(ISSUED.plus(at)),
        ..passed_at(Span::minutes(9))
    };
    for seen in &mut progress.attempts {
        (seen.passed, seen.face) = (false, false);
    }
    progress
}

#[test]
fn a_woken_one_is_asked_once_more_until_it_is_answered() {
    for (label, answered, is_asked) in [
        ("before", Span::hours(4), true),
        ("at the same instant", Span::hours(5), false),
        ("since", Span::hours(6), false),
    ] {
        let progress = Progress {
            woken_at: Some(ISSUED.plus(Span::hours(5))),
            getall_at: Some(ISSUED.plus(answered)),
            ..captured()
        };
        let step = decide(&progress, &[], &[], false, Span::hours(6));
        let asks = step == Step::Ask(Endpoint::Getall);
        assert_eq!(asks, is_asked, "answered {label}: {step:?}");
    }
}

#[test]
fn what_is_waited_for_is_ordered_by_what_of_it_is_forgotten_first() {
    for (endpoint, forgotten, open) in [
        (
            Endpoint::Detail,
            Span::hours(72),
            Progress {
                captured: BTreeSet::new(),
                ..captured()
            },
        ),
        (
            Endpoint::Media,
            Span::hours(24),
            Progress {
                media_for: 0,
                ..captured()
            },
        ),
    ] {
        let mut progress = open;
        let at = ISSUED.plus(Span::minutes(10));
        progress.failed(endpoint, at, Span::hours(1), ErrorKind::Transient);
        let step = decide(&progress, &[], &[], false, Span::minutes(20));
        let expected = Step::Wait {
            due_at: at.plus(Span::hours(1)),
            deadline: ISSUED.plus(forgotten),
        };
        assert_eq!(step, expected, "{}", endpoint.name());
    }
}

#[test]
fn the_counts_are_asked_for_once_they_are_final() {
    let policy = Policy {
        fetch: vec![Endpoint::Getall, Endpoint::Stat],
        ..Policy::documented()
    };
    let minutes = Span::minutes;
    for (label, progress, at, is_asked) in [
        ("passed", passed_at(minutes(9)), minutes(10), true),
        (
            "it may be tried again",
            failed_and_answered(minutes(10)),
            minutes(10),
            false,
        ),
        (
            "the last answer",
            failed_and_answered(minutes(125)),
            minutes(125),
            true,
        ),
        (
            "one before it",
            failed_and_answered(minutes(124)),
            minutes(124),
            false,
        ),
    ] {
        let step = decide_by(&policy, &progress, at);
        assert_eq!(
            step == Step::Ask(Endpoint::Stat),
            is_asked,
            "{label}: {step:?}"
        );
    }
}

#[test]
fn a_refused_list_of_media_is_no_loss_where_no_video_is_promised() {
    let without_video = Policy {
        video_expected: false,
        ..Policy::documented()
    };
    let end = Span::hours(80);
    let refused = |progress| Progress {
        media_refused: true,
        ..progress
    };
    let failed = || failed_and_answered(Span::hours(3));
    let passed = || Progress {
        captured: [Endpoint::Detail].into(),
        ..passed_at(Span::minutes(9))
    };
    let without_detail = || passed_at(Span::minutes(9));
    for (label, progress, policy, missing) in [
        ("refused", refused(failed()), &without_video, &[][..]),
        (
            "failed, refused",
            refused(failed()),
            &Policy::documented(),
            &[],
        ),
        ("never answered", failed(), &without_video, &["media"]),
        (
            "promised",
            refused(passed()),
            &Policy::documented(),
            &["media"],
        ),
        ("not promised", refused(passed()), &without_video, &[]),
        (
            "detail",
            refused(without_detail()),
            &without_video,
            &["detail"],
        ),
    ] {
        let step = decide_by(policy, &progress, end);
        assert_eq!(whats(&step), missing, "{label}");
    }
}

#[test]
fn a_video_that_was_never_listed_is_missing_until_it_was_last_asked_for() {
    let asked = Time(ISSUED.0 + 3);
    let progress = Progress {
        video_for: 0,
        media_at: Some(asked),
        ..captured()
    };
    let end = Span::minutes(74 * 60 + 5);
    let Step::Settle(Outcome::Incomplete, missing) = decide(&progress, &[], &[], false, end) else {
        panic!("not incomplete")
    };
    let reason = Reason {
        cause: Cause::NotListed,
        from: None,
        to: Some(asked),
    };
    assert_eq!(
        (missing[0].what.as_str(), missing[0].reason),
        ("video", reason)
    );
}

#[test]
fn an_answer_that_never_came_is_missing_for_what_its_calls_met() {
    let mut progress = Progress {
        captured: BTreeSet::new(),
        ..captured()
    };
    let (first, last) = (ISSUED.plus(Span::hours(1)), ISSUED.plus(Span::hours(2)));
    for at in [first, last] {
        progress.failed(Endpoint::Detail, at, Span(1), ErrorKind::DailyQuota);
    }
    let end = Span::minutes(74 * 60 + 5);
    let Step::Settle(_, missing) = decide(&progress, &[], &[], false, end) else {
        panic!("not settled")
    };
    let reason = Reason::lasting(Cause::Quota, first, last);
    assert!(
        missing
            .iter()
            .any(|one| one.what == "detail" && one.reason == reason),
        "{missing:?}"
    );
}

#[test]
fn what_is_said_of_an_attempt_seen_too_late_is_not_why_its_media_are_missing() {
    let (earliest, after) = (Span::hours(24), Span::hours(27));
    let at = Some(ISSUED.plus(after));
    let late = Progress {
        getall_at: at,
        grew_at: at,
        ..passed_at(Span::minutes(9))
    };
    let no_list = |kind| {
        let mut progress = late.clone();
        progress.failed(Endpoint::Media, ISSUED.plus(after), Span(0), kind);
        progress
    };
    let no_video = Progress {
        media_for: 1,
        media_at: Some(ISSUED.plus(after)),
        ..late.clone()
    };
    for (label, progress, what) in [
        ("refused", no_list(ErrorKind::Refused), "media"),
        ("not there yet", no_list(ErrorKind::NotYet), "media"),
        ("listed without a video", no_video, "video"),
    ] {
        let progress = Progress {
            captured: [Endpoint::Detail].into(),
            ..progress
        };
        for (told_after, expected) in [
            (
                Span(0),
                Reason::lasting(Cause::Unknown, ISSUED, ISSUED.plus(earliest)),
            ),
            (earliest, Reason::plain(Cause::ToldLate)),
        ] {
            let (verification, policy) = (verification(told_after), policy());
            let learned = Learned::default();
            let known = PlanInput {
                verification: &verification,
                progress: &progress,
                media: &[],
                policy: &policy,
                learned: &learned,
                has_siblings: false,
            };
            let Step::Settle(Outcome::Incomplete, missing) =
                plan(known, ISSUED.plus(Span::hours(30)))
            else {
                panic!("{label}: not settled");
            };
            let reasons: Vec<_> = missing
                .iter()
                .map(|one| (one.what.as_str(), one.reason))
                .collect();
            assert_eq!(reasons, [(what, expected)], "{label} {told_after}");
        }
    }
}
