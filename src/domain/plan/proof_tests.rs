//! What proves that nobody verified, and what is said where nothing does.

use super::*;

#[test]
fn abandonment_needs_proof() {
    let closing = |signature: &str, at: Span| Progress {
        refusal: Some(refusal(at)),
        closing: Some(Refusal {
            signature: signature.to_owned(),
            at: ISSUED.plus(at),
            ..Refusal::default()
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
fn a_verdict_names_its_answer_and_says_what_it_leaves_open() {
    let at = Span::hours(27);
    let sha256 = Sha256::of(b"answer");
    let closing = |signature: &str| Progress {
        closing: Some(Refusal {
            signature: signature.to_owned(),
            at: ISSUED.plus(at),
            code: Some("222".to_owned()),
            answer: Some(sha256),
        }),
        ..Progress::default()
    };
    let policy = policy();
    let told = verification(Span(0));
    let here = Verification {
        issued_here: true,
        ..told.clone()
    };
    let before = Progress {
        witnessed_refusal: Some(Refusal {
            signature: "not_yet:7".to_owned(),
            at: ISSUED.plus(Span::minutes(3)),
            ..Refusal::default()
        }),
        ..closing("refused")
    };
    let empty = Progress {
        getall_at: Some(ISSUED.plus(at)),
        ..closing(ZERO_ATTEMPTS)
    };
    let asked = Progress {
        siblings_at: Some(ISSUED.plus(at)),
        ..closing("refused")
    };
    let known = Progress {
        known_by: Some("b".to_owned()),
        ..asked.clone()
    };
    use Outcome::{Abandoned, Rejected};
    for (outcome, verification, progress, never_seen, part) in [
        (
            Abandoned,
            &told,
            closing("refused"),
            true,
            "so are tokens that the provider never issued: the two cannot be told apart",
        ),
        (
            Abandoned,
            &here,
            closing("refused"),
            false,
            "this one exists: it was issued here",
        ),
        (
            Abandoned,
            &told,
            before,
            false,
            "this one exists: it was answered not_yet:7 at",
        ),
        (
            Abandoned,
            &told,
            closing("not_yet:7"),
            false,
            "a code of its own for tokens of app a",
        ),
        (Abandoned, &told, empty, false, "it lists no attempt"),
        (
            Rejected,
            &told,
            closing("refused"),
            true,
            "another app's, or mistyped",
        ),
        (
            Rejected,
            &told,
            closing("not_yet:8"),
            true,
            "another app's, or mistyped",
        ),
        (
            Rejected,
            &told,
            asked,
            true,
            "no other app of the account listed attempts of it when asked at",
        ),
        (
            Rejected,
            &told,
            known,
            false,
            "it belongs to app b; assign it with `retry --app b`",
        ),
    ] {
        let learned = Learned {
            unused: vec!["refused".to_owned(), "not_yet:7".to_owned()],
            ..Learned::default()
        };
        let known = PlanInput {
            verification,
            progress: &progress,
            media: &[],
            learned: &learned,
            has_siblings: false,
            policy: &policy,
        };
        let found = super::super::proof(known, outcome).unwrap();
        let answer = format!(
            " (code 222) at {} by the provider's time, after the window's end at {}, answer sha256 {sha256}",
            ISSUED.plus(at),
            ISSUED.plus(Span::hours(2))
        );
        for part in [answer.as_str(), part] {
            assert!(found.words.contains(part), "{part}: {found:?}");
        }
        assert_eq!(found.never_seen, never_seen, "{found:?}");
        for other in [Outcome::Archived, Outcome::Incomplete, Outcome::Missed] {
            assert_eq!(super::super::proof(known, other), None);
        }
    }
}
