//! The alarms this process has raised: kept here as well as in the database, so that they are told
//! of while it cannot be written.
//!
//! Promised: each is logged once when it starts and once when it ends; what could not be written is
//! written as soon as it can be, with the instants at which it really began and ended. Not
//! promised: alarms written with a record ([`crate::store::records`]) or by other replicas; those
//! are in the database alone.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    domain::{
        alarm::{Alarm, Ends, Kind},
        time::Time,
    },
    store::{self, ANYBODY, AlarmStore, reports::AlarmRow},
};

/// Alarms of this process that are open, or over and not yet written.
pub struct Alarms {
    store: Arc<dyn AlarmStore>,
    /// What this process is called.
    instance: String,
    standing: Mutex<BTreeMap<(Kind, String), Standing>>,
}

/// One alarm and how much of it the database knows.
#[derive(Clone, Debug)]
struct Standing {
    text: String,
    since: Time,
    times: i64,
    /// Whether its beginning is written.
    written: bool,
    /// When it ended, until that is written.
    over: Option<Time>,
}

impl Alarms {
    /// None stands; they are written to `store`, as those of `instance` where it alone sees their end.
    #[must_use]
    pub fn new(store: Arc<dyn AlarmStore>, instance: &str) -> Self {
        Self {
            store,
            instance: instance.to_owned(),
            standing: Mutex::default(),
        }
    }

    /// Raises an alarm, or counts it when it is open. One that cannot be written now stands all the
    /// same.
    pub async fn raise(&self, alarm: &Alarm, now: Time) {
        self.raise_since(alarm, now, now).await;
    }

    /// As [`Alarms::raise`], of what began earlier.
    pub async fn raise_since(&self, alarm: &Alarm, since: Time, now: Time) {
        let key = (alarm.kind, alarm.subject.clone());
        let since = {
            let mut standing = self.lock();
            let one = standing.entry(key.clone()).or_insert_with(|| Standing {
                text: String::new(),
                since,
                times: 0,
                written: false,
                over: None,
            });
            // An end that was not written yet is none.
            one.over = None;
            one.text.clone_from(&alarm.text);
            one.times += 1;
            if one.times == 1 {
                tracing::warn!(alarm = alarm.kind.name(), subject = %alarm.subject, "{}", alarm.text);
            }
            if one.written { now } else { one.since }
        };
        match self.write(alarm, since).await {
            Ok(_) => {
                if let Some(one) = self.lock().get_mut(&key) {
                    one.written = true;
                }
            }
            Err(error) => {
                tracing::debug!(alarm = alarm.kind.name(), %error, "an alarm could not be written yet")
            }
        }
    }

    /// Ends an alarm; of those that a process sees by itself, its own. True when one was open.
    pub async fn clear(&self, kind: Kind, subject: &str, now: Time) -> bool {
        let key = (kind, subject.to_owned());
        let (stood, unwritten) = {
            let mut standing = self.lock();
            match standing.get_mut(&key) {
                Some(one) => {
                    let stood = one.over.is_none();
                    one.over.get_or_insert(now);
                    (
                        stood,
                        (!one.written).then(|| {
                            (
                                Alarm {
                                    kind,
                                    subject: subject.to_owned(),
                                    text: one.text.clone(),
                                },
                                one.since,
                            )
                        }),
                    )
                }
                None => (false, None),
            }
        };
        if let Some((alarm, since)) = unwritten
            && self.write(&alarm, since).await.is_err()
        {
            return stood;
        }
        let ended = self.store.clear(kind, subject, self.of(kind), now).await;
        match ended {
            Ok(open) => {
                let mut standing = self.lock();
                if standing.get(&key).is_some_and(|one| one.over.is_some()) {
                    standing.remove(&key);
                }
                drop(standing);
                if open || stood {
                    tracing::info!(alarm = kind.name(), subject, "alarm over");
                }
                open || stood
            }
            Err(_) => {
                // Of an alarm of an earlier process nothing is known but that it is over.
                let ended = Standing {
                    text: String::new(),
                    since: now,
                    times: 0,
                    written: true,
                    over: Some(now),
                };
                self.lock().entry(key).or_insert(ended);
                stood
            }
        }
    }

