//! From facts to words, once for all channels: a page of plain texts. How it looks, and what has to
//! be escaped, is each channel's matter.

use std::collections::BTreeMap;

use super::words as w;
use crate::domain::{
    alarm::{Kind, Scope, Severity},
    language::{Language, Words},
    message::{About, Daily, Event, Figures, Message, Told},
    time::{Span, Time},
};

/// Alarms told in full at most; the others are counted.
pub(super) const ALARMS_MAX: usize = 20;
/// Of what comes from outside, so many characters are told.
const SUBJECT_MAX: usize = 100;
const TEXT_MAX: usize = 300;

/// A message in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// One line.
    pub(super) title: String,
    /// A line each.
    pub(super) lines: Vec<String>,
    /// Heads, then rows.
    pub(super) table: Vec<Vec<String>>,
    pub(super) entries: Vec<Entry>,
    /// What is not here in full, a line each.
    pub(super) rest: Vec<String>,
}

/// An alarm in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// How bad it is; none when it is over.
    pub(super) severity: Option<Severity>,
    /// That in a word.
    pub(super) mark: &'static str,
    /// Its kind, and what it is about.
    pub(super) head: String,
    /// What there is to say, the most urgent first.
    pub(super) rows: Vec<Row>,
}

/// Something to say, under a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) word: &'static str,
    pub(super) text: String,
    pub(super) look: Look,
}

/// What a text is, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Our own words, with commands between backticks.
    Words,
    /// A command whole.
    Command,
    /// What comes from outside, as it is.
    Outside,
}

/// The page of a message with at most so many alarms, or apps, in full.
pub(super) fn page(message: &Message, language: Language, full: usize) -> Page {
    match &message.about {
        About::Test => Page {
            title: w::TEST.in_(language).to_owned(),
            lines: vec![w::TEST_TEXT.in_(language).to_owned()],
            ..Page::default()
        },
        About::Alarms(alarms) => Page {
            title: title(alarms, language),
            entries: alarms
                .iter()
                .take(full)
                .map(|alarm| entry(alarm, message.at, language))
                .collect(),
            rest: rest(alarms, full, language).into_iter().collect(),
            ..Page::default()
        },
        About::Daily(daily) => report(daily, message.at, language, full),
    }
}

/// The longest that a channel takes: as many alarms in full as fit, never a part of one.
pub(super) fn fitted(
    message: &Message,
    language: Language,
    bytes_max: usize,
    write: impl Fn(&Page) -> String,
) -> (Page, String) {
    let mut full = ALARMS_MAX;
    loop {
        let page = page(message, language, full);
        let text = write(&page);
        if text.len() <= bytes_max || full == 0 {
            return (page, text);
        }
        full -= 1;
    }
}

fn title(alarms: &[Told], language: Language) -> String {
    let severity = |alarms: &mut dyn Iterator<Item = &Told>| {
        let worst = alarms.map(|alarm| alarm.kind.severity()).max();
        let worst = worst.unwrap_or(Severity::Warning);
        worst.short().in_(language)
    };
    if let [alarm] = alarms {
        let subject = plain(&alarm.subject, SUBJECT_MAX);
        let (kind, bad) = (alarm.kind.name(), severity(&mut alarms.iter()));
        return match alarm.event {
            Event::Begun => w::BEGUN.filled(language, &[bad, kind, &subject]),
            Event::Lasts(_) => w::LASTS.filled(language, &[bad, kind, &subject]),
            Event::Ended => w::ENDED.filled(language, &[kind, &subject]),
        };
    }
    let count = alarms.len().to_string();
    let mut open = alarms.iter().filter(|alarm| alarm.event != Event::Ended);
    if open.clone().next().is_none() {
        return w::MANY_ENDED.filled(language, &[&count]);
    }
    w::MANY.filled(language, &[severity(&mut open), &count])
}

/// What is wrong and how badly, what to do first, and then the rest.
fn entry(alarm: &Told, at: Time, language: Language) -> Entry {
    let kind = alarm.kind.name();
    let said = alarm.kind.entry();
    let lasted = alarm.ended_at.unwrap_or(at).since(alarm.since);
    let own = |word: Words, text: String| row(word, text, Look::Words, language);
    let mut rows = vec![
        own(w::STATE, state(alarm, language)),
        own(w::MEANS, said.means.in_(language).to_owned()),
        outside(&alarm.text, language),
        own(w::SINCE, instant(alarm.since, language)),
    ];
    if let Some(ended_at) = alarm.ended_at {
        rows.push(own(w::UNTIL, instant(ended_at, language)));
    }
    rows.push(own(w::LASTED, Span(lasted.0.max(0)).to_string()));
    if !is_over(alarm) {
        let first = command(said.first, alarm);
        rows.push(row(w::FIRST, first, Look::Command, language));
        rows.push(own(w::TODO, said.todo.in_(language).to_owned()));
        rows.push(own(w::THREATENS, said.threatens.in_(language).to_owned()));
    }
    rows.extend([
        own(w::TIMES, alarm.times.to_string()),
        own(w::MORE, w::READ.filled(language, &[kind, kind])),
    ]);
    headed(alarm, rows, language)
}

fn headed(alarm: &Told, rows: Vec<Row>, language: Language) -> Entry {
    let severity = (!is_over(alarm)).then(|| alarm.kind.severity());
    let mark = severity.map_or(w::OVER, Severity::short);
    let subject = plain(&alarm.subject, SUBJECT_MAX);
    Entry {
        severity,
        mark: mark.in_(language),
        head: format!("{}: {subject}", alarm.kind.name()),
        rows,
    }
}

