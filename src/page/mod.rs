//! A record as people read it: one page of HTML that opens from a file system and from a server.
//!
//! No script, no address beyond the files beside it; both languages stand in the page, and a switch
//! of style alone shows one. Everything foreign goes through [`text`], which escapes it.

mod attempts;
mod charges;
mod checks;
mod head;
mod identity;
mod media;
mod messages;
mod people;
mod provenance;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod words;

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256 as Sha2};

pub use people::{People, people};

use crate::{
    domain::{
        attempt::{Attempt, Counts},
        id::{AnswerId, MediaId},
        language::Language,
        time::Time,
    },
    store::reports::{AccessReport, Whole},
};
use text as t;
use words as w;

const STYLE: &str = include_str!("style.css");

/// All that the page of a record is made of.
pub struct Case<'a> {
    /// The record.
    pub whole: &'a Whole,
    /// Its attempts as the kept answers tell them, with the persons in plain; as far as they could
    /// be read.
    pub told: &'a [Attempt],
    /// The sums of the last answer that has them.
    pub counts: Option<Counts>,
    /// The files beside the page.
    pub files: &'a [File],
    /// Which of what is kept could not be given, and why.
    pub failed: &'a [(Of, String)],
    /// Whether persons are shown in plain.
    pub reveal: bool,
    /// The language that is shown first.
    pub language: Language,
    /// When the page was made.
    pub written_at: Time,
    /// Who had it made.
    pub written_by: &'a str,
    /// What for.
    pub purpose: Option<&'a str>,
}

/// A file beside the page. Its name is ours.
pub struct File {
    /// Its name.
    pub name: String,
    /// What its bytes are, as they themselves say.
    pub content_type: &'static str,
    /// What it holds.
    pub of: Of,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// An answer of the provider.
    Answer(AnswerId),
    /// An image or video.
    Media(MediaId),
}

impl Case<'_> {
    fn file(&self, of: Of) -> Option<&File> {
        self.files.iter().find(|file| file.of == of)
    }

    fn why_not(&self, of: Of) -> Option<&str> {
        let failed = self.failed.iter().find(|(failed, _)| *failed == of);
        failed.map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "record.html", config = "src/page/askama.toml")]
struct Page<'a> {
    frame: Frame,
    head: head::Head<'a>,
    attempts: Vec<attempts::Shown<'a>>,
    /// Those that belong to no attempt that is known.
    loose: Vec<media::Figure<'a>>,
    charges: charges::Charges<'a>,
    missing: Vec<head::Missing>,
    timeline: Vec<timeline::Entry>,
    provenance: provenance::Provenance<'a>,
    accesses: &'a [AccessReport],
    foot: head::Foot<'a>,
}

/// What surrounds every page.
struct Frame {
    style: &'static str,
    policy: String,
    chinese_first: bool,
}

impl Frame {
    fn of(language: Language) -> Self {
        let digest = STANDARD.encode(Sha2::digest(STYLE.as_bytes()));
        Self {
            style: STYLE,
            policy: format!(
                "default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' file:; media-src 'self' file:; base-uri 'none'; form-action 'none'"
            ),
            chinese_first: language == Language::Zh,
        }
    }
}

/// The page of a record.
///
/// # Errors
/// When there is no memory for it.
pub fn record(case: &Case<'_>) -> Result<String, std::fmt::Error> {
    let attempts = attempts::all(case);
    let known: Vec<i64> = attempts.iter().map(|shown| shown.row.attempt_no).collect();
    let page = Page {
        frame: Frame::of(case.language),
        head: head::Head::of(case),
        loose: media::figures(case, |no| !known.contains(&no)),
        attempts,
        charges: charges::Charges::of(case),
        missing: head::missing(case.whole),
        timeline: timeline::all(case),
        provenance: provenance::Provenance::of(case),
        accesses: &case.whole.accesses,
        foot: head::Foot::of(case.written_at, case.written_by, case.purpose),
    };
    page.render().map_err(|_| std::fmt::Error)
}
