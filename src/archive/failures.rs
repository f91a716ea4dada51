//! What a call that brought nothing means: how long to wait before it is made again, and which alarm
//! begins or ends.

use super::{App, Asker};
use crate::domain::{
    alarm::{self, Alarm, Ends},
    answer::{ErrorKind, ProviderError},
    plan::{self, PlanInput},
    random,
    time::{Span, Time},
};

/// Whether an error of that kind concerns the whole app, so that asking another endpoint would meet
/// it too.
#[must_use]
pub(super) fn concerns_the_app(kind: ErrorKind) -> bool {
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
pub(super) fn wait(known: PlanInput<'_>, fails: u32, problem: &ProviderError, now: Time) -> Span {
    let left = plan::left(known, now);
    let backoff = random::jitter(plan::backoff(known.policy, fails, left));
    let asked = problem
        .retry_after
        .unwrap_or_default()
        .0
        .min((left.0 / 8).max(1));
    Span(backoff.0.max(asked))
}

impl Asker {
    /// Notes how a call went: the breaker hears of it, and people hear what they must know. An alarm
    /// that cannot be written must not stop the work.
    pub(super) async fn note(&self, app: &App, read: Result<(), &ProviderError>) {
        let now = self.clock.now();
        match read {
            Err(problem) if !problem.kind.is_about_the_token() => {
                let worth = self.breaker.failed(&app.name, &app.policy, problem, now);
                let Some((kind, since)) = worth else {
                    return;
                };
                let alarm = Alarm {
                    kind,
                    subject: app.name.clone(),
                    text: problem.to_string(),
                };
                self.alarms.raise_since(&alarm, since, now).await;
            }
            // An answer about the token is an answer.
            _ => {
                if !self.breaker.succeeded(&app.name) {
                    return;
                }
                let by_answers = alarm::Kind::ALL.iter();
                for kind in by_answers.filter(|kind| kind.ends() == Ends::Answered) {
                    self.alarms.clear(*kind, &app.name, now).await;
                }
            }
        }
    }
}
