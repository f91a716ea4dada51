//! What an answer teaches: pure changes of [`Progress`].

use crate::domain::{
    answer::{Endpoint, Getall, MediaList, Problem},
    attempt::Seen,
    plan::Ends,
    progress::{Progress, Refusal, ZERO_ATTEMPTS},
    time::Time,
};

/// A getall that brought data. Returns the signature that this teaches unused tokens of the app to answer, if any: the token was refused
/// before and turns out to be verified now, so the refusal was that of an unused one.
pub(super) fn getall(progress: &mut Progress, answer: &Getall, ends: &Ends, at: Time) -> Option<String> {
    progress.fails.remove(&Endpoint::Getall);
    if answer.attempts.is_empty() {
        refused_as(progress, ZERO_ATTEMPTS.to_owned(), ends, at);
        progress.getall_at = Some(at);
        return None;
    }
    let before = progress.refusal.take().filter(|_| progress.attempts.is_empty());
    let seen: Vec<Seen> = answer.attempts.iter().map(crate::domain::attempt::Attempt::seen).collect();
    if seen.len() > progress.attempts.len() {
        progress.grew_at = Some(at);
    }
    // An answer with fewer attempts than were seen takes nothing back: what was there was there.
    if seen.len() >= progress.attempts.len() {
        progress.attempts = seen;
    }
    progress.getall_at = Some(at);
    progress.closing = None;
    before.map(|refusal| refusal.signature).filter(|signature| signature != ZERO_ATTEMPTS)
}

/// An answer about the token that brought no data. Returns what it teaches unused tokens of the app to answer, when the token's origin is
/// beyond doubt (issued here) and its window is still open.
pub(super) fn refused(progress: &mut Progress, problem: &Problem, issued_here: bool, ends: &Ends, at: Time) -> Option<String> {
    progress.fails.remove(&Endpoint::Getall);
    let signature = problem.signature();
    refused_as(progress, signature.clone(), ends, at);
    (issued_here && progress.attempts.is_empty() && at < ends.decide).then_some(signature)
}

fn refused_as(progress: &mut Progress, signature: String, ends: &Ends, at: Time) {
    let refusal = Refusal { signature, at };
    if progress.attempts.is_empty() && at >= ends.decide && at < ends.record_deadline {
        progress.closing = Some(refusal.clone());
    }
    progress.refusal = Some(refusal);
}

/// A media/query that brought data.
pub(super) fn media(progress: &mut Progress, answer: &MediaList, at: Time) {
    progress.fails.remove(&Endpoint::Media);
    progress.media_for = progress.attempts.len();
    progress.media_at = Some(at);
    if answer.has_video() {
        progress.video_for = progress.attempts.len();
        progress.video_asks = 0;
    } else {
        progress.video_asks = progress.video_asks.saturating_add(1);
    }
}

/// One of detail, simple and stat brought data.
pub(super) fn captured(progress: &mut Progress, endpoint: Endpoint) {
    progress.fails.remove(&endpoint);
    match endpoint {
        Endpoint::Detail => progress.detail = true,
        Endpoint::Simple => progress.simple = true,
        Endpoint::Stat => progress.stat = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::Trouble;
    use crate::domain::attempt::Attempt;

    const ENDS: Ends = Ends { decide: Time(100), media_deadline: Time(400), record_deadline: Time(500), media_end: Time(600), record_end: Time(700) };

    fn refusal() -> Problem {
        Problem::new(Trouble::Refused, "refused")
    }

    fn one_attempt() -> Getall {
        Getall { attempts: vec![Attempt { attempt_no: 1, passed: Some(true), ..Attempt::default() }], ..Getall::default() }
    }

    #[test]
    fn a_refusal_counts_as_proof_only_between_the_window_and_the_earliest_end() {
        for (at, proves) in [(99, false), (100, true), (499, true), (500, false)] {
            let mut progress = Progress::default();
            refused(&mut progress, &refusal(), false, &ENDS, Time(at));
            assert_eq!(progress.closing.is_some(), proves, "{at}");
            assert!(progress.refusal.is_some());
        }
    }

    #[test]
    fn a_token_refused_first_and_verified_later_teaches_what_unused_tokens_answer() {
        let mut progress = Progress::default();
        assert_eq!(refused(&mut progress, &refusal(), false, &ENDS, Time(10)), None);
        assert_eq!(getall(&mut progress, &one_attempt(), &ENDS, Time(20)), Some("refused".to_owned()));
        assert_eq!(getall(&mut progress, &one_attempt(), &ENDS, Time(30)), None);
        assert_eq!(progress.grew_at, Some(Time(20)));
    }

    #[test]
    fn a_token_issued_here_teaches_at_once_but_only_while_its_window_is_open() {
        assert_eq!(refused(&mut Progress::default(), &refusal(), true, &ENDS, Time(10)), Some("refused".to_owned()));
        assert_eq!(refused(&mut Progress::default(), &refusal(), true, &ENDS, Time(100)), None);
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
