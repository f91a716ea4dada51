//! What is found, as alarms: one a name, so that people are told through their channels.

use std::collections::BTreeMap;

use super::{Finding, Name};
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        language::Language,
        time::Time,
    },
    store::{self, ANYBODY, Store},
};

/// How often each was found, and where first.
#[derive(Debug, Default)]
pub struct Damage(BTreeMap<&'static str, (u64, String)>);

impl Damage {
    /// Takes note of a finding. An object that no row names is none of damage: crashes leave them.
    pub fn note(&mut self, found: &Finding) {
        if found.finding == Name::ObjectUnknown {
            return;
        }
        let name = found.finding.name();
        let (times, _) = self.0.entry(name).or_insert_with(|| (0, place(found)));
        *times += 1;
    }

    /// Raises an alarm for each.
    ///
    /// # Errors
    /// Why the database does not take one.
    pub async fn raise(&self, store: &dyn Store, now: Time) -> store::Result<()> {
        for (name, (times, first)) in &self.0 {
            let alarm = Alarm {
                kind: Kind::Damaged,
                subject: (*name).to_owned(),
                text: format!("`verikeep verify` found {times}, the first: {first}"),
            };
            store.raise(&alarm, ANYBODY, now).await?;
        }
        Ok(())
    }
}

/// `face 0 of attempt 1 of 019ab2c4-…`
fn place(found: &Finding) -> String {
    let of = match found.verification_id {
        Some(id) => format!("verification {id}"),
        None => "a verification without an identifier".to_owned(),
    };
    match &found.what {
        // Alarms are kept in one language.
        Some(what) => format!("{}, {of}", what.in_(Language::En)),
        None => of,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{super::words, *};
    use crate::{
        domain::{id::VerificationId, time::HeldClock},
        store::{AlarmStore as _, memory::MemoryStore, reports::Acknowledgement},
    };

    const NOON: Time = Time(1_795_521_600_000);

    fn found(finding: Name) -> Finding {
        Finding {
            what: Some(words::MEDIUM.with(&[&"face", &0, &1])),
            ..Finding::of(
                finding,
                Some(VerificationId::least(NOON)),
                words::OTHER_BODY.with(&[]),
            )
        }
    }

    /// Found, and acknowledged by a person.
    pub(crate) async fn of_damage() -> [Vec<String>; 2] {
        let store = MemoryStore::new(HeldClock::at(NOON));
        let mut damage = Damage::default();
        for name in [
            Name::ObjectAltered,
            Name::ObjectAltered,
            Name::ObjectUnknown,
        ] {
            damage.note(&found(name));
        }
        damage.raise(&store, NOON).await.unwrap();
        let open = async || store.alarms().await.unwrap();
        let kinds = async || -> Vec<String> {
            let open = open().await.into_iter();
            open.map(|alarm| alarm.kind).collect()
        };
        store.end_alarms(NOON).await.unwrap();
        let raised = kinds().await;
        let [alarm] = &open().await[..] else {
            return [raised, Vec::new()];
        };
        assert_eq!(alarm.subject, "object_altered");
        assert!(alarm.text.contains("found 2") && alarm.text.contains("face 0"));
        let seen = Acknowledgement {
            at: NOON,
            by: "somebody".to_owned(),
            note: "put back".to_owned(),
        };
        let alarm_id = alarm.alarm_id.unwrap();
        assert!(store.acknowledge(alarm_id, &seen).await.unwrap());
        store.end_alarms(NOON).await.unwrap();
        [raised, kinds().await]
    }
}
