use proptest::prelude::*;

use super::*;
use crate::domain::{
    answer::ErrorKind,
    attempt::Seen,
    id::{MediaId, VerificationId},
    loss::Cause,
    media::{Kind, MediaState, Slot, Source},
    progress::{Fails, Refusal, Sighting, ZERO_ATTEMPTS},
    secret::Secret,
};

#[path = "plan/pace_tests.rs"]
mod pace;
#[path = "plan/seen_tests.rs"]
mod seen;
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
fn abandonment_needs_proof() {
    let closing = |signature: &str, at: Span| Progress {
        refusal: Some(refusal(at)),
        closing: Some(Refusal {
            signature: signature.to_owned(),
            at: ISSUED.plus(at),
        }),
        ..Progress::default()
    };
    let (at, last) = (Span::minutes(125), Span::minutes(72 * 60 - 5));
    let learned = ["refused".to_owned()];
    assert_eq!(
        decide(&closing(ZERO_ATTEMPTS, at), &[], &[], true, at),
        Step::Settle(Outcome::Abandoned, vec![])
    );
    assert_eq!(
        decide(&closing("refused", at), &[], &learned, true, at),
        Step::AskSiblings
    );
    assert_eq!(
        due_after(&decide(
            &closing("refused", at),
            &[],
            &learned,
            false,
            Span::hours(27)
        )),
        Some(last),
        "asked once more before the provider forgets"
    );
    assert_eq!(
        decide(&closing("refused", at), &[], &learned, false, last),
        Step::Ask(Endpoint::Getall)
    );
    assert_eq!(
        decide(&closing("refused", last), &[], &learned, false, last),
        Step::Settle(Outcome::Abandoned, vec![])
    );
    assert_eq!(
        decide(
            &closing("refused", at),
            &[],
            &learned,
            false,
            Span::hours(80)
        ),
        Step::Settle(Outcome::Abandoned, vec![]),
        "the first answer stands"
    );
    assert!(matches!(
        decide(&closing("refused", at), &[], &[], false, at),
        Step::Wait { .. }
    ));
    let known_elsewhere = Progress {
        siblings_at: Some(ISSUED.plus(at)),
        known_by: Some("b".to_owned()),
        ..closing("refused", at)
    };
    assert!(matches!(
        decide(&known_elsewhere, &[], &learned, true, at),
        Step::Wait { .. }
    ));
    let Step::Settle(Outcome::Rejected, missing) =
        decide(&known_elsewhere, &[], &learned, true, Span::hours(80))
    else {
        panic!("not rejected")
    };
    assert!(missing[0].why.contains("retry --app b"));
}

#[test]
fn nothing_is_proved_while_no_token_of_the_app_gets_data() {
    let (verification, policy) = (verification(Span(0)), policy());
    let last = Span::minutes(72 * 60 - 5);
    let progress = Progress {
        refusal: Some(refusal(last)),
        closing: Some(refusal(last)),
        ..Progress::default()
    };
    for data_at in [None, Some(ISSUED.minus(Span(1)))] {
        let learned = Learned {
            unused: vec!["refused".to_owned()],
            data_at,
            ..Learned::default()
        };
        let known = PlanInput {
            verification: &verification,
            progress: &progress,
            media: &[],
            learned: &learned,
            has_siblings: false,
            policy: &policy,
        };
        assert!(
            matches!(plan(known, ISSUED.plus(last)), Step::Wait { .. }),
            "{data_at:?}"
        );
        let Step::Settle(Outcome::Missed, missing) = plan(known, ISSUED.plus(Span::hours(80)))
        else {
            panic!("not missed: {data_at:?}")
        };
        assert!(
            missing[0].why.contains("no token of the app got data"),
            "{missing:?}"
        );
    }
}

