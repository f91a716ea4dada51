//! A token that its own app refuses may belong to another app of the same account.

use super::{Poller, draft::PollDraft};
use crate::{
    archive::{
        App, StepError,
        asker::{Asked, ParsedAnswer},
    },
    domain::{
        alarm::{self, Alarm},
        answer::{Endpoint, ErrorKind, ProviderError},
        attempt::Attempt,
        time::Time,
    },
};

/// What asking the siblings left open.
enum Unanswered {
    Failed(ProviderError),
    Paused(Time, ErrorKind),
}

impl Poller {
    /// Asks every sibling once whether the token is its own. One that cannot be asked is asked again
    /// later, and holds up no question to the token's own app meanwhile.
    pub(super) async fn ask_siblings(
        &self,
        app: &App,
        draft: &mut PollDraft,
    ) -> Result<(), StepError> {
        let (mut unanswered, mut is_sighted) = (None, false);
        for sibling in self.apps.siblings(app) {
            let (verification, log) = (&draft.verification, &mut draft.log);
            match self.asker.query_sibling(sibling, verification, log).await? {
                // Only attempts show whose it is: "none yet" may be what anybody's token gets.
                Asked::Answered(ParsedAnswer::Getall(answer)) if !answer.attempts.is_empty() => {
                    let attempts = answer.attempts.iter().map(Attempt::seen).collect();
                    let at = self.given_at(draft);
                    let progress = &mut draft.record.progress;
                    is_sighted = true;
                    if progress.sighted(&sibling.name, attempts, at) {
                        belongs_to(&sibling.name, app, draft);
                        break;
                    }
                }
                Asked::Answered(_) => {}
                Asked::Failed(problem) if problem.kind.is_about_the_token() => {}
                Asked::Failed(problem) => unanswered = Some(Unanswered::Failed(problem)),
                Asked::Paused(until, kind) => {
                    unanswered = Some(Unanswered::Paused(until, kind));
                }
            }
        }
        let (now, behind) = (self.now(draft), draft.log.behind);
        let progress = &mut draft.record.progress;
        if !is_sighted && unanswered.is_none() {
            progress.sighting = None;
        }
        match unanswered.filter(|_| progress.known_by.is_none()) {
            // Waits as `simple` would, which is never asked before an attempt is seen.
            Some(Unanswered::Failed(problem)) => {
                self.wait_longer(app, draft, Endpoint::Simple, &problem);
            }
            Some(Unanswered::Paused(until, kind)) => {
                let wait = until.minus(behind).since(now);
                progress.failed(Endpoint::Simple, now, wait, kind);
            }
            None => {
                progress.siblings_at = Some(now);
                progress.fails.remove(&Endpoint::Simple);
            }
        }
        Ok(())
    }
}

/// The sibling of that name listed the same attempts of it twice.
fn belongs_to(sibling: &str, app: &App, draft: &mut PollDraft) {
    let record = &mut draft.record;
    record.last_error = Some(format!(
        "refused: the token belongs to app {sibling}; assign it with `verikeep retry --app {sibling}`"
    ));
    record.alarms.push(Alarm {
        kind: alarm::Kind::WrongApp,
        subject: draft.verification.verification_id.to_string(),
        text: format!(
            "a token tracked under app {} belongs to app {sibling}; assign it with `verikeep retry --app {sibling}` before the provider forgets it",
            app.name
        ),
    });
}
