//! Tokens of which no attempt was ever seen.

use super::*;

#[test]
fn a_token_that_never_got_an_answer_is_asked_past_the_end_of_the_retention_for_as_long_as_a_window()
{
    let policy = Policy {
        verify_window: Span::seconds(45 * 60 + 22),
        record_retention: Span::hours(46),
        media_retention: Span(1),
        first_poll: Span(1),
        final_grace: Span::seconds(3 * 60 + 4),
        ..policy()
    };
    let (verification, learned) = (verification(Span(0)), Learned::default());
    let step = |progress: &Progress, at| {
        let known = PlanInput {
            verification: &verification,
            progress,
            media: &[],
            learned: &learned,
            has_siblings: false,
            policy: &policy,
        };
        plan(known, at)
    };
    let mut progress = Progress::default();
    let mut failed = |at| {
        let wait = Span::seconds(34 * 60 + 11);
        progress.failed(Endpoint::Getall, at, wait, ErrorKind::Transient);
        (progress.clone(), at.plus(wait))
    };
    let now = ISSUED.plus(Span(168_747_999));
    let record_end = ISSUED.plus(Span::seconds(46 * 3600 + 45 * 60 + 22 + 184));
    let give_up = record_end.plus(policy.verify_window);
    let waits = |step, until: Time| matches!(step, Step::Wait { due_at, .. } if due_at == until);

    let (once, again) = failed(now);
    assert!(record_end < now && now < again && again < give_up);
    assert!(waits(step(&once, now.plus(Span(1))), again));
    assert!(waits(step(&once, again.minus(Span(1))), again));
    assert_eq!(step(&once, again), Step::Ask(Endpoint::Getall));
    let (twice, never) = failed(again);
    assert!(never > give_up);
    assert!(waits(step(&twice, give_up.minus(Span(1))), give_up));
    assert!(matches!(
        step(&twice, give_up),
        Step::Settle(Outcome::Missed, _)
    ));
}

/// The poll that decides, the last question, and the latest end.
const DECIDE: Span = Span::minutes(125);
const LAST: Span = Span::minutes(72 * 60 - 5);
const END: Span = Span::minutes(74 * 60 + 5);

fn before(at: Span) -> Span {
    Span(at.0 - 1)
}

fn closed(at: Span) -> Progress {
    Progress {
        refusal: Some(refusal(at)),
        closing: Some(refusal(at)),
        ..Progress::default()
    }
}

fn ends_as(step: &Step, outcome: Outcome) -> bool {
    matches!(step, Step::Settle(is, _) if *is == outcome)
}

#[test]
fn until_the_latest_end_it_is_asked_or_waited_for_and_then_it_is_over() {
    let usual = ["refused".to_owned()];
    let abandoned = Step::Settle(Outcome::Abandoned, vec![]);
    for (label, progress, learned, has_siblings, until, then) in [
        (
            "its siblings may still tell",
            closed(DECIDE),
            &usual[..],
            true,
            Step::AskSiblings,
            Outcome::Abandoned,
        ),
        (
            "the last question may still be put",
            closed(DECIDE),
            &usual,
            false,
            Step::Ask(Endpoint::Getall),
            Outcome::Abandoned,
        ),
        (
            "unused tokens are not known to answer so",
            closed(before(END)),
            &[],
            false,
            Step::Wait {
                due_at: ISSUED.plus(END),
                deadline: ISSUED.plus(Span::hours(72)),
            },
            Outcome::Rejected,
        ),
        (
            "it was never asked",
            Progress {
                refusal: Some(refusal(Span::minutes(124))),
                ..Progress::default()
            },
            &usual,
            false,
            Step::Ask(Endpoint::Getall),
            Outcome::Missed,
        ),
    ] {
        let step = |at| decide(&progress, &[], learned, has_siblings, at);
        assert_eq!(step(before(END)), until, "{label}");
        let end = step(END);
        assert!(ends_as(&end, then), "{label}: {end:?}");
    }
    let late = |at| decide(&closed(at), &[], &usual, false, LAST);
    assert_eq!(late(before(LAST)), Step::Ask(Endpoint::Getall));
    assert_eq!(late(LAST), abandoned, "it is the last word");
}

