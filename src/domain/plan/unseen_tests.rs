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
        progress.failed(Endpoint::Getall, at, wait, "transient");
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
