//! The poll stage: ask what the plan wants asked, remember it, write it all at once.

use super::{App, Archive, Handover, apply::PollDraft, failures, fetch::Answered};
use crate::{
    domain::{
        alarm::{self, Alarm},
        answer::{Endpoint, ProviderError},
        chance,
        lease::{Lease, Stage},
        lessons::Origin,
        media::{MediaRow, MediaState, Source},
        plan::{self, Ends, PlanInput, Step},
        time::{Span, Time},
        token::{State, Verification},
    },
    store::{
        StoreError,
        records::{DownloadStart, DownloadWork, Next, PollRecord, PollWork},
    },
    vault::{ObjectKey, VaultError},
};

/// Why a step could not be finished. The lease runs out or is given back, and the work is done
/// again.
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
    /// Works on a claimed poll until nothing more is to be done now. With `lease` the download that
    /// follows is granted to this process for so long and returned while its URLs are fresh.
    ///
    /// # Errors
    /// [`StepError`]; nothing was recorded then.
    pub async fn poll(
        &self,
        work: PollWork,
        lease: Option<Span>,
    ) -> Result<Option<Handover>, StepError> {
        let Some(app) = self.app(&work.verification.app).cloned() else {
            return self.poll_without_app(work).await;
        };
        let verification = work.verification.clone();
        let mut draft = PollDraft::begin(work, self.now());
        let next = self.converse(&app, &verification, &mut draft).await?;
        let now = self.now();
        let settled = if let Next::Settled { outcome, missing } = &next {
            Some((*outcome, missing))
        } else {
            None
        };
        let mut doubles: Vec<MediaRow> = Vec::new();
        let mut handover = None;
        if let Some((outcome, missing)) = settled {
            doubles = duplicates(&draft.media);
            draft.record.same = doubles.iter().map(|row| row.media_id.clone()).collect();
            if outcome.state().is_loss() {
                let what: Vec<&str> = missing.iter().map(|one| one.what.as_str()).collect();
                let text = format!(
                    "{}: {} is missing; `verikeep list --state {}` shows all",
                    outcome.state().name(),
                    what.join(", "),
                    outcome.state().name()
                );
                draft.record.alarms.push(Alarm {
                    kind: alarm::Kind::Loss,
                    subject: app.name.clone(),
                    text,
                });
            }
        } else {
            draft.record.download =
                download_start(&draft, &app, verification.issued_at, now, lease);
            handover = hand_over(&mut draft, &verification);
        }
        let outcome = settled.map(|(outcome, _)| outcome);
        let PollDraft {
            mut record,
            brought,
            ..
        } = draft;
        (record.at, record.next, record.answers, record.calls) =
            (now, next, brought.answers, brought.calls);
        self.store.record_poll(record).await?;
        if let Some(outcome) = outcome {
            self.watcher.settled(outcome.state().name());
            if outcome.state().is_loss() {
                let verification_id = &verification.verification_id;
                tracing::warn!(alarm = "loss", app = %app.name, %verification_id, outcome = outcome.state().name(), "something was lost: `verikeep show` says what and why");
            }
        }
        for key in doubles
            .iter()
            .filter_map(|row| row.object_key.as_deref())
            .filter_map(|key| ObjectKey::parse(key).ok())
        {
            // An object left over by a failure here is an orphan, which harms nothing.
            let _ = self.vault.delete(&key).await;
        }
        Ok(handover)
    }

    /// Asks until the plan says to wait or that it is over.
    async fn converse(
        &self,
        app: &App,
        verification: &Verification,
        draft: &mut PollDraft,
    ) -> Result<Next, StepError> {
        for _ in 0..ASKS_MAX {
            let now = self.now();
            let learned = self.learned(app, verification);
            let known = PlanInput {
                verification,
                progress: &draft.record.progress,
                media: &draft.media,
                learned: &learned,
                others: self.siblings(app).next().is_some(),
                policy: &app.policy,
            };
            let state = if draft.record.progress.attempts.is_empty() {
                State::Waiting
            } else {
                State::Collecting
            };
            let ends = Ends::of(known);
            let planned = plan::plan(known, now);
            let paused = self
                .breaker
                .until(&app.name, now)
                .filter(|_| matches!(planned, Step::Ask(_) | Step::AskOthers));
            let deadline = if now < ends.media_end {
                ends.media_deadline
            } else {
                ends.record_deadline
            };
            match planned {
                Step::Wait { due_at, deadline } => {
                    return Ok(Next::Due {
                        due_at,
                        deadline,
                        state,
                    });
                }
                Step::Settle(outcome, missing) => return Ok(Next::Settled { outcome, missing }),
                _ if paused.is_some() => {
                    let due_at = paused
                        .unwrap_or(now)
                        .min(now.plus(plan::left(known, now).part(8)))
                        .max(now.plus(Span(50)));
                    return Ok(Next::Due {
                        due_at,
                        deadline,
                        state,
                    });
                }
                Step::Ask(endpoint) => match self
                    .ask(app, verification, endpoint, &mut draft.brought)
                    .await?
                {
                    Ok(answered) => {
                        self.apply(app, verification, draft, answered, &ends)
                            .await?
                    }
                    Err(problem) => {
                        let wait = self
                            .apply_failure(app, verification, draft, endpoint, &problem, &ends)
                            .await;
                        if failures::concerns_the_app(problem.kind) {
                            return Ok(Next::Due {
                                due_at: self.now().plus(wait),
                                deadline,
                                state,
                            });
                        }
                    }
                },
                Step::AskOthers => self.ask_others(app, verification, draft).await?,
            }
        }
        // More asks than a verification can need: come back soon rather than ask on for ever.
        let now = self.now();
        let record_deadline = app.policy.record_deadline(verification.issued_at);
        Ok(Next::Due {
            due_at: now.plus(app.policy.first_poll()),
            deadline: record_deadline,
            state: State::Collecting,
        })
    }

    /// Remembers a call that brought nothing; returns how long to wait before it is made again.
    async fn apply_failure(
        &self,
        app: &App,
        verification: &Verification,
        draft: &mut PollDraft,
        endpoint: Endpoint,
        problem: &ProviderError,
        ends: &Ends,
    ) -> Span {
        let now = self.now();
        self.on_failure(app, problem).await;
        draft.record.last_error = Some(format!("{}: {problem}", endpoint.name()));
        if problem.kind.is_about_the_token()
            && endpoint == Endpoint::Getall
            && draft.record.progress.attempts.is_empty()
        {
            let is_witnessed = self.is_witnessed(app, verification, now);
            if let Some(refusal) = super::learn::refused(
                &mut draft.record.progress,
                problem,
                verification.issued_here,
                is_witnessed,
                ends,
                now,
            ) {
                self.learn_unused(
                    app,
                    verification,
                    &refusal,
                    Origin::IssuedHere,
                    &mut draft.record.lessons,
                );
            }
            return Span(0);
        }
        if problem.kind.is_about_the_token() && endpoint == Endpoint::Media {
            draft.record.progress.media_refused = true;
        }
        let fails = draft
            .record
            .progress
            .fails
            .get(&endpoint)
            .map_or(0, |fails| fails.count);
        let learned = self.learned(app, verification);
        let known = PlanInput {
            verification,
            progress: &draft.record.progress,
            media: &draft.media,
            learned: &learned,
            others: false,
            policy: &app.policy,
        };
        let wait = failures::wait(known, fails, problem, now);
        draft
            .record
            .progress
            .failed(endpoint, now, wait, problem.kind.name());
        wait
    }

    /// Asks every other app once whether it knows the token. One that cannot be reached is asked
    /// again later.
    async fn ask_others(
        &self,
        app: &App,
        verification: &Verification,
        draft: &mut PollDraft,
    ) -> Result<(), StepError> {
        let mut unanswered = None;
        for other in self.siblings(app) {
            match self
                .ask_sibling(other, verification, &mut draft.brought)
                .await?
            {
                // Only an attempt shows whose it is: "none yet" may be what anybody's token gets.
                Ok(Answered::Getall(answer)) if !answer.attempts.is_empty() => {
                    draft.record.progress.known_by = Some(other.name.clone());
                    draft.record.last_error = Some(format!(
                        "refused: the token belongs to app {}; assign it with `verikeep retry --app {}`",
                        other.name, other.name
                    ));
                    draft.record.alarms.push(Alarm {
                        kind: alarm::Kind::WrongApp,
                        subject: verification.verification_id.clone(),
                        text: format!(
                            "a token tracked under app {} belongs to app {}; assign it with `verikeep retry --app {}` before the provider forgets it",
                            app.name, other.name, other.name
                        ),
                    });
                }
                Ok(_) => {}
                Err(problem) if problem.kind.is_about_the_token() => {}
                Err(problem) => unanswered = Some(problem),
            }
        }
        match unanswered {
            Some(problem) if draft.record.progress.known_by.is_none() => {
                // Waits as `simple` would, which is never asked before an attempt is seen.
                let fails = draft
                    .record
                    .progress
                    .fails
                    .get(&Endpoint::Simple)
                    .map_or(0, |fails| fails.count);
                let learned = self.learned(app, verification);
                let known = PlanInput {
                    verification,
                    progress: &draft.record.progress,
                    media: &draft.media,
                    learned: &learned,
                    others: true,
                    policy: &app.policy,
                };
                let now = self.now();
                let wait = failures::wait(known, fails, &problem, now);
                draft
                    .record
                    .progress
                    .failed(Endpoint::Simple, now, wait, problem.kind.name());
            }
            _ => {
                draft.record.progress.others_asked = true;
                draft.record.progress.fails.remove(&Endpoint::Simple);
            }
        }
        Ok(())
    }

    /// The app of a tracked token is no longer configured: nothing can be asked, and nothing is
    /// dropped.
    async fn poll_without_app(&self, work: PollWork) -> Result<Option<Handover>, StepError> {
        let now = self.now();
        let name = &work.verification.app;
        let text = format!(
            "app {name} is not in the config any more: put it back, or assign its tokens with `verikeep retry --app`"
        );
        let state = if work.progress.attempts.is_empty() {
            State::Waiting
        } else {
            State::Collecting
        };
        let later = now.plus(Span::minutes(5));
        let mut record = PollRecord::begin(work.lease, work.progress, now);
        record.last_error = Some(text.clone());
        record.next = Next::Due {
            due_at: later,
            deadline: later,
            state,
        };
        record.alarms.push(Alarm {
            kind: alarm::Kind::Misconfigured,
            subject: work.verification.app.clone(),
            text,
        });
        self.store.record_poll(record).await?;
        Ok(None)
    }
}

