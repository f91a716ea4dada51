//! What is wrong: since when, what it threatens, what to do.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::{
    alarms::seen,
    people::count,
    report::Failure,
    screen::Screen,
    table::harmless,
    words::{self, MEANS, TODO, counted_in},
};
use super::beside::Beside;
use crate::{
    domain::{
        alarm::{Entry, Kind, Scope},
        language::{Language, Words},
        time::{Span, Time},
    },
    store::reports::{Open, Status as Figures},
};

/// What an alarm threatens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Threat {
    /// Verifications that are not settled.
    verifications: i64,
    /// Those of them with media still to be fetched.
    downloads: i64,
    /// How long until the provider forgets the first thing, by the earliest reading; negative when
    /// it is over.
    time_left_ms: Option<i64>,
}

/// One open alarm, from the database or from the daemon's memory.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Wrong {
    kind: String,
    subject: String,
    instance: Option<String>,
    text: String,
    since: String,
    times: i64,
    /// Known to the daemon alone so far: the database could not be written.
    unwritten: bool,
    /// Who took note of it, when, and what they said.
    acknowledged: Option<String>,
    threatens: Option<Threat>,
    /// What its kind tells of.
    means: &'static str,
    todo: &'static str,
}

/// All that is wrong: what the database knows, and what the daemon has not been able to write
/// there.
pub(super) fn all(
    figures: Option<&Figures>,
    beside: &Beside,
    now: Option<Time>,
    language: Language,
) -> Vec<Wrong> {
    let threatens = |kind: &str, subject: &str| {
        let scope = Kind::named(kind)?.scope();
        threat(scope, subject, &figures?.open_by_app, now?)
    };
    let say = |kind: &str, words: fn(Entry) -> Words| {
        Kind::named(kind).map_or("", |kind| words(kind.entry()).in_(language))
    };
    let todo = |kind: &str| say(kind, |entry| entry.todo);
    let means = |kind: &str| say(kind, |entry| entry.means);
    let known = figures.map_or(&[][..], |figures| figures.alarms.as_slice());
    let mut all: Vec<Wrong> = known
        .iter()
        .map(|alarm| Wrong {
            kind: alarm.kind.clone(),
            subject: alarm.subject.clone(),
            instance: alarm.instance.clone(),
            text: alarm.text.clone(),
            since: alarm.since.rfc3339(),
            times: alarm.times,
            unwritten: false,
            acknowledged: (alarm.acknowledged_at).map(|_| seen(alarm, language)),
            threatens: threatens(&alarm.kind, &alarm.subject),
            means: means(&alarm.kind),
            todo: todo(&alarm.kind),
        })
        .collect();
    for alarm in beside.alarms() {
        if !all
            .iter()
            .any(|one| one.kind == alarm.kind && one.subject == alarm.subject)
        {
            all.push(Wrong {
                kind: alarm.kind.clone(),
                subject: alarm.subject.clone(),
                instance: None,
                text: alarm.text.clone(),
                since: alarm.since.clone(),
                times: alarm.times,
                unwritten: true,
                acknowledged: None,
                threatens: threatens(&alarm.kind, &alarm.subject),
                means: means(&alarm.kind),
                todo: todo(&alarm.kind),
            });
        }
    }
    all
}

/// Whether an alarm is open that nobody has taken note of; what was lost and not acknowledged is
/// among them.
pub(super) fn is_any_unseen(figures: &Figures, beside: &Beside) -> bool {
    let known = &figures.alarms;
    let is_unwritten = |kind: &str, subject: &str| {
        !known
            .iter()
            .any(|one| one.kind == kind && one.subject == subject)
    };
    known.iter().any(|alarm| alarm.acknowledged_at.is_none())
        || (beside.alarms().iter()).any(|alarm| is_unwritten(&alarm.kind, &alarm.subject))
}

fn threat(scope: Scope, subject: &str, open: &[Open], now: Time) -> Option<Threat> {
    let of_app = |open: &&Open| open.app == subject;
    let touched: Vec<&Open> = match scope {
        Scope::Past | Scope::Verification => return None,
        Scope::App => open.iter().filter(of_app).collect(),
        Scope::Service => open.iter().collect(),
    };
    Some(Threat {
        verifications: touched.iter().map(|open| open.verifications).sum(),
        downloads: touched.iter().map(|open| open.downloads).sum(),
        time_left_ms: touched
            .iter()
            .filter_map(|open| open.next_deadline)
            .min()
            .map(|deadline| deadline.since(now).0),
    })
}

