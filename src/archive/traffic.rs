//! What about the attempts and tokens of an app is out of the ordinary, looked at every minute by
//! whichever replica.

use super::Archive;
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        time::Time,
        traffic::{Traffic, judge},
    },
    store,
};

/// The kinds that end here when their figures are as usual again.
const JUDGED: [Kind; 3] = [Kind::FailureRate, Kind::Volume, Kind::NoTokens];

impl Archive {
    /// Raises the alarms that the figures of the configured apps call for, and ends those that they no
    /// longer do.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn look_at_traffic(&self, now: Time) -> store::Result<()> {
        self.store.add_up(now).await?;
        let figures = self.store.traffic(now).await?;
        let mut raised: Vec<Alarm> = Vec::new();
        for app in self.apps.iter() {
            let of_app = figures.iter().find(|one| one.app == app.name);
            let traffic = of_app.cloned().unwrap_or_else(|| Traffic {
                app: app.name.clone(),
                ..Traffic::default()
            });
            raised.extend(judge(&traffic, &app.rules, now));
        }
        for alarm in &raised {
            self.alarms.raise(alarm, now).await;
        }
        for open in self.store.alarms().await? {
            let Some(kind) = JUDGED.into_iter().find(|kind| kind.name() == open.kind) else {
                continue;
            };
            let goes_on =
                (raised.iter()).any(|alarm| alarm.kind == kind && alarm.subject == open.subject);
            if !goes_on {
                self.alarms.clear(kind, &open.subject, now).await;
            }
        }
        Ok(())
    }
}
