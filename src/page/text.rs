//! What stands in a page: words in both languages, instants, and whatever comes from outside. All of
//! it is escaped here, and nowhere left out.

use std::fmt::{self, Display, Write as _};

use askama::filters::HtmlSafe;

use crate::domain::{
    language::{Language, Words},
    time::{Span, Time},
};

/// How much of a foreign text is shown; the verbatim answer has all of it.
const FOREIGN_MAX: usize = 500;

/// How far the clocks of Beijing are ahead of UTC.
const BEIJING: Span = Span::hours(8);

/// Fixed words in both languages, of which the page shows one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Both(pub(super) Words);

impl Both {
    pub(super) const fn new(en: &'static str, zh: &'static str) -> Self {
        Self(Words::new(en, zh))
    }

    /// Each `{}` replaced by the next value, in both.
    pub(super) fn with(self, values: &[Two]) -> Two {
        let en: Vec<&str> = values.iter().map(|value| value.en.as_str()).collect();
        let zh: Vec<&str> = values.iter().map(|value| value.zh.as_str()).collect();
        Two {
            en: self.0.filled(Language::En, &en),
            zh: self.0.filled(Language::Zh, &zh),
        }
    }

    pub(super) fn two(self) -> Two {
        self.with(&[])
    }
}

impl Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        both(f, self.0.en, self.0.zh)
    }
}

impl HtmlSafe for Both {}

/// A text in both languages.
#[derive(Clone, Debug)]
pub(super) struct Two {
    pub(super) en: String,
    pub(super) zh: String,
}

impl Two {
    /// What is the same in both; it may come from outside.
    pub(super) fn same(text: impl ToString) -> Self {
        let text = shown(&text.to_string());
        Self {
            en: text.clone(),
            zh: text,
        }
    }

    /// An instant within a sentence: in Beijing.
    pub(super) fn at(at: Time) -> Self {
        Self::same(plain(&at.plus(BEIJING).rfc3339()))
    }
}

impl Display for Two {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        both(f, &self.en, &self.zh)
    }
}

impl HtmlSafe for Two {}

fn both(f: &mut fmt::Formatter<'_>, en: &str, zh: &str) -> fmt::Result {
    f.write_str("<span class=\"zh\" lang=\"zh-CN\">")?;
    escaped(f, zh)?;
    f.write_str("</span><span class=\"en\" lang=\"en\">")?;
    escaped(f, en)?;
    f.write_str("</span>")
}

fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for letter in text.chars() {
        match letter {
            '&' => f.write_str("&amp;")?,
            '<' => f.write_str("&lt;")?,
            '>' => f.write_str("&gt;")?,
            '"' => f.write_str("&quot;")?,
            '\'' => f.write_str("&#39;")?,
            other => f.write_char(other)?,
        }
    }
    Ok(())
}

/// What comes from outside: a text of its own direction, bounded, without control characters.
#[derive(Clone, Debug)]
pub(super) struct Foreign(String);

/// Takes it into a page.
pub(super) fn foreign(text: impl AsRef<str>) -> Foreign {
    Foreign(shown(text.as_ref()))
}

impl Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        escaped(f, &self.0)?;
        f.write_str("</bdi>")
    }
}

impl HtmlSafe for Foreign {}

/// As much of it as is shown, each character that could disturb what follows replaced.
fn shown(text: &str) -> String {
    let letters = text.chars().take(FOREIGN_MAX);
    let mut shown: String = letters
        .map(|letter| if is_odd(letter) { '\u{fffd}' } else { letter })
        .collect();
    if text.chars().nth(FOREIGN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, and those that turn the direction of what follows.
fn is_odd(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An instant: in Beijing, and in UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct When(pub(super) Time);

/// Templates hand on references.
pub(super) trait Instant {
    fn instant(&self) -> Time;
}

impl Instant for Time {
    fn instant(&self) -> Time {
        *self
    }
}

impl<T: Instant> Instant for &T {
    fn instant(&self) -> Time {
        (*self).instant()
    }
}

/// Takes an instant into a page.
pub(super) fn when(at: impl Instant) -> When {
    When(at.instant())
}

impl Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (utc, beijing) = (self.0.rfc3339(), self.0.plus(BEIJING).rfc3339());
        write!(
            f,
            "<time datetime=\"{utc}\">{} <span class=\"utc\">{}</span></time>",
            plain(&beijing),
            utc
        )
    }
}

impl HtmlSafe for When {}

/// `2026-11-24 00:15:01` of an instant as RFC 3339 writes it.
fn plain(instant: &str) -> String {
    instant.trim_end_matches('Z').replace('T', " ")
}

/// A figure with at most two digits behind the point.
pub(super) fn figure(number: f64) -> String {
    ((number * 100.0).round() / 100.0).to_string()
}