#[test]
fn a_miss_says_which_calls_failed_and_from_when_to_when() {
    let end = Span::hours(80);
    let at = |hours| ISSUED.plus(Span::hours(hours));
    let mut outage = Progress {
        refusal: Some(refusal(Span::hours(1))),
        ..Progress::default()
    };
    for hours in [3, 30, 70] {
        outage.failed(Endpoint::Getall, at(hours), Span(1), ErrorKind::Transient);
    }
    let mut never = Progress::default();
    never.failed(
        Endpoint::Getall,
        at(1),
        Span::minutes(10),
        ErrorKind::DailyQuota,
    );
    never.failed(
        Endpoint::Getall,
        at(79),
        Span::minutes(10),
        ErrorKind::DailyQuota,
    );
    let early = Progress {
        refusal: Some(refusal(Span::minutes(81))),
        ..Progress::default()
    };
    let late = Progress {
        refusal: Some(refusal(Span::hours(73))),
        ..Progress::default()
    };
    use Cause::{ProviderUnreachable, Quota, Unknown};
    for (label, progress, when, reason, expected) in [
        (
            "an outage",
            &outage,
            end,
            Reason::lasting(ProviderUnreachable, at(3), at(70)),
            format!(
                "getall failed 3 times from {} to {}, the last time as transient; before that it was last answered at {}",
                at(3),
                at(70),
                at(1)
            ),
        ),
        (
            "never answered",
            &never,
            Span::hours(90),
            Reason::lasting(Quota, at(1), at(79)),
            format!(
                "getall failed 2 times from {} to {}, the last time as daily_quota; before that it never was answered",
                at(1),
                at(79)
            ),
        ),
        (
            "too early",
            &early,
            end,
            Reason::lasting(
                Unknown,
                ISSUED.plus(Span::minutes(81)),
                ISSUED.plus(Span::minutes(74 * 60 + 5)),
            ),
            "before the window had closed".to_owned(),
        ),
        (
            "too late",
            &late,
            end,
            Reason::lasting(Unknown, ISSUED.plus(Span::minutes(125)), at(73)),
            format!(
                "the provider may have forgotten: it keeps results until {}",
                at(72)
            ),
        ),
    ] {
        let Step::Settle(Outcome::Missed, missing) =
            decide(progress, &[], &["refused".to_owned()], false, when)
        else {
            panic!("{label}: not missed")
        };
        assert!(missing[0].why.contains(&expected), "{label}: {missing:?}");
        assert_eq!(missing[0].reason, reason, "{label}");
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

prop_compose! {
    fn policies()(window in 10_i64..20_000_000, record in 1_i64..300_000_000, media in 1_i64..300_000_000, first in 1_i64..1_000_000, grace in 0_i64..1_000_000, video in any::<bool>()) -> Policy {
        Policy { verify_window: Span(window), record_retention: Span(record), media_retention: Span(media), first_poll: Span(first), final_grace: Span(grace), video_expected: video, ..policy() }
    }
}

prop_compose! {
    fn histories()(
        attempts in proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::option::of(-10_000_000_i64..100_000_000)), 0..4),
        answered in proptest::option::of(0_i64..400_000_000), refused in proptest::option::of(0_i64..400_000_000),
        closing in any::<bool>(), media_for in 0_usize..4, video_for in 0_usize..4, detail in any::<bool>(),
        fails in proptest::option::of((0_u32..40, 0_i64..400_000_000, 0_i64..10_000_000)), wanted in any::<bool>(), has_siblings in any::<bool>(), woken in proptest::option::of(0_i64..400_000_000),
    ) -> (Progress, Vec<MediaRow>, bool) {
        let at = |ms: i64| ISSUED.plus(Span(ms));
        let attempts: Vec<Seen> = attempts.into_iter().zip(1..).map(|((passed, face, when), no)| Seen { no, passed, face, at: when.map(at) }).collect();
        let refusal = refused.map(|ms| Refusal { signature: "refused".to_owned(), at: at(ms) });
        let progress = Progress {
            getall_at: answered.map(at).filter(|_| !attempts.is_empty()),
            grew_at: answered.map(at).filter(|_| !attempts.is_empty()),
            media_at: (media_for > 0).then(|| at(1000)),
            media_for: media_for.min(attempts.len()), video_for: video_for.min(attempts.len()), captured: detail.then_some(Endpoint::Detail).into_iter().collect(),
            closing: refusal.clone().filter(|_| closing && attempts.is_empty()), refusal,
            fails: fails.map(|(count, when, wait)| (Endpoint::Getall, Fails { count, since: at(when), result: "transient".to_owned(), cause: crate::domain::loss::Cause::ProviderUnreachable, at: at(when), wait: Span(wait) })).into_iter().collect(),
            woken_at: woken.map(at), attempts, ..Progress::default()
        };
        let slot = Slot { attempt_no: 1, kind: Kind::ProcessVideo, position: 0, source: Source::Media };
        let media = if wanted && !progress.attempts.is_empty() { vec![MediaRow::wanted(MediaId::fresh(Time(0)), slot)] } else { vec![] };
        (progress, media, has_siblings)
    }
}

