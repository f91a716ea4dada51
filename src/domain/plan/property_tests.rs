//! What holds of every history under every policy.

use super::*;

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
        let refusal = refused.map(|ms| Refusal { signature: "refused".to_owned(), at: at(ms), ..Refusal::default() });
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
