//! The lives a token can have: what the person does with it, when, and what the provider then
//! holds.
//!
//! A life is asked for by name, over `POST /sim/lives`, in Rust, or by the `plan_id` of
//! `verifyToken/generate`; whatever is not asked for is thrown from the seed.

use serde::{Deserialize, Serialize};

use super::{
    dice::Dice,
    options::{Pace, Windows},
};

/// What the person does with the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// Passes at the first attempt.
    Passed,
    /// Fails once or more, then passes; the failed attempts leave nothing in `media/query`.
    FailedThenPassed,
    /// As before, and every failed attempt leaves video and images, which the next attempt's
    /// replace.
    Replaced,
    /// Fails several times and gives up.
    Failed,
    /// Never opens the page.
    Unused,
    /// Passes, but the token is told under an app that did not generate it.
    WrongApp,
    /// Passed so long ago that everything has expired when the token is told.
    ToldLate,
}

impl Life {
    /// Every life, in the order of the truth.
    pub const ALL: &'static [Self] = &[
        Self::Passed,
        Self::FailedThenPassed,
        Self::Replaced,
        Self::Failed,
        Self::Unused,
        Self::WrongApp,
        Self::ToldLate,
    ];

    /// Its name as in JSON and in plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::FailedThenPassed => "failed-then-passed",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
            Self::Unused => "unused",
            Self::WrongApp => "wrong-app",
            Self::ToldLate => "told-late",
        }
    }
}

/// What `media/query` will hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Video {
    /// Nothing, ever.
    None,
    /// One `processVideo`, four images (the real-time plans).
    One,
    /// Two `processVideo`, four images (spoken consent).
    Two,
    /// One `processVideo`, which appears some time after the attempt; its images are there at once.
    Late,
    /// One `video`, no images (the plans that upload a recorded video).
    Recorded,
}

impl Video {
    fn named(name: &str) -> Option<Self> {
        [
            ("none", Self::None),
            ("one", Self::One),
            ("two", Self::Two),
            ("late", Self::Late),
            ("recorded", Self::Recorded),
        ]
        .into_iter()
        .find_map(|(known, video)| (known == name).then_some(video))
    }
}

/// An order for tokens of one kind of life. What is left out is thrown from the seed for each
/// token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeSpec {
    /// The life; left out, each token draws one.
    #[serde(default)]
    pub life: Option<Life>,
    /// Whether ID card images and OCR fields exist.
    #[serde(default)]
    pub ocr: Option<bool>,
    /// What `media/query` will hold.
    #[serde(default)]
    pub video: Option<Video>,
    /// How many attempts, for the lives that have several.
    #[serde(default)]
    pub attempts: Option<u32>,
    /// How many such tokens.
    #[serde(default = "one")]
    pub count: u32,
    /// How long before now they were generated, milliseconds.
    #[serde(default)]
    pub issued_ago_ms: Option<i64>,
    /// For `wrong-app`: the app that generated it; left out, another configured one, or one nobody
    /// knows.
    #[serde(default)]
    pub owner: Option<String>,
    /// A URL that `getall` gives instead of the real one of each best face: for hostile addresses.
    #[serde(default)]
    pub face_url: Option<String>,
    /// The risk level of each attempt, 1 to 4, or 0 for no risk control; left out, drawn.
    #[serde(default)]
    pub risk_level: Option<u8>,
}

fn one() -> u32 {
    1
}

impl Default for LifeSpec {
    fn default() -> Self {
        Self {
            life: None,
            ocr: None,
            video: None,
            attempts: None,
            count: 1,
            issued_ago_ms: None,
            owner: None,
            face_url: None,
            risk_level: None,
        }
    }
}

impl LifeSpec {
    /// `count` tokens of `life`.
    pub fn of(life: Life, count: u32) -> Self {
        Self {
            life: Some(life),
            count,
            ..Self::default()
        }
    }

