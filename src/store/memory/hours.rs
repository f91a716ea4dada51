//! What came of each app in each hour: sums of the hours that are over, the rest counted.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{
    MemoryStore,
    data::{Data, Kept},
};
use crate::{
    domain::{
        time::{Span, Time},
        traffic::{Came, HOURS_BEFORE, HOURS_KEPT, Hour, Traffic, Tried, usual},
    },
    store::{Hours, Result},
};

#[async_trait]
impl Hours for MemoryStore {
    async fn add_up(&self, now: Time) -> Result<()> {
        self.verb(|data| {
            data.add_up(Hour::open(now));
            Ok(())
        })
    }

    async fn traffic(&self, now: Time) -> Result<Vec<Traffic>> {
        self.verb(|data| Ok(data.traffic(now)))
    }
}

impl Data {
    fn add_up(&mut self, open: Hour) {
        let last = self.hours.keys().map(|(hour, _)| *hour).max();
        let next = last.map_or(Hour(i64::MIN), |last| Hour(last.0 + 1));
        let begin = next.max(open.back(HOURS_KEPT));
        let is_over = |at: Time| Hour::of(at) >= begin && Hour::of(at) < open;
        let mut sums: BTreeMap<(Hour, String), Came> = BTreeMap::new();
        for kept in self.verifications.values() {
            let told = &kept.told.verification;
            if is_over(told.tracked_at) {
                let key = (Hour::of(told.tracked_at), told.app.clone());
                let sum = sums.entry(key).or_default();
                sum.told += 1;
                sum.told_last = sum.told_last.max(Some(told.tracked_at));
            }
            for (at, passed) in kept.captured().filter(|(at, _)| is_over(*at)) {
                let sum = sums.entry((Hour::of(at), told.app.clone())).or_default();
                sum.tried.add(passed);
            }
        }
        self.hours.extend(sums);
        let oldest = open.back(HOURS_KEPT);
        self.hours.retain(|(hour, _), _| *hour >= oldest);
    }

    fn traffic(&self, now: Time) -> Vec<Traffic> {
        let hour = Hour::open(now).back(1);
        let mut apps: BTreeMap<String, Traffic> = BTreeMap::new();
        for app in self.hours.keys().map(|(_, app)| app) {
            apps.insert(app.clone(), self.sums(app, hour, now));
        }
        for kept in self.verifications.values() {
            let told = &kept.told.verification;
            let is_open = Hour::of(told.tracked_at) > hour;
            let is_new = |at: Time| at > now.minus(Span::hours(1)) && at <= now;
            let new = || {
                kept.attempts
                    .iter()
                    .filter(|(no, _)| kept.captured.get(no).is_some_and(|at| is_new(*at)))
            };
            if !is_open && new().next().is_none() {
                continue;
            }
            let app = apps.entry(told.app.clone()).or_insert_with(|| Traffic {
                app: told.app.clone(),
                hour,
                ..Traffic::default()
            });
            if is_open {
                app.told_last = app.told_last.max(Some(told.tracked_at));
            }
            for (_, (attempt, _)) in new() {
                app.tried.add(attempt.passed);
                if matches!(attempt.risk_level.as_deref(), Some("1" | "2")) {
                    app.risky.attempts += 1;
                    app.risky.tag = app.risky.tag.take().max(attempt.risk_tag.clone());
                }
                let spoofing = app.risky.spoofing.into_iter().chain(attempt.spoofing_score);
                app.risky.spoofing = spoofing.reduce(f64::max);
            }
        }
        apps.into_values().collect()
    }

    fn sums(&self, app: &str, hour: Hour, now: Time) -> Traffic {
        let of_app = || self.hours.iter().filter(|((_, of), _)| of == app);
        let told: BTreeMap<Hour, i64> =
            of_app().map(|((hour, _), sum)| (*hour, sum.told)).collect();
        let end = Hour::of(now.minus(Span::hours(1)));
        let mut before = Tried::default();
        for (_, sum) in
            of_app().filter(|((hour, _), _)| *hour >= end.back(HOURS_BEFORE) && *hour < end)
        {
            before.attempts += sum.tried.attempts;
            before.failed += sum.tried.failed;
        }
        let first = told.keys().next().copied().unwrap_or(hour);
        Traffic {
            app: app.to_owned(),
            before,
            hour,
            told: told.get(&hour).copied().unwrap_or(0),
            usual: usual(hour, first, &told),
            told_last: of_app().filter_map(|(_, sum)| sum.told_last).max(),
            ..Traffic::default()
        }
    }
}

impl Kept {
    /// When each attempt was captured, and whether it passed.
    fn captured(&self) -> impl Iterator<Item = (Time, Option<bool>)> {
        let attempts = self.attempts.iter();
        attempts.filter_map(|(no, (attempt, _))| Some((*self.captured.get(no)?, attempt.passed)))
    }
}
