//! An index of several records: those of one person, or of one reference.

use askama::Template;

use super::{
    Frame,
    head::{self, Foot},
    text as t, words as w,
};
use crate::{
    domain::{language::Language, time::Time},
    store::reports::Summary,
};

/// Records that have pages of their own.
pub struct People<'a> {
    /// Each with the folder of its page, beside the index.
    pub entries: &'a [(&'a Summary, String)],
    /// The language that is shown first.
    pub language: Language,
    /// When the index was made.
    pub written_at: Time,
    /// Who had it made.
    pub written_by: &'a str,
    /// What for.
    pub purpose: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "people.html", config = "src/page/askama.toml")]
struct Page<'a> {
    frame: Frame,
    entries: &'a [(&'a Summary, String)],
    foot: Foot<'a>,
}

/// The index of several records.
///
/// # Errors
/// When there is no memory for it.
pub fn people(all: &People<'_>) -> Result<String, std::fmt::Error> {
    let page = Page {
        frame: Frame::of(all.language),
        entries: all.entries,
        foot: Foot::of(all.written_at, all.written_by, all.purpose),
    };
    page.render().map_err(|_| std::fmt::Error)
}
