//! A token that its own app refuses may belong to another app of the same account.

use super::{Poller, draft::PollDraft};
use crate::{
    archive::{
        App, StepError,
        asker::{Asked, ParsedAnswer},
    },
    domain::{
        alarm::{self, Alarm},
        answer::{Endpoint, ProviderError},
        time::Time,
    },
};

/// What asking the siblings left open.
enum Unanswered {
    Failed(ProviderError),
    Paused(Time),
}

impl Poller {
    /// Asks every sibling once whether it knows the token; one that cannot be reached is asked again
    /// later. Returns when, where all of it has to wait.
    pub(super) async fn ask_siblings(
        &self,
        app: &App,
        draft: &mut PollDraft,
    ) -> Result<Option<Time>, StepError> {
        let mut unanswered = None;
        for sibling in self.apps.siblings(app) {
            let (verification, log) = (&draft.verification, &mut draft.log);
            match self.asker.query_sibling(sibling, verification, log).await? {
                // Only an attempt shows whose it is: "none yet" may be what anybody's token gets.
                Asked::Answered(ParsedAnswer::Getall(answer)) if !answer.attempts.is_empty() => {
                    belongs_to(&sibling.name, app, draft);
                }
                Asked::Answered(_) => {}
                Asked::Failed(problem) if problem.kind.is_about_the_token() => {}
                Asked::Failed(problem) => unanswered = Some(Unanswered::Failed(problem)),
                Asked::Paused(until) => unanswered = Some(Unanswered::Paused(until)),
            }
        }
        match unanswered.filter(|_| draft.record.progress.known_by.is_none()) {
            // Waits as `simple` would, which is never asked before an attempt is seen.
            Some(Unanswered::Failed(problem)) => {
                self.wait_longer(app, draft, Endpoint::Simple, &problem);
                Ok(None)
            }
            Some(Unanswered::Paused(until)) => Ok(Some(until)),
            None => {
                draft.record.progress.others_asked = true;
                draft.record.progress.fails.remove(&Endpoint::Simple);
                Ok(None)
            }
        }
    }
}

/// The sibling of that name listed an attempt of it.
fn belongs_to(sibling: &str, app: &App, draft: &mut PollDraft) {
    let record = &mut draft.record;
    record.progress.known_by = Some(sibling.to_owned());
    record.last_error = Some(format!(
        "refused: the token belongs to app {sibling}; assign it with `verikeep retry --app {sibling}`"
    ));
    record.alarms.push(Alarm {
        kind: alarm::Kind::WrongApp,
        subject: draft.verification.verification_id.clone(),
        text: format!(
            "a token tracked under app {} belongs to app {sibling}; assign it with `verikeep retry --app {sibling}` before the provider forgets it",
            app.name
        ),
    });
}
