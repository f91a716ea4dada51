//! Where each file comes from, and by what it can be told that nothing of it was altered.

use super::{
    Case, File, Of,
    media::of_kind_named,
    text::{Both, Two},
    words as w,
};
use crate::{
    domain::{digest::Sha256, size::size, time::Time},
    store::reports::AnswerReport,
};

/// Answers, then images and videos.
pub(super) struct Provenance<'a> {
    pub(super) answers: Vec<Answer<'a>>,
    pub(super) media: Vec<Medium<'a>>,
}

/// An answer that is kept.
pub(super) struct Answer<'a> {
    pub(super) file: Option<&'a File>,
    pub(super) row: &'a AnswerReport,
    pub(super) size: String,
}

/// An image or video that is kept.
pub(super) struct Medium<'a> {
    pub(super) file: Option<&'a File>,
    pub(super) what: Two,
    pub(super) at: Time,
    pub(super) size: String,
    pub(super) sha256: &'a Sha256,
    pub(super) checked: Option<Both>,
}

impl<'a> Provenance<'a> {
    pub(super) fn of(case: &'a Case<'_>) -> Self {
        let answers = case.whole.answers.iter();
        Self {
            answers: answers
                .map(|row| Answer {
                    file: case.file(Of::Answer(row.answer_id)),
                    row,
                    size: size(row.bytes),
                })
                .collect(),
            media: case
                .whole
                .media
                .iter()
                .filter_map(|row| {
                    let kind = of_kind_named(&row.kind).two();
                    Some(Medium {
                        file: case.file(Of::Media(row.media_id)),
                        what: match row.attempt_no {
                            0 => kind,
                            no => w::OF_ATTEMPT.with(&[kind, Two::same(no)]),
                        },
                        at: row.captured_at?,
                        size: size(row.bytes?),
                        sha256: row.sha256.as_ref()?,
                        checked: checked(row.check.as_deref()),
                    })
                })
                .collect(),
        }
    }
}

fn checked(check: Option<&str>) -> Option<Both> {
    Some(match check? {
        "full" => w::CHECK_FULL,
        "etag_differs" => w::CHECK_ETAG,
        _ => w::CHECK_NONE,
    })
}
