//! The poll stage: ask what the plan wants asked, fetch what is small of it, write it all at once.

mod ahead;
mod apply;
mod draft;
mod learn;
mod siblings;

use std::sync::Arc;

pub use self::ahead::Onward;
use self::draft::PollDraft;
use super::{
    App, Apps, Asker, Headway, Keeper, LessonBook, MediaFetcher, StepError, Watcher, asker::Asked,
    duplicates::duplicates, failures, headway::Put,
};
use crate::{
    domain::{
        alarm::{self, Alarm},
        answer::{Endpoint, ProviderError},
        identity::{Columns, IndexKey},
        lease::Lane,
        lessons::Origin,
        loss::{Cause, Reason},
        media::Slot,
        plan::{self, Ends, Outcome, Proof, Step},
        random,
        secret::Secret,
        time::{Clock, Span, Time},
    },
    store::{
        AlarmStore, Queue,
        records::{DownloadWork, Next, PollRecord, PollWork},
    },
    vault::VaultError,
};

/// A step asks no more than this often: each endpoint once, the other apps, and a little more.
const ASKS_MAX: usize = 16;
/// A step that an object store broke off waits as long as after so many failures.
const BROKEN_OFF: u32 = 3;

/// Asks.
pub struct Poller {
    pub(super) queue: Arc<dyn Queue>,
    /// What was out when.
    pub(super) outages: Arc<dyn AlarmStore>,
    pub(super) asker: Arc<Asker>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) fetcher: Arc<MediaFetcher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) apps: Arc<Apps>,
    pub(super) lessons: Arc<LessonBook>,
    /// Which identity columns the database may hold.
    pub(super) columns: Columns,
    /// The key of the look-up index.
    pub(super) index_key: Option<IndexKey>,
    pub(super) watcher: Arc<dyn Watcher>,
}

/// What the poll stage found, handed to the download stage of the same process while the URLs are
/// fresh.
pub struct Handover {
    /// The right to the download, granted with the record that told of the media.
    pub work: DownloadWork,
    /// The fresh URLs.
    pub urls: Vec<(Slot, Secret)>,
}

impl Poller {
    /// Works on a claimed poll until nothing more is to be done now. With `onward` what media it finds are
    /// fetched at once where they are small, and a download of the others is granted to this process and
    /// returned while its URLs are fresh.
    ///
    /// # Errors
    /// [`StepError`]; nothing was recorded then, but for what could be kept where an object could
    /// not.
    pub async fn poll(
        &self,
        work: PollWork,
        onward: Option<&Onward>,
        headway: &Headway,
    ) -> Result<Option<Handover>, StepError> {
        let Some(app) = self.apps.get(&work.verification.app).cloned() else {
            let record = without_app(work, self.clock.now());
            headway.write(self.queue.record_poll(record)).await?;
            return Ok(None);
        };
        let mut draft = PollDraft::begin(work, self.clock.now(), headway.put.clone());
        // Gone before the record is waited for.
        let gathered = Box::pin(self.gather(&app, &mut draft, onward, headway)).await;
        let next = match gathered {
            Err(StepError::Vault(error)) => {
                let record = self.broken_off(&app, draft, &error);
                let recorded = headway.write(self.queue.record_poll(record)).await?;
                self.keeper.drop_objects(&recorded.unnamed).await;
                return Err(error.into());
            }
            next => next?,
        };
        draft.record.next = next.clone();
        if let Next::Settled { outcome, .. } = next {
            self.settle(&app, draft, outcome, headway).await?;
            return Ok(None);
        }
        let now = self.clock.now();
        draft.schedule_download(&app, now, onward.map(|onward| onward.lease));
        let handover = draft.hand_over();
        let (moved, verification_id) = (
            draft.record.moved.clone(),
            draft.verification.verification_id,
        );
        let record = draft.finish(now);
        let recorded = headway.write(self.queue.record_poll(record)).await?;
        self.keeper.drop_objects(&recorded.unnamed).await;
        if let Some(moved) = moved {
            self.tell_moved(verification_id, &moved);
        }
        Ok(handover.filter(|_| recorded.is_download_granted))
    }

