//! May an app be asked? Which must not be for a while, and which have been failing since when.
//!
//! Held in memory: a restart learns it again with one call. Pure but for the lock: the time comes
//! with each call.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::domain::{
    alarm::Kind,
    answer::{ErrorKind, ProviderError},
    plan,
    policy::Policy,
    time::{Span, Time},
};

/// So many calls in a row that come to nothing, and the app is asked one call at a time until one
/// goes well: a provider that hangs must not hold everything the app has.
const FAILS_MAX: u32 = 8;

/// What is known of each app.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<BTreeMap<String, BreakerState>>);

#[derive(Clone, Copy, Debug)]
struct BreakerState {
    /// Not asked before this.
    until: Option<Time>,
    /// When the first of the failed calls in a row was made, and what the last one came to.
    failing_since: Option<Time>,
    kind: ErrorKind,
    /// Failed calls in a row that brought no answer, and how long the next is waited for.
    fails: u32,
    pause: Span,
    /// Whether an alarm may be open: one was raised since the last success, or by an earlier process
    /// before the first.
    is_alarmed: bool,
}

impl Default for BreakerState {
    fn default() -> Self {
        Self {
            until: None,
            failing_since: None,
            kind: ErrorKind::Transient,
            fails: 0,
            pause: Span(0),
            is_alarmed: true,
        }
    }
}

impl Breaker {
    /// Until when `app` is not to be asked; none when it may be.
    #[must_use]
    pub fn until(&self, app: &str, now: Time) -> Option<Time> {
        self.of(app, |state| state.until.filter(|until| *until > now))
    }

    /// What the last failed call about `app` came to.
    #[must_use]
    pub fn failing(&self, app: &str) -> ErrorKind {
        self.of(app, |state| state.kind)
    }

    /// Asks to be allowed one call: none is a permission, else when to come back. Of an app that
    /// does not answer one call is out at a time: the others come back when it is overdue.
    pub fn admit(&self, app: &str, now: Time) -> Option<Time> {
        self.of(app, |state| {
            let paused = state.until.filter(|until| *until > now);
            if paused.is_none() && state.fails >= FAILS_MAX {
                state.until = Some(now.plus(state.pause));
            }
            paused
        })
    }

    /// A call brought nothing that is about its token. Says which alarm that is worth, if any, and
    /// since when calls fail.
    pub fn failed(
        &self,
        app: &str,
        policy: &Policy,
        problem: &ProviderError,
        now: Time,
    ) -> Option<(Kind, Time)> {
        self.of(app, |state| {
            let since = *state.failing_since.get_or_insert(now);
            state.kind = problem.kind;
            let (pause, kind) = consequence(policy, problem, now);
            if problem.kind == ErrorKind::Transient {
                state.fails = state.fails.saturating_add(1);
                if state.fails >= FAILS_MAX {
                    state.pause = plan::backoff(
                        policy,
                        state.fails - FAILS_MAX,
                        policy.verify_window.part(8),
                    );
                    state.until = state.until.max(Some(now.plus(state.pause)));
                }
            }
            state.until = state.until.max(pause.map(|span| now.plus(span)));
            let is_worth_it = match kind {
                Kind::TooFast | Kind::ProviderDown => {
                    now.since(since) >= policy.verify_window.part(12)
                }
                _ => true,
            };
            state.is_alarmed |= is_worth_it;
            is_worth_it.then_some((kind, since))
        })
    }

    /// A call was answered: asks again at once. True when alarms about the app may be open.
    pub fn succeeded(&self, app: &str) -> bool {
        self.of(app, |state| {
            let was_alarmed = state.is_alarmed;
            *state = BreakerState {
                is_alarmed: false,
                ..BreakerState::default()
            };
            was_alarmed
        })
    }

    fn of<T>(&self, app: &str, change: impl FnOnce(&mut BreakerState) -> T) -> T {
        let mut apps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(apps.entry(app.to_owned()).or_default())
    }
}

/// How long an app is left alone after such an error, and the alarm it may be worth: what passes by
/// itself (too fast, no answer) only once it has lasted ten minutes, a twelfth of the verification
/// window.
fn consequence(policy: &Policy, problem: &ProviderError, now: Time) -> (Option<Span>, Kind) {
    let eighth = policy.verify_window.part(8);
    match problem.kind {
        // Looked at now and then all the same: quotas are raised by hand, too.
        ErrorKind::DailyQuota => {
            let midnight = now.next_midnight_in_beijing().since(now);
            (Some(midnight.min(eighth)), Kind::Quota)
        }
        ErrorKind::TotalQuota => (Some(eighth), Kind::Quota),
        ErrorKind::Unauthorised => (
            Some(policy.first_poll().min(Span::minutes(1))),
            Kind::Credentials,
        ),
        // OAuth's word for a wrong key or secret.
        ErrorKind::Forbidden if problem.code.as_deref() == Some("invalid_client") => {
            (Some(policy.first_poll()), Kind::Credentials)
        }
        ErrorKind::Forbidden => (Some(policy.first_poll()), Kind::Forbidden),
        ErrorKind::Misconfigured => (None, Kind::Misconfigured),
        // Now and then is the quota's doing, which slows down by itself; for long it may be that
        // nothing is paid for.
        ErrorKind::TooFast => (None, Kind::TooFast),
        ErrorKind::Transient | ErrorKind::Garbled | ErrorKind::Refused | ErrorKind::NotYet => {
            (None, Kind::ProviderDown)
        }
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
