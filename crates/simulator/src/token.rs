//! One verify_token: who generated it, what the person does with it and when, and so what is known
//! of it at a given moment. A token is a small record; answers, persons and media bytes are thrown
//! from its key on demand.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use super::{
    dice::{Dice, word},
    life::{Life, LifeSpec, Video, drawn_life, drawn_video, moments_ms},
    options::{CountedFrom, Options, Windows},
    person::Person,
    verdict::{self, Verdict},
};

/// The app of tokens that no configured app generated.
pub(crate) const ELSEWHERE: &str = "(elsewhere)";

/// One attempt of the person, as it really was.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Counts from 1.
    pub order: u32,
    /// When it ended, unix milliseconds.
    pub at_ms: i64,
    /// How it ended.
    pub verdict: &'static Verdict,
    /// What it leaves for `media/query`.
    pub video: Video,
    /// When what it leaves for `media/query` is replaced by the next attempt's, unix milliseconds.
    pub replaced_at_ms: Option<i64>,
}

/// What can be said of a token at one moment.
#[derive(Debug)]
pub(crate) enum Standing<'a> {
    /// Nobody has used it; the window is open.
    Waiting,
    /// Nobody has used it, and the window has closed.
    Lapsed,
    /// These attempts were made, the newest last; never empty.
    Used(&'a [Attempt]),
    /// Retention is over.
    Forgotten,
}

/// An identity handed in before the verification (`idcard/submit`).
#[derive(Debug)]
pub(crate) struct Submitted {
    /// `id_name`.
    pub name: String,
    /// `id_no`.
    pub id_number: String,
    /// `certificate_type`, 0..5.
    pub certificate_type: u8,
}

/// One verify_token.
#[derive(Debug)]
pub(crate) struct Token {
    /// Its number in the order of creation.
    pub index: u64,
    /// 24 letters and digits.
    pub verify_token: String,
    /// The app it is to be told under.
    pub app: String,
    /// The app that generated it, the only one it answers to.
    pub owner: String,
    /// What the person does with it.
    pub life: Life,
    /// Whether ID card images and OCR fields exist.
    pub ocr: bool,
    /// When it was generated, unix milliseconds.
    pub issued_at_ms: i64,
    /// When it was made to be told, unix milliseconds; later than issue for tokens ordered with a
    /// past.
    pub told_at_ms: i64,
    /// Every attempt, also those still to come.
    pub attempts: Vec<Attempt>,
    /// A URL given in place of each best face.
    pub face_url: Option<String>,
    /// The risk level of each attempt, where it is not drawn; 0 is none.
    pub risk_level: Option<u8>,
    /// Set once by `idcard/submit`.
    pub submitted: OnceLock<Submitted>,
    match_image: AtomicBool,
    seed: u64,
}

impl Token {
    /// The token number `index` of a provider, made to order at `now_ms`, to be told under `app`.
    pub(crate) fn born(
        options: &Options,
        index: u64,
        spec: &LifeSpec,
        app: &str,
        now_ms: i64,
    ) -> Self {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut dice = Dice::of(options.seed, &[word("token"), index]);
        let verify_token = dice.text(ALPHABET, 24);
        // Every throw is made whether or not it is needed, so that ordering one fact leaves the
        // others as they were.
        let (drawn_life, drawn_video) = (drawn_life(&mut dice), drawn_video(&mut dice));
        let (drawn_ocr, drawn_tries) = (dice.happens(50), dice.within(2, 4) as u32);
        let life = spec.life.unwrap_or(drawn_life);
        let windows = &options.windows;
        let ago_ms = match life {
            Life::ToldLate => windows.verify_ms + windows.record_ms.max(windows.media_ms) + 1_000,
            _ => 0,
        };
        let issued_at_ms = now_ms - spec.issued_ago_ms.unwrap_or(ago_ms);
        let owner = owner(options, life, spec, app);
        let records = options
            .apps
            .iter()
            .all(|known| known.name != owner || known.records_video);
        let video = if records {
            spec.video.unwrap_or(drawn_video)
        } else {
            Video::None
        };
        let tries = spec.attempts.unwrap_or(drawn_tries).clamp(1, 5);
        let attempts = attempts(life, tries, video, issued_at_ms, options, &mut dice);
        Self {
            index,
            verify_token,
            app: app.to_owned(),
            owner,
            life,
            ocr: spec.ocr.unwrap_or(drawn_ocr),
            issued_at_ms,
            told_at_ms: now_ms,
            attempts,
            face_url: spec.face_url.clone(),
            risk_level: spec.risk_level,
            submitted: OnceLock::new(),
            match_image: AtomicBool::new(false),
            seed: options.seed,
        }
    }

