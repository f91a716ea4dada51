//! Every kind of life, whatever unused tokens are answered: each ends as it should, and what is
//! kept of it is what really was.

use simulator::{Life, LifeSpec, Options, UnusedAnswer, Video};

use super::{FILMED, House, PLAIN, STRANGER, each, filmed};

/// One token of that life, in an archive that knows what unused tokens answer, beside one that
/// passes.
async fn ends_as_it_should(unused_answer: UnusedAnswer, app: &str, life: LifeSpec) {
    let house = House::with(Options {
        seed: 3,
        unused_answer,
        ..Options::default()
    });
    let house = house.taught("refused");
    let token = house.tell(app, life).await;
    let companion = house.tell(app, filmed(Life::Passed)).await;
    house.live().await;
    house.is_true(&token).await;
    house.is_true(&companion).await;
    assert_eq!(house.ways[STRANGER].over.calls(), 0);
    let calls = house.whole(&token).await.calls_made();
    assert!(calls <= 30, "{calls} calls");
}

fn with(video: Video) -> LifeSpec {
    LifeSpec {
        video: Some(video),
        ocr: Some(true),
        ..LifeSpec::of(Life::Passed, 1)
    }
}

/// Told under another app than this one, which generated it.
fn of(owner: &str) -> LifeSpec {
    LifeSpec {
        owner: Some(owner.to_owned()),
        ..filmed(Life::WrongApp)
    }
}

macro_rules! every_life {
    ($($answer:ident: $unused:expr;)+) => {
        $(mod $answer {
            use super::*;

            each! { ends_as_it_should:
                one_video_is_archived($unused, FILMED, with(Video::One));
                two_videos_are_archived($unused, FILMED, with(Video::Two));
                a_late_video_is_awaited($unused, FILMED, with(Video::Late));
                a_recorded_video_is_archived($unused, FILMED, with(Video::Recorded));
                an_account_without_videos_is_archived($unused, PLAIN, with(Video::None));
                one_who_fails_first_is_archived($unused, FILMED, filmed(Life::FailedThenPassed));
                an_attempt_that_replaces_another_is_archived($unused, FILMED, filmed(Life::Replaced));
                one_who_gives_up_is_archived($unused, FILMED, filmed(Life::Failed));
                one_who_never_comes_is_abandoned($unused, FILMED, filmed(Life::Unused));
                another_apps_token_goes_to_it($unused, PLAIN, of(FILMED));
                a_token_of_an_app_without_videos_goes_to_it($unused, FILMED, of(PLAIN));
                one_told_too_late_is_missed($unused, FILMED, filmed(Life::ToldLate));
            }
        })+
    };
}

every_life! {
    unused_tokens_are_refused: UnusedAnswer::Refused;
    unused_tokens_have_a_code: UnusedAnswer::NotYet;
    unused_tokens_have_a_code_while_open: UnusedAnswer::NotYetThenRefused;
    unused_tokens_list_nothing: UnusedAnswer::EmptySuccess;
}
