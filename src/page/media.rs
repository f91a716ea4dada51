//! Images and videos: shown where their bytes say that they are some, named where not.

use super::{
    Case, File, Of,
    text::{Both, Two},
    words as w,
};
use crate::{
    domain::{media::Kind, size::size},
    store::reports::MediaReport,
};

/// One image or video.
pub(super) struct Figure<'a> {
    pub(super) row: &'a MediaReport,
    pub(super) name: Two,
    pub(super) shown: Shown<'a>,
}

/// How it can be shown.
pub(super) enum Shown<'a> {
    Image(&'a File),
    Video(&'a File),
    /// Its bytes are nothing that a browser may be given.
    File(&'a File),
    /// Not there, in words, and why.
    Gone(Both, Option<&'a str>),
}

impl Figure<'_> {
    /// For the style.
    pub(super) fn class(&self) -> &'static str {
        Kind::named(&self.row.kind).map_or("medium", Kind::name)
    }

    pub(super) fn size(&self) -> String {
        self.row.bytes.map(size).unwrap_or_default()
    }
}

/// Those of attempts that pass, in the order people read them: face beside card, then the rest.
pub(super) fn figures<'a>(case: &'a Case<'_>, of: impl Fn(i64) -> bool) -> Vec<Figure<'a>> {
    let rows = || case.whole.media.iter().filter(|row| of(row.attempt_no));
    let mut found: Vec<Figure<'a>> = rows()
        .map(|row| Figure {
            row,
            name: name(row, rows().filter(|other| other.kind == row.kind).count()),
            shown: shown(case, row),
        })
        .collect();
    found.sort_by_key(|figure| {
        let order = Kind::ALL
            .iter()
            .position(|kind| kind.name() == figure.row.kind);
        (order, figure.row.position)
    });
    found
}

fn shown<'a>(case: &'a Case<'_>, row: &'a MediaReport) -> Shown<'a> {
    let of = Of::Media(row.media_id);
    match case.file(of) {
        Some(file) => match file.content_type.split('/').next() {
            Some("image") => Shown::Image(file),
            Some("video") => Shown::Video(file),
            _ => Shown::File(file),
        },
        None => match (row.state.as_str(), case.why_not(of)) {
            (_, Some(why)) => Shown::Gone(w::FAILED_HERE, Some(why)),
            ("lost", None) => Shown::Gone(w::LOST, row.lost_reason.as_deref()),
            (_, None) => Shown::Gone(w::WANTED, None),
        },
    }
}

/// Its name, with its number where there are several.
fn name(row: &MediaReport, of_kind: usize) -> Two {
    let name = of_kind_named(&row.kind).two();
    if of_kind > 1 {
        w::NUMBERED.with(&[name, Two::same(row.position + 1)])
    } else {
        name
    }
}

/// What a kind is called.
pub(super) fn of_kind_named(kind: &str) -> Both {
    match Kind::named(kind) {
        Some(Kind::Face) => w::FACE,
        Some(Kind::IdFront) => w::ID_FRONT,
        Some(Kind::IdBack) => w::ID_BACK,
        Some(Kind::ProcessVideo) => w::PROCESS_VIDEO,
        Some(Kind::Video) => w::VIDEO,
        Some(Kind::LivenessImage) => w::LIVENESS_IMAGE,
        Some(Kind::FinalFace) => w::FINAL_FACE,
        Some(Kind::MatchImage) => w::MATCH_IMAGE,
        None => w::MEDIUM,
    }
}
