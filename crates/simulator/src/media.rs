//! Which images and videos a token has, where each is served, and from when until when.

use serde::Serialize;

use super::{
    dice::{Dice, word},
    life::Video,
    options::{MediaBytes, Windows},
    token::{Attempt, Token},
};

/// What a medium is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The best face of an attempt.
    Face,
    /// The side of the ID card with the portrait.
    IdFront,
    /// The side with the emblem.
    IdBack,
    /// A video of `processVideo`.
    ProcessVideo,
    /// A video of `video`.
    Video,
    /// One of the four images of `media/query`.
    LivenessImage,
    /// The face that `simple` points to.
    FinalFace,
}

impl Kind {
    /// Every kind with the mark it carries in object keys.
    const MARKS: &'static [(Self, &'static str)] = &[
        (Self::Face, "f"),
        (Self::IdFront, "a"),
        (Self::IdBack, "b"),
        (Self::ProcessVideo, "p"),
        (Self::Video, "v"),
        (Self::LivenessImage, "l"),
        (Self::FinalFace, "z"),
    ];

    fn mark(self) -> &'static str {
        Self::MARKS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("f", |(_, mark)| mark)
    }

    /// Whether it is an MP4; everything else is a JPEG.
    pub fn is_video(self) -> bool {
        matches!(self, Self::ProcessVideo | Self::Video)
    }

    /// `video/mp4` or `image/jpeg`.
    pub fn content_type(self) -> &'static str {
        if self.is_video() {
            "video/mp4"
        } else {
            "image/jpeg"
        }
    }
}

/// One image or video of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Medium {
    /// The token's number.
    pub token: u64,
    /// `order` of the attempt, from 1.
    pub attempt: u32,
    /// What it is.
    pub kind: Kind,
    /// Counts from 0 within attempt and kind.
    pub position: u32,
}

impl Medium {
    /// Dice for one matter of this medium.
    pub(crate) fn dice(&self, seed: u64, matter: &str) -> Dice {
        let kind = word(self.kind.mark());
        Dice::of(
            seed,
            &[
                word("medium"),
                word(matter),
                self.token,
                u64::from(self.attempt),
                kind,
                u64::from(self.position),
            ],
        )
    }

    /// How many bytes it is to have: within a quarter of the size set for its kind.
    pub(crate) fn bytes_wanted(&self, seed: u64, sizes: &MediaBytes) -> u64 {
        let about = match self.kind {
            Kind::IdFront | Kind::IdBack => sizes.id_card,
            Kind::ProcessVideo | Kind::Video => sizes.video,
            Kind::Face | Kind::LivenessImage | Kind::FinalFace => sizes.face,
        };
        self.dice(seed, "bytes")
            .within(about - about / 4, about + about / 4 + 1)
    }

    /// Its object key. It says nothing about the person and cannot be guessed without the seed.
    pub(crate) fn key(&self, seed: u64) -> String {
        let suffix = if self.kind.is_video() { "mp4" } else { "jpg" };
        let Self {
            token,
            attempt,
            kind,
            position,
        } = *self;
        format!(
            "{:016x}{token:x}-{attempt}-{}{position:02}.{suffix}",
            guard(seed, token),
            kind.mark()
        )
    }

    /// The medium that `key` names, if this provider could have written that key.
    pub(crate) fn of_key(seed: u64, key: &str) -> Option<Self> {
        let (stem, _) = key.rsplit_once('.')?;
        let mut parts = stem.splitn(3, '-');
        let token = u64::from_str_radix(parts.next()?.get(16..)?, 16).ok()?;
        let attempt = parts.next()?.parse().ok()?;
        let (mark, position) = parts.next()?.split_at_checked(1)?;
        let kind = Kind::MARKS
            .iter()
            .find(|(_, known)| *known == mark)
            .map(|(kind, _)| *kind)?;
        let medium = Self {
            token,
            attempt,
            kind,
            position: position.parse().ok()?,
        };
        (medium.key(seed) == key).then_some(medium)
    }
}

fn guard(seed: u64, token: u64) -> u64 {
    Dice::of(seed, &[word("guard"), token]).next()
}

/// A medium with the facts of its life.
#[derive(Clone, Debug)]
pub(crate) struct MediumLife {
    /// Which one.
    pub medium: Medium,
    /// When it appears, unix milliseconds.
    pub from_ms: i64,
    /// When it vanishes, unix milliseconds.
    pub until_ms: i64,
    /// Whether it vanishes early because the next attempt's takes its place.
    pub replaced: bool,
    /// Through which endpoints it can be had: `getall`, `detail`, `media`, `simple`.
    pub served_by: &'static [&'static str],
}

