//! What has been learned of a verification so far: the memory the plan works from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    answer::{Endpoint, ErrorKind},
    attempt::Seen,
    digest::Sha256,
    loss::{Cause, Reason},
    time::{Span, Time},
};

/// Kept as one JSON column beside the schedule, so that a new fact for the plan is no change of the
/// tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Attempts seen, in order.
    pub attempts: Vec<Seen>,
    /// When getall last brought data.
    pub getall_at: Option<Time>,
    /// When the number of attempts last grew.
    pub grew_at: Option<Time>,
    /// The queries that are asked until they bring data once, and did: detail, simple and stat.
    pub captured: BTreeSet<Endpoint>,
    /// How many attempts were known when media/query last brought data.
    pub media_for: usize,
    /// When media/query last brought data.
    pub media_at: Option<Time>,
    /// Whether it then said something in `extInfo`: still at work on it, or the reason why there is
    /// nothing.
    pub media_explained: bool,
    /// How many attempts were known when a video was last listed.
    pub video_for: usize,
    /// How many attempts were known when liveness images were last listed.
    pub images_for: usize,
    /// Whether media/query was answered with a refusal about the token, as it may be where videos
    /// are not enabled.
    pub media_refused: bool,
    /// The first answer about the token that brought no data while other tokens of its app got some:
    /// in a disturbance everybody may be answered oddly.
    pub witnessed_refusal: Option<Refusal>,
    /// Signature of the last answer about the token that brought no data, and when.
    pub refusal: Option<Refusal>,
    /// The last such answer that falls between the window's end and the earliest end of the
    /// retention.
    pub closing: Option<Refusal>,
    /// When every sibling of its app was last asked whether the token is its own, and answered.
    pub siblings_at: Option<Time>,
    /// What a sibling listed of it when it was asked last.
    pub sighting: Option<Sighting>,
    /// The sibling that listed the same attempts twice: the token is its own.
    pub known_by: Option<String>,
    /// Whether it was given to the app that it was seen to belong to without a person: that is done
    /// once, so that no token goes to and fro.
    pub was_moved: bool,
    /// Endpoints whose last calls brought nothing usable.
    pub fails: BTreeMap<Endpoint, Fails>,
    /// When a person last woke it, or it was last given to another app: it is then asked at least once
    /// more, whatever the clock says.
    pub woken_at: Option<Time>,
    /// What could not be taken out of an answer that was kept (`detail.front_base64`, …).
    pub unreadable: Vec<String>,
}

/// Calls of one endpoint in a row that brought nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fails {
    /// How many.
    pub count: u32,
    /// When the first one was made.
    pub since: Time,
    /// What the last one came to ([`super::answer::ErrorKind::name`]).
    pub result: String,
    /// What is missing for it, should it come to that.
    #[serde(default)]
    pub cause: Cause,
    /// When the last one was made.
    pub at: Time,
    /// How long to wait after it.
    pub wait: Span,
}

impl Fails {
    /// What kept the thing asked for from being had.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        Reason::lasting(self.cause, self.since, self.at)
    }
}

/// An answer about the token that brought no data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// [`super::answer::ProviderError::signature`]; `zero_attempts` for a getall that succeeds and
    /// lists none.
    pub signature: String,
    /// When it was given.
    pub at: Time,
    /// The code it came with, where a verdict may rest on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Which answer of getall that is kept, where a verdict may rest on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Sha256>,
}

/// Attempts that another app of the account listed of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The app.
    pub app: String,
    /// What it listed.
    pub attempts: Vec<Seen>,
    /// When.
    pub at: Time,
}

/// Signature of a getall that succeeds and lists no attempt.
pub const ZERO_ATTEMPTS: &str = "zero_attempts";

