use proptest::prelude::*;

use super::*;
use crate::domain::{
    answer::ErrorKind,
    attempt::Seen,
    digest::Sha256,
    id::{MediaId, VerificationId},
    loss::Cause,
    media::{Kind, MediaState, Slot, Source},
    progress::{Fails, Refusal, Sighting, ZERO_ATTEMPTS},
    secret::Secret,
};

#[path = "plan/filmed_tests.rs"]
mod filmed;
#[path = "plan/missing_tests.rs"]
mod missing;
#[path = "plan/pace_tests.rs"]
mod pace;
#[path = "plan/proof_tests.rs"]
mod proof;
#[path = "plan/property_tests.rs"]
mod property;
#[path = "plan/seen_tests.rs"]
mod seen;
#[path = "plan/siblings_tests.rs"]
mod siblings;
#[path = "plan/unseen_tests.rs"]
mod unseen;

const ISSUED: Time = Time(1_700_000_000_000);

fn policy() -> Policy {
    Policy::documented()
}

fn verification(tracked_after: Span) -> Verification {
    Verification {
        verification_id: VerificationId::fresh(Time(0)),
        verify_token: Secret::new("t"),
        app: "a".to_owned(),
        issued_at: ISSUED,
        tracked_at: ISSUED.plus(tracked_after),
        plan_id: None,
        issued_here: false,
    }
}

fn decide(
    progress: &Progress,
    media: &[MediaRow],
    learned: &[String],
    has_siblings: bool,
    at: Span,
) -> Step {
    let (verification, policy) = (verification(Span(0)), policy());
    let learned = Learned {
        unused: learned.to_vec(),
        data_at: Some(ISSUED),
        ..Learned::default()
    };
    plan(
        PlanInput {
            verification: &verification,
            progress,
            media,
            learned: &learned,
            has_siblings,
            policy: &policy,
        },
        ISSUED.plus(at),
    )
}

fn due_after(step: &Step) -> Option<Span> {
    if let Step::Wait { due_at, .. } = step {
        Some(due_at.since(ISSUED))
    } else {
        None
    }
}

fn refusal(at: Span) -> Refusal {
    Refusal {
        signature: "refused".to_owned(),
        at: ISSUED.plus(at),
        ..Refusal::default()
    }
}

fn passed_at(at: Span) -> Progress {
    let seen = Seen {
        no: 1,
        passed: true,
        face: true,
        at: Some(ISSUED.plus(at)),
    };
    Progress {
        attempts: vec![seen],
        getall_at: Some(ISSUED.plus(at)),
        grew_at: Some(ISSUED.plus(at)),
        ..Progress::default()
    }
}

#[test]
fn polls_thin_out_and_one_always_follows_the_window() {
    let mut progress = Progress::default();
    let mut polls = Vec::new();
    let mut at = Span(0);
    for _ in 0..6 {
        at = due_after(&decide(&progress, &[], &[], false, at)).unwrap();
        polls.push(at.0 / 60_000);
        assert_eq!(
            decide(&progress, &[], &[], false, at),
            Step::Ask(Endpoint::Getall)
        );
        progress.refusal = Some(refusal(at));
    }
    assert_eq!(polls, [3, 9, 27, 81, 125, 130]);
}

#[test]
fn a_token_told_late_is_asked_at_once_and_one_told_too_late_is_missed_after_one_question() {
    assert_eq!(
        decide(&Progress::default(), &[], &[], false, Span::hours(50)),
        Step::Ask(Endpoint::Getall)
    );
    let (verification, policy) = (verification(Span::hours(96)), policy());
    let decide = |progress: &Progress, at: Span| {
        let known = PlanInput {
            verification: &verification,
            progress,
            media: &[],
            learned: &Learned::default(),
            has_siblings: false,
            policy: &policy,
        };
        plan(known, ISSUED.plus(at))
    };
    let told = Span::hours(96);
    assert_eq!(
        decide(&Progress::default(), told),
        Step::Ask(Endpoint::Getall),
        "nothing is written off without one question"
    );
    let mut refused = Progress {
        refusal: Some(refusal(told)),
        ..Progress::default()
    };
    let Step::Settle(Outcome::Missed, missing) = decide(&refused, told) else {
        panic!("not missed")
    };
    assert!(
        missing[0]
            .why
            .contains("told too late: tracked 4d after issue"),
        "{missing:?}"
    );

    // A question that nobody answers is put again for as long as a window lasts.
    refused.refusal = None;
    refused.failed(
        Endpoint::Getall,
        ISSUED.plus(told),
        Span::minutes(10),
        ErrorKind::Transient,
    );
    assert!(
        matches!(decide(&refused, told), Step::Wait { due_at, .. } if due_at == ISSUED.plus(Span::minutes(96 * 60 + 10)))
    );
    assert_eq!(
        decide(&refused, Span::hours(97)),
        Step::Ask(Endpoint::Getall)
    );
    assert!(matches!(
        decide(&refused, Span::hours(98)),
        Step::Settle(Outcome::Missed, _)
    ));
}

