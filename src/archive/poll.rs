//! The poll stage: ask what the plan wants asked, remember it, write it all at once.

use super::{App, Archive, Handover, failures, fetch::Brought, take::Taken};
use crate::{
    domain::{
        alarm::{self, Alarm},
        answer::{Endpoint, ProviderError},
        chance,
        lessons::{Lessons, Origin},
        media::{MediaRow, MediaState, Source},
        plan::{self, Ends, Known, Step},
        time::{Span, Time},
        token::{State, Verification},
    },
    store::{
        StoreError,
        records::{DownloadStart, DownloadWork, Next, PollRecord, PollWork},
    },
    vault::{ObjectKey, VaultError},
};

/// Why a step could not be finished. The lease runs out or is given back, and the work is done again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Objects cannot be written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Rows cannot be written, or the lease was lost.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A step asks no more than this often: each endpoint once, the other apps, and a little more.
const ASKS_MAX: usize = 16;

impl Archive {
    /// Works on a claimed poll until nothing more is to be done now. With `room` the download that follows is granted to this process and
    /// returned while its URLs are fresh.
    ///
    /// # Errors
    /// [`StepError`]; nothing was recorded then.
    pub async fn poll(&self, work: PollWork, room: Option<Span>) -> Result<Option<Handover>, StepError> {
        let Some(app) = self.app(&work.verification.app).cloned() else { return self.poll_without_app(work).await };
        let mut taken = Taken::new(work.progress, work.media, Brought::beside(work.answers));
        let next = self.converse(&app, &work.verification, &mut taken).await?;
        if let Next::Settled { outcome, missing } = &next
            && outcome.state().is_loss()
        {
            let what: Vec<&str> = missing.iter().map(|one| one.what.as_str()).collect();
            let text = format!("{}: {} is missing; `verikeep list --state {}` shows all", outcome.state().name(), what.join(", "), outcome.state().name());
            taken.alarms.push(Alarm { kind: alarm::Kind::Loss, subject: app.name.clone(), text });
        }
        let now = self.now();
        let settled = matches!(next, Next::Settled { .. });
        let doubles: Vec<MediaRow> = if settled { doubles(&taken.media) } else { Vec::new() };
        let download = download_start(&taken, &app, &work.verification.issued_at, now, room);
        let outcome = if let Next::Settled { outcome, .. } = &next { Some(*outcome) } else { None };
        let verification_id = work.lease.verification_id.clone();
        let handover = download.as_ref().filter(|_| !settled).and_then(|start| start.lease.clone()).map(|(token, until)| Handover {
            work: DownloadWork {
                lease: crate::domain::lease::Lease {
                    verification_id: work.verification.verification_id.clone(),
                    stage: crate::domain::lease::Stage::Download,
                    token,
                    until,
                    claims: 1,
                },
                verification: work.verification.clone(),
                media: taken.media.clone(),
                answers: taken.brought.kept().to_vec(),
            },
            urls: std::mem::take(&mut taken.urls),
        });
        self.store
            .record_poll(PollRecord {
                lease: work.lease,
                at: now,
                progress: taken.progress,
                answers: taken.brought.answers,
                calls: taken.brought.calls,
                attempts: taken.attempts,
                counts: taken.counts,
                wanted: taken.wanted,
                inline: taken.inline,
                same: doubles.iter().map(|row| row.media_id.clone()).collect(),
                download: download.filter(|_| !settled),
                lessons: taken.lessons,
                last_error: taken.last_error,
                next,
                alarms: taken.alarms,
            })
            .await?;
        if let Some(outcome) = outcome {
            self.watcher.settled(outcome.state().name());
            if outcome.state().is_loss() {
                tracing::warn!(alarm = "loss", app = %app.name, %verification_id, outcome = outcome.state().name(), "something was lost: `verikeep show` says what and why");
            }
        }
        for key in doubles.iter().filter_map(|row| row.object_key.as_deref()).filter_map(|key| ObjectKey::parse(key).ok()) {
            // An object left over by a failure here is an orphan, which harms nothing.
            let _ = self.vault.delete(&key).await;
        }
        Ok(handover)
    }