proptest! {
    #[test]
    fn every_state_has_a_next_step_and_nothing_settles_early((progress, media, has_siblings) in histories(), policy in policies(), after in 0_i64..800_000_000) {
        let verification = verification(Span(0));
        let known = PlanInput { verification: &verification, progress: &progress, media: &media, learned: &Learned::default(), has_siblings, policy: &policy };
        let learned = Learned { unused: vec!["refused".to_owned()], data_at: Some(ISSUED), ..Learned::default() };
        let known = PlanInput { learned: &learned, ..known };
        let now = ISSUED.plus(Span(after));
        let ends = Ends::of(known);
        match plan(known, now) {
            Step::Wait { due_at, .. } => {
                prop_assert!(due_at > now, "a wait lies ahead");
                let last = if progress.answered_at().is_none() { ends.give_up } else { ends.record_end };
                prop_assert!(due_at <= last.max(ends.media_end).max(now.plus(Span(1))), "and not behind every end");
            }
            Step::Settle(Outcome::Abandoned, _) => prop_assert!(progress.closing.is_some() && progress.attempts.is_empty()),
            Step::Settle(Outcome::Missed | Outcome::Rejected, _) => prop_assert!(now >= ends.record_end && progress.attempts.is_empty()),
            Step::Settle(Outcome::Archived, missing) => {
                prop_assert!(missing.is_empty() && !progress.attempts.is_empty());
                prop_assert!(progress.passed() || progress.getall_at.is_some_and(|at| at >= ends.decide), "final");
                prop_assert!(media.is_empty(), "nothing wanted is left");
            }
            Step::Settle(Outcome::Incomplete, missing) => {
                prop_assert!(!missing.is_empty());
                prop_assert!(now >= ends.media_end.min(ends.record_end), "given up only when an end has come");
            }
            Step::Ask(_) | Step::AskSiblings => {}
        }
    }

    #[test]
    fn deadlines_are_never_later_than_any_reading_of_the_retention((progress, media, has_siblings) in histories(), policy in policies()) {
        let verification = verification(Span(0));
        let ends = Ends::of(PlanInput { verification: &verification, progress: &progress, media: &media, learned: &Learned::default(), has_siblings, policy: &policy });
        let readings = progress.attempts.iter().filter_map(|seen| seen.at).chain([verification.issued_at, policy.window_end(verification.issued_at)]);
        for reading in readings {
            prop_assert!(ends.record_deadline <= reading.plus(policy.record_retention));
            prop_assert!(ends.media_deadline <= reading.plus(policy.media_retention));
            prop_assert!(ends.record_end >= reading.plus(policy.record_retention));
            prop_assert!(ends.media_end >= reading.plus(policy.media_retention));
        }
    }

    #[test]
    fn a_retry_always_fits_before_the_deadline(policy in policies(), fails in 0_u32..100, left in 1_i64..300_000_000) {
        let wait = backoff(&policy, fails, Span(left));
        prop_assert!(wait.0 > 0);
        prop_assert!(wait.0 <= (left / 16).max((policy.first_poll().0 / 36).max(50)));
    }
}

fn sighting(at: Span) -> Sighting {
    Sighting {
        app: "b".to_owned(),
        attempts: passed_at(Span::minutes(2)).attempts,
        at: ISSUED.plus(at),
    }
}

