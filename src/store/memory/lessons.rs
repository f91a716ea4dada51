//! What was learned of the apps.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        id::VerificationId,
        lessons::{DataSeen, FilmedPlan, Lessons, UnusedSignature},
        time::Time,
    },
    store::{LessonStore, Result},
};

/// Lessons by what is learned once.
#[derive(Default)]
pub(super) struct Learned {
    /// By (app, signature, verification_id).
    pub unused: BTreeMap<(String, String, VerificationId), UnusedSignature>,
    /// By (app, plan_id, kind).
    pub filmed: BTreeMap<(String, String, &'static str), FilmedPlan>,
    /// By app.
    pub data_seen: BTreeMap<String, Time>,
}

#[async_trait]
impl LessonStore for MemoryStore {
    async fn lessons(&self) -> Result<Lessons> {
        self.verb(|data| Ok(data.lessons.all()))
    }
}

impl Learned {
    /// Remembers lessons; what is known already stays, but for the latest data of an app.
    pub(super) fn remember(&mut self, lessons: Lessons) {
        for seen in lessons.unused {
            let key = (
                seen.app.clone(),
                seen.signature.clone(),
                seen.verification_id,
            );
            self.unused.entry(key).or_insert(seen);
        }
        for plan in lessons.filmed {
            let key = (plan.app.clone(), plan.plan_id.clone(), plan.film.name());
            self.filmed.entry(key).or_insert(plan);
        }
        for DataSeen { app, at } in lessons.data_seen {
            let latest = self.data_seen.entry(app).or_insert(at);
            *latest = at.max(*latest);
        }
    }

    fn all(&self) -> Lessons {
        let mut unused: Vec<UnusedSignature> = self.unused.values().cloned().collect();
        // Stable: those of one instant stay in the order of their verifications.
        unused.sort_by_key(|seen| (seen.app.clone(), seen.signature.clone(), seen.seen_at));
        let data_seen = self.data_seen.iter();
        Lessons {
            unused,
            filmed: self.filmed.values().cloned().collect(),
            data_seen: data_seen
                .map(|(app, at)| DataSeen {
                    app: app.clone(),
                    at: *at,
                })
                .collect(),
        }
    }
}
