//! The reports: figures, lists, comparisons.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::civil::Date;

use super::{
    MemoryStore,
    data::{Data, Kept, period},
};
use crate::{
    domain::{
        lease::Stage,
        message::Figures,
        secret::Secret,
        settled::{DAY, Settled},
        time::{Span, Time},
    },
    store::{
        POISONED_BEYOND, Reports, Result,
        records::KnownToken,
        reports::{
            Charge, Filter, MediaCount, Open, QuotaUse, Reconciliation, StateCount, Status,
            Summary, Unread, Whole,
        },
        rows::storable,
    },
};

#[async_trait]
impl Reports for MemoryStore {
    async fn status(&self, now: Time) -> Result<Status> {
        self.verb(|data| Ok(data.status(now)))
    }

    async fn settled(&self, from: Time, to: Time) -> Result<Vec<Settled>> {
        self.verb(|data| Ok(data.settled(from, to)))
    }

    async fn day(&self, from: Time, to: Time) -> Result<Vec<Figures>> {
        self.verb(|data| Ok(data.day(from, to)))
    }

    async fn charges(&self, from: Date, to: Date) -> Result<Vec<Charge>> {
        self.verb(|data| Ok(data.charges(from, to)))
    }

    async fn unread(&self, from: Time, to: Time) -> Result<Vec<Unread>> {
        self.verb(|data| Ok(data.unread(from, to)))
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.verb(|data| {
            let newest_first = data.verifications.values().rev();
            let limit = usize::try_from(filter.limit).unwrap_or(0);
            Ok(newest_first
                .filter(|kept| kept.passes(filter))
                .take(limit)
                .map(Kept::summary)
                .collect())
        })
    }

    async fn show(&self, handle: &str) -> Result<Option<Whole>> {
        self.verb(|data| {
            Ok(data
                .find(&storable(handle))
                .map(|kept| kept.whole(&data.accesses)))
        })
    }

    async fn known(&self, tokens: &[Secret]) -> Result<Vec<Option<KnownToken>>> {
        self.verb(|data| {
            let known = |token: &Secret| {
                let id = data.ids.get(token.reveal())?;
                data.verifications.get(id).map(Kept::known)
            };
            Ok(tokens.iter().map(known).collect())
        })
    }

    async fn record_reconciliation(&self, found: &Reconciliation) -> Result<()> {
        self.verb(|data| {
            data.reconciliations.push(found.clone());
            Ok(())
        })
    }
}

impl Kept {
    fn passes(&self, filter: &Filter) -> bool {
        let facts = &self.told.verification;
        let is_logged = |log_id: &String| {
            let answers = self.answers.iter().map(|answer| &answer.log_id);
            let attempts = self.attempts.values();
            let attempts = attempts.map(|(attempt, _)| &attempt.verify_log_id);
            answers
                .chain(attempts)
                .any(|known| known.as_ref() == Some(log_id))
        };
        filter.state.is_none_or(|state| state == self.state)
            && filter.app.as_ref().is_none_or(|app| *app == facts.app)
            && filter.since.is_none_or(|since| facts.issued_at >= since)
            && filter.until.is_none_or(|until| facts.issued_at <= until)
            && (filter.reference.is_none() || filter.reference == self.told.reference)
            && (filter.plan_id.is_none() || filter.plan_id == facts.plan_id)
            && filter.log_id.as_ref().is_none_or(is_logged)
            && filter
                .id_number_index
                .as_ref()
                .is_none_or(|index| self.is_person(index))
            && (filter.after.as_ref()).is_none_or(|after| facts.verification_id < *after)
    }
}

impl Data {
    fn status(&self, now: Time) -> Status {
        let all = || self.verifications.values();
        let answers = || all().flat_map(|kept| &kept.answers);
        let rows = || all().flat_map(|kept| &kept.schedule);
        let due = |stage| {
            let due = rows().filter(|(of, row)| **of == stage && row.due_at <= now);
            count(due.count())
        };
        Status {
            states: self.states(),
            media: self.media_counts(),
            answers: count(answers().count()),
            answer_bytes: answers().map(|answer| answer.body.bytes()).sum(),
            next_deadline: rows().map(|(_, row)| row.deadline).min(),
            polls_due: due(Stage::Poll),
            downloads_due: due(Stage::Download),
            oldest_due: rows()
                .map(|(_, row)| row.due_at)
                .filter(|due_at| *due_at <= now)
                .min(),
            poisoned: count(
                rows()
                    .filter(|(_, row)| row.claims > POISONED_BEYOND)
                    .count(),
            ),
            least_left_ms: all()
                .filter_map(|kept| kept.least_left)
                .map(|left| left.0)
                .min(),
            quota_use: self.quota_used(now),
            errors: self.errors(),
            alarms: self.open_alarms(),
            open_by_app: self.open_by_app(),
            reconciled: self.reconciled(),
            replicas: self.replicas(now),
            settled_last_day: self.settled(now.minus(DAY), now),
        }
    }