    /// Dice for one matter of this token, the same at every call.
    pub(crate) fn dice(&self, matter: &str, number: u64) -> Dice {
        Dice::of(self.seed, &[word("fact"), self.index, word(matter), number])
    }

    /// Notes that an image to compare with was uploaded: comparisons are then charged as `match`.
    pub(crate) fn upload_match_image(&self) {
        self.match_image.store(true, Ordering::Relaxed);
    }

    /// Whether an image to compare with was uploaded.
    pub(crate) fn has_match_image(&self) -> bool {
        self.match_image.load(Ordering::Relaxed)
    }

    /// The person who uses it.
    pub(crate) fn person(&self) -> Person {
        Person::of_token(self.seed, self.index)
    }

    /// When nobody can start using it any more, unix milliseconds.
    pub(crate) fn window_closes_ms(&self, windows: &Windows) -> i64 {
        self.issued_at_ms + windows.verify_ms
    }

    /// When results, faces and ID card images vanish, unix milliseconds.
    pub(crate) fn record_until_ms(&self, windows: &Windows) -> i64 {
        let from_ms = match (windows.counted_from, self.attempts.last()) {
            (CountedFrom::Issue, _) => self.issued_at_ms,
            (CountedFrom::Verification, Some(last)) => last.at_ms,
            (CountedFrom::Verification, None) => self.window_closes_ms(windows),
        };
        from_ms + windows.record_ms
    }

    /// When the video and the liveness images of `attempt` vanish, unix milliseconds.
    pub(crate) fn media_until_ms(&self, attempt: &Attempt, windows: &Windows) -> i64 {
        let from_ms = match windows.counted_from {
            CountedFrom::Issue => self.issued_at_ms,
            CountedFrom::Verification => attempt.at_ms,
        };
        let until_ms = from_ms + windows.media_ms;
        attempt
            .replaced_at_ms
            .map_or(until_ms, |replaced_at_ms| until_ms.min(replaced_at_ms))
    }

    /// When the video of `attempt` appears, unix milliseconds.
    pub(crate) fn video_from_ms(&self, attempt: &Attempt, windows: &Windows) -> i64 {
        let share = 0.05 + 0.25 * self.dice("late", u64::from(attempt.order)).fraction();
        match attempt.video {
            Video::Late => attempt.at_ms + (windows.media_ms.max(0) as f64 * share) as i64,
            _ => attempt.at_ms,
        }
    }

    /// What the provider knows of it at `now_ms`.
    pub(crate) fn standing(&self, windows: &Windows, now_ms: i64) -> Standing<'_> {
        if now_ms >= self.record_until_ms(windows) {
            return Standing::Forgotten;
        }
        let made = self
            .attempts
            .partition_point(|attempt| attempt.at_ms <= now_ms);
        match self.attempts.get(..made) {
            Some(attempts) if !attempts.is_empty() => Standing::Used(attempts),
            _ if now_ms < self.window_closes_ms(windows) => Standing::Waiting,
            _ => Standing::Lapsed,
        }
    }
}

fn owner(options: &Options, life: Life, spec: &LifeSpec, app: &str) -> String {
    if life != Life::WrongApp {
        return app.to_owned();
    }
    let other = || {
        options
            .apps
            .iter()
            .find(|known| known.name != app)
            .map(|known| known.name.clone())
    };
    spec.owner
        .clone()
        .or_else(other)
        .unwrap_or_else(|| ELSEWHERE.to_owned())
}