    /// An object cannot be written: what came so far stands, and the rest is asked for again. An
    /// object store that is away for days takes no record with it.
    fn broken_off(&self, app: &App, mut draft: PollDraft, error: &VaultError) -> PollRecord {
        let now = self.now(&draft);
        let learned = self.lessons.learned(app, &draft.verification);
        let left = plan::left(draft.known(app, &learned, false), now);
        let wait = random::jitter(plan::backoff(&app.policy, BROKEN_OFF, left));
        draft.record.last_error = Some(format!("object store: {}", error.name()));
        let deadline = app.policy.record_deadline(draft.verification.issued_at);
        draft.record.next = draft.due(&app.policy, now.plus(wait), deadline);
        draft.schedule_download(app, self.clock.now(), None);
        draft.finish(self.clock.now())
    }

    /// Writes the end of a verification.
    async fn settle(
        &self,
        app: &App,
        mut draft: PollDraft,
        outcome: Outcome,
        headway: &Headway,
    ) -> Result<(), StepError> {
        draft.record.same = duplicates(&draft.media);
        draft.record.proof = self.proof(app, &draft, outcome);
        let never_seen = (draft.record.proof.as_ref()).is_some_and(|proof| proof.never_seen);
        let state = outcome.state().name();
        self.explain(app, &mut draft.record.next).await?;
        // Nothing of it can fail any more; what is missing says why.
        draft.record.last_error = None;
        let verification_id = draft.verification.verification_id;
        let record = draft.finish(self.clock.now());
        let recorded = headway.write(self.queue.record_poll(record)).await?;
        self.keeper.drop_objects(&recorded.unnamed).await;
        if !recorded.is_settled {
            // Something happened to it meanwhile: the next poll decides.
            return Ok(());
        }
        self.watcher.settled(state);
        if never_seen {
            self.watcher.never_seen(&app.name);
        }
        if outcome.state().is_loss() {
            tracing::warn!(alarm = "loss", app = %app.name, %verification_id, outcome = state, "something was lost: `verikeep show` says what and why");
        }
        Ok(())
    }

    /// What the verdict rests on.
    fn proof(&self, app: &App, draft: &PollDraft, outcome: Outcome) -> Option<Proof> {
        let has_siblings = self.apps.siblings(app).next().is_some();
        let learned = self.lessons.learned(app, &draft.verification);
        plan::proof(draft.known(app, &learned, has_siblings), outcome)
    }

    /// The present instant, or the provider's where that was seen to be earlier: what is final is
    /// so by its clock.
    fn now(&self, draft: &PollDraft) -> Time {
        self.clock.now().minus(draft.log.behind)
    }

    /// When the last answer was given.
    fn given_at(&self, draft: &PollDraft) -> Time {
        draft.log.given_at.unwrap_or_else(|| self.now(draft))
    }

    /// Looks among the outages for what explains a loss that nothing of the verification does.
    async fn explain(&self, app: &App, next: &mut Next) -> Result<(), StepError> {
        let Next::Settled { missing, .. } = next else {
            return Ok(());
        };
        for one in missing {
            let Reason {
                cause: Cause::Unknown,
                from: Some(from),
                to: Some(to),
            } = one.reason
            else {
                continue;
            };
            let outages = self.outages.outages(&app.name, from, to).await?;
            one.reason = one.reason.explained_by(&outages);
        }
        Ok(())
    }

    /// Asks until the plan says to wait or that it is over.
    async fn run_plan(&self, app: &App, draft: &mut PollDraft) -> Result<Next, StepError> {
        let has_siblings = self.apps.siblings(app).next().is_some();
        let mut is_time_asked = false;
        for _ in 0..ASKS_MAX {
            if let Some(owner) = self.owner(app, draft) {
                return Ok(self.give(app, &owner, draft));
            }
            let now = self.now(draft);
            let learned = self.lessons.learned(app, &draft.verification);
            let known = draft.known(app, &learned, has_siblings);
            let (ends, left) = (Ends::of(known), plan::left(known, now));
            let deadline = if now < ends.media_end {
                ends.media_deadline
            } else {
                ends.record_deadline
            };
            let mut step = plan::plan(known, now);
            if matches!(&step, Step::Settle(outcome, _) if outcome.state().is_loss())
                && !self.clock.is_confirmed(app.policy.verify_window)
            {
                // Nothing is lost on the word of a host's clock alone: any answer tells the time.
                if is_time_asked {
                    return Ok(draft.due(&app.policy, now.plus(app.policy.first_poll()), deadline));
                }
                is_time_asked = true;
                step = Step::Ask(Endpoint::Getall);
            }
            let paused_until = match step {
                Step::Wait { due_at, deadline } => {
                    return Ok(draft.due(&app.policy, due_at, deadline));
                }
                Step::Settle(outcome, missing) => return Ok(Next::Settled { outcome, missing }),
                Step::AskSiblings => {
                    self.ask_siblings(app, draft).await?;
                    None
                }
                Step::Ask(endpoint) => self.ask(app, draft, endpoint, (&ends, left, now)).await?,
            };
            if let Some(due_at) = paused_until {
                return Ok(draft.due(&app.policy, due_at, deadline));
            }
        }
        // More asks than a verification can need: come back soon rather than ask on for ever.
        let due_at = self.now(draft).plus(app.policy.first_poll());
        let deadline = app.policy.record_deadline(draft.verification.issued_at);
        Ok(draft.due(&app.policy, due_at, deadline))
    }

