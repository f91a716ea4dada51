//! What an answer teaches: pure changes of [`Progress`].

use crate::domain::{
    answer::{Endpoint, Getall, MediaList, ProviderError},
    attempt::Seen,
    plan::Ends,
    progress::{Progress, Refusal, ZERO_ATTEMPTS},
    time::Time,
};

/// A getall that brought data. Returns the first answer before it that brought none, where that
/// shows what an unused token of the app answers: when the first attempt is later than the answer.
/// The provider writes whole seconds, so that a later attempt may look earlier, never the contrary.
pub(super) fn getall(
    progress: &mut Progress,
    answer: &Getall,
    ends: &Ends,
    at: Time,
) -> Option<Refusal> {
    progress.fails.remove(&Endpoint::Getall);
    if answer.attempts.is_empty() {
        note_refusal(progress, ZERO_ATTEMPTS.to_owned(), ends, at);
        progress.getall_at = Some(at);
        return None;
    }
    let is_first = progress.attempts.is_empty();
    progress.refusal = None;
    let before = progress.witnessed_refusal.take().filter(|_| is_first);
    let seen: Vec<Seen> = answer
        .attempts
        .iter()
        .map(crate::domain::attempt::Attempt::seen)
        .collect();
    if seen.len() > progress.attempts.len() {
        progress.grew_at = Some(at);
    }
    let first_attempt = seen.iter().filter_map(|seen| seen.at).min();
    // An answer with fewer attempts than were seen takes nothing back: what was there was there.
    if seen.len() >= progress.attempts.len() {
        progress.attempts = seen;
    }
    progress.getall_at = Some(at);
    progress.closing = None;
    before.filter(|refusal| {
        refusal.signature != ZERO_ATTEMPTS && first_attempt.is_some_and(|first| first > refusal.at)
    })
}

/// An answer about the token that brought no data. Returns it where it shows what an unused token
/// of the app answers: when the token's origin is beyond doubt (issued here) and its window is
/// still open.
pub(super) fn refused(
    progress: &mut Progress,
    problem: &ProviderError,
    issued_here: bool,
    is_witnessed: bool,
    ends: &Ends,
    at: Time,
) -> Option<Refusal> {
    progress.fails.remove(&Endpoint::Getall);
    let refusal = note_refusal(progress, problem.signature(), ends, at);
    if !is_witnessed {
        return None;
    }
    progress
        .witnessed_refusal
        .get_or_insert_with(|| refusal.clone());
    (issued_here && progress.attempts.is_empty() && at < ends.decide).then_some(refusal)
}

fn note_refusal(progress: &mut Progress, signature: String, ends: &Ends, at: Time) -> Refusal {
    let refusal = Refusal {
        signature,
        at,
        ..Refusal::default()
    };
    if progress.attempts.is_empty() && at >= ends.decide && at < ends.record_deadline {
        progress.closing = Some(refusal.clone());
    }
    progress.refusal = Some(refusal.clone());
    refusal
}

/// A media/query that brought data.
pub(super) fn media(progress: &mut Progress, answer: &MediaList, at: Time) {
    progress.fails.remove(&Endpoint::Media);
    progress.media_for = progress.attempts.len();
    progress.media_at = Some(at);
    progress.media_explained = answer
        .ext_info
        .as_ref()
        .is_some_and(|said| !said.trim().is_empty());
    if answer.has_video() {
        progress.video_for = progress.attempts.len();
    }
    if answer.has_images() {
        progress.images_for = progress.attempts.len();
    }
}

/// One of detail, simple and stat brought data.
pub(super) fn captured(progress: &mut Progress, endpoint: Endpoint) {
    progress.fails.remove(&endpoint);
    progress.captured.insert(endpoint);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::ErrorKind;
    use crate::domain::attempt::Attempt;

    const ENDS: Ends = Ends {
        decide: Time(100),
        last_question: Time(490),
        media_deadline: Time(400),
        record_deadline: Time(500),
        media_end: Time(600),
        record_end: Time(700),
        give_up: Time(800),
    };

    fn refusal() -> ProviderError {
        ProviderError::new(ErrorKind::Refused, "refused")
    }

    fn one_attempt() -> Getall {
        attempt_at(Some(Time(15)))
    }

    fn attempt_at(verified_at: Option<Time>) -> Getall {
        Getall {
            attempts: vec![Attempt {
                attempt_no: 1,
                passed: Some(true),
                verified_at,
                ..Attempt::default()
            }],
            ..Getall::default()
        }
    }

    #[test]
    fn a_refusal_counts_as_proof_only_between_the_window_and_the_earliest_end() {
        for (at, proves) in [(99, false), (100, true), (499, true), (500, false)] {
            let mut progress = Progress::default();
            refused(&mut progress, &refusal(), false, true, &ENDS, Time(at));
            assert_eq!(progress.closing.is_some(), proves, "{at}");
            assert!(progress.refusal.is_some());
        }
    }

    #[test]
    fn a_token_refused_first_and_verified_later_teaches_what_unused_tokens_answer() {
        let mut progress = Progress::default();
        for at in [10, 14] {
            assert_eq!(
                refused(&mut progress, &refusal(), false, true, &ENDS, Time(at)),
                None
            );
        }
        let lesson = getall(&mut progress, &one_attempt(), &ENDS, Time(20)).unwrap();
        assert_eq!(
            (lesson.signature.as_str(), lesson.at),
            ("refused", Time(10))
        );
        assert_eq!(
            getall(&mut progress, &one_attempt(), &ENDS, Time(30)),
            None,
            "once"
        );
        assert_eq!(progress.grew_at, Some(Time(20)));
    }

    #[test]
    fn a_refusal_of_a_token_that_was_used_already_teaches_nothing() {
        for verified_at in [None, Some(Time(9)), Some(Time(10))] {
            let mut progress = Progress::default();
            refused(&mut progress, &refusal(), false, true, &ENDS, Time(10));
            assert_eq!(
                getall(&mut progress, &attempt_at(verified_at), &ENDS, Time(20)),
                None,
                "{verified_at:?}"
            );
        }
    }

    #[test]
    fn what_is_answered_while_nobody_gets_data_teaches_nothing() {
        let mut progress = Progress::default();
        for issued_here in [true, false] {
            let lesson = refused(
                &mut progress,
                &refusal(),
                issued_here,
                false,
                &ENDS,
                Time(10),
            );
            assert_eq!(lesson, None, "{issued_here}");
        }
        assert_eq!(getall(&mut progress, &one_attempt(), &ENDS, Time(20)), None);
    }

    #[test]
    fn a_token_issued_here_teaches_at_once_but_only_while_its_window_is_open() {
        let taught = |at| {
            refused(
                &mut Progress::default(),
                &refusal(),
                true,
                true,
                &ENDS,
                Time(at),
            )
            .is_some()
        };
        assert!(taught(10) && !taught(100));
    }

    #[test]
    fn attempts_once_seen_stay() {
        let mut progress = Progress::default();
        getall(&mut progress, &one_attempt(), &ENDS, Time(20));
        getall(&mut progress, &Getall::default(), &ENDS, Time(150));
        assert_eq!(progress.attempts.len(), 1);
        assert_eq!(progress.closing, None);
    }
}