/// Whether the back of the ID card was taken too; else the plan asks for the portrait side alone.
pub(crate) fn has_id_back(token: &Token) -> bool {
    token.dice("id back", 0).happens(75)
}

/// Everything that `attempt` of `token` leaves, in the order of kinds and positions.
pub(crate) fn of_attempt(token: &Token, attempt: &Attempt, windows: &Windows) -> Vec<MediumLife> {
    let record = |kind, served_by| MediumLife {
        medium: medium(token, attempt, kind, 0),
        from_ms: attempt.at_ms,
        until_ms: token.record_until_ms(windows),
        replaced: false,
        served_by,
    };
    let passed = attempt.verdict.passed();
    let mut all = Vec::new();
    if attempt.verdict.face {
        all.push(record(Kind::Face, &["getall"]));
    }
    if token.ocr {
        let served_by: &[&str] = if passed {
            &["getall", "detail"]
        } else {
            &["getall"]
        };
        all.push(record(Kind::IdFront, served_by));
        if has_id_back(token) {
            all.push(record(Kind::IdBack, served_by));
        }
    }
    all.extend(of_film(token, attempt, windows));
    if passed {
        all.push(record(Kind::FinalFace, &["simple"]));
    }
    all
}

/// What `attempt` leaves of being filmed.
fn of_film(token: &Token, attempt: &Attempt, windows: &Windows) -> Vec<MediumLife> {
    let until_ms = token.media_until_ms(attempt, windows);
    let replaced = attempt
        .replaced_at_ms
        .is_some_and(|at_ms| at_ms == until_ms);
    let life = |kind, position, from_ms| MediumLife {
        medium: medium(token, attempt, kind, position),
        from_ms,
        until_ms,
        replaced,
        served_by: &["media"],
    };
    let video_from_ms = token.video_from_ms(attempt, windows);
    let (kind, videos, images) = match attempt.video {
        Video::None => (Kind::Video, 0, 0),
        Video::One | Video::Late => (Kind::ProcessVideo, 1, 4),
        Video::Two => (Kind::ProcessVideo, 2, 4),
        Video::Recorded => (Kind::Video, 1, 0),
    };
    let videos = (0..videos).map(|position| life(kind, position, video_from_ms));
    let images = (0..images).map(|position| life(Kind::LivenessImage, position, attempt.at_ms));
    videos.chain(images).collect()
}

fn medium(token: &Token, attempt: &Attempt, kind: Kind, position: u32) -> Medium {
    Medium {
        token: token.index,
        attempt: attempt.order,
        kind,
        position,
    }
}

/// Everything `token` ever has.
pub(crate) fn of_token(token: &Token, windows: &Windows) -> Vec<MediumLife> {
    token
        .attempts
        .iter()
        .flat_map(|attempt| of_attempt(token, attempt, windows))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        life::{Life, LifeSpec},
        options::Options,
    };

    #[test]
    fn a_key_leads_back_to_its_medium_and_no_other_key_does() {
        let medium = Medium {
            token: 77,
            attempt: 2,
            kind: Kind::LivenessImage,
            position: 3,
        };
        let key = medium.key(5);
        assert_eq!(Medium::of_key(5, &key), Some(medium));
        assert_eq!(Medium::of_key(6, &key), None);
        for wrong in [
            "",
            "x.jpg",
            &key.replace("l03", "l04x"),
            &key.replace(".jpg", ".png"),
            "ééééééééééé-1-f00.jpg",
        ] {
            assert_eq!(Medium::of_key(5, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_passed_token_with_everything_has_every_kind_of_its_plan() {
        let options = Options::default();
        let spec = LifeSpec {
            ocr: Some(true),
            video: Some(Video::Two),
            ..LifeSpec::of(Life::Passed, 1)
        };
        let token = Token::born(&options, 0, &spec, "demo", 0);
        let kinds: Vec<Kind> = of_token(&token, &options.windows)
            .iter()
            .map(|life| life.medium.kind)
            .collect();
        let count = |kind| kinds.iter().filter(|known| **known == kind).count();
        assert_eq!(
            (
                count(Kind::Face),
                count(Kind::IdFront),
                count(Kind::FinalFace)
            ),
            (1, 1, 1)
        );
        assert_eq!(
            (
                count(Kind::ProcessVideo),
                count(Kind::Video),
                count(Kind::LivenessImage)
            ),
            (2, 0, 4)
        );
    }
}