#[test]
fn siblings_are_asked_until_one_lists_attempts_twice_or_all_have_answered_for_the_last_time() {
    let refused = |at| Progress {
        refusal: Some(refusal(at)),
        ..Progress::default()
    };
    let closed = |at| Progress {
        closing: Some(refusal(at)),
        ..refused(at)
    };
    let minutes = Span::minutes;
    let asked = |progress, at| Progress {
        siblings_at: Some(ISSUED.plus(at)),
        ..progress
    };
    let seen = |progress, at| Progress {
        sighting: Some(sighting(at)),
        siblings_at: Some(ISSUED.plus(at)),
        ..progress
    };
    let (odd, usual): (&[&str], &[&str]) = (&["not_yet:222"], &["not_yet:222", "refused"]);
    for (label, progress, known, at, due) in [
        (
            "what unused tokens answer",
            refused(minutes(3)),
            usual,
            minutes(3),
            None,
        ),
        (
            "nothing is known of them",
            refused(minutes(3)),
            &[][..],
            minutes(3),
            None,
        ),
        (
            "they answer otherwise",
            refused(minutes(3)),
            odd,
            minutes(3),
            Some(minutes(3)),
        ),
        (
            "none yet",
            asked(refused(minutes(3)), minutes(3)),
            odd,
            minutes(4),
            Some(minutes(9)),
        ),
        (
            "none yet",
            asked(refused(minutes(9)), minutes(9)),
            odd,
            minutes(9),
            Some(minutes(27)),
        ),
        (
            "seen once",
            seen(refused(minutes(9)), minutes(9)),
            odd,
            minutes(9),
            Some(minutes(12)),
        ),
        (
            "at the end",
            asked(closed(minutes(125)), minutes(81)),
            odd,
            minutes(125),
            Some(minutes(125)),
        ),
        (
            "at the end",
            closed(minutes(125)),
            usual,
            minutes(125),
            Some(minutes(125)),
        ),
        (
            "none at the end",
            asked(closed(minutes(125)), minutes(125)),
            odd,
            minutes(125),
            None,
        ),
        (
            "seen at the end",
            seen(closed(minutes(125)), minutes(125)),
            odd,
            minutes(125),
            Some(minutes(128)),
        ),
    ] {
        let known: Vec<String> = known.iter().map(|&one| one.to_owned()).collect();
        for has_siblings in [true, false] {
            let due = due.filter(|_| has_siblings);
            let at_due = due.unwrap_or(at).0.max(at.0);
            let step = decide(&progress, &[], &known, has_siblings, Span(at_due));
            assert_eq!(
                step == Step::AskSiblings,
                due.is_some(),
                "{label}: {step:?}"
            );
            if at_due > at.0 {
                let before = decide(&progress, &[], &known, has_siblings, Span(at_due - 1));
                assert_ne!(before, Step::AskSiblings, "{label}");
            }
        }
    }
}

#[test]
fn siblings_that_cannot_be_asked_hold_up_neither_the_last_question_nor_the_end() {
    let (minutes, usual) = (Span::minutes, ["refused".to_owned()]);
    let mut progress = Progress {
        refusal: Some(refusal(minutes(125))),
        closing: Some(refusal(minutes(125))),
        ..Progress::default()
    };
    let last = minutes(72 * 60 - 5);
    progress.failed(
        Endpoint::Simple,
        ISSUED.plus(minutes(130)),
        Span::hours(200),
        ErrorKind::Transient,
    );
    let step = decide(&progress, &[], &usual, true, minutes(27 * 60));
    assert_eq!(due_after(&step), Some(last));
    assert_eq!(
        decide(&progress, &[], &usual, true, last),
        Step::Ask(Endpoint::Getall)
    );
    let end = decide(&progress, &[], &usual, true, minutes(74 * 60 + 5));
    assert_eq!(end, Step::Settle(Outcome::Abandoned, vec![]));
    let before = decide(&progress, &[], &usual, true, minutes(74 * 60 + 4));
    assert!(
        matches!(before, Step::Ask(_) | Step::Wait { .. }),
        "{before:?}"
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
