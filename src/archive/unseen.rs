//! Tokens that were never seen to exist: invented, mistyped, or of somebody else. Whether their
//! share among the settled is sudden is looked at from time to time, by whichever replica.

use super::Archive;
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        settled::{BEFORE, DAY, Settled},
        time::Time,
        traffic::rows_unknown,
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
        let rule = |app: &str| self.apps.get(app)?.rules.unknown_tokens;
        let is_sudden = |(one, usual): &(&Settled, Settled)| {
            rule(&one.app).is_some_and(|rule| one.is_sudden(usual, rule.tokens, rule.times))
        };
        let sudden: Vec<(&Settled, Settled)> = (day.iter())
            .map(|one| (one, usual(&one.app)))
            .filter(is_sudden)
            .collect();
        for (one, usual) in &sudden {
            self.alarms.raise(&alarm(one, usual, begin), now).await;
        }
        for open in self.store.alarms().await? {
            let goes_on = sudden.iter().any(|(one, _)| one.app == open.subject);
            if open.kind == Kind::UnknownTokens.name() && !goes_on {
                self.alarms
                    .clear(Kind::UnknownTokens, &open.subject, now)
                    .await;
            }
        }
        Ok(())
    }
}

fn alarm(day: &Settled, usual: &Settled, since: Time) -> Alarm {
    let text = format!(
        "of {} verifications of app {} that were settled in the last day {} were never seen to exist ({} %; {} % in the seven days before): they may be invented, mistyped or another's; their rows are among: {}",
        day.settled,
        day.app,
        day.never_seen,
        day.percent(),
        usual.percent(),
        rows_unknown(&day.app, since)
    );
    Alarm {
        kind: Kind::UnknownTokens,
        subject: day.app.clone(),
        text,
    }
}