    /// Learns which were ended by others: what a process sees by itself it ends by itself.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn relearn(&self) -> store::Result<()> {
        let open = self.store.alarms().await?;
        let is_open = |kind: Kind, subject: &str| {
            let instance = Some(self.of(kind)).filter(|instance| *instance != ANYBODY);
            (open.iter()).any(|row| {
                row.kind == kind.name()
                    && row.subject == subject
                    && row.instance.as_deref() == instance
            })
        };
        self.lock().retain(|(kind, subject), one| {
            let is_known = !one.written || one.over.is_some() || is_open(*kind, subject);
            // Taken for gone while it could not be heard of, this process says again what it sees.
            one.written &= is_known;
            let stays = is_known || kind.ends() == Ends::Seen;
            if !stays {
                tracing::info!(alarm = kind.name(), subject, "alarm over");
            }
            stays
        });
        Ok(())
    }

    /// Writes what could not be written before. True when the database knows everything now.
    pub async fn sync(&self) -> bool {
        let behind: Vec<((Kind, String), Standing)> = self
            .lock()
            .iter()
            .filter(|(_, one)| !one.written || one.over.is_some())
            .map(|(key, one)| (key.clone(), one.clone()))
            .collect();
        for (key, one) in behind {
            if let Some(over) = one.over {
                self.clear(key.0, &key.1, over).await;
            } else {
                let alarm = Alarm {
                    kind: key.0,
                    subject: key.1.clone(),
                    text: one.text,
                };
                if self.write(&alarm, one.since).await.is_err() {
                    return false;
                }
                if let Some(one) = self.lock().get_mut(&key) {
                    one.written = true;
                }
            }
        }
        self.lock()
            .values()
            .all(|one| one.written && one.over.is_none())
    }

    /// Those open, oldest first.
    #[must_use]
    pub fn open(&self) -> Vec<AlarmRow> {
        let standing = self.lock();
        let mut open: Vec<(&(Kind, String), &Standing)> = standing
            .iter()
            .filter(|(_, one)| one.over.is_none())
            .collect();
        open.sort_by_key(|(key, one)| (one.since, *key));
        open.into_iter()
            .map(|((kind, subject), one)| AlarmRow {
                alarm_id: None,
                acknowledged_at: None,
                acknowledged_by: None,
                note: None,
                kind: kind.name().to_owned(),
                subject: subject.clone(),
                instance: Some(self.of(*kind).to_owned()).filter(|instance| instance != ANYBODY),
                text: one.text.clone(),
                since: one.since,
                times: one.times,
            })
            .collect()
    }

    async fn write(&self, alarm: &Alarm, since: Time) -> store::Result<bool> {
        self.store.raise(alarm, self.of(alarm.kind), since).await
    }

    /// Who sees the end of alarms of a kind that this process raises.
    fn of(&self, kind: Kind) -> &str {
        match kind.ends() {
            Ends::Seen => &self.instance,
            _ => ANYBODY,
        }
    }

    /// Whether this one is open.
    #[must_use]
    pub fn stands(&self, kind: Kind, subject: &str) -> bool {
        self.lock()
            .get(&(kind, subject.to_owned()))
            .is_some_and(|one| one.over.is_none())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Kind, String), Standing>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::time::{HeldClock, Span},
        store::{Upkeep as _, memory::MemoryStore},
    };

    const NOON: Time = Time(1_790_000_000_000);

    #[tokio::test]
    async fn a_process_ends_its_own_alarms_and_says_again_what_others_took_for_over() {
        let store = Arc::new(MemoryStore::new(HeldClock::at(NOON)));
        let [one, two] = ["one", "two"].map(|name| Alarms::new(store.clone(), name));
        let alarm = |kind| Alarm {
            kind,
            subject: "it".to_owned(),
            text: "wrong".to_owned(),
        };
        for kind in [Kind::DiskFull, Kind::Quota] {
            for alarms in [&one, &two] {
                alarms.raise(&alarm(kind), NOON).await;
            }
        }
        let open = async || -> Vec<(String, Option<String>)> {
            let open = store.alarms().await.unwrap().into_iter();
            open.map(|row| (row.kind, row.instance)).collect()
        };
        let full = |name: &str| ("disk_full".to_owned(), Some(name.to_owned()));
        let quota = ("quota".to_owned(), None);
        assert_eq!(open().await, [full("one"), full("two"), quota.clone()]);
        assert!(one.clear(Kind::Quota, "it", NOON).await, "anybody sees it");
        assert!(one.clear(Kind::DiskFull, "it", NOON).await);
        assert_eq!(open().await, [full("two")]);
        assert!(!one.clear(Kind::DiskFull, "it", NOON).await);

        // Two could not be heard of for a while, and is there again.
        let late = NOON.plus(Span::minutes(10));
        store.beat("one", None, late).await.unwrap();
        store.end_alarms(late).await.unwrap();
        one.relearn().await.unwrap();
        assert_eq!(open().await, []);
        store.beat("two", None, late).await.unwrap();
        store.end_alarms(late).await.unwrap();
        two.relearn().await.unwrap();
        assert!(two.sync().await);
        assert_eq!(open().await, [full("two")]);
        assert!(!two.stands(Kind::Quota, "it"));
    }
}
