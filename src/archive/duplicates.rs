//! Media that are there twice.

use crate::domain::{
    id::MediaId,
    media::{MediaRow, MediaState, Source},
};

/// Media that are there twice, byte for byte: images that came inside `detail` and by URL as well,
/// of which the one by URL stays; and what media/query listed once more after another attempt, of
/// which the one of the later attempt stays. Known for sure only at the end, when no download runs
/// beside the poll any more.
pub(super) fn duplicates(media: &[MediaRow]) -> Vec<MediaId> {
    let is_duplicate_of = |row: &MediaRow, other: &MediaRow| match row.slot.source {
        Source::Detail => {
            other.slot.source != Source::Detail && other.slot.attempt_no == row.slot.attempt_no
        }
        Source::Media => {
            other.slot.source == Source::Media
                && other.slot.position == row.slot.position
                && other.slot.attempt_no > row.slot.attempt_no
        }
        Source::Getall | Source::Simple | Source::Submitted => false,
    };
    let is_duplicate = |row: &&MediaRow| {
        media
            .iter()
            .filter(|other| {
                other.state == MediaState::Stored
                    && other.slot.kind == row.slot.kind
                    && other.sha256() == row.sha256()
            })
            .any(|other| is_duplicate_of(row, other))
    };
    media
        .iter()
        .filter(|row| row.state == MediaState::Stored)
        .filter(is_duplicate)
        .map(|row| row.media_id)
        .collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        digest::Sha256,
        media::{Kind, ObjectFacts, Slot},
    };

    #[test]
    fn of_media_that_are_there_twice_one_stays() {
        let id = |attempt_no: i64, source: Source| -> MediaId {
            Uuid::from_u64_pair(attempt_no.unsigned_abs(), source as u64).into()
        };
        let object = |bytes: &str| ObjectFacts {
            object_key: bytes.to_owned(),
            bytes: 1,
            sha256: Sha256::of(bytes.as_bytes()),
            stored_bytes: 1,
            stored_sha256: Sha256::of(bytes.as_bytes()),
        };
        let row = |attempt_no, kind, source, bytes: &str| MediaRow {
            state: MediaState::Stored,
            object: Some(object(bytes)),
            ..MediaRow::wanted(
                id(attempt_no, source),
                Slot {
                    attempt_no,
                    kind,
                    position: 0,
                    source,
                },
            )
        };
        let (front, video) = (Kind::IdFront, Kind::ProcessVideo);
        assert_eq!(
            duplicates(&[
                row(1, front, Source::Getall, "a"),
                row(1, front, Source::Detail, "a")
            ]),
            [id(1, Source::Detail)]
        );
        assert_eq!(
            duplicates(&[
                row(1, front, Source::Getall, "a"),
                row(2, front, Source::Detail, "a")
            ]),
            [],
            "of another attempt"
        );
        assert_eq!(
            duplicates(&[
                row(1, video, Source::Media, "a"),
                row(2, video, Source::Media, "a"),
                row(3, video, Source::Media, "a")
            ]),
            [id(1, Source::Media), id(2, Source::Media)]
        );
        assert_eq!(
            duplicates(&[
                row(1, video, Source::Media, "a"),
                row(2, video, Source::Media, "b")
            ]),
            []
        );
        let wanted = MediaRow {
            state: MediaState::Wanted,
            object: None,
            ..row(2, video, Source::Media, "a")
        };
        assert_eq!(duplicates(&[row(1, video, Source::Media, "a"), wanted]), []);
    }
}
