//! What to do about a call that brought nothing: how long to wait, what to pause, which alarm to
//! raise. Decided here and nowhere else.

use super::{App, Archive};
use crate::domain::{
    alarm::{self, Alarm},
    answer::{ErrorKind, ProviderError},
    chance,
    plan::{self, PlanInput},
    time::{Span, Time},
};

/// Whether an error of that kind concerns the whole app, so that asking another endpoint would meet
/// it too.
#[must_use]
pub fn concerns_the_app(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Unauthorised
        | ErrorKind::TooFast
        | ErrorKind::DailyQuota
        | ErrorKind::TotalQuota
        | ErrorKind::Forbidden => true,
        ErrorKind::Transient
        | ErrorKind::Garbled
        | ErrorKind::Misconfigured
        | ErrorKind::Refused
        | ErrorKind::NotYet => false,
    }
}

/// How long to wait before the same call is made again: backed off with jitter, longer when the far
/// end asks for it.
#[must_use]
pub fn wait(known: PlanInput<'_>, fails: u32, problem: &ProviderError, now: Time) -> Span {
    let left = plan::left(known, now);
    let backoff = chance::jitter(plan::backoff(known.policy, fails, left));
    let asked = problem
        .retry_after
        .unwrap_or_default()
        .0
        .min((left.0 / 8).max(1));
    Span(backoff.0.max(asked))
}

impl Archive {
    /// Breaker what must be paused and raises what people must know. An alarm that cannot be
    /// written must not stop the work.
    pub(super) async fn on_failure(&self, app: &App, problem: &ProviderError) {
        let now = self.now();
        let pause = |span: Span| self.breaker.pause(&app.name, now.plus(span));
        let small = Span(app.policy.first_poll().0.min(60_000));
        let kind = match problem.kind {
            ErrorKind::DailyQuota => {
                // Looked at now and then all the same: quotas are raised by hand, too.
                let until = now
                    .next_midnight_in_beijing()
                    .min(now.plus(app.policy.verify_window.part(8)));
                self.breaker.pause(&app.name, until);
                alarm::Kind::Quota
            }
            ErrorKind::TotalQuota => {
                pause(app.policy.verify_window.part(8));
                alarm::Kind::Quota
            }
            ErrorKind::Unauthorised => {
                pause(small);
                alarm::Kind::Credentials
            }
            ErrorKind::Forbidden => {
                pause(app.policy.first_poll());
                // OAuth's word for a wrong key or secret.
                if problem.code.as_deref() == Some("invalid_client") {
                    alarm::Kind::Credentials
                } else {
                    alarm::Kind::Forbidden
                }
            }
            ErrorKind::Misconfigured => alarm::Kind::Misconfigured,
            ErrorKind::TooFast => {
                // Now and then is the quota's doing, which slows down by itself; for long it may be
                // that nothing is paid for.
                if !self.is_lasting(app, now) {
                    return;
                }
                alarm::Kind::TooFast
            }
            ErrorKind::Transient | ErrorKind::Garbled => {
                if !self.is_lasting(app, now) {
                    return;
                }
                alarm::Kind::ProviderDown
            }
            ErrorKind::Refused | ErrorKind::NotYet => return,
        };
        self.breaker.alarmed(&app.name, now);
        let alarm = Alarm {
            kind,
            subject: app.name.clone(),
            text: problem.to_string(),
        };
        self.alarms.raise(&*self.store, &alarm, now).await;
    }

    /// Whether nothing has gone well for the app for ten minutes (a twelfth of the verification
    /// window).
    fn is_lasting(&self, app: &App, now: Time) -> bool {
        now.since(self.breaker.in_trouble_since(&app.name, now))
            >= app.policy.verify_window.part(12)
    }

    /// A call went well: ends what a failure began.
    pub(super) async fn on_success(&self, app: &App) {
        if !self.breaker.resume(&app.name) {
            return;
        }
        for kind in [
            alarm::Kind::Quota,
            alarm::Kind::Credentials,
            alarm::Kind::Forbidden,
            alarm::Kind::TooFast,
            alarm::Kind::ProviderDown,
        ] {
            self.alarms
                .clear(&*self.store, kind, &app.name, self.now())
                .await;
        }
    }
}
