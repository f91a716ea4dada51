//! What an abandonment or a rejection rests on is kept, named and shown.

use simulator::{Life, Options, UnusedAnswer};

use super::{FILMED, House, PLAIN, each, filmed};

/// One unused token beside one that passes, which ends so and says so, and whether it was ever seen
/// to exist.
async fn is_told(unused_answer: UnusedAnswer, taught: &str, never_seen: bool, part: &str) {
    let house = House::with(Options {
        seed: 3,
        unused_answer,
        ..Options::default()
    });
    let house = house.taught(taught);
    let token = house.tell(FILMED, filmed(Life::Unused)).await;
    let companion = house.tell(FILMED, filmed(Life::Passed)).await;
    house.tell(PLAIN, filmed(Life::Passed)).await;
    house.live().await;
    let whole = house.whole(&token).await;
    let words = whole.proof.as_deref().unwrap_or_default();
    assert!(words.contains(part), "{part}: {words}");
    let named = |sha256: &str| words.contains(sha256);
    let (answers, missing) = (&whole.answers, whole.summary.missing.to_string());
    let evidence = answers.iter().find(|kept| named(&kept.sha256.to_string()));
    let evidence = evidence.unwrap_or_else(|| panic!("no answer is named: {words}"));
    assert_eq!(evidence.endpoint, "getall");
    assert_eq!(whole.never_seen, never_seen);
    match whole.summary.state.as_str() {
        "abandoned" => assert_eq!(missing, "[]"),
        state => assert!(state == "rejected" && missing.contains(words), "{missing}"),
    }
    let whole = house.whole(&companion).await;
    assert_eq!((whole.proof, whole.never_seen), (None, false));
}

each! { is_told:
    one_refused_like_those_never_issued_is_abandoned(UnusedAnswer::Refused, "refused", true, "cannot be told apart");
    a_code_of_its_own_is_told(UnusedAnswer::NotYet, "refused", false, "a code of its own");
    one_refused_after_a_code_of_its_own_exists(UnusedAnswer::NotYetThenRefused, "refused", false, "this one exists");
    a_list_of_no_attempt_is_told(UnusedAnswer::EmptySuccess, "refused", false, "it lists no attempt");
    one_refused_as_no_other_is_rejected(UnusedAnswer::Refused, "not_yet:7", true, "as no unused token of app filmed is known to be");
}