fn attempts(
    life: Life,
    tries: u32,
    video: Video,
    issued_at_ms: i64,
    options: &Options,
    dice: &mut Dice,
) -> Vec<Attempt> {
    let count = match life {
        Life::Passed | Life::WrongApp | Life::ToldLate => 1,
        Life::FailedThenPassed | Life::Replaced => tries.max(2),
        Life::Failed => tries,
        Life::Unused => 0,
    };
    let moments = moments_ms(count, &options.windows, options.pace, dice);
    let at_ms = |nth: usize| moments.get(nth).map(|after_ms| issued_at_ms + after_ms);
    (0..count as usize)
        .filter_map(|nth| {
            let last = nth + 1 == count as usize;
            let failure = verdict::drawn_failure(dice, last || life == Life::Replaced);
            let leaves_media = last || life == Life::Replaced;
            Some(Attempt {
                order: nth as u32 + 1,
                at_ms: at_ms(nth)?,
                verdict: if last && life != Life::Failed {
                    &verdict::PASSED
                } else {
                    failure
                },
                video: if leaves_media { video } else { Video::None },
                replaced_at_ms: if leaves_media { at_ms(nth + 1) } else { None },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        let windows = Windows {
            verify_ms: 1_000,
            record_ms: 5_000,
            media_ms: 2_000,
            ..Windows::default()
        };
        Options {
            windows,
            ..Options::default()
        }
    }

    fn token(life: Life) -> Token {
        Token::born(&options(), 3, &LifeSpec::of(life, 1), "demo", 1_000_000)
    }

    #[test]
    fn before_the_first_attempt_nothing_is_known_and_after_retention_nothing_again() {
        let (token, windows) = (token(Life::FailedThenPassed), options().windows);
        assert!(matches!(
            token.standing(&windows, token.issued_at_ms),
            Standing::Waiting
        ));
        let last_ms = token.attempts.last().unwrap().at_ms;
        assert!(
            matches!(token.standing(&windows, last_ms), Standing::Used(attempts) if attempts.len() >= 2)
        );
        assert!(matches!(
            token.standing(&windows, last_ms + 4_999),
            Standing::Used(_)
        ));
        assert!(matches!(
            token.standing(&windows, last_ms + 5_000),
            Standing::Forgotten
        ));
    }

    #[test]
    fn an_unused_token_lapses_with_its_window() {
        let (token, windows) = (token(Life::Unused), options().windows);
        assert!(matches!(
            token.standing(&windows, token.issued_at_ms + 999),
            Standing::Waiting
        ));
        assert!(matches!(
            token.standing(&windows, token.issued_at_ms + 1_000),
            Standing::Lapsed
        ));
        assert!(matches!(
            token.standing(&windows, token.issued_at_ms + 6_000),
            Standing::Forgotten
        ));
    }

    #[test]
    fn only_the_lives_that_pass_pass_and_only_at_the_end() {
        for life in Life::ALL {
            let token = token(*life);
            let passed: Vec<bool> = token
                .attempts
                .iter()
                .map(|attempt| attempt.verdict.passed())
                .collect();
            let passes = !matches!(life, Life::Failed | Life::Unused);
            assert_eq!(
                passed.iter().filter(|passed| **passed).count(),
                usize::from(passes),
                "{life:?}"
            );
            assert_eq!(passed.last().copied().unwrap_or(false), passes, "{life:?}");
        }
    }

    #[test]
    fn a_token_told_late_is_forgotten_when_it_is_told() {
        let token = token(Life::ToldLate);
        assert!(matches!(
            token.standing(&options().windows, 1_000_000),
            Standing::Forgotten
        ));
    }

    #[test]
    fn retention_can_be_counted_from_issue() {
        let token = token(Life::Passed);
        let windows = Windows {
            counted_from: CountedFrom::Issue,
            ..options().windows
        };
        assert_eq!(token.record_until_ms(&windows), token.issued_at_ms + 5_000);
        assert_eq!(
            token.media_until_ms(&token.attempts[0], &windows),
            token.issued_at_ms + 2_000
        );
    }

    #[test]
    fn a_replaced_video_goes_when_the_next_attempt_comes() {
        let spec = LifeSpec {
            video: Some(Video::One),
            ..LifeSpec::of(Life::Replaced, 1)
        };
        let token = Token::born(&options(), 9, &spec, "demo", 1_000_000);
        let (first, second) = (&token.attempts[0], &token.attempts[1]);
        assert_eq!(
            token.media_until_ms(first, &options().windows),
            second.at_ms
        );
        assert_eq!(first.video, Video::One);
    }
}