#[test]
fn after_a_pass_media_come_first_then_detail_and_then_it_is_over() {
    let at = Span::minutes(9);
    let mut progress = passed_at(at);
    assert_eq!(
        decide(&progress, &[], &[], false, at),
        Step::Ask(Endpoint::Media)
    );
    progress.media_for = 1;
    progress.video_for = 1;
    progress.media_at = Some(ISSUED.plus(at));
    assert_eq!(
        decide(&progress, &[], &[], false, at),
        Step::Ask(Endpoint::Detail)
    );
    progress.captured.insert(Endpoint::Detail);
    assert_eq!(
        decide(&progress, &[], &[], false, at),
        Step::Settle(Outcome::Archived, vec![])
    );
    let slot = || Slot {
        attempt_no: 1,
        kind: Kind::Face,
        position: 0,
        source: Source::Getall,
    };
    let row = |state| MediaRow {
        state,
        ..MediaRow::wanted(MediaId::fresh(Time(0)), slot())
    };
    assert!(matches!(
        decide(&progress, &[row(MediaState::Wanted)], &[], false, at),
        Step::Wait { .. }
    ));
    let Step::Settle(Outcome::Incomplete, missing) =
        decide(&progress, &[row(MediaState::Lost)], &[], false, at)
    else {
        panic!("not incomplete")
    };
    assert_eq!(missing[0].what, "face");
}

#[test]
fn a_new_attempt_is_followed_by_its_media_at_once() {
    let mut progress = passed_at(Span::minutes(9));
    progress.attempts[0].passed = false;
    progress.media_for = 1;
    progress.video_for = 1;
    progress.media_at = progress.getall_at;
    assert!(matches!(
        decide(&progress, &[], &[], false, Span::minutes(10)),
        Step::Wait { .. }
    ));
    progress.attempts.push(Seen {
        no: 2,
        passed: false,
        face: true,
        at: None,
    });
    assert_eq!(
        decide(&progress, &[], &[], false, Span::minutes(10)),
        Step::Ask(Endpoint::Media)
    );
}

#[test]
fn a_failed_verification_is_final_only_after_the_window() {
    let mut progress = passed_at(Span::minutes(9));
    progress.attempts[0].passed = false;
    (progress.media_for, progress.video_for, progress.media_at) = (1, 1, progress.getall_at);
    let mut at = Span::minutes(9);
    while let Step::Wait { due_at, .. } = decide(&progress, &[], &[], false, at) {
        assert!(due_at > ISSUED.plus(at), "time passes");
        at = due_at.since(ISSUED);
        assert_eq!(
            decide(&progress, &[], &[], false, at),
            Step::Ask(Endpoint::Getall)
        );
        progress.getall_at = Some(due_at);
    }
    assert_eq!(at, Span::minutes(125));
    assert_eq!(
        decide(&progress, &[], &[], false, at),
        Step::Settle(Outcome::Archived, vec![])
    );
}

#[test]
fn a_refusal_unused_tokens_do_not_give_is_followed_up_at_once() {
    let progress = Progress {
        refusal: Some(refusal(Span::minutes(3))),
        ..Progress::default()
    };
    assert_eq!(
        decide(
            &progress,
            &[],
            &["not_yet:222901".to_owned()],
            true,
            Span::minutes(3)
        ),
        Step::AskSiblings
    );
    assert!(matches!(
        decide(
            &progress,
            &[],
            &["refused".to_owned()],
            true,
            Span::minutes(3)
        ),
        Step::Wait { .. }
    ));
}

#[test]
fn a_woken_verification_is_asked_once_more_whatever_the_clock_says() {
    let mut progress = Progress {
        refusal: Some(refusal(Span::minutes(125))),
        closing: Some(refusal(Span::minutes(125))),
        ..Progress::default()
    };
    assert!(matches!(
        decide(&progress, &[], &[], false, Span::hours(90)),
        Step::Settle(..)
    ));
    progress.wake(ISSUED.plus(Span::hours(90)));
    assert_eq!(
        decide(&progress, &[], &[], false, Span::hours(90)),
        Step::Ask(Endpoint::Getall)
    );
}

#[test]
fn windows_of_seconds_work_like_windows_of_days() {
    let small = Policy {
        verify_window: Span::seconds(4),
        record_retention: Span::seconds(20),
        media_retention: Span::seconds(10),
        ..policy()
    };
    assert_eq!(
        (small.first_poll(), small.final_grace()),
        (Span(500), Span(1500))
    );
}

#[test]
fn what_is_past_its_window_and_never_got_data_is_late() {
    let decide = ISSUED.plus(Span::minutes(125));
    for (label, is_seen, due_at, expected) in [
        ("its person may still be at it", false, ISSUED, Lane::Living),
        ("the poll that decides", false, decide, Lane::Living),
        (
            "only said to be one",
            false,
            decide.plus(Span(1)),
            Lane::Late,
        ),
        (
            "it got data",
            true,
            decide.plus(Span::hours(9)),
            Lane::Living,
        ),
    ] {
        assert_eq!(
            lane(is_seen, ISSUED, &policy(), due_at),
            expected,
            "{label}"
        );
    }
}