impl Progress {
    /// Whether an attempt passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.attempts.iter().any(|seen| seen.passed)
    }

    /// When getall last answered about the token, with data or without.
    #[must_use]
    pub fn answered_at(&self) -> Option<Time> {
        self.getall_at
            .max(self.refusal.as_ref().map(|refusal| refusal.at))
    }

    /// Notes a call that brought nothing usable, to be repeated after `wait`.
    pub fn failed(&mut self, endpoint: Endpoint, at: Time, wait: Span, kind: ErrorKind) {
        let before = self.fails.get(&endpoint);
        let (count, since) = before.map_or((0, at), |fails| (fails.count, fails.since));
        let cause = kind.cause().after(before.map(|fails| fails.cause));
        self.fails.insert(
            endpoint,
            Fails {
                count: count.saturating_add(1),
                since,
                result: kind.name().to_owned(),
                cause,
                at,
                wait,
            },
        );
    }

    /// Notes that a call was due and must not be made: its app fails as `kind` says. It stays due.
    pub fn held_back(&mut self, endpoint: Endpoint, at: Time, kind: ErrorKind) {
        let before = self.fails.get(&endpoint);
        let cause = kind.cause().after(before.map(|fails| fails.cause));
        let fails = self.fails.entry(endpoint).or_insert_with(|| Fails {
            count: 0,
            since: at,
            result: kind.name().to_owned(),
            cause,
            at,
            wait: Span(0),
        });
        (fails.cause, fails.at, fails.wait) = (cause, at, Span(0));
    }

    /// Notes what a sibling listed of the token. True when it is the same as the time before, which
    /// shows whose it is; of an app that answers oddly once it shows nothing.
    pub fn sighted(&mut self, app: &str, attempts: Vec<Seen>, at: Time) -> bool {
        let is_same = self
            .sighting
            .as_ref()
            .is_some_and(|before| before.app == app && before.attempts == attempts);
        if is_same {
            self.known_by = Some(app.to_owned());
        }
        self.sighting = (!is_same).then(|| Sighting {
            app: app.to_owned(),
            attempts,
            at,
        });
        is_same
    }

    /// A person wants it tried again: what was learned from refusals is forgotten, what was
    /// captured is not.
    pub fn wake(&mut self, now: Time) {
        *self = Self {
            refusal: None,
            witnessed_refusal: None,
            closing: None,
            siblings_at: None,
            sighting: None,
            known_by: None,
            fails: BTreeMap::new(),
            woken_at: Some(now),
            ..std::mem::take(self)
        };
    }

    /// It is another app's from now on: what its former app answered says nothing of it any more.
    pub fn start_over(&mut self, now: Time) {
        *self = Self {
            was_moved: true,
            woken_at: Some(now),
            ..Self::default()
        };
    }

    /// The attempt that passed, else the last one; 0 when there is none.
    #[must_use]
    pub fn decisive_attempt(&self) -> i64 {
        self.attempts
            .iter()
            .find(|seen| seen.passed)
            .or(self.attempts.last())
            .map_or(0, |seen| seen.no)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_attempts_of_the_same_app_twice_running_show_whose_a_token_is() {
        let seen = |no| Seen {
            no,
            passed: true,
            face: true,
            at: Some(Time(no)),
        };
        for (label, first, second, shows) in [
            ("the same", ("b", vec![seen(1)]), ("b", vec![seen(1)]), true),
            (
                "it grew",
                ("b", vec![seen(1)]),
                ("b", vec![seen(1), seen(2)]),
                false,
            ),
            (
                "another's",
                ("b", vec![seen(1)]),
                ("c", vec![seen(1)]),
                false,
            ),
            ("others", ("b", vec![seen(1)]), ("b", vec![seen(2)]), false),
        ] {
            let mut progress = Progress::default();
            assert!(!progress.sighted(first.0, first.1, Time(5)), "{label}");
            assert!(progress.sighting.is_some() && progress.known_by.is_none());
            assert_eq!(
                progress.sighted(second.0, second.1, Time(8)),
                shows,
                "{label}"
            );
            assert_eq!(progress.known_by.is_some(), shows, "{label}");
            assert_eq!(progress.sighting.is_none(), shows, "{label}");
        }
    }

    #[test]
    fn waking_forgets_what_refusals_taught_and_keeps_what_was_captured() {
        let refusal = || {
            Some(Refusal {
                signature: "refused".to_owned(),
                at: Time(3),
                ..Refusal::default()
            })
        };
        let seen = Seen {
            no: 1,
            passed: false,
            face: true,
            at: None,
        };
        let kept = Progress {
            attempts: vec![seen],
            getall_at: Some(Time(1)),
            captured: [Endpoint::Stat].into(),
            media_for: 1,
            unreadable: vec!["detail.front_base64".to_owned()],
            was_moved: true,
            ..Progress::default()
        };
        let mut progress = Progress {
            refusal: refusal(),
            witnessed_refusal: refusal(),
            closing: refusal(),
            siblings_at: Some(Time(4)),
            sighting: Some(Sighting {
                app: "b".to_owned(),
                attempts: vec![seen],
                at: Time(4),
            }),
            known_by: Some("b".to_owned()),
            woken_at: Some(Time(2)),
            ..kept.clone()
        };
        progress.failed(Endpoint::Getall, Time(5), Span(9), ErrorKind::Transient);
        progress.wake(Time(6));
        let woken = Progress {
            woken_at: Some(Time(6)),
            ..kept
        };
        assert_eq!(progress, woken);
        progress.start_over(Time(7));
        let begun = Progress {
            woken_at: Some(Time(7)),
            was_moved: true,
            ..Progress::default()
        };
        assert_eq!(progress, begun, "another app's answers say nothing");
    }

    #[test]
    fn calls_in_a_row_that_fail_are_counted_from_the_first() {
        let mut progress = Progress::default();
        for (count, at, wait) in [(1, Time(5), Span(10)), (2, Time(15), Span(20))] {
            progress.failed(Endpoint::Getall, at, wait, ErrorKind::Transient);
            let expected = Fails {
                count,
                since: Time(5),
                result: "transient".to_owned(),
                cause: Cause::ProviderUnreachable,
                at,
                wait,
            };
            assert_eq!(progress.fails.get(&Endpoint::Getall), Some(&expected));
        }
        assert_eq!(progress.fails.len(), 1, "each query for itself");
    }

    #[test]
    fn what_stood_in_the_way_is_told_from_its_first_call_to_its_last() {
        let mut progress = Progress::default();
        let reason = |progress: &Progress| progress.fails[&Endpoint::Detail].reason();
        for (label, at, kind, cause) in [
            ("not asked: the quota is spent", 5, None, Cause::Quota),
            (
                "an outage",
                15,
                Some(ErrorKind::Transient),
                Cause::ProviderUnreachable,
            ),
            (
                "then it is forgotten",
                25,
                Some(ErrorKind::Refused),
                Cause::ProviderUnreachable,
            ),
        ] {
            match kind {
                Some(kind) => progress.failed(Endpoint::Detail, Time(at), Span(9), kind),
                None => progress.held_back(Endpoint::Detail, Time(at), ErrorKind::DailyQuota),
            }
            assert_eq!(
                reason(&progress),
                Reason::lasting(cause, Time(5), Time(at)),
                "{label}"
            );
        }
        assert_eq!(progress.fails[&Endpoint::Detail].count, 2, "calls alone");
    }

    #[test]
    fn the_attempt_that_passed_decides_and_else_the_last() {
        for (label, passed, decides) in [
            ("none", &[][..], 0),
            ("failed ones alone", &[false, false], 2),
            ("one passed", &[false, true, false], 2),
        ] {
            let seen = |(&passed, no)| Seen {
                no,
                passed,
                face: false,
                at: None,
            };
            let progress = Progress {
                attempts: passed.iter().zip(1..).map(seen).collect(),
                ..Progress::default()
            };
            assert_eq!(progress.decisive_attempt(), decides, "{label}");
            assert_eq!(progress.passed(), passed.contains(&true), "{label}");
        }
    }
}
