//! Images and videos: what kinds there are, and how one is told from another.

use serde::{Deserialize, Serialize};

use super::{digest::Sha256, id::MediaId, loss::Reason, secret::Secret, time::Time};

/// What a medium shows. The names are those of `report_media.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Best face of an attempt (`verify_detail.face_image` of getall).
    Face,
    /// The side of the ID card with the portrait.
    IdFront,
    /// The side with the emblem.
    IdBack,
    /// Video of the real-time schemes (`processVideo` of media/query).
    ProcessVideo,
    /// Video of the recorded schemes (`video` of media/query).
    Video,
    /// One of the faces taken during the liveness check (`images` of media/query).
    LivenessImage,
    /// The final face (`image` of simple).
    FinalFace,
    /// The image that was handed in to compare with (`uploadMatchImage`), of no attempt.
    MatchImage,
}

impl Kind {
    /// All of them, in the order people read them.
    pub const ALL: [Self; 8] = [
        Self::Face,
        Self::IdFront,
        Self::IdBack,
        Self::ProcessVideo,
        Self::Video,
        Self::LivenessImage,
        Self::FinalFace,
        Self::MatchImage,
    ];

    /// The name in `report_media.kind`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::IdFront => "id_front",
            Self::IdBack => "id_back",
            Self::ProcessVideo => "process_video",
            Self::Video => "video",
            Self::LivenessImage => "liveness_image",
            Self::FinalFace => "final_face",
            Self::MatchImage => "match_image",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it is a video of either kind.
    #[must_use]
    pub const fn is_video(self) -> bool {
        matches!(self, Self::ProcessVideo | Self::Video)
    }

    /// Whether it lives only as long as the shorter retention of media/query (provider.md §2).
    #[must_use]
    pub const fn has_short_life(self) -> bool {
        matches!(self, Self::ProcessVideo | Self::Video | Self::LivenessImage)
    }
}

/// The query that told of a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A URL in getall.
    Getall,
    /// Base64 inside detail.
    Detail,
    /// A URL in media/query.
    Media,
    /// The URL of simple.
    Simple,
    /// It was handed in here: no query tells of it.
    Submitted,
}

impl Source {
    /// As it stands in the media table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Getall => "getall",
            Self::Detail => "detail",
            Self::Media => "media",
            Self::Simple => "simple",
            Self::Submitted => "submitted",
        }
    }

    /// The source of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [
            Self::Getall,
            Self::Detail,
            Self::Media,
            Self::Simple,
            Self::Submitted,
        ]
        .into_iter()
        .find(|source| source.name() == name)
    }
}

/// Which medium of a verification: there is at most one row for each of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The attempt (`order` of getall) it belongs to, from 1; for media/query the latest attempt
    /// known when it was asked; 0 of what was handed in before any.
    pub attempt_no: i64,
    /// What it shows.
    pub kind: Kind,
    /// From 0 within the kind of an attempt.
    pub position: i64,
    /// The query that told of it.
    pub source: Source,
}

impl Slot {
    /// That of the image that was handed in to compare with.
    #[must_use]
    pub const fn match_image() -> Self {
        Self {
            attempt_no: 0,
            kind: Kind::MatchImage,
            position: 0,
            source: Source::Submitted,
        }
    }

    /// The attempt it belongs to, if any.
    #[must_use]
    pub fn attempt(&self) -> Option<i64> {
        (self.attempt_no > 0).then_some(self.attempt_no)
    }
}

/// A medium that an answer lists, with the signed URL that fetches it for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it shows.
    pub kind: Kind,
    /// From 0 within the kind of the answer.
    pub position: i64,
    /// A bearer secret: never stored, never printed.
    pub url: Secret,
}

impl Listed {
    /// Its slot, as medium of that attempt from that source.
    #[must_use]
    pub const fn slot(&self, attempt_no: i64, source: Source) -> Slot {
        Slot {
            attempt_no,
            kind: self.kind,
            position: self.position,
            source,
        }
    }
}

/// Where a medium stands. The names are those of `report_media.state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// Known to exist, not here yet.
    Wanted,
    /// In the vault.
    Stored,
    /// Gone at the provider before it could be fetched.
    Lost,
}

impl MediaState {
    /// The name in `report_media.state`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Stored => "stored",
            Self::Lost => "lost",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Wanted, Self::Stored, Self::Lost]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// What the provider gave to check a medium by, and whether it agreed (provider.md §6). The names
/// are those of `report_media.check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// A digest, or at least the length, agreed and nothing else was off.
    Full,
    /// An `ETag` that looks like an MD5 is not the MD5, twice with the same bytes: as it is where
    /// the store encrypts by a managed key.
    EtagDiffers,
    /// Nothing was given to check by.
    None,
}