/// Media that are there twice, byte for byte: images that came inside `detail` and by URL as well,
/// of which the one by URL stays; and what media/query listed once more after another attempt, of
/// which the one of the later attempt stays. Known for sure only at the end, when no download runs
/// beside the poll any more.
fn duplicates(media: &[MediaRow]) -> Vec<MediaRow> {
    let is_duplicate_of = |row: &MediaRow, other: &MediaRow| match row.slot.source {
        Source::Detail => {
            other.slot.source != Source::Detail && other.slot.attempt_no == row.slot.attempt_no
        }
        Source::Media => {
            other.slot.source == Source::Media
                && other.slot.position == row.slot.position
                && other.slot.attempt_no > row.slot.attempt_no
        }
        Source::Getall | Source::Simple => false,
    };
    let is_duplicate = |row: &&MediaRow| {
        media
            .iter()
            .filter(|other| {
                other.state == MediaState::Stored
                    && other.slot.kind == row.slot.kind
                    && other.sha256 == row.sha256
            })
            .any(|other| is_duplicate_of(row, other))
    };
    media
        .iter()
        .filter(|row| row.state == MediaState::Stored)
        .filter(is_duplicate)
        .cloned()
        .collect()
}

/// Schedules the download of media that were not known before; with `lease` it is granted to this
/// process for so long.
fn download_start(
    draft: &PollDraft,
    app: &App,
    issued_at: Time,
    now: Time,
    lease: Option<Span>,
) -> Option<DownloadStart> {
    if draft.record.wanted.is_empty() {
        return None;
    }
    let short = draft
        .media
        .iter()
        .any(|row| row.state == MediaState::Wanted && row.slot.kind.has_short_life());
    let deadline = if short {
        app.policy.media_deadline(issued_at)
    } else {
        app.policy.record_deadline(issued_at)
    };
    Some(DownloadStart {
        due_at: now,
        deadline,
        lease: lease.map(|span| (chance::fresh_id(now), now.plus(span))),
    })
}