pub(super) fn is_over(alarm: &Told) -> bool {
    alarm.event == Event::Ended || alarm.ended_at.is_some()
}

/// How bad it is, and what has become of it.
fn state(alarm: &Told, language: Language) -> String {
    let event = match (alarm.event, alarm.ended_at) {
        (Event::Ended, _) => return w::HAS_ENDED.in_(language).to_owned(),
        (Event::Begun, Some(_)) => return w::HAS_PASSED.in_(language).to_owned(),
        (Event::Begun, None) => w::HAS_BEGUN.in_(language).to_owned(),
        (Event::Lasts(times), _) => w::HAS_LASTED.filled(language, &[&times.to_string()]),
    };
    let severity = alarm.kind.severity().words().in_(language);
    w::HOW.filled(language, &[severity, &event])
}

fn row(word: Words, text: String, look: Look, language: Language) -> Row {
    Row {
        word: word.in_(language),
        text,
        look,
    }
}

fn outside(text: &str, language: Language) -> Row {
    row(w::TEXT, plain(text, TEXT_MAX), Look::Outside, language)
}

/// The first command, with what the alarm is about in the place of the word in capitals.
fn command(first: &str, alarm: &Told) -> String {
    let is_plain = !alarm.subject.is_empty()
        && alarm.subject.len() <= SUBJECT_MAX
        && alarm
            .subject
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let word = match alarm.kind {
        Kind::UnknownTokens => "APP",
        kind if kind.scope() == Scope::App => "APP",
        kind if kind.scope() == Scope::Verification => "VERIFICATION_ID",
        _ => return first.to_owned(),
    };
    if is_plain {
        first.replace(word, &alarm.subject)
    } else {
        first.to_owned()
    }
}

/// How many are not told in full, and of which kinds, the most frequent first.
fn rest(alarms: &[Told], full: usize, language: Language) -> Option<String> {
    let left: Vec<&Told> = alarms.iter().skip(full).collect();
    if left.is_empty() {
        return None;
    }
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for alarm in &left {
        *counts.entry(alarm.kind).or_default() += 1;
    }
    let mut counts: Vec<(Kind, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let kinds: Vec<String> = counts
        .iter()
        .map(|(kind, count)| format!("{count} {}", kind.name()))
        .collect();
    let kinds = kinds.join(w::COMMA.in_(language));
    Some(w::REST.filled(language, &[&left.len().to_string(), &kinds]))
}

fn report(daily: &Daily, at: Time, language: Language, full: usize) -> Page {
    let sum = |of: fn(&Figures) -> i64| daily.apps.iter().map(of).sum::<i64>().to_string();
    let heads = [
        w::APP,
        w::TOLD,
        w::ARCHIVED,
        w::OTHER,
        w::LOST,
        w::OPEN,
        w::LEAST_LEFT,
        w::CALLS,
    ];
    let mut table = vec![
        heads
            .iter()
            .map(|word| word.in_(language).to_owned())
            .collect(),
    ];
    table.extend(daily.apps.iter().take(full).map(figures));
    let mut rest = Vec::new();
    if let Some(more) = daily.apps.len().checked_sub(full).filter(|more| *more > 0) {
        rest.push(w::REST_APPS.filled(language, &[&more.to_string()]));
    }
    rest.extend(self::rest(&daily.open, full, language));
    let open = match daily.open.len() {
        0 => w::NO_ALARM.in_(language).to_owned(),
        count => w::OPEN_ALARMS.filled(language, &[&count.to_string()]),
    };
    let entries = daily.open.iter().take(full).map(|alarm| {
        let lasted = at.since(alarm.since).to_string();
        let rows = vec![
            outside(&alarm.text, language),
            row(
                w::SINCE,
                instant(alarm.since, language),
                Look::Words,
                language,
            ),
            row(w::LASTED, lasted, Look::Words, language),
        ];
        headed(alarm, rows, language)
    });
    Page {
        title: w::DAILY.filled(
            language,
            &[
                &plain(&daily.day, SUBJECT_MAX),
                &sum(|app| app.archived),
                &sum(|app| app.lost),
            ],
        ),
        lines: vec![open],
        table,
        entries: entries.collect(),
        rest,
    }
}

fn figures(app: &Figures) -> Vec<String> {
    vec![
        plain(&app.app, SUBJECT_MAX),
        app.told.to_string(),
        app.archived.to_string(),
        app.other.to_string(),
        app.lost.to_string(),
        app.open.to_string(),
        app.least_left
            .map_or_else(|| "–".to_owned(), |left| left.to_string()),
        format!("{} / {}", app.calls.0, app.calls.1),
    ]
}

/// The reader's own time first.
fn instant(at: Time, language: Language) -> String {
    let shown = |at: Time| at.rfc3339().replace('T', " ").replace('Z', "");
    let (utc, beijing) = (shown(at), shown(at.plus(Span::hours(8))));
    match language {
        Language::En => w::INSTANT.filled(language, &[&utc, &beijing]),
        Language::Zh => w::INSTANT.filled(language, &[&beijing, &utc]),
    }
}

/// A text from outside as one line of visible characters, at most so many of them.
pub(super) fn plain(text: &str, chars_max: usize) -> String {
    // Characters that are not seen, or that turn what follows around, could hide or feign words.
    let is_unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    let mut shown = String::new();
    for (place, c) in text.chars().enumerate() {
        if place == chars_max {
            shown.push('…');
            break;
        }
        shown.push(if is_unseen(c) { ' ' } else { c });
    }
    let shown = shown.trim();
    if shown.is_empty() {
        "–".to_owned()
    } else {
        shown.to_owned()
    }
}
