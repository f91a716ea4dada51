//! What a channel has been told of each alarm, and what it is to be told next: the rules of the
//! outbox.
//!
//! An alarm is told when it begins, again with growing pauses until somebody acknowledges it or it
//! ends, and once more when it has been over for [`CALM`]. One that is over before it was told is
//! told of all the same. Alarms of one kind and subject that several processes raised are one here.

use std::collections::BTreeMap;

use super::{
    alarm::Kind,
    channel::Channel,
    message::{Event, Told},
    time::{Span, Time},
};

/// How long an alarm must be over before its end is told: one that comes and goes is told once.
pub const CALM: Span = Span::minutes(1);
/// The pauses before an alarm is told again; the last one from then on.
const PAUSES: [Span; 4] = [
    Span::minutes(30),
    Span::hours(2),
    Span::hours(6),
    Span::hours(24),
];

/// An alarm as it is known when channels are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What kind.
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    /// What happened.
    pub text: String,
    /// When it began.
    pub since: Time,
    /// How often it was raised.
    pub times: i64,
    /// Whether somebody has taken note of it.
    pub acknowledged: bool,
    /// When it ended; none while it is open.
    pub ended_at: Option<Time>,
}

/// What a channel was told of an alarm: a row of the outbox, gone once its end was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The alarm, as it was when last looked at.
    pub alarm: Standing,
    /// How often it was told.
    pub told: i64,
    /// When it was told last.
    pub told_at: Option<Time>,
    /// When it is to be told next; none when only its end is.
    pub due_at: Option<Time>,
}

/// Brings what a channel is to be told up to what is known now. `open` are all open alarms; `over`
/// those that have begun and ended since this was done last.
#[must_use]
pub fn learn(
    notices: Vec<Notice>,
    channel: &Channel,
    (open, over): (&[Standing], &[Standing]),
    now: Time,
) -> Vec<Notice> {
    let mut known: BTreeMap<(Kind, String), Notice> = notices
        .into_iter()
        .map(|notice| ((notice.alarm.kind, notice.alarm.subject.clone()), notice))
        .collect();
    let (open, over) = (merged(open, channel), merged(over, channel));
    let mut learned: Vec<Notice> = Vec::new();
    for (key, alarm) in over {
        // One that is open again, or was known before, is told of below.
        if !known.contains_key(&key) && !open.contains_key(&key) {
            known.insert(key, Notice::fresh(alarm, now));
        }
    }
    for (key, alarm) in open {
        learned.push(match known.remove(&key) {
            Some(notice) => notice.goes_on(alarm, now),
            None => Notice::fresh(alarm, now),
        });
    }
    learned.extend(known.into_values().map(|notice| notice.over(now)));
    learned.sort_by(|one, other| one.key().cmp(&other.key()));
    learned
}

/// What is to be told now, the most urgent first.
#[must_use]
pub fn due(notices: &[Notice], now: Time) -> Vec<Told> {
    let due = notices.iter().filter(|notice| notice.is_due(now));
    sorted(due.map(Notice::tell).collect())
}

/// Open alarms, the most urgent first, as a report has them.
#[must_use]
pub fn as_told(open: &[Standing]) -> Vec<Told> {
    let told = |alarm: &Standing| Notice::fresh(alarm.clone(), alarm.since).tell();
    sorted(open.iter().map(told).collect())
}

fn sorted(mut told: Vec<Told>) -> Vec<Told> {
    told.sort_by_key(|told| {
        let urgency = std::cmp::Reverse(told.kind.severity());
        (urgency, told.event, told.since, told.kind)
    });
    told
}

/// What is left once all that was due at `asked` has been told.
#[must_use]
pub fn told(notices: Vec<Notice>, asked: Time) -> Vec<Notice> {
    let after = |notice: Notice| match notice.is_due(asked) {
        true => notice.told(asked),
        false => Some(notice),
    };
    notices.into_iter().filter_map(after).collect()
}

/// Alarms that the channel wants, one of a kind and subject.
fn merged(alarms: &[Standing], channel: &Channel) -> BTreeMap<(Kind, String), Standing> {
    let mut merged: BTreeMap<(Kind, String), Standing> = BTreeMap::new();
    for alarm in alarms {
        if !channel.wants(alarm.kind, &alarm.subject) {
            continue;
        }
        let key = (alarm.kind, alarm.subject.clone());
        match merged.get_mut(&key) {
            None => {
                merged.insert(key, alarm.clone());
            }
            Some(one) => {
                one.since = one.since.min(alarm.since);
                one.times += alarm.times;
                one.acknowledged &= alarm.acknowledged;
                one.ended_at = one.ended_at.zip(alarm.ended_at).map(|(a, b)| a.max(b));
            }
        }
    }
    merged
}

impl Notice {
    const fn fresh(alarm: Standing, now: Time) -> Self {
        Self {
            alarm,
            told: 0,
            told_at: None,
            due_at: Some(now),
        }
    }

    fn key(&self) -> (Kind, &str) {
        (self.alarm.kind, &self.alarm.subject)
    }

    /// It is open: still, or again before its end was told.
    fn goes_on(self, alarm: Standing, now: Time) -> Self {
        let due_at = match self.told_at {
            None => self.due_at.or(Some(now)),
            Some(_) if alarm.acknowledged => None,
            Some(told_at) => Some(told_at.plus(pause(self.told))),
        };
        Self {
            alarm,
            due_at,
            ..self
        }
    }

    /// It is not open any more.
    fn over(self, now: Time) -> Self {
        let ended_at = self.alarm.ended_at.unwrap_or(now);
        let due_at = match self.told {
            0 => self.due_at.unwrap_or(now),
            _ => ended_at.plus(CALM),
        };
        let alarm = Standing {
            ended_at: Some(ended_at),
            ..self.alarm
        };
        Self {
            alarm,
            due_at: Some(due_at),
            ..self
        }
    }

    fn is_due(&self, now: Time) -> bool {
        self.due_at.is_some_and(|due_at| due_at <= now)
    }

    fn event(&self) -> Event {
        match (self.told, self.alarm.ended_at) {
            (0, _) => Event::Begun,
            (told, None) => Event::Lasts(told),
            (_, Some(_)) => Event::Ended,
        }
    }

    fn tell(&self) -> Told {
        let alarm = &self.alarm;
        Told {
            event: self.event(),
            kind: alarm.kind,
            subject: alarm.subject.clone(),
            text: alarm.text.clone(),
            since: alarm.since,
            ended_at: alarm.ended_at,
            times: alarm.times,
        }
    }

    /// It has been told; none when that was the last there is to tell.
    fn told(self, now: Time) -> Option<Self> {
        if self.alarm.ended_at.is_some() {
            return None;
        }
        let told = self.told + 1;
        let due_at = (!self.alarm.acknowledged).then(|| now.plus(pause(told)));
        Some(Self {
            told,
            told_at: Some(now),
            due_at,
            ..self
        })
    }
}

/// The pause after an alarm was told so many times.
fn pause(told: i64) -> Span {
    let last = PAUSES.len() - 1;
    let nth = usize::try_from(told - 1).unwrap_or_default().min(last);
    PAUSES.get(nth).copied().unwrap_or(CALM)
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
