//! What a person looks like: thrown once, the same in every picture of them.

use super::canvas::Tone;
use crate::{dice::Dice, person::Person};

const SKINS: &[Tone] = &[
    [247, 217, 190],
    [240, 203, 172],
    [232, 190, 155],
    [220, 174, 138],
    [203, 155, 120],
];
const HAIRS: &[Tone] = &[[28, 25, 26], [38, 31, 29], [52, 38, 32], [72, 50, 38]];
const GREYS: &[Tone] = &[[120, 120, 122], [168, 168, 168], [205, 204, 200]];
const CLOTHES: &[Tone] = &[
    [46, 74, 112],
    [126, 52, 60],
    [62, 98, 84],
    [88, 80, 110],
    [58, 62, 70],
    [176, 122, 74],
    [214, 214, 208],
    [92, 132, 160],
];
const WALLS: &[(Tone, Tone)] = &[
    ([222, 230, 236], [196, 208, 218]),
    ([236, 230, 218], [214, 204, 186]),
    ([216, 228, 218], [190, 206, 194]),
    ([230, 222, 230], [206, 196, 210]),
    ([198, 212, 226], [168, 186, 206]),
];

/// How hair is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hair {
    Short,
    Parted,
    Thin,
    Long,
    Bob,
    Bun,
}

/// What is worn below the chin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collar {
    Round,
    Pointed,
    Shirt,
}

/// What a person looks like. Lengths are shares of what is usual, so that 1 is usual.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    pub skin: Tone,
    pub hair: Tone,
    pub cut: Hair,
    pub clothes: Tone,
    pub collar: Collar,
    pub wall: (Tone, Tone),
    pub female: bool,
    pub width: f32,
    pub jaw: f32,
    pub eyes: f32,
    pub apart: f32,
    pub brows: f32,
    pub nose: f32,
    pub mouth: f32,
    pub glasses: bool,
    pub moustache: bool,
    pub mole: bool,
}

impl Look {
    /// The look of `person` that `dice` throws.
    pub(super) fn thrown(mut dice: Dice, person: &Person) -> Self {
        let female = person.gender == "女";
        let born = person
            .birthday
            .get(..4)
            .and_then(|year| year.parse::<u32>().ok());
        let old = born.is_some_and(|year| year < 1965);
        let cuts = match (female, old) {
            (true, _) => [Hair::Long, Hair::Bob, Hair::Bun],
            (false, true) => [Hair::Short, Hair::Parted, Hair::Thin],
            (false, false) => [Hair::Short, Hair::Parted, Hair::Short],
        };
        let hairs = if old { GREYS } else { HAIRS };
        let collars = [Collar::Round, Collar::Pointed, Collar::Shirt];
        let mut share = |low: f64, high: f64| (low + (high - low) * dice.fraction()) as f32;
        let (width, jaw) = (share(0.92, 1.08), share(0.85, 1.12));
        let (eyes, apart) = (share(0.85, 1.2), share(0.93, 1.08));
        let (brows, nose, mouth) = (share(0.7, 1.4), share(0.85, 1.2), share(0.8, 1.2));
        Self {
            skin: dice.one_of(SKINS).copied().unwrap_or_default(),
            hair: dice.one_of(hairs).copied().unwrap_or_default(),
            cut: dice.one_of(&cuts).copied().unwrap_or(Hair::Short),
            clothes: dice.one_of(CLOTHES).copied().unwrap_or_default(),
            collar: dice.one_of(&collars).copied().unwrap_or(Collar::Round),
            wall: dice.one_of(WALLS).copied().unwrap_or_default(),
            female,
            width,
            jaw: if female { jaw * 0.92 } else { jaw },
            eyes: if female { eyes * 1.08 } else { eyes },
            apart,
            brows: if female { brows * 0.7 } else { brows },
            nose,
            mouth,
            glasses: dice.happens(25),
            moustache: !female && dice.happens(15),
            mole: dice.happens(15),
        }
    }
}
