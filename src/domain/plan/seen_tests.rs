//! Tokens of which an attempt was seen.

use std::collections::BTreeSet;

use super::*;

/// Passed nine minutes after issue, with everything captured that its policy wants.
pub(super) fn captured() -> Progress {
    let passed = passed_at(Span::minutes(9));
    Progress {
        media_for: 1,
        video_for: 1,
        media_at: passed.getall_at,
        captured: [Endpoint::Detail].into(),
        ..passed
    }
}

pub(super) fn whats(step: &Step) -> Vec<&str> {
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

/// What is next under another policy.
pub(super) fn decide_by(policy: &Policy, progress: &Progress, at: Span) -> Step {
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
pub(super) fn failed_and_answered(at: Span) -> Progress {
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