    /// Asks until the plan says to wait or that it is over.
    async fn converse(&self, app: &App, verification: &Verification, taken: &mut Taken) -> Result<Next, StepError> {
        for _ in 0..ASKS_MAX {
            let now = self.now();
            let learned = self.learned(app, verification);
            let known =
                Known { verification, progress: &taken.progress, media: &taken.media, learned: &learned, others: self.apps.len() > 1, policy: &app.policy };
            let state = if taken.progress.attempts.is_empty() { State::Waiting } else { State::Collecting };
            let ends = Ends::of(known);
            let step = plan::plan(known, now);
            let paused = self.breaker.until(&app.name, now).filter(|_| matches!(step, Step::Ask(_) | Step::AskOthers));
            let deadline = if now < ends.media_end { ends.media_deadline } else { ends.record_deadline };
            match step {
                Step::Wait { due_at, deadline } => return Ok(Next::Due { due_at, deadline, state }),
                Step::Settle(outcome, missing) => return Ok(Next::Settled { outcome, missing }),
                _ if paused.is_some() => {
                    let due_at = paused.unwrap_or(now).min(now.plus(plan::left(known, now).part(8))).max(now.plus(Span(50)));
                    return Ok(Next::Due { due_at, deadline, state });
                }
                Step::Ask(endpoint) => match self.ask(app, verification, endpoint, &mut taken.brought).await? {
                    Ok(answered) => self.take(app, verification, taken, answered, &ends).await?,
                    Err(problem) => {
                        let wait = self.take_problem(app, verification, taken, endpoint, &problem, &ends).await;
                        if failures::concerns_the_app(problem.kind) {
                            return Ok(Next::Due { due_at: self.now().plus(wait), deadline, state });
                        }
                    }
                },
                Step::AskOthers => self.ask_others(app, verification, taken).await?,
            }
        }
        // More asks than a verification can need: come back soon rather than ask on for ever.
        let now = self.now();
        let record_deadline = app.policy.record_deadline(verification.issued_at);
        Ok(Next::Due { due_at: now.plus(app.policy.first_poll()), deadline: record_deadline, state: State::Collecting })
    }

    /// Remembers a call that brought nothing; returns how long to wait before it is made again.
    async fn take_problem(&self, app: &App, verification: &Verification, taken: &mut Taken, endpoint: Endpoint, problem: &ProviderError, ends: &Ends) -> Span {
        let now = self.now();
        self.on_failure(app, problem).await;
        taken.last_error = Some(format!("{}: {problem}", endpoint.name()));
        if problem.kind.is_about_the_token() && endpoint == Endpoint::Getall && taken.progress.attempts.is_empty() {
            if let Some(refusal) = super::learn::refused(&mut taken.progress, problem, verification.issued_here, ends, now) {
                self.learn_unused(app, verification, &refusal, Origin::IssuedHere, &mut taken.lessons);
            }
            return Span(0);
        }
        if problem.kind.is_about_the_token() && endpoint == Endpoint::Media {
            taken.progress.media_refused = true;
        }
        let fails = taken.progress.fails.get(&endpoint).map_or(0, |fails| fails.count);
        let learned = self.learned(app, verification);
        let known = Known { verification, progress: &taken.progress, media: &taken.media, learned: &learned, others: false, policy: &app.policy };
        let wait = failures::wait(known, fails, problem, now);
        taken.progress.failed(endpoint, now, wait, problem.kind.name());
        wait
    }

