//! What is wrong: since when, what it threatens, what to do.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::{
    losses::seen,
    people::{count, counted},
    report::Failure,
    screen::Screen,
    table::harmless,
};
use super::beside::Beside;
use crate::{
    domain::{
        alarm::{Kind, Scope},
        time::Time,
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
    todo: &'static str,
}

/// All that is wrong: what the database knows, and what the daemon has not been able to write
/// there.
pub(super) fn all(figures: Option<&Figures>, beside: &Beside, now: Option<Time>) -> Vec<Wrong> {
    let threatens = |kind: &str, subject: &str| {
        threat(
            Kind::named(kind)?.scope(),
            subject,
            &figures?.open_by_app,
            now?,
        )
    };
    let todo = |kind: &str| Kind::named(kind).map_or("", Kind::todo);
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
            acknowledged: (alarm.acknowledged_at).map(|_| {
                seen(
                    alarm.acknowledged_at,
                    alarm.acknowledged_by.as_deref(),
                    alarm.note.as_deref(),
                )
            }),
            threatens: threatens(&alarm.kind, &alarm.subject),
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
    if all.is_empty() {
        screen.line("no alarm is open")?;
        return Ok(());
    }
    screen.line(format!(
        "\n{} open",
        counted(i64::try_from(all.len()).unwrap_or(i64::MAX), "alarm")
    ))?;
    for one in all {
        let times = if one.times > 1 {
            format!(", {} times", count(one.times))
        } else {
            String::new()
        };
        let unwritten = if one.unwritten {
            ", known to the daemon alone"
        } else {
            ""
        };
        let seen_by =
            (one.instance.as_ref()).map_or_else(String::new, |by| format!(", seen by {by}"));
        screen.line(harmless(&format!(
            "  {} of {}, since {}{times}{seen_by}{unwritten}",
            one.kind, one.subject, one.since
        )))?;
        screen.line(harmless(&format!("    {}", one.text)))?;
        if let Some(word) = &one.acknowledged {
            screen.line(harmless(&format!("    acknowledged: {word}")))?;
        }
        if let Some(threat) = &one.threatens {
            screen.line(format!("    threatens: {}", tell(threat)))?;
        }
        if !one.todo.is_empty() {
            screen.line(format!("    to do: {}", one.todo))?;
        }
    }
    Ok(())
}

fn tell(threat: &Threat) -> String {
    if threat.verifications == 0 {
        return "nothing that is open".to_owned();
    }
    let left = threat.time_left_ms.map_or_else(String::new, |left| {
        let span = crate::domain::time::Span(left.saturating_abs());
        if left < 0 {
            format!("; the first thing was to be forgotten {span} ago")
        } else {
            format!("; the first thing is forgotten in {span}")
        }
    });
    format!(
        "{} open, {} of them with media to fetch{left}",
        counted(threat.verifications, "verification"),
        count(threat.downloads)
    )
}

/// What the daemon says and how much room there is.
pub(super) fn print_beside(
    beside: &Beside,
    all: &[Wrong],
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    if let Some(daemon) = &beside.daemon {
        let address = daemon.address;
        match &daemon.says {
            None => screen.line(format!(
                "no daemon answers on {address} (http.ops_listen, else http.listen)"
            ))?,
            Some(says) if says.ready => screen.line(format!("the daemon on {address} is ready"))?,
            Some(says) => {
                screen.line(format!("the daemon on {address} is not ready:"))?;
                for check in says.checks.iter().filter(|check| !check.ok) {
                    screen.line(harmless(&format!("  {}: {}", check.name, check.text)))?;
                }
            }
        }
    }
    for text in &beside.insecure {
        screen.line(harmless(&format!(
            "insecure, and allowed by the configuration: {text}"
        )))?;
    }
    for (what, text) in &beside.short_of_room {
        if !all
            .iter()
            .any(|one| one.kind == Kind::DiskFull.name() && one.subject == *what)
        {
            screen.line(format!("{text}\n    to do: {}", Kind::DiskFull.todo()))?;
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