    /// Asks one query and remembers what it came to; returns until when its app is not to be asked.
    async fn ask(
        &self,
        app: &App,
        draft: &mut PollDraft,
        endpoint: Endpoint,
        (ends, left, now): (&Ends, Span, Time),
    ) -> Result<Option<Time>, StepError> {
        let query = self
            .asker
            .query(app, &draft.verification, endpoint, &mut draft.log);
        Ok(match query.await? {
            Asked::Answered(answer) => {
                self.apply(app, draft, answer, ends).await?;
                draft.name_closing();
                None
            }
            Asked::Failed(problem) => {
                let wait = self.apply_failure(app, draft, endpoint, &problem, ends);
                draft.name_closing();
                failures::concerns_the_app(problem.kind).then(|| self.now(draft).plus(wait))
            }
            Asked::Paused(until, kind) => {
                draft.record.progress.held_back(endpoint, now, kind);
                let until = until.minus(draft.log.behind);
                // Looked at again while there is still time.
                Some(until.min(now.plus(left.part(8))).max(now.plus(Span(50))))
            }
        })
    }

    /// Remembers a call that brought nothing; returns how long to wait before it is made again.
    fn apply_failure(
        &self,
        app: &App,
        draft: &mut PollDraft,
        endpoint: Endpoint,
        problem: &ProviderError,
        ends: &Ends,
    ) -> Span {
        let at = self.given_at(draft);
        let progress = &mut draft.record.progress;
        // Not used yet is no error.
        let waits = problem.kind.is_about_the_token()
            && endpoint == Endpoint::Getall
            && progress.attempts.is_empty();
        draft.record.last_error = (!waits).then(|| format!("{}: {problem}", endpoint.name()));
        if waits {
            let verification = &draft.verification;
            let is_witnessed = self.lessons.is_witnessed(app, verification, at);
            let issued_here = verification.issued_here;
            let refusal = learn::refused(progress, problem, issued_here, is_witnessed, ends, at);
            if let Some(refusal) = refusal {
                let lessons = &mut draft.record.lessons;
                self.lessons
                    .unused(app, verification, &refusal, Origin::IssuedHere, lessons);
            }
            return Span(0);
        }
        if problem.kind.is_about_the_token() && endpoint == Endpoint::Media {
            progress.media_refused = true;
        }
        self.wait_longer(app, draft, endpoint, problem)
    }

    /// Notes a failed call, and how long to wait before the next.
    fn wait_longer(
        &self,
        app: &App,
        draft: &mut PollDraft,
        endpoint: Endpoint,
        problem: &ProviderError,
    ) -> Span {
        let now = self.now(draft);
        let fails = draft.record.progress.fails.get(&endpoint);
        let fails = fails.map_or(0, |fails| fails.count);
        let learned = self.lessons.learned(app, &draft.verification);
        let wait = failures::wait(draft.known(app, &learned, false), fails, problem, now);
        let progress = &mut draft.record.progress;
        progress.failed(endpoint, now, wait, problem.kind);
        wait
    }
}

/// The app of a tracked token is no longer configured: nothing can be asked, and nothing is dropped.
fn without_app(work: PollWork, now: Time) -> PollRecord {
    let mut draft = PollDraft::begin(work, now, Put::default());
    let app = draft.verification.app.clone();
    let text = format!(
        "app {app} is not in the config any more: put it back, or assign its tokens with `verikeep retry --app`"
    );
    let later = now.plus(Span::minutes(5));
    draft.record.last_error = Some(text.clone());
    draft.record.next = Next::Due {
        due_at: later,
        deadline: later,
        state: draft.open_state(),
        lane: Lane::Living,
    };
    draft.record.alarms.push(Alarm {
        kind: alarm::Kind::Misconfigured,
        subject: app,
        text,
    });
    draft.finish(now)
}