    /// The order that a `plan_id` stands for: the name of a life, and after commas `ocr`, `no-ocr`,
    /// `video=…` or `attempts=…`, as in `passed,ocr,video=two`. Any other plan leaves everything to
    /// the seed.
    pub fn of_plan(plan_id: &str) -> Self {
        let mut words = plan_id.split(',').map(str::trim);
        let first = words.next().unwrap_or_default();
        let Some(life) = Life::ALL.iter().copied().find(|life| life.name() == first) else {
            return Self::default();
        };
        words.fold(Self::of(life, 1), |spec, word| match word.split_once('=') {
            None if word == "ocr" => Self {
                ocr: Some(true),
                ..spec
            },
            None if word == "no-ocr" => Self {
                ocr: Some(false),
                ..spec
            },
            Some(("video", name)) => Self {
                video: Video::named(name).or(spec.video),
                ..spec
            },
            Some(("attempts", number)) => Self {
                attempts: number.parse().ok().or(spec.attempts),
                ..spec
            },
            _ => spec,
        })
    }
}

/// The life that a token without an order draws: mostly people pass.
pub(crate) fn drawn_life(dice: &mut Dice) -> Life {
    match dice.within(0, 100) {
        0..55 => Life::Passed,
        55..70 => Life::FailedThenPassed,
        70..75 => Life::Replaced,
        75..85 => Life::Failed,
        _ => Life::Unused,
    }
}

/// What `media/query` holds for a token without an order.
pub(crate) fn drawn_video(dice: &mut Dice) -> Video {
    match dice.within(0, 100) {
        0..60 => Video::One,
        60..70 => Video::Two,
        70..80 => Video::Late,
        80..90 => Video::Recorded,
        _ => Video::None,
    }
}

/// The moments of `count` attempts, milliseconds after issue, in order and inside the window.
pub(crate) fn moments_ms(count: u32, windows: &Windows, pace: Pace, dice: &mut Dice) -> Vec<i64> {
    match pace {
        Pace::AtOnce => (0..i64::from(count)).collect(),
        Pace::Seeded => {
            let mut fractions: Vec<f64> =
                (0..count).map(|_| 0.02 + 0.88 * dice.fraction()).collect();
            fractions.sort_by(f64::total_cmp);
            let window_ms = windows.verify_ms.max(0);
            let room_ms = window_ms / 50;
            fractions
                .iter()
                .zip(0..)
                // Two attempts are never closer than a fiftieth of the window: nobody repeats at
                // once.
                .map(|(fraction, nth)| {
                    ((fraction * window_ms as f64) as i64 + nth * room_ms)
                        .min(window_ms - 1)
                        .max(0)
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_a_life() {
        let spec = LifeSpec::of_plan("failed-then-passed,ocr,video=two,attempts=4");
        assert_eq!(spec.life, Some(Life::FailedThenPassed));
        assert_eq!(
            (spec.ocr, spec.video, spec.attempts),
            (Some(true), Some(Video::Two), Some(4))
        );
        assert_eq!(LifeSpec::of_plan("10086"), LifeSpec::default());
    }

    #[test]
    fn moments_lie_in_order_inside_the_window() {
        let windows = Windows {
            verify_ms: 10_000,
            ..Windows::default()
        };
        for index in 0..1_000 {
            let moments = moments_ms(4, &windows, Pace::Seeded, &mut Dice::of(5, &[index]));
            assert!(
                moments.windows(2).all(|pair| pair[0] < pair[1]),
                "{moments:?}"
            );
            assert!(
                moments.iter().all(|moment| (0..10_000).contains(moment)),
                "{moments:?}"
            );
        }
    }

    #[test]
    fn every_life_is_spelt_in_json_as_in_plans() {
        for life in Life::ALL {
            assert_eq!(
                serde_json::to_value(life).unwrap(),
                serde_json::json!(life.name())
            );
        }
    }
}
