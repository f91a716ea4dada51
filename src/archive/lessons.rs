//! What the answers about an app's tokens teach about the app: kept in memory, and handed to the
//! store with the record that taught it.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::App;
use crate::{
    domain::{
        lessons::{
            AppLessons, DataSeen, Film, FilmedPlan, Learned, Lessons, Origin, UnusedSignature,
        },
        progress::Refusal,
        time::Time,
        token::Verification,
    },
    store::{self, LessonStore},
};

/// What was learned, by app: a copy of the store's, refreshed at the start and from time to time.
pub struct LessonBook {
    store: Arc<dyn LessonStore>,
    known: RwLock<BTreeMap<String, AppLessons>>,
}

impl LessonBook {
    pub(super) fn new(store: Arc<dyn LessonStore>) -> Self {
        Self {
            store,
            known: RwLock::default(),
        }
    }

    /// What is known of a verification's app and plan.
    #[must_use]
    pub fn learned(&self, app: &App, verification: &Verification) -> Learned {
        let vouched = app
            .policy
            .unused_codes
            .iter()
            .map(|code| format!("not_yet:{code}"));
        let plan_id = verification.plan_id.as_deref().unwrap_or_default();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&app.name)
            .unwrap_or(&AppLessons::default())
            .learned(plan_id, app.policy.day(), vouched)
    }

    /// Reads what the store has learned, this process's and the other replicas'.
    ///
    /// # Errors
    /// When the store cannot be read; what was known stays.
    pub async fn relearn(&self) -> store::Result<()> {
        let Lessons {
            unused,
            filmed,
            data_seen,
        } = self.store.lessons().await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for seen in unused {
            known.entry(seen.app.clone()).or_default().merge(seen);
        }
        for plan in filmed {
            known
                .entry(plan.app)
                .or_default()
                .film(&plan.plan_id, plan.film);
        }
        for seen in data_seen {
            known.entry(seen.app).or_default().data(None, seen.at);
        }
        Ok(())
    }

    /// Whether another token of the app got data not long before: what the provider answers now can
    /// be a lesson.
    pub(super) fn is_witnessed(&self, app: &App, verification: &Verification, at: Time) -> bool {
        let since = at.minus(app.policy.verify_window);
        self.of_app(app, |known| {
            known.got_data_of_another(verification.verification_id, since)
        })
    }

    /// A token nobody had used was answered so, while another token of the app got data.
    pub(super) fn unused(
        &self,
        app: &App,
        verification: &Verification,
        refusal: &Refusal,
        origin: Origin,
        lessons: &mut Lessons,
    ) {
        let id = verification.verification_id;
        let is_new = self.of_app(app, |known| {
            known.observe(&refusal.signature, id, refusal.at, app.policy.day())
        });
        if is_new {
            let (app, signature, verification_id) =
                (app.name.clone(), refusal.signature.clone(), id);
            lessons.unused.push(UnusedSignature {
                app,
                signature,
                verification_id,
                seen_at: refusal.at,
                origin,
            });
        }
    }

    /// media/query listed such media.
    pub(super) fn film(
        &self,
        app: &App,
        verification: &Verification,
        film: Film,
        at: Time,
        lessons: &mut Lessons,
    ) {
        let plan_id = verification.plan_id.as_deref().unwrap_or_default();
        if self.of_app(app, |known| known.film(plan_id, film)) {
            lessons.filmed.push(FilmedPlan {
                app: app.name.clone(),
                plan_id: plan_id.to_owned(),
                film,
                seen_at: at,
            });
        }
    }

    /// getall answered with data.
    pub(super) fn data(
        &self,
        app: &App,
        verification: &Verification,
        at: Time,
        lessons: &mut Lessons,
    ) {
        let to_hand_on = self.of_app(app, |known| {
            known.data(Some(verification.verification_id), at);
            known.data_to_hand_on(app.policy.first_poll())
        });
        lessons.data_seen.extend(to_hand_on.map(|at| DataSeen {
            app: app.name.clone(),
            at,
        }));
    }

    fn of_app<T>(&self, app: &App, change: impl FnOnce(&mut AppLessons) -> T) -> T {
        change(
            self.known
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(app.name.clone())
                .or_default(),
        )
    }
}