    /// Asks every other app once whether it knows the token. One that cannot be reached is asked again later.
    async fn ask_others(&self, app: &App, verification: &Verification, taken: &mut Taken) -> Result<(), StepError> {
        let mut unanswered = None;
        for other in self.apps.values().filter(|other| other.name != app.name) {
            match self.ask(other, verification, Endpoint::Getall, &mut taken.brought).await? {
                Ok(_) => {
                    taken.progress.known_by = Some(other.name.clone());
                    taken.last_error = Some(format!("refused: the token belongs to app {}; assign it with `verikeep retry --app {}`", other.name, other.name));
                    taken.alarms.push(Alarm {
                        kind: alarm::Kind::WrongApp,
                        subject: verification.verification_id.clone(),
                        text: format!(
                            "a token tracked under app {} belongs to app {}; assign it with `verikeep retry --app {}` before the provider forgets it",
                            app.name, other.name, other.name
                        ),
                    });
                }
                Err(problem) if problem.kind.is_about_the_token() => {}
                Err(problem) => unanswered = Some(problem),
            }
        }
        match unanswered {
            Some(problem) if taken.progress.known_by.is_none() => {
                // Waits as `simple` would, which is never asked before an attempt is seen.
                let fails = taken.progress.fails.get(&Endpoint::Simple).map_or(0, |fails| fails.count);
                let learned = self.learned(app, verification);
                let known = Known { verification, progress: &taken.progress, media: &taken.media, learned: &learned, others: true, policy: &app.policy };
                let now = self.now();
                let wait = failures::wait(known, fails, &problem, now);
                taken.progress.failed(Endpoint::Simple, now, wait, problem.kind.name());
            }
            _ => {
                taken.progress.others_asked = true;
                taken.progress.fails.remove(&Endpoint::Simple);
            }
        }
        Ok(())
    }

    /// The app of a tracked token is no longer configured: nothing can be asked, and nothing is dropped.
    async fn poll_without_app(&self, work: PollWork) -> Result<Option<Handover>, StepError> {
        let now = self.now();
        let name = &work.verification.app;
        let text = format!("app {name} is not in the config any more: put it back, or assign its tokens with `verikeep retry --app`");
        self.store
            .record_poll(PollRecord {
                lease: work.lease,
                at: now,
                progress: work.progress.clone(),
                answers: Vec::new(),
                calls: Vec::new(),
                attempts: Vec::new(),
                counts: None,
                wanted: Vec::new(),
                inline: Vec::new(),
                same: Vec::new(),
                download: None,
                lessons: Lessons::default(),
                last_error: Some(text.clone()),
                next: Next::Due {
                    due_at: now.plus(Span::minutes(5)),
                    deadline: now.plus(Span::minutes(5)),
                    state: if work.progress.attempts.is_empty() { State::Waiting } else { State::Collecting },
                },
                alarms: vec![Alarm { kind: alarm::Kind::Misconfigured, subject: name.clone(), text }],
            })
            .await?;
        Ok(None)
    }
}

/// Images that came inside `detail` and were fetched by URL as well, byte for byte: one medium, of which the row with the URL stays.
/// Known for sure only at the end, when no download runs beside the poll any more.
fn doubles(media: &[MediaRow]) -> Vec<MediaRow> {
    let is_double = |row: &MediaRow| {
        media.iter().any(|other| {
            other.slot.source != Source::Detail
                && other.state == MediaState::Stored
                && other.slot.kind == row.slot.kind
                && other.slot.attempt_no == row.slot.attempt_no
                && other.sha256 == row.sha256
        })
    };
    media.iter().filter(|row| row.slot.source == Source::Detail && is_double(row)).cloned().collect()
}

/// Schedules the download of media that were not known before.
fn download_start(taken: &Taken, app: &App, issued_at: &Time, now: Time, room: Option<Span>) -> Option<DownloadStart> {
    if taken.wanted.is_empty() {
        return None;
    }
    let short = taken.media.iter().any(|row| row.state == MediaState::Wanted && row.slot.kind.has_short_life());
    let deadline = if short { app.policy.media_deadline(*issued_at) } else { app.policy.record_deadline(*issued_at) };
    let lease = room.map(|span| (chance::fresh_id(now), now.plus(span)));
    Some(DownloadStart { due_at: now, deadline, lease })
}
