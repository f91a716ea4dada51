//! Drawn pictures of simulated persons: faces, and both sides of their identity cards, marked as
//! specimens.
//!
//! A person looks the same in every picture. Pictures are JPEGs of the size that real ones have;
//! those drawn last are remembered. Videos show somebody else of their gender.

mod canvas;
mod card;
mod film;
mod letters;
mod look;
mod portrait;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use canvas::{Canvas, Tone};
pub use film::{FRAMES, FRAMES_A_SECOND, film_frame};
use look::Look;
use portrait::Pose;

use super::{
    dice::{Dice, word},
    media::{Kind, Medium},
    person::Person,
};

const FACE: (u32, u32) = (480, 640);
const CARD: (u32, u32) = (1000, 630);
/// About 16 MiB of them.
const REMEMBERED: usize = 512;
const MARK: &str = "样本 SPECIMEN";

/// What is to be seen of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum View {
    /// Straight into the camera.
    Face,
    /// Turned, nodding or blinking: the one of this number.
    Liveness(u32),
    /// The side of the card with the portrait.
    CardFront,
    /// The other side.
    CardBack,
}

impl View {
    fn of(medium: &Medium) -> Self {
        match medium.kind {
            Kind::IdFront => Self::CardFront,
            Kind::IdBack => Self::CardBack,
            Kind::LivenessImage => Self::Liveness(medium.position),
            Kind::Face | Kind::FinalFace | Kind::ProcessVideo | Kind::Video => Self::Face,
        }
    }
}

/// The drawn pictures of one simulated provider.
#[derive(Debug, Default)]
pub(crate) struct Drawings {
    seed: u64,
    known: Mutex<HashMap<(u64, View), Bytes>>,
}

impl Drawings {
    /// The pictures that follow from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            known: Mutex::default(),
        }
    }

    /// The picture of `medium` as a JPEG; draws it unless it was drawn lately.
    pub(crate) fn of(&self, medium: &Medium) -> Bytes {
        let named = (medium.token, View::of(medium));
        if let Some(known) = self.lock().get(&named) {
            return known.clone();
        }
        // Drawn outside the lock: two at once draw the same.
        let person = Person::of_token(self.seed, medium.token);
        let dice = Dice::of(self.seed, &[word("look"), medium.token]);
        let look = Look::thrown(dice, &person);
        let drawn = Bytes::from(drawn(&person, &look, named.1).unwrap_or_default());
        self.remember(named, drawn.clone());
        drawn
    }

    fn remember(&self, named: (u64, View), drawn: Bytes) {
        let mut known = self.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(named, drawn);
    }

    /// The clip that plays in the videos of whose token `medium` is: one for women, one for men.
    pub(crate) fn clip(&self, medium: &Medium) -> &'static [u8] {
        film::clip(Person::of_token(self.seed, medium.token).gender == "女")
    }

    /// Whether [`Drawings::of`] draws nothing.
    pub(crate) fn known(&self, medium: &Medium) -> bool {
        self.lock().contains_key(&(medium.token, View::of(medium)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(u64, View), Bytes>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drawn(person: &Person, look: &Look, view: View) -> Option<Vec<u8>> {
    let pose = match view {
        View::CardFront => {
            let mut canvas = Canvas::new(CARD.0, CARD.1)?;
            card::front(&mut canvas, person, look);
            return Some(canvas.jpeg());
        }
        View::CardBack => {
            let mut canvas = Canvas::new(CARD.0, CARD.1)?;
            card::back(&mut canvas, person);
            return Some(canvas.jpeg());
        }
        View::Face => Pose::STRAIGHT,
        View::Liveness(number) => liveness(number),
    };
    Some(face(look, pose)?.jpeg())
}

/// The poses that the liveness check asks for, one after another.
fn liveness(number: u32) -> Pose {
    let straight = Pose::STRAIGHT;
    match number % 4 {
        0 => Pose {
            turn: -1.0,
            ..straight
        },
        1 => Pose {
            eyes: 0.0,
            ..straight
        },
        2 => Pose {
            turn: 1.0,
            ..straight
        },
        _ => Pose {
            nod: -0.7,
            mouth: 1.0,
            ..straight
        },
    }
}

/// A face before a wall.
fn face(look: &Look, pose: Pose) -> Option<Canvas> {
    let mut canvas = Canvas::new(FACE.0, FACE.1)?;
    canvas.fade(look.wall.0, look.wall.1);
    portrait::draw(&mut canvas, look, pose);
    let dark: Tone = [24, 24, 28];
    canvas.card(dark, 0.42, [0.0, 596.0, 480.0, 44.0], 0.1);
    canvas.letters(MARK, (136.0, 627.0), 28.0, ([255, 255, 255], 0.9));
    Some(canvas)
}

#[cfg(test)]
mod tests;