impl Checked {
    /// The name in `report_media.check`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::EtagDiffers => "etag_differs",
            Self::None => "none",
        }
    }
}

/// One row of the media table, as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRow {
    /// Its identifier.
    pub media_id: MediaId,
    /// Which medium.
    pub slot: Slot,
    /// Where it stands.
    pub state: MediaState,
    /// Where it lies, once stored.
    pub object: Option<ObjectFacts>,
    /// How often fetching it has failed.
    pub tries: i64,
    /// Why it failed last.
    pub last_error: Option<String>,
    /// What the tries that failed met, from the first to the last.
    pub fails: Option<Reason>,
    /// Of what came in its place and is kept as an answer of `download`; none while nothing did.
    pub refused_sha256: Option<Sha256>,
}

impl MediaRow {
    /// One that is to be fetched.
    #[must_use]
    pub fn wanted(media_id: MediaId, slot: Slot) -> Self {
        Self {
            media_id,
            slot,
            state: MediaState::Wanted,
            object: None,
            tries: 0,
            last_error: None,
            fails: None,
            refused_sha256: None,
        }
    }

    /// Of the plain bytes, once stored.
    #[must_use]
    pub fn sha256(&self) -> Option<Sha256> {
        self.object.as_ref().map(|object| object.sha256)
    }
}

/// What is known of an object once it lies in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Where it lies, relative to the vault's root.
    pub object_key: String,
    /// Length of the plain bytes.
    pub bytes: i64,
    /// Of the plain bytes.
    pub sha256: Sha256,
    /// Length of the object as it lies in the store.
    pub stored_bytes: i64,
    /// Of the object as it lies in the store.
    pub stored_sha256: Sha256,
}

/// A medium in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// The row it fulfils.
    pub media_id: MediaId,
    /// The object.
    pub object: ObjectFacts,
    /// What the far end called it (or, for inline images, what the bytes show).
    pub content_type: Option<String>,
    /// How far the far end vouched for the bytes.
    pub checked: Checked,
    /// When the last byte was here.
    pub captured_at: Time,
}

/// The media type that the first bytes show; none when they show none that is expected here.
#[must_use]
pub fn content_type_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'B', b'M', ..] => Some("image/bmp"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("video/webm"),
        _ => None,
    }
}

/// How many of the first bytes tell whether it is text.
pub const HEAD_BYTES: usize = 512;

/// Whether a body that begins with `head` can be no image or video: it is empty, or text (HTML,
/// XML, JSON, an error page in whatever charset).
///
/// Text is what shows no byte that text never holds (WHATWG MIME Sniffing, "binary data byte");
/// every container of images and videos has one of those among its first bytes, so that formats
/// this program has never heard of pass.
#[must_use]
pub fn is_no_medium(head: &[u8]) -> bool {
    const UTF16_MARKS: [&[u8]; 2] = [&[0xfe, 0xff], &[0xff, 0xfe]];
    let binary = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    if content_type_of(head).is_some() {
        return false;
    }
    UTF16_MARKS.iter().any(|mark| head.starts_with(mark)) || !head.iter().any(binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_text_are_no_media_and_unknown_formats_are() {
        let gbk: &[u8] = b"\xcf\xb5\xcd\xb3\xb7\xb1\xc3\xa6";
        for (label, head) in [
            ("empty", &b""[..]),
            ("html", b"<!DOCTYPE html><html>"),
            ("html behind blank lines", b"\r\n\r\n <html>"),
            (
                "xml with a mark",
                b"\xef\xbb\xbf<?xml version=\"1.0\"?><Error>",
            ),
            ("json", b"{\"error_code\":18}"),
            ("json list", b"[]"),
            ("words", b"Service Unavailable"),
            ("chinese in utf-8", "系统繁忙".as_bytes()),
            ("chinese in gbk", gbk),
            ("utf-16", b"\xff\xfe<\0h\0"),
        ] {
            assert!(is_no_medium(head), "{label}");
        }
        for (label, head) in [
            ("jpeg", &b"\xff\xd8\xff\xe0\x00\x10JFIF"[..]),
            ("png", b"\x89PNG\r\n\x1a\n"),
            ("gif", b"GIF89a"),
            ("mp4", b"\0\0\0\x18ftypmp42"),
            ("heic", b"\0\0\0\x18ftypheic"),
            ("webm", b"\x1a\x45\xdf\xa3"),
            ("flv", b"FLV\x01\x05\0\0\0\x09"),
            ("a format of tomorrow", b"NEW1\x02\x00data"),
        ] {
            assert!(!is_no_medium(head), "{label}");
        }
    }
}
