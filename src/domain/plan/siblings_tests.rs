//! When the other apps of the account are asked whose a token is.

use super::*;

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