/// Prints them.
pub(super) fn print(all: &[Wrong], screen: &mut Screen<'_>) -> Result<(), Failure> {
    let language = screen.language;
    if all.is_empty() {
        screen.line(words::NO_ALARM.in_(language))?;
        return Ok(());
    }
    let number = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let number = counted_in(number, words::ALARM, language);
    screen.line("")?;
    screen.line(words::OPEN_ALARMS.filled(language, &[&number]))?;
    for one in all {
        let mut head = words::ALARM_LINE.filled(language, &[&one.kind, &one.subject, &one.since]);
        if one.times > 1 {
            head.push_str(&words::ALARM_TIMES.filled(language, &[&count(one.times)]));
        }
        if let Some(by) = &one.instance {
            head.push_str(&words::ALARM_SEEN_BY.filled(language, &[by]));
        }
        if one.unwritten {
            head.push_str(words::UNWRITTEN.in_(language));
        }
        screen.line(harmless(&format!("  {head}")))?;
        screen.line(harmless(&format!("    {}", one.text)))?;
        if !one.means.is_empty() {
            screen.line(labelled(MEANS, one.means, language))?;
        }
        if let Some(word) = &one.acknowledged {
            screen.line(harmless(&labelled(words::ACKNOWLEDGED, word, language)))?;
        }
        if let Some(threat) = &one.threatens {
            let threat = tell(threat, language);
            screen.line(labelled(words::THREATENS, &threat, language))?;
        }
        if !one.todo.is_empty() {
            screen.line(labelled(TODO, one.todo, language))?;
        }
    }
    Ok(())
}

/// What is said of an alarm below it.
fn labelled(label: Words, text: &str, language: Language) -> String {
    let told = words::LABELLED.filled(language, &[label.in_(language), text]);
    format!("    {told}")
}

fn tell(threat: &Threat, language: Language) -> String {
    if threat.verifications == 0 {
        return words::THREATENS_NOTHING.in_(language).to_owned();
    }
    let left = threat.time_left_ms.map_or_else(String::new, |left| {
        let span = Span(left.saturating_abs()).to_string();
        let words = if left < 0 {
            words::FORGOTTEN_SINCE
        } else {
            words::FORGOTTEN_IN
        };
        words.filled(language, &[&span])
    });
    let open = counted_in(threat.verifications, words::VERIFICATION, language);
    words::THREAT.filled(language, &[&open, &count(threat.downloads), &left])
}

/// What the daemon says and how much room there is.
pub(super) fn print_beside(
    beside: &Beside,
    all: &[Wrong],
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let language = screen.language;
    if let Some(daemon) = &beside.daemon {
        let address = daemon.address.to_string();
        let (words, checks) = match &daemon.says {
            None => (words::SILENT, &[][..]),
            Some(says) if says.ready => (words::READY, &[][..]),
            Some(says) => (words::NOT_READY, says.checks.as_slice()),
        };
        screen.line(words.filled(language, &[&address]))?;
        for check in checks.iter().filter(|check| !check.ok) {
            screen.line(harmless(&format!("  {}: {}", check.name, check.text)))?;
        }
    }
    for text in &beside.insecure {
        screen.line(harmless(&words::INSECURE.filled(language, &[text])))?;
    }
    for (what, text) in &beside.short_of_room {
        if !all
            .iter()
            .any(|one| one.kind == Kind::DiskFull.name() && one.subject == *what)
        {
            let todo = Kind::DiskFull.entry().todo.in_(language);
            screen.line(text)?;
            screen.line(labelled(TODO, todo, language))?;
        }
    }
    Ok(())
}

/// What stands beside the figures, as JSON.
pub(super) fn beside_document(beside: &Beside) -> Value {
    let short: Vec<Value> = beside
        .short_of_room
        .iter()
        .map(|(what, text)| json!({ "what": what, "text": text }))
        .collect();
    json!({ "daemon": beside.daemon, "insecure": beside.insecure, "short_of_room": short })
}
