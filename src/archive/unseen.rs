//! Tokens that were never seen to exist: invented, mistyped, or of somebody else. Whether their
//! share among the settled is sudden is looked at from time to time, by whichever replica.

use super::Archive;
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        settled::{BEFORE, DAY, Settled},
        time::Time,
    },
    store,
};

impl Archive {
    /// Raises the alarm of each app whose last day had a sudden share of them, and ends those of
    /// others.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn look_for_unseen(&self, now: Time) -> store::Result<()> {
        let begin = now.minus(DAY);
        let day = self.store.settled(begin, now).await?;
        let before = self.store.settled(begin.minus(BEFORE), begin).await?;
        let usual = |app: &str| {
            let of_app = before.iter().find(|one| one.app == app);
            of_app.cloned().unwrap_or_default()
        };
        let sudden: Vec<(&Settled, Settled)> = (day.iter())
            .map(|one| (one, usual(&one.app)))
            .filter(|(one, usual)| one.is_sudden(usual))
            .collect();
        for (one, usual) in &sudden {
            self.alarms.raise(&alarm(one, usual), now).await;
        }
        for open in self.store.alarms().await? {
            let goes_on = sudden.iter().any(|(one, _)| one.app == open.subject);
            if open.kind == Kind::NeverSeen.name() && !goes_on {
                self.alarms.clear(Kind::NeverSeen, &open.subject, now).await;
            }
        }
        Ok(())
    }
}

fn alarm(day: &Settled, usual: &Settled) -> Alarm {
    let text = format!(
        "of {} verifications of app {} that were settled in the last day {} were never seen to exist ({} %; {} % in the seven days before): they may be invented, mistyped or another's",
        day.settled,
        day.app,
        day.never_seen,
        day.percent(),
        usual.percent()
    );
    Alarm {
        kind: Kind::NeverSeen,
        subject: day.app.clone(),
        text,
    }
}
