//! Images and videos: what kinds there are, and how one is told from another.

use serde::{Deserialize, Serialize};

use super::{secret::Secret, time::Time};

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
}

impl Kind {
    /// All of them, in the order people read them.
    pub const ALL: [Self; 7] = [Self::Face, Self::IdFront, Self::IdBack, Self::ProcessVideo, Self::Video, Self::LivenessImage, Self::FinalFace];

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
        }
    }

    /// The source of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Getall, Self::Detail, Self::Media, Self::Simple].into_iter().find(|source| source.name() == name)
    }
}

/// Which medium of a verification: there is at most one row for each of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The attempt (`order` of getall) it belongs to, from 1; for media/query the latest attempt known when it was asked.
    pub attempt_no: i64,
    /// What it shows.
    pub kind: Kind,
    /// From 0 within the kind of an attempt.
    pub position: i64,
    /// The query that told of it.
    pub source: Source,
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
        [Self::Wanted, Self::Stored, Self::Lost].into_iter().find(|state| state.name() == name)
    }
}

/// One row of the media table, as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRow {
    /// Its identifier.
    pub media_id: String,
    /// Which medium.
    pub slot: Slot,
    /// Where it stands.
    pub state: MediaState,
    /// SHA-256 of the plain bytes, 64 hex digits, once stored.
    pub sha256: Option<String>,
    /// Where it lies, once stored.
    pub object_key: Option<String>,
    /// How often fetching it has failed.
    pub tries: i64,
}

/// What is known of an object once it lies in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Where it lies, relative to the vault's root.
    pub object_key: String,
    /// Length of the plain bytes.
    pub bytes: i64,
    /// SHA-256 of the plain bytes, 64 hex digits.
    pub sha256: String,
    /// Length of the object as it lies in the store.
    pub stored_bytes: i64,
    /// SHA-256 of the object as it lies in the store, 64 hex digits.
    pub stored_sha256: String,
}

/// A medium in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// The row it fulfils.
    pub media_id: String,
    /// The object.
    pub object: ObjectFacts,
    /// What the far end called it (or, for inline images, what the bytes show).
    pub content_type: Option<String>,
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
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("video/webm"),
        _ => None,
    }
}

/// SHA-256 as 64 lower-case hex digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    super::identity::hex(&sha2::Sha256::digest(bytes))
}