/// The download that is granted to this process, with the URLs while they are fresh.
fn hand_over(draft: &mut PollDraft, verification: &Verification) -> Option<Handover> {
    let (token, until) = draft.record.download.as_ref()?.lease.clone()?;
    let lease = Lease {
        verification_id: verification.verification_id.clone(),
        stage: Stage::Download,
        token,
        until,
        claims: 1,
    };
    let (media, answers) = (draft.media.clone(), draft.brought.kept().to_vec());
    Some(Handover {
        work: DownloadWork {
            lease,
            verification: verification.clone(),
            media,
            answers,
        },
        urls: std::mem::take(&mut draft.urls),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::media::{Kind, Slot};

    #[test]
    fn of_media_that_are_there_twice_one_stays() {
        let row = |attempt_no, kind, source, sha256: &str| MediaRow {
            state: MediaState::Stored,
            sha256: Some(sha256.to_owned()),
            ..MediaRow::wanted(
                format!("{attempt_no}-{source:?}"),
                Slot {
                    attempt_no,
                    kind,
                    position: 0,
                    source,
                },
            )
        };
        let dropped = |media: &[MediaRow]| {
            duplicates(media)
                .into_iter()
                .map(|row| row.media_id)
                .collect::<Vec<_>>()
        };
        let (front, video) = (Kind::IdFront, Kind::ProcessVideo);
        assert_eq!(
            dropped(&[
                row(1, front, Source::Getall, "a"),
                row(1, front, Source::Detail, "a")
            ]),
            ["1-Detail"]
        );
        assert_eq!(
            dropped(&[
                row(1, front, Source::Getall, "a"),
                row(2, front, Source::Detail, "a")
            ]),
            [""; 0],
            "of another attempt"
        );
        assert_eq!(
            dropped(&[
                row(1, video, Source::Media, "a"),
                row(2, video, Source::Media, "a"),
                row(3, video, Source::Media, "a")
            ]),
            ["1-Media", "2-Media"]
        );
        assert_eq!(
            dropped(&[
                row(1, video, Source::Media, "a"),
                row(2, video, Source::Media, "b")
            ]),
            [""; 0]
        );
        let wanted = MediaRow {
            state: MediaState::Wanted,
            sha256: None,
            ..row(2, video, Source::Media, "a")
        };
        assert_eq!(
            dropped(&[row(1, video, Source::Media, "a"), wanted]),
            [""; 0]
        );
    }
}
