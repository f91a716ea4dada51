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
    /// Its kind, and what it is about.
    pub(super) head: String,
    /// What there is to say, each under a word.
    pub(super) rows: Vec<(&'static str, String)>,
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

fn entry(alarm: &Told, at: Time, language: Language) -> Entry {
    let subject = plain(&alarm.subject, SUBJECT_MAX);
    let kind = alarm.kind.name();
    let said = alarm.kind.entry();
    let event = match alarm.event {
        Event::Begun => w::HAS_BEGUN.in_(language).to_owned(),
        Event::Lasts(times) => w::HAS_LASTED.filled(language, &[&times.to_string()]),
        Event::Ended => w::HAS_ENDED.in_(language).to_owned(),
    };
    let severity = alarm.kind.severity().words().in_(language);
    let what = match alarm.event {
        Event::Ended => event,
        _ => format!("{event}{}{severity}", w::COMMA.in_(language)),
    };
    let mut rows = vec![(w::WHAT, what), (w::SINCE, instant(alarm.since, language))];
    if let Some(ended_at) = alarm.ended_at {
        rows.push((w::UNTIL, instant(ended_at, language)));
    }
    let lasted = alarm.ended_at.unwrap_or(at).since(alarm.since);
    rows.extend([
        (w::LASTED, Span(lasted.0.max(0)).to_string()),
        (w::TIMES, alarm.times.to_string()),
        (w::MEANS, said.means.in_(language).to_owned()),
        (w::TEXT, plain(&alarm.text, TEXT_MAX)),
    ]);
    if alarm.ended_at.is_none() {
        rows.extend([
            (w::THREATENS, said.threatens.in_(language).to_owned()),
            (w::FIRST, command(said.first, alarm)),
            (w::TODO, said.todo.in_(language).to_owned()),
        ]);
    }
    rows.push((w::MORE, w::READ.filled(language, &[kind, kind])));
    Entry {
        head: format!("{kind}: {subject}"),
        rows: in_words(rows, language),
    }
}

fn in_words(rows: Vec<(Words, String)>, language: Language) -> Vec<(&'static str, String)> {
    rows.into_iter()
        .map(|(word, text)| (word.in_(language), text))
        .collect()
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
    let entries = daily.open.iter().take(full).map(|alarm| Entry {
        head: format!(
            "{}: {}",
            alarm.kind.name(),
            plain(&alarm.subject, SUBJECT_MAX)
        ),
        rows: in_words(
            vec![
                (w::SINCE, instant(alarm.since, language)),
                (w::LASTED, at.since(alarm.since).to_string()),
                (w::TEXT, plain(&alarm.text, TEXT_MAX)),
            ],
            language,
        ),
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

fn instant(at: Time, language: Language) -> String {
    let shown = |at: Time| at.rfc3339().replace('T', " ").replace('Z', "");
    w::INSTANT.filled(language, &[&shown(at), &shown(at.plus(Span::hours(8)))])
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
