//! The clips of which simulated videos are made, frame by frame: somebody blinks, turns to both
//! sides and opens the mouth.
//!
//! They are made once, by the example `film`, since a program that draws need not encode videos.

use std::f32::consts::PI;

use super::{FACE, face, look::Look, portrait::Pose};
use crate::{
    dice::{Dice, word},
    person::Person,
};

/// The clip of a woman or of a man, as MP4.
pub(super) fn clip(female: bool) -> &'static [u8] {
    if female {
        include_bytes!("../../assets/woman.mp4")
    } else {
        include_bytes!("../../assets/man.mp4")
    }
}

/// Frames in a second.
pub const FRAMES_A_SECOND: u32 = 25;
/// Frames in a clip.
pub const FRAMES: u32 = 75;

/// Frame `number` of the clip of a woman or of a man: 480 × 640 points of three bytes, row by row.
#[must_use]
pub fn film_frame(female: bool, number: u32) -> Vec<u8> {
    let gender = if female { "女" } else { "男" };
    let person = (0..)
        .map(|token| Person::of_token(1, token))
        .find(|person| person.gender == gender);
    let canvas = person.and_then(|person| {
        let dice = Dice::of(1, &[word("film"), word(gender)]);
        face(&Look::thrown(dice, &person), pose(number))
    });
    canvas.map_or_else(
        || vec![0; (FACE.0 * FACE.1 * 3) as usize],
        |canvas| canvas.rgb(),
    )
}

fn pose(number: u32) -> Pose {
    let second = number as f32 / FRAMES_A_SECOND as f32;
    // From 0 up to 1 and back within a span of seconds.
    let swing = |from: f32, to: f32| {
        let share = ((second - from) / (to - from)).clamp(0.0, 1.0);
        (share * PI).sin()
    };
    Pose {
        turn: swing(1.4, 2.1) - swing(0.6, 1.3),
        nod: 0.0,
        eyes: 1.0 - swing(0.2, 0.44).max(swing(2.76, 3.0)),
        mouth: swing(2.15, 2.7),
    }
}
