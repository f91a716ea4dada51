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

/// The boxes of `bytes`, one after another: kind and content. Panics where they do not add up.
fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let short = u32::from_be_bytes(bytes[..4].try_into().unwrap());
        let kind = String::from_utf8(bytes[4..8].to_vec()).unwrap();
        let (head, size) = match short {
            1 => (
                16,
                u64::from_be_bytes(bytes[8..16].try_into().unwrap()) as usize,
            ),
            size => (8, size as usize),
        };
        found.push((kind, &bytes[head..size]));
        bytes = &bytes[size..];
    }
    found
}

/// The content of the box that `path` leads to.
fn within<'a>(bytes: &'a [u8], path: &[&str]) -> &'a [u8] {
    path.iter().fold(bytes, |bytes, name| {
        let found = boxes(bytes).into_iter().find(|(kind, _)| kind == name);
        found.unwrap_or_else(|| panic!("no {name}")).1
    })
}

#[test]
fn a_video_plays_from_its_first_bytes_on_and_holds_h264() {
    let contents = contents();
    for token in 0..8 {
        for kind in [Kind::ProcessVideo, Kind::Video] {
            let whole = contents.of(&medium(token, kind, 0)).whole();
            let kinds: Vec<String> = boxes(&whole).into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, ["ftyp", "moov", "free", "mdat", "free"], "{token}");
            let described = within(&whole, &["moov", "trak", "mdia", "minf", "stbl", "stsd"]);
            // Behind version, flags and the number of entries.
            let (codec, entry) = boxes(&described[8..]).remove(0);
            assert_eq!(codec, "avc1");
            let side = |at: usize| u16::from_be_bytes([entry[at], entry[at + 1]]);
            assert_eq!((u32::from(side(24)), u32::from(side(26))), FACE);
        }
    }
}

#[test]
fn a_video_is_as_large_as_wanted_and_like_no_other() {
    for about in [100_000, 300_000, 6 << 30] {
        let sizes = MediaBytes {
            video: about,
            ..MediaBytes::default()
        };
        let contents = Contents::new(7, sizes, MediaStyle::Drawn);
        let medium = medium(3, Kind::Video, 0);
        assert_eq!(contents.of(&medium).len(), medium.bytes_wanted(7, &sizes));
        assert!(!contents.undrawn(&medium));
    }
    let contents = Contents::new(7, MediaBytes::small(), MediaStyle::Drawn);
    let (one, other) = (medium(3, Kind::Video, 0), medium(3, Kind::Video, 1));
    let whole = contents.of(&one).whole();
    assert!(boxes(&whole).len() == 5 && whole != contents.of(&other).whole());
    assert_eq!(whole, contents.of(&one).whole());
}

#[test]
fn a_box_of_more_than_four_gibibytes_says_so() {
    let sizes = MediaBytes {
        video: 8 << 30,
        ..MediaBytes::default()
    };
    let contents = Contents::new(7, sizes, MediaStyle::Drawn);
    let medium = medium(3, Kind::Video, 0);
    let content = contents.of(&medium);
    let (clip, length) = (Drawings::new(7).clip(&medium).len(), content.len());
    let head: Vec<u8> = content
        .range(clip as u64, clip as u64 + 16)
        .flatten()
        .collect();
    assert_eq!(head[..8], *b"\0\0\0\x01free");
    assert_eq!(head[8..], (length - clip as u64).to_be_bytes());
}

#[test]
fn the_clips_were_made_of_these_frames() {
    let one = film_frame(true, 0);
    assert_eq!(one.len() as u32, FACE.0 * FACE.1 * 3);
    assert!(one != film_frame(false, 0) && one != film_frame(true, FRAMES / 3));
    assert_eq!(one, film_frame(true, FRAMES));
}
