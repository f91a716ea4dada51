//! A token that its own app refuses may belong to another app of the same account.

use std::sync::Arc;

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
        id::VerificationId,
        lease::Lane,
        time::Time,
    },
    store::records::{Moved, Next},
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
                        if self.owner(app, draft).is_none() {
                            belongs_to(&sibling.name, app, draft);
                        }
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

    /// The sibling that the token was seen to belong to, where it is to be given to it without a
    /// person.
    pub(super) fn owner(&self, app: &App, draft: &PollDraft) -> Option<Arc<App>> {
        let progress = &draft.record.progress;
        let may_move = app.policy.reassign && !progress.was_moved && progress.attempts.is_empty();
        let name = progress.known_by.as_ref().filter(|_| may_move)?;
        let mut siblings = self.apps.siblings(app);
        siblings.find(|sibling| sibling.name == *name).cloned()
    }

    /// Gives the token to the sibling that it belongs to, under whose name it is asked for at once.
    pub(super) fn give(&self, app: &App, owner: &App, draft: &mut PollDraft) -> Next {
        let issued_at = draft.verification.issued_at;
        let media_deadline = owner.policy.media_deadline(issued_at);
        let record_deadline = owner.policy.record_deadline(issued_at);
        let (now, due_at) = (self.now(draft), self.clock.now());
        let record = &mut draft.record;
        record.progress.start_over(now);
        record.last_error = None;
        record.moved = Some(Moved {
            from: app.name.clone(),
            to: owner.name.clone(),
            media_deadline,
            record_deadline,
        });
        let deadline = if now < media_deadline {
            media_deadline
        } else {
            record_deadline
        };
        Next::Due {
            due_at,
            deadline,
            state: draft.open_state(),
            // Its attempts were seen.
            lane: Lane::Living,
        }
    }

    /// Tells that it was given to another app.
    pub(super) fn tell_moved(&self, verification_id: VerificationId, moved: &Moved) {
        self.watcher.reassigned();
        tracing::info!(app = %moved.from, to = %moved.to, %verification_id, "a token was told under the wrong app and goes to the one that lists attempts of it");
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
