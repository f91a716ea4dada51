//! What is missing in the end, and why.

use std::collections::BTreeSet;

use super::{
    seen::{captured, decide_by, failed_and_answered, whats},
    *,
};

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

#[test]
fn a_match_image_is_missing_only_where_it_could_not_be_stored() {
    let fails = Reason::lasting(Cause::VaultDown, Time(1), Time(7));
    let row = |state| MediaRow {
        state,
        fails: Some(fails),
        ..MediaRow::wanted(MediaId::fresh(Time(0)), Slot::match_image())
    };
    let lost = Missing {
        what: "match_image".to_owned(),
        attempt_no: None,
        reason: fails,
        why: "it could not be stored when it was handed in".to_owned(),
    };
    let without = decide(&captured(), &[], &[], false, Span::hours(80));
    assert_eq!(without, Step::Settle(Outcome::Archived, Vec::new()));
    for (state, expected) in [
        (MediaState::Stored, without),
        (
            MediaState::Lost,
            Step::Settle(Outcome::Incomplete, vec![lost]),
        ),
    ] {
        let step = decide(&captured(), &[row(state)], &[], false, Span::hours(80));
        assert_eq!(step, expected, "{state:?}");
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
