//! Upkeep: what is gathered over time is let go, and the close.

use async_trait::async_trait;

use super::{
    MemoryStore,
    data::{Data, period},
};
use crate::{
    domain::{
        lease::LAPSED,
        once::KEPT,
        time::{Span, Time},
    },
    store::{
        Result, Upkeep,
        reports::{Miscount, Replica},
    },
};

#[async_trait]
impl Upkeep for MemoryStore {
    async fn tidy(&self) -> Result<()> {
        let now = self.clock.now();
        let oldest = period(now.minus(Span::hours(48)));
        self.verb(|data| {
            data.requests
                .retain(|_, request| now.since(request.at) < KEPT);
            data.quota_use.retain(|(period, ..), _| *period >= oldest);
            Ok(())
        })
    }

    async fn beat(&self, instance: &str, skew: Option<Span>, now: Time) -> Result<Option<Time>> {
        self.verb(|data| {
            let last = data.beats.values().map(|(at, _)| *at).max();
            let before = data.beats.insert(instance.to_owned(), (now, skew));
            Ok(last.filter(|_| before.is_none()))
        })
    }

    /// It keeps no sums.
    async fn recount(&self) -> Result<Vec<Miscount>> {
        self.verb(|_| Ok(Vec::new()))
    }

    async fn close(&self) {
        self.set_away(true);
    }
}

impl Data {
    /// Whether the process of that name was seen of late.
    pub(super) fn is_alive(&self, instance: &str, now: Time) -> bool {
        let beat = self.beats.get(instance);
        beat.is_some_and(|(at, _)| *at > now.minus(LAPSED))
    }

    /// The processes seen of late, by name.
    pub(super) fn replicas(&self, now: Time) -> Vec<Replica> {
        let alive = (self.beats.iter()).filter(|(instance, _)| self.is_alive(instance, now));
        let replica = |(instance, (at, skew)): (&String, &(Time, Option<Span>))| Replica {
            instance: instance.clone(),
            seen_at: *at,
            clock_skew_ms: skew.map(|skew| skew.0),
        };
        alive.map(replica).collect()
    }
}