#[test]
fn what_waits_for_its_siblings_after_the_last_question_waits_to_the_end() {
    let mut progress = closed(LAST);
    let failed = ISSUED.plus(LAST);
    progress.failed(
        Endpoint::Simple,
        failed,
        Span::hours(9),
        ErrorKind::Transient,
    );
    assert_eq!(
        decide(&progress, &[], &["refused".to_owned()], true, LAST),
        Step::Wait {
            due_at: ISSUED.plus(END),
            deadline: ISSUED.plus(Span::hours(72)),
        }
    );
}

#[test]
fn a_wait_looks_at_the_retention_that_ends_next() {
    let day = Span::minutes(26 * 60 + 5);
    let refused = Progress {
        refusal: Some(refusal(DECIDE)),
        ..Progress::default()
    };
    let deadline = |at| match decide(&refused, &[], &[], false, at) {
        Step::Wait { deadline, .. } => deadline.since(ISSUED),
        other => panic!("{other:?}"),
    };
    assert_eq!(deadline(DECIDE), Span::hours(24));
    let mut failing = refused.clone();
    failing.failed(
        Endpoint::Getall,
        ISSUED,
        Span::hours(70),
        ErrorKind::Transient,
    );
    for (at, due, deadline) in [
        (before(day), day, Span::hours(24)),
        (day, Span::hours(70), Span::hours(72)),
    ] {
        let expected = Step::Wait {
            due_at: ISSUED.plus(due),
            deadline: ISSUED.plus(deadline),
        };
        assert_eq!(decide(&failing, &[], &[], false, at), expected, "{at}");
    }
}

#[test]
fn a_refusal_all_its_life_is_told_from_the_token_of_another_app() {
    for (known_by, why) in [
        (None, "another app's, or mistyped"),
        (Some("b"), "it belongs to app b"),
    ] {
        let progress = Progress {
            known_by: known_by.map(str::to_owned),
            ..closed(DECIDE)
        };
        let Step::Settle(Outcome::Rejected, missing) = decide(&progress, &[], &[], true, END)
        else {
            panic!("not rejected: {known_by:?}")
        };
        assert_eq!((missing.len(), missing[0].what.as_str()), (1, "everything"));
        assert!(missing[0].why.contains(why), "{missing:?}");
        assert_eq!(
            missing[0].reason.to,
            Some(ISSUED.plus(DECIDE)),
            "{missing:?}"
        );
    }
}

#[test]
fn a_miss_is_told_by_the_first_reason_that_holds() {
    let retention = Span::hours(72);
    let answered = |at| Progress {
        refusal: Some(refusal(at)),
        ..Progress::default()
    };
    for (label, tracked_after, progress, why) in [
        (
            "told at its end",
            retention,
            answered(retention),
            "told too late",
        ),
        (
            "told right before it",
            before(retention),
            answered(before(retention)),
            "may have forgotten",
        ),
        (
            "answered right before the window counts as closed",
            Span(0),
            answered(before(DECIDE)),
            "before the window had closed",
        ),
        (
            "answered just then",
            Span(0),
            answered(DECIDE),
            "may have forgotten",
        ),
    ] {
        let (verification, policy) = (verification(tracked_after), policy());
        let known = PlanInput {
            verification: &verification,
            progress: &progress,
            media: &[],
            learned: &Learned::default(),
            has_siblings: false,
            policy: &policy,
        };
        let Step::Settle(Outcome::Missed, missing) = plan(known, ISSUED.plus(END)) else {
            panic!("{label}: not missed")
        };
        assert!(missing[0].why.contains(why), "{label}: {missing:?}");
    }
}
