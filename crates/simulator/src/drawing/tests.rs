use image::{ImageFormat, RgbImage};

use super::*;
use crate::{
    content::Contents,
    options::{MediaBytes, MediaStyle},
    person,
};

const KINDS: &[(Kind, (u32, u32))] = &[
    (Kind::Face, FACE),
    (Kind::FinalFace, FACE),
    (Kind::LivenessImage, FACE),
    (Kind::IdFront, CARD),
    (Kind::IdBack, CARD),
];

fn medium(token: u64, kind: Kind, position: u32) -> Medium {
    Medium {
        token,
        attempt: 1,
        kind,
        position,
    }
}

fn contents() -> Contents {
    Contents::new(7, MediaBytes::default(), MediaStyle::Drawn)
}

fn seen(contents: &Contents, medium: &Medium) -> RgbImage {
    let whole = contents.of(medium).whole();
    image::load_from_memory_with_format(&whole, ImageFormat::Jpeg)
        .unwrap()
        .into_rgb8()
}

/// The mean difference of a tone.
fn distance(one: &RgbImage, other: &RgbImage) -> f64 {
    let sum: u64 = one
        .iter()
        .zip(other.iter())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / one.len() as f64
}

#[test]
fn a_picture_has_the_size_of_a_real_one_and_something_to_see() {
    let contents = contents();
    for (kind, size) in KINDS {
        let picture = seen(&contents, &medium(3, *kind, 0));
        assert_eq!(picture.dimensions(), *size, "{kind:?}");
        let mut tones: Vec<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
        tones.sort_unstable();
        tones.dedup();
        assert!(tones.len() > 500, "{kind:?} has {} tones", tones.len());
    }
}

#[test]
fn a_person_looks_the_same_in_every_picture_and_like_nobody_else() {
    let contents = contents();
    let face = seen(&contents, &medium(3, Kind::Face, 0));
    assert_eq!(face, seen(&contents, &medium(3, Kind::FinalFace, 0)));
    for position in 0..4 {
        let moved = distance(
            &face,
            &seen(&contents, &medium(3, Kind::LivenessImage, position)),
        );
        assert!(moved > 0.1 && moved < 12.0, "{position}: {moved}");
    }
    for kind in [Kind::Face, Kind::IdFront, Kind::IdBack] {
        let (one, other) = (medium(3, kind, 0), medium(4, kind, 0));
        assert!(
            distance(&seen(&contents, &one), &seen(&contents, &other)) > 0.1,
            "{kind:?}"
        );
    }
}

#[test]
fn the_same_medium_is_the_same_to_the_byte_and_no_other_is() {
    for (kind, _) in KINDS {
        let of = |contents: &Contents, attempt| {
            let medium = Medium {
                attempt,
                ..medium(5, *kind, 0)
            };
            contents.of(&medium).whole()
        };
        let one = contents();
        assert_eq!(of(&one, 1), of(&contents(), 1), "{kind:?}");
        assert_ne!(of(&one, 1), of(&one, 2), "{kind:?}");
    }
}

#[test]
fn a_drawn_medium_is_as_large_as_wanted_unless_the_picture_is_larger() {
    for (about, padded) in [(1_u64, false), (200_000, true), (1_000_000, true)] {
        let sizes = MediaBytes {
            face: about,
            id_card: about,
            video: about,
        };
        let contents = Contents::new(7, sizes, MediaStyle::Drawn);
        for (kind, size) in KINDS {
            let medium = medium(3, *kind, 0);
            let content = contents.of(&medium);
            assert_eq!(content.len(), content.clone().whole().len() as u64);
            let near = content.len().abs_diff(medium.bytes_wanted(7, &sizes)) < 10;
            assert_eq!(near, padded, "{kind:?} of about {about}");
            assert_eq!(seen(&contents, &medium).dimensions(), *size);
        }
    }
}

#[test]
fn what_is_asked_for_unless_told_otherwise_holds_every_picture() {
    let sizes = MediaBytes::default();
    let drawings = Drawings::new(7);
    for token in 0..30 {
        for (kind, _) in KINDS {
            let about = if matches!(kind, Kind::IdFront | Kind::IdBack) {
                sizes.id_card
            } else {
                sizes.face
            };
            let drawn = drawings.of(&medium(token, *kind, 0)).len() as u64;
            assert!(drawn + 16 < about - about / 4, "{kind:?} {token}: {drawn}");
        }
    }
}

#[test]
fn drawings_are_forgotten_and_come_back_the_same() {
    let drawings = Drawings::new(7);
    let first = medium(0, Kind::Face, 0);
    let drawn = drawings.of(&first);
    assert!(drawings.known(&first));
    for token in 1..=REMEMBERED as u64 {
        drawings.remember((token, View::Face), Bytes::new());
    }
    assert!(!drawings.known(&first) && drawings.lock().len() <= REMEMBERED);
    assert_eq!(drawings.of(&first), drawn);
}

#[test]
fn the_font_has_every_letter_of_every_person() {
    for text in person::texts() {
        assert!(letters::has(text), "{text}");
    }
    assert!(letters::has(MARK) && letters::has("0123456789X.-"));
}