    /// The last of each list.
    fn reconciled(&self) -> Vec<Reconciliation> {
        let all = self.reconciliations.iter();
        let last: BTreeMap<&str, &Reconciliation> =
            all.map(|found| (found.name.as_str(), found)).collect();
        last.into_values().cloned().collect()
    }

    fn settled(&self, from: Time, to: Time) -> Vec<Settled> {
        let mut counts: BTreeMap<&str, Settled> = BTreeMap::new();
        for kept in self.verifications.values() {
            let at = kept.report.settled_at;
            if at.is_some_and(|at| from <= at && at < to) {
                let app = &kept.told.verification.app;
                let count = counts.entry(app).or_default();
                count.app.clone_from(app);
                count.settled += 1;
                count.never_seen += i64::from(kept.never_seen());
            }
        }
        counts.into_values().collect()
    }

    fn day(&self, from: Time, to: Time) -> Vec<Figures> {
        let mut apps: BTreeMap<&str, Figures> = BTreeMap::new();
        let lies = |at: Time| from <= at && at < to;
        for kept in self.verifications.values() {
            let facts = &kept.told.verification;
            let settled = kept.report.settled_at.filter(|at| lies(*at)).is_some();
            let (is_told, is_open) = (lies(facts.tracked_at), !kept.state.is_settled());
            if !(settled || is_told || is_open) {
                continue;
            }
            let app = apps.entry(&facts.app).or_default();
            app.told += i64::from(is_told);
            app.open += i64::from(is_open);
            if settled {
                app.settle(kept.state, 1, kept.least_left);
            }
        }
        let periods = period(from)..period(to);
        for ((period, app, _), (calls, _)) in &self.quota_use {
            if periods.contains(period) {
                apps.entry(app).or_default().calls.0 += calls;
            }
        }
        let named = |(app, figures): (&str, Figures)| Figures {
            app: app.to_owned(),
            ..figures
        };
        apps.into_iter().map(named).collect()
    }

    fn states(&self) -> Vec<StateCount> {
        let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for kept in self.verifications.values() {
            *counts
                .entry((&kept.told.verification.app, kept.state.name()))
                .or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((app, state), count)| StateCount {
                app: app.to_owned(),
                state: state.to_owned(),
                count,
            })
            .collect()
    }

    fn media_counts(&self) -> Vec<MediaCount> {
        let mut counts: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
        for medium in self
            .verifications
            .values()
            .flat_map(|kept| kept.media.values())
        {
            let (count, bytes) = counts
                .entry((medium.row.slot.kind.name(), medium.row.state.name()))
                .or_default();
            *count += 1;
            *bytes += medium
                .stored
                .as_ref()
                .map_or(0, |stored| stored.object.bytes);
        }
        counts
            .into_iter()
            .map(|((kind, state), (count, bytes))| MediaCount {
                kind: kind.to_owned(),
                state: state.to_owned(),
                count,
                bytes,
            })
            .collect()
    }

    /// What each app's quota was used for in the last minute.
    fn quota_used(&self, now: Time) -> Vec<QuotaUse> {
        let oldest = period(now.minus(Span::minutes(1)));
        let mut sums: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
        for ((period, app, endpoint), (calls, too_fast)) in &self.quota_use {
            if *period > oldest {
                let sum = sums.entry((app, endpoint)).or_default();
                *sum = (sum.0 + calls, sum.1 + too_fast);
            }
        }
        sums.into_iter()
            .map(|((app, endpoint), (calls, too_fast))| QuotaUse {
                app: app.to_owned(),
                endpoint: endpoint.to_owned(),
                calls,
                too_fast,
            })
            .collect()
    }

    /// What fails at present: settled verifications have nothing left to fail.
    fn errors(&self) -> Vec<(String, i64)> {
        let mut counts: BTreeMap<&String, i64> = BTreeMap::new();
        for kept in self
            .verifications
            .values()
            .filter(|kept| !kept.state.is_settled())
        {
            if let Some(error) = &kept.report.last_error {
                *counts.entry(error).or_default() += 1;
            }
        }
        let mut errors: Vec<(String, i64)> = counts
            .into_iter()
            .map(|(error, count)| (error.clone(), count))
            .collect();
        // Stable: those of one number stay in the order of their names.
        errors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        errors.truncate(10);
        errors
    }

    fn open_by_app(&self) -> Vec<Open> {
        let mut open: BTreeMap<&str, Open> = BTreeMap::new();
        for kept in self.verifications.values() {
            let app = kept.told.verification.app.as_str();
            for (stage, row) in &kept.schedule {
                let open = open.entry(app).or_insert_with(|| Open {
                    app: app.to_owned(),
                    verifications: 0,
                    downloads: 0,
                    next_deadline: Some(row.deadline),
                });
                open.verifications += i64::from(*stage == Stage::Poll);
                open.downloads += i64::from(*stage == Stage::Download);
                open.next_deadline = open.next_deadline.min(Some(row.deadline));
            }
        }
        open.into_values().collect()
    }
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
