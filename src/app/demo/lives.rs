//! Who appears in the demonstration: apps, windows, and what happens to people.

use simulator::{AppCredential, Life, LifeSpec, Video, Windows};

/// Windows of seconds, so that whole lives can be watched.
pub(super) const WINDOWS: Windows = Windows {
    verify_ms: 4_000,
    record_ms: 15_000,
    media_ms: 9_000,
    url_ms: 60_000,
    access_token_ms: 86_400_000,
    access_token_works_ms: None,
    counted_from: simulator::CountedFrom::Verification,
};

/// Two apps of one company: loans, whose account records videos, and signatures, whose account does
/// not.
pub(super) fn apps() -> Vec<AppCredential> {
    vec![
        AppCredential::synthetic("loan-h5", "default"),
        AppCredential {
            records_video: false,
            ..AppCredential::synthetic("sign-h5", "default")
        },
    ]
}

/// What happens to people, in words, and how many of them.
const LIVES: [(&str, &str, Life, Video, bool, u32); 11] = {
    use Life::{Failed, FailedThenPassed, Passed, ToldLate, Unused, WrongApp};
    use Video::{Late, None, One, Recorded, Two};
    [
        // What happened, the app that is told, the life, its video, an ID card, how many.
        (
            "passed at once, with ID card and video",
            "loan-h5",
            Passed,
            One,
            true,
            6,
        ),
        (
            "passed at once, without ID card",
            "loan-h5",
            Passed,
            One,
            false,
            6,
        ),
        (
            "passed, spoken consent: two videos",
            "loan-h5",
            Passed,
            Two,
            false,
            4,
        ),
        (
            "passed, recorded video",
            "loan-h5",
            Passed,
            Recorded,
            true,
            3,
        ),
        ("passed, video came late", "loan-h5", Passed, Late, false, 4),
        (
            "passed, account without video",
            "sign-h5",
            Passed,
            None,
            true,
            5,
        ),
        (
            "failed, then passed",
            "loan-h5",
            FailedThenPassed,
            One,
            true,
            6,
        ),
        ("failed only", "loan-h5", Failed, One, false, 4),
        ("never used", "loan-h5", Unused, None, false, 4),
        (
            "told under the wrong app",
            "sign-h5",
            WrongApp,
            One,
            false,
            2,
        ),
        ("told too late", "loan-h5", ToldLate, One, false, 2),
    ]
};

/// What happens to people: in words, the app that is told of it, and the lives.
pub(super) fn lives() -> impl Iterator<Item = (&'static str, &'static str, LifeSpec)> {
    LIVES
        .into_iter()
        .map(|(words, app, life, video, ocr, count)| {
            let spec = LifeSpec {
                video: Some(video),
                ocr: Some(ocr),
                owner: (life == Life::WrongApp).then(|| "loan-h5".to_owned()),
                ..LifeSpec::of(life, count)
            };
            (words, app, spec)
        })
}
